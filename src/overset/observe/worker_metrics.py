"""The metrics of all workers of one `overset mcp`, told by whichever of them is asked."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from overset.observe.metrics import Exposition, Metrics

_SECONDS_TO_ANSWER = 2
_log = structlog.get_logger(__name__)


class WorkerMetrics:
    """Every worker listens on a socket in a folder of theirs, and answers with its own metrics.

    The series of several workers carry the label `worker`, a process id: the counters of a worker
    that died end, and those of its successor are other series, so that no counter goes back.
    """

    def __init__(self, own: Metrics, *, folder: Path | None) -> None:
        """Tell `own`, and those of every worker in `folder`; a worker that is alone has none."""
        self._own = own
        self._folder = folder
        self._name = str(os.getpid())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer the other workers while the block lasts."""
        async with AsyncExitStack() as exits:
            if self._folder is not None:
                try:
                    await self._listen(self._folder, exits)
                except OSError as error:
                    _log.warning("the other workers cannot tell these metrics", error=str(error))
            yield

    async def _listen(self, folder: Path, exits: AsyncExitStack) -> None:
        for each in (folder.parent, folder):  # `parents=True` would leave the upper one open
            each.mkdir(mode=0o700, exist_ok=True)
        path = folder / self._name
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._tell, path)
        exits.callback(path.unlink, missing_ok=True)
        exits.callback(server.close)

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(self._own.render()[0])
            await writer.drain()
        writer.close()

    async def render(self) -> Exposition:
        """Return everything that was counted; a worker that does not answer is left out."""
        if self._folder is None:
            return self._own.render()
        others = [path for path in self._folder.glob("*") if path.name != self._name]
        texts = await asyncio.gather(*map(_ask, others))
        told = {path.name: text for path, text in zip(others, texts, strict=True)}
        registry = CollectorRegistry()
        registry.register(_Merged({self._name: self._own.render()[0].decode(), **told}))
        return generate_latest(registry), CONTENT_TYPE_LATEST


async def _ask(path: Path) -> str:
    """Return what the worker at this socket tells; of one that is dead, remove the socket."""
    try:
        async with asyncio.timeout(_SECONDS_TO_ANSWER):
            reader, writer = await asyncio.open_unix_connection(path)
            told = await reader.read()
            writer.close()
            return told.decode()
    except ConnectionRefusedError:
        _remove(path)
    except (OSError, TimeoutError):
        pass
    return ""


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


class _Merged(Collector):
    """The families of several workers as one each."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterable[Metric]:
        """Return the samples of all workers, family by family."""
        families: dict[str, Metric] = {}
        for worker, text in self._texts.items():
            for family in text_string_to_metric_families(text):
                known = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "worker": worker}
                    known.samples.append(sample._replace(labels=labels))
        return families.values()
