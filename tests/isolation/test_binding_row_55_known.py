"""Row 55: what is kept of users and permissions answers for its own workspace, and not for long.

Both workspaces have a role 9001 and, after their first call, a user of the same name and number.
In `a` the role may read charts, in `b` datasets.
"""

import random
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from flask import g
from sqlalchemy import text
from sqlalchemy.engine import make_url

from overset.kernel.changes import Change, ChangeKind
from overset.kernel.errors import UnboundError
from overset.kernel.ids import UserId, WorkspaceId
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.forgetting import forget_what_changed
from overset.tenancy.binding.known import KNOWN, SECONDS, Known
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace
from support.binding import Bound

ROLE = 9001
TWIN = Member(UserId("usr_" + "t" * 26), "twin@example.com", "Twin Twin", "Twin")
MINE = {"acme": "Chart", "globex": "Dataset"}

_ROLES = "DELETE FROM ab_permission_view_role WHERE role_id = 9001"
_GRANT = """
    INSERT INTO ab_permission_view_role (permission_view_id, role_id)
    SELECT pv.id, 9001 FROM ab_permission_view pv
    JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id
    WHERE p.name = 'can_read' AND v.name = ?
"""


def outside(
    bound: Bound, workspace: Workspace, *statements: str, given: tuple[Any, ...] = ()
) -> None:
    """Write as another process would: nothing in this one hears of it."""
    file = make_url(bound.metadata(workspace)).database
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement, given)


@pytest.fixture(autouse=True)
def _twins(bound: Bound, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(KNOWN, "clock", lambda: 0.0)
    for workspace in (bound.a, bound.b):
        outside(bound, workspace, "INSERT INTO ab_role (id, name) VALUES (9001, 'Twin')")
        outside(bound, workspace, _GRANT, given=(MINE[workspace.slug],))
    KNOWN.forget(None)
    yield
    for workspace in (bound.a, bound.b):
        users = f"(SELECT id FROM ab_user WHERE username = '{TWIN.user_id}')"
        outside(
            bound,
            workspace,
            _ROLES,
            f"DELETE FROM ab_user_role WHERE user_id IN {users}",
            f"DELETE FROM ab_user WHERE id IN {users}",
            "DELETE FROM ab_role WHERE id = 9001",
        )
    KNOWN.forget(None)


def may(workspace: Workspace, view: str) -> bool:
    from superset import security_manager

    with enter(workspace, member=TWIN):
        return bool(security_manager.can_access("can_read", view))


def verdicts(workspace: Workspace) -> tuple[bool, bool, list[str], int]:
    """Return what a call finds: both permissions, what its role names, and the user's number."""
    from superset import security_manager

    with enter(workspace, member=TWIN) as user:
        return (
            security_manager.can_access("can_read", "Chart"),
            security_manager.can_access("can_read", "Dataset"),
            [one.view_menu.name for role in user.roles for one in role.permissions],
            user.id,
        )


def test_row_55_calls_in_turns_get_each_the_verdicts_of_their_own_workspace(bound: Bound) -> None:
    for workspace in (bound.a, bound.b):
        may(workspace, "Chart")
    turns = [bound.a, bound.b] * 60
    random.Random(55).shuffle(turns)  # noqa: S311 - an order, not a secret

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(verdicts, turns))

    expected = {"acme": (True, False, ["Chart"]), "globex": (False, True, ["Dataset"])}
    assert [one[:3] for one in found] == [expected[turn.slug] for turn in turns]
    assert len({one[3] for one in found}) == 1, "the users have the same number"


def test_row_55_what_a_user_may_see_is_its_own_workspaces(bound: Bound) -> None:
    from superset import security_manager

    for _ in range(2):
        for workspace in (bound.a, bound.b):
            with enter(workspace, member=TWIN):
                names = security_manager.user_view_menu_names("can_read")
                assert names == {MINE[workspace.slug]}
                names.add("what a caller adds")


@pytest.mark.parametrize("how", ["objects", "plain SQL"])
def test_row_55_a_permission_taken_away_here_is_gone_at_once(bound: Bound, how: str) -> None:
    from superset import db, security_manager

    assert may(bound.a, "Chart")
    with enter(bound.a):
        if how == "objects":
            role = security_manager.find_role("Twin")
            security_manager.del_permission_role(role, role.permissions[0])
        else:
            db.session.execute(text(_ROLES))
        db.session.commit()

    assert not may(bound.a, "Chart")
    assert may(bound.b, "Dataset")


def test_row_55_what_is_being_written_counts_for_the_writer_alone(bound: Bound) -> None:
    from superset import db, security_manager

    assert may(bound.a, "Chart")
    with enter(bound.a):
        db.session.execute(text(_ROLES))
        assert not security_manager.exist_permission_on_roles("Chart", "can_read", [ROLE])
        db.session.rollback()

    assert may(bound.a, "Chart")


@pytest.mark.parametrize("end", ["close", "invalidate"])
def test_row_55_a_write_that_was_given_up_is_over(bound: Bound, end: str) -> None:
    from superset import db

    with enter(bound.a):
        db.session.execute(text(_ROLES))
        getattr(db.session(), end)()

    assert may(bound.a, "Chart")
    outside(bound, bound.a, _ROLES)
    assert may(bound.a, "Chart"), "answers are kept again"


def push(change: Change | None) -> Callable[[Bound], None]:
    return lambda bound: forget_what_changed(change)


def of_a(kind: ChangeKind) -> Callable[[Bound], None]:
    return lambda bound: forget_what_changed(Change(1, kind, workspace_id=bound.a.id))


@pytest.mark.parametrize(
    "hear",
    [
        of_a(ChangeKind.MEMBER),
        of_a(ChangeKind.WORKSPACE),
        push(Change(1, ChangeKind.USER, user_id=TWIN.user_id)),
        push(None),
    ],
)
def test_row_55_a_permission_taken_away_elsewhere_is_gone_when_a_change_is_told(
    bound: Bound, hear: Callable[[Bound], None]
) -> None:
    assert may(bound.a, "Chart")
    outside(bound, bound.a, _ROLES)

    hear(bound)

    assert not may(bound.a, "Chart")


def test_row_55_a_permission_taken_away_elsewhere_is_gone_within_ten_seconds(
    bound: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert may(bound.a, "Chart")
    outside(bound, bound.a, _ROLES)
    assert may(bound.a, "Chart"), "it is known, or this test shows nothing"

    monkeypatch.setattr(KNOWN, "clock", lambda: 10.0)

    assert SECONDS <= 10
    assert not may(bound.a, "Chart")


def test_row_55_another_role_of_a_member_counts_at_the_next_call(bound: Bound) -> None:
    assert may(bound.a, "Chart")
    with enter(bound.a, member=Member(TWIN.user_id, TWIN.email, TWIN.name, "Public")) as user:
        assert [role.name for role in user.roles] == ["Public"]
    assert may(bound.a, "Chart")


def test_row_55_a_role_that_another_process_changed_with_the_membership_is_asked_for(
    bound: Bound,
) -> None:
    from superset import security_manager

    with enter(bound.a, member=TWIN):
        assert security_manager.user_view_menu_names("can_read") == {"Chart"}
    public = "(SELECT id FROM ab_role WHERE name = 'Public')"
    outside(bound, bound.a, f"UPDATE ab_user_role SET role_id = {public} WHERE role_id = 9001")

    demoted = Member(TWIN.user_id, TWIN.email, TWIN.name, "Public")
    with enter(bound.a, member=demoted):
        assert "Chart" not in security_manager.user_view_menu_names("can_read")


def test_row_55_what_a_tool_does_to_its_user_stays_in_its_call(bound: Bound) -> None:
    from superset import db

    may(bound.a, "Chart")
    with enter(bound.a, member=TWIN) as first:
        g.user.email = "changed@example.com"
        g.user.roles.clear()
        db.session.expunge_all()
        g.user.first_name = "Nobody"
    with enter(bound.a, member=TWIN) as second:
        assert second is not first
        assert (second.email, second.first_name) == (TWIN.email, "Twin")
        assert [role.name for role in second.roles] == ["Twin"]
        assert second in db.session
        assert not db.session.dirty


def test_row_55_nothing_is_answered_where_no_workspace_is_entered(bound: Bound) -> None:
    from superset import security_manager

    for workspace in (bound.a, bound.b):
        may(workspace, "Chart")
    with bound.app.app_context(), pytest.raises(UnboundError):
        security_manager.exist_permission_on_roles("Chart", "can_read", [ROLE])
    with bound.app.app_context(), pytest.raises(UnboundError):
        security_manager.user_view_menu_names("can_read")


def test_row_55_an_answer_from_before_a_write_is_not_kept() -> None:
    known, workspace = Known(), WorkspaceId("ws_a")

    def slow() -> str:
        known.begin_write(workspace)
        known.end_write(workspace)
        return "old"

    known.recall(workspace, "question", slow)

    assert known.recall(workspace, "question", lambda: "new") == "new"


@pytest.mark.parametrize("writes", [None, WorkspaceId("ws_a")])
def test_row_55_nothing_is_kept_while_somebody_writes(writes: WorkspaceId | None) -> None:
    known, workspace = Known(), WorkspaceId("ws_a")
    known.begin_write(writes)
    known.begin_write(writes)
    known.end_write(writes)
    answers = iter("abcd")

    assert [known.recall(workspace, "?", lambda: next(answers)) for _ in "ab"] == ["a", "b"]
    known.end_write(writes)
    assert [known.recall(workspace, "?", lambda: next(answers)) for _ in "cc"] == ["c", "c"]


def test_row_55_many_users_and_workspaces_do_not_fill_the_memory() -> None:
    known = Known()
    for number in range(3_000):
        known.recall(WorkspaceId("ws_a"), ("user", number), lambda: None)
    one = len(known)
    for number in range(1_000):
        known.recall(WorkspaceId(f"ws_{number}"), "?", lambda: None)

    assert one <= 2_048
    assert len(known) <= 256
