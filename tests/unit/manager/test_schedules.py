"""Schedules: a workspace that is due is lent to one beat, and none is forgotten."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import insert

from overset.manager.schedules.service import ScheduleService
from overset.manager.services import Manager
from overset.manager.tables import schedules, workspaces
from support.manager import Client, Clock

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def make_workspaces(manager: Manager, *slugs: str) -> dict[str, str]:
    """Return the ids of new workspaces by slug."""
    if manager.teams.find("demo") is None:
        manager.teams.create("demo", name="Demo")
    return {slug: manager.workspaces.create(slug, team="demo").id for slug in slugs}


def claim(data_plane: Client, limit: int = 100) -> list[dict]:
    answer = data_plane.post("/internal/v1/schedules/claim", json={"limit": limit})
    assert answer.status_code == 200
    return answer.json()["items"]


def answer(data_plane: Client, turn: dict, *, due_at) -> int:
    body = {"lease": turn["lease"], "until": turn["until"], "due_at": due_at.isoformat()}
    path = f"/internal/v1/schedules/{turn['workspace_id']}"
    return data_plane.put(path, json=body).status_code


def test_a_workspace_that_was_never_looked_at_is_due_now_and_lent_once(
    data_plane: Client, manager: Manager
):
    ids = make_workspaces(manager, "acme", "globex")

    first = claim(data_plane)

    assert {turn["workspace_id"] for turn in first} == set(ids.values())
    assert claim(data_plane) == []


def test_an_answer_says_when_it_is_due_again_and_from_when_on(
    data_plane: Client, manager: Manager, clock: Clock
):
    make_workspaces(manager, "acme")
    [turn] = claim(data_plane)
    assert answer(data_plane, turn, due_at=clock() + 10 * MINUTE) == 204

    clock.advance(9 * MINUTE)
    assert claim(data_plane) == []
    clock.advance(MINUTE)
    [again] = claim(data_plane)

    assert again["since"] == turn["until"]
    assert again["lease"] != turn["lease"]


def test_a_turn_that_nobody_answers_is_lent_again_after_five_minutes_as_it_was(
    data_plane: Client, manager: Manager, clock: Clock
):
    make_workspaces(manager, "acme")
    [lost] = claim(data_plane)

    clock.advance(5 * MINUTE - timedelta(seconds=1))
    assert claim(data_plane) == []
    clock.advance(timedelta(seconds=1))
    [again] = claim(data_plane)

    assert again["since"] == lost["since"]
    assert answer(data_plane, lost, due_at=clock() + timedelta(days=1)) == 204
    clock.advance(5 * MINUTE)
    assert len(claim(data_plane)) == 1, "an answer to a turn that is over counts no more"


def test_a_change_makes_it_due_now_and_is_not_lost_in_a_turn_that_runs(
    data_plane: Client, manager: Manager, clock: Clock
):
    ids = make_workspaces(manager, "acme")
    [turn] = claim(data_plane)

    path = f"/internal/v1/schedules/{ids['acme']}/changed"
    assert data_plane.post(path).status_code == 204
    assert answer(data_plane, turn, due_at=clock() + timedelta(days=1)) == 204

    assert len(claim(data_plane)) == 1
    assert data_plane.post("/internal/v1/schedules/ws_unknown/changed").status_code == 204


def test_nothing_is_made_up_for_from_more_than_an_hour_ago_nor_put_off_for_over_a_day(
    data_plane: Client, manager: Manager, clock: Clock
):
    make_workspaces(manager, "acme")
    [turn] = claim(data_plane)
    answer(data_plane, turn, due_at=clock() + timedelta(days=400))

    clock.advance(timedelta(days=1))
    [late] = manager.schedules.claim(limit=1)

    assert late.until - late.since == timedelta(hours=1)


def test_only_active_workspaces_are_lent(data_plane: Client, manager: Manager):
    ids = make_workspaces(manager, "acme", "globex", "initech")
    manager.workspaces.suspend("acme")
    manager.workspaces.delete("globex")

    assert [turn["workspace_id"] for turn in claim(data_plane)] == [ids["initech"]]

    manager.workspaces.resume("acme")
    assert [turn["workspace_id"] for turn in claim(data_plane)] == [ids["acme"]]


def test_two_beats_at_once_never_get_the_same_workspace(manager: Manager):
    ids = make_workspaces(manager, *(f"w{number}" for number in range(30)))

    with ThreadPoolExecutor(6) as pool:
        lent = list(pool.map(lambda _: manager.schedules.claim(limit=7), range(12)))

    got = [turn.workspace_id for turns in lent for turn in turns]
    assert sorted(got) == sorted(ids.values())


def test_with_ten_thousand_workspaces_a_claim_takes_milliseconds(manager: Manager, clock: Clock):
    now = clock()
    rows = [
        {
            "id": f"ws_{number}",
            "slug": f"w{number}",
            "name": "w",
            "state": "active",
            "created_at": now,
        }
        for number in range(10_000)
    ]
    with manager.database.writing() as connection:
        connection.execute(insert(workspaces), rows)
        due = [
            {"workspace_id": row["id"], "looked_until": now, "due_at": now + (number + 1) * SECOND}
            for number, row in enumerate(rows)
        ]
        connection.execute(insert(schedules), due)
    service = ScheduleService(manager.database, clock)
    took = []
    for _ in range(20):
        clock.advance(SECOND)
        started = time.perf_counter()
        turns = service.claim(limit=100)
        took.append(time.perf_counter() - started)
        assert len(turns) == 1

    print(f"{manager.database.engine.name}: {min(took) * 1000:.1f} ms")  # noqa: T201 - a measure
    assert min(took) < 0.1


def test_a_limit_that_is_no_number_of_workspaces_is_refused(data_plane: Client):
    for limit in (0, -1, 1001, "many", None):
        answer = data_plane.post("/internal/v1/schedules/claim", json={"limit": limit})
        assert answer.status_code == 422


def test_nobody_without_the_service_key_is_heard(api: Client, anybody: Client):
    for caller in (api, anybody):
        for method, path in (
            ("POST", "/internal/v1/schedules/claim"),
            ("PUT", "/internal/v1/schedules/ws_x"),
            ("POST", "/internal/v1/schedules/ws_x/changed"),
        ):
            assert caller.request(method, path, json={}).status_code == 401
