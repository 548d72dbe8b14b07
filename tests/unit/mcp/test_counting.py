"""Counting calls: together in Redis, alone without it, and together again once it is back."""

from limits import RateLimitItemPerHour

from overset.mcp.messages.counting import CallCounter, make_counter
from support.manager import make_settings
from support.redis import RedisServer

TWO = RateLimitItemPerHour(2)


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def made(tmp_path, redis_url: str | None, clock: Clock) -> CallCounter:
    counter = make_counter(make_settings(tmp_path, redis_url=redis_url))
    counter.clock = clock
    return counter


def test_processes_with_redis_count_together(tmp_path, own_redis: RedisServer):
    one, other = (made(tmp_path, own_redis.url, Clock()) for _ in range(2))

    assert one.count(TWO, "ada") is None
    assert other.count(TWO, "ada") is None
    assert one.count(TWO, "ada")
    assert one.count(TWO, "grace") is None


def test_while_redis_is_gone_each_process_counts_for_itself(tmp_path, own_redis: RedisServer):
    one, other = (made(tmp_path, own_redis.url, Clock()) for _ in range(2))
    own_redis.stop()

    for counter in (one, other):
        assert [counter.count(TWO, "ada") is None for _ in range(3)] == [True, True, False]


def test_redis_counts_again_once_it_is_back_and_was_left_alone_for_a_while(
    tmp_path, own_redis: RedisServer
):
    clock = Clock()
    one, other = (made(tmp_path, own_redis.url, clock) for _ in range(2))
    own_redis.stop()
    one.count(TWO, "ada")
    own_redis.start()
    other.count(TWO, "ada")
    other.count(TWO, "ada")

    assert one.count(TWO, "ada") is None
    clock.seconds += 6
    assert one.count(TWO, "ada")


def test_without_redis_a_process_counts_for_itself(tmp_path):
    counter = made(tmp_path, None, Clock())

    assert [counter.count(TWO, "ada") is None for _ in range(3)] == [True, True, False]
