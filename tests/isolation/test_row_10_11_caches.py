"""Rows 10 and 11: cached answers, whose keys are the same in every clone, stay at home."""

import itertools

import pytest
import redis

from support.attack import Answer, Side, make_sides
from support.deployment import Platform

ORDERS = pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["acme-first", "globex-first"])
_limits = itertools.count(2)

# Every clone of a template has this in common, and it is part of the key.
_SAME_TIME = "UPDATE tables SET changed_on = '2026-01-01 00:00:00' WHERE id = 1"


@ORDERS
@pytest.mark.proves("H3")
def test_row_10_chart_data_of_one_workspace_is_not_served_from_the_others_cache(
    platform: Platform, order: tuple[int, int]
) -> None:
    sides = make_sides(platform)
    for side in sides:
        side.execute(_SAME_TIME)
    limit = next(_limits)
    first, second = (sides[place] for place in order)
    asked = [_ask_chart(side, limit) for side in (first, second, first, second)]
    # The first look of each fills its own cache, and the second finds it there.
    assert [_is_hit(answer) for answer in asked] == [False, False, True, True]


def _ask_chart(side: Side, limit: int) -> Answer:
    answer = side.ask("get_chart_data", identifier=1, limit=limit)
    assert not answer.failed, answer.text
    assert answer.body["row_count"] == limit
    assert all(row["word"].startswith(side.canary) for row in answer.body["data"])
    return answer


def _is_hit(answer: Answer) -> bool:
    return bool(answer.body["cache_status"]["cache_hit"])


@ORDERS
@pytest.mark.proves("H3")
def test_row_11_rows_of_the_same_sql_on_database_1_are_each_workspaces_own(
    platform: Platform, order: tuple[int, int]
) -> None:
    sides = make_sides(platform)
    first, second = (sides[place] for place in order)
    sql = f"SELECT word, {next(_limits)} AS n FROM facts ORDER BY id"
    for side in (first, second, first, second):
        answer = side.sql(sql)
        assert not answer.failed, answer.text
        assert all(row["word"].startswith(side.canary) for row in answer.body["rows"])


@pytest.mark.proves("H3")
def test_row_10_every_key_in_a_shared_redis_is_a_workspaces_own(
    postgres_platform: Platform,
) -> None:
    sides = make_sides(postgres_platform)
    url = postgres_platform.settings.redis_url
    assert url is not None
    with redis.Redis.from_url(url.get_secret_value(), decode_responses=True) as client:
        before = set(client.scan_iter())
        for side in sides:
            _ask_chart(side, next(_limits))
        keys = {key for key in client.scan_iter() if not key.startswith("LIMITS:")} - before
    own = {
        side.slug: {key for key in keys if key.startswith(f"overset:{side.id}:")} for side in sides
    }
    assert own["acme"]
    assert own["globex"]
    assert keys == own["acme"] | own["globex"]
