"""A process may open the files that its databases need, and no limit is lowered for it."""

import resource
from collections.abc import Iterator

import pytest

from overset.tenancy.binding.open_files import make_room


@pytest.fixture
def _limits() -> Iterator[None]:
    """As most systems give them: few at first, more for who asks."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("_limits")
def test_there_is_room_for_as_many_databases_as_are_kept_open_up_to_the_hard_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    room = []
    for databases in (256, 1, 10**9):
        make_room(databases)
        room.append(resource.getrlimit(resource.RLIMIT_NOFILE))

    assert room == [(1024 + 5 * 256, hard)] * 2 + [(hard, hard)]
