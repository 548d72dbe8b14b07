"""Row 44: results of asynchronous queries are found in the workspace that asked, and no other."""

import pytest

from overset.kernel.errors import UnboundError
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.binding.results import make_results
from support.binding import Bound
from support.redis import RedisServer

KEY = "0d9a1ab0-5f6f-4d11-9b53-0f8d3f0f2e11"


@pytest.mark.proves("H3")
@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_row_44_a_key_of_one_workspace_finds_nothing_in_another(
    bound: Bound, redis: RedisServer, kind: str, hooks_without: frozenset[Hook]
) -> None:
    results = make_results(
        redis_url=redis.url if kind == "redis" else None,
        in_process=True,
        isolated=Hook.H3 not in hooks_without,
    )
    assert results is not None
    with enter(bound.a):
        assert results.set(KEY, b"rows of a")
    with enter(bound.b):
        assert results.get(KEY) is None
        assert not results.has(KEY)
        results.delete(KEY)
    with enter(bound.a):
        assert results.get(KEY) == b"rows of a"
        assert results.has(KEY)
    with pytest.raises(UnboundError):
        results.get(KEY)


def test_row_44_what_is_in_redis_is_bytes_and_is_not_run(bound: Bound, redis: RedisServer) -> None:
    results = make_results(redis_url=redis.url, in_process=False, isolated=True)
    assert results is not None
    with enter(bound.a):
        results.set(KEY, b"\x80\x04cos\nsystem\n", timeout=60)

        assert results.get(KEY) == b"\x80\x04cos\nsystem\n"


def test_row_44_without_a_worker_that_shares_them_none_are_kept() -> None:
    assert make_results(redis_url=None, in_process=False, isolated=True) is None
