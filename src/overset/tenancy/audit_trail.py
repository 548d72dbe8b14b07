"""The writer of audit rows while the process runs: what it counts, and its last rows at the end."""

import asyncio
from contextlib import AsyncExitStack

from overset.kernel.ids import WorkspaceId
from overset.observe.metrics import Metrics, Watched
from overset.tenancy.registry import WorkspaceRegistry

_SECONDS_TO_FLUSH = 5.0
_SECONDS_TO_ASK = 10.0


def attach(exits: AsyncExitStack, *, registry: WorkspaceRegistry, metrics: Metrics) -> None:
    """Show the writer's figures, tell it which workspaces are gone, and flush it at the exit.

    To be called in the event loop, while `registry` answers.
    """
    from overset.tenancy.binding.audit_table import WRITER

    loop = asyncio.get_running_loop()

    def is_gone(workspace_id: WorkspaceId) -> bool:
        asked = asyncio.run_coroutine_threadsafe(registry.find(workspace_id), loop)
        return asked.result(_SECONDS_TO_ASK) is None

    WRITER.ask_when_failing(is_gone)
    metrics.watch(
        Watched(
            "audit_rows",
            "Rows for the workspaces' logs by what became of them; batches that were retried.",
            "outcome",
            WRITER.read_outcomes,
            "counter",
        )
    )
    metrics.watch(
        Watched("audit_waiting", "Rows that wait to be written.", "state", WRITER.read_waiting)
    )
    # In a thread: the writer may ask the registry in this loop meanwhile.
    exits.push_async_callback(asyncio.to_thread, WRITER.flush, _SECONDS_TO_FLUSH)
