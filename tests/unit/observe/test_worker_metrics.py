"""One worker tells the metrics of all; those that are dead or silent are left out."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from overset.observe.metrics import Metrics, ToolMetrics
from overset.observe.worker_metrics import WorkerMetrics


def with_refusals(count: int) -> Metrics:
    metrics = ToolMetrics()
    for _ in range(count):
        metrics.count_refusal("x")
    return metrics


def refusals(text: bytes) -> dict[str, float]:
    """Return how many refusals each worker has counted; one family tells all."""
    (family,) = [f for f in text_string_to_metric_families(text.decode()) if f.name == "refusals"]
    return {s.labels["worker"]: s.value for s in family.samples if s.name == "refusals_total"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "1"


async def render_beside(folder: Path, other: Metrics) -> tuple[bytes, bytes]:
    """Return what a worker with two refusals tells while another one runs, and after its end."""
    own = WorkerMetrics(with_refusals(2), folder=folder)
    neighbour = WorkerMetrics(other, folder=folder)
    neighbour._name = "other"
    async with own.running():
        async with neighbour.running():
            assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
            during = (await own.render())[0]
        return during, (await own.render())[0]


def test_all_workers_are_told_apart_in_one_family(folder: Path) -> None:
    during, after = asyncio.run(render_beside(folder, with_refusals(3)))

    assert refusals(during) == {str(os.getpid()): 2, "other": 3}
    assert refusals(after) == {str(os.getpid()): 2}


def test_sockets_of_dead_and_of_silent_workers_stop_nothing(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(folder / "silent"))
        silent.listen()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(folder / "dead"))

        during, _ = asyncio.run(render_beside(folder, with_refusals(3)))

    assert set(refusals(during)) == {str(os.getpid()), "other"}
    assert {path.name for path in folder.iterdir()} == {"silent"}


def test_a_worker_that_cannot_listen_still_tells_its_own(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100) / "1"

    async def render() -> bytes:
        own = WorkerMetrics(with_refusals(2), folder=folder)
        async with own.running():
            return (await own.render())[0]

    assert refusals(asyncio.run(render())) == {str(os.getpid()): 2}


def test_who_is_alone_has_no_label() -> None:
    own = with_refusals(2)

    assert (
        asyncio.run(WorkerMetrics(own, folder=None).render())[0].splitlines()[-2:]
        == (own.render()[0].splitlines()[-2:])
    )
