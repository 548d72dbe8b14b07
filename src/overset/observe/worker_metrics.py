"""The metrics of all workers of one `overset mcp`, told by whichever of them is asked."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from overset.observe.metrics import Exposition, Metrics

_SECONDS_TO_ANSWER = 2


class WorkerMetrics:
    """Every worker listens on a socket in a folder of theirs, and answers with its own metrics.

    The series of several workers carry the label `worker`, a process id: the counters of a worker
    that died end, and those of its successor are other series, so that no counter goes back.
    """

    def __init__(self, own: Metrics, *, folder: Path | None) -> None:
        """Tell `own`, and those of every worker in `folder`; a worker that is alone has none."""
        self._own = own
        self._folder = folder

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer the other workers while the block lasts."""
        async with AsyncExitStack() as exits:
            if self._folder is not None:
                # `parents=True` would leave the upper one open to others.
                for folder in (self._folder.parent, self._folder):
                    folder.mkdir(mode=0o700, exist_ok=True)
                path = self._folder / str(os.getpid())
                path.unlink(missing_ok=True)
                server = await asyncio.start_unix_server(self._tell, path)
                exits.callback(path.unlink, missing_ok=True)
                exits.callback(server.close)
            yield

    async def _tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(self._own.render()[0])
            await writer.drain()
        writer.close()

    async def render(self) -> Exposition:
        """Return everything that was counted; a worker that does not answer is left out."""
        if self._folder is None:
            return self._own.render()
        paths = sorted(self._folder.iterdir())
        texts = await asyncio.gather(*map(_ask, paths))
        registry = CollectorRegistry()
        registry.register(_Merged({path.name: t for path, t in zip(paths, texts, strict=True)}))
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
