"""The wanted schema: found by many threads at once, as the first calls of a process do."""

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from overset.tenancy.provisioning.schema import schema_head


@pytest.fixture
def collecting_often() -> Iterator[None]:
    """Have the garbage collector run often, and give way to another thread each time."""

    def give_way(_phase: str, _found: dict[str, int]) -> None:
        time.sleep(0)

    before = gc.get_threshold()
    gc.set_threshold(50)
    gc.callbacks.append(give_way)
    yield
    gc.callbacks.remove(give_way)
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collecting_often")
def test_threads_that_ask_at_once_are_all_answered_alike() -> None:
    find = schema_head.__wrapped__
    with ThreadPoolExecutor(6) as pool:
        found = {asked.result() for asked in [pool.submit(find) for _ in range(24)]}
    assert found == {schema_head()}
