"""Who may enter a workspace in a browser: decided by the sign-in at the manager, every time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from overset.kernel.changes import ChangeKind
from overset.kernel.ids import UserId
from overset.manager.people.model import Method, Session
from overset.manager.services import Manager
from support.manager import Client, Clock, count_statements, make_member

OLD, NEW = "three green umbrellas", "four yellow bicycles"


def sign_in(manager: Manager, user_id: str) -> Session:
    given = {"method": Method.PASSWORD, "user_agent": "", "address": ""}
    return manager.sessions.begin(user_id, **given)[0]


@dataclass(frozen=True, slots=True)
class Door:
    """A member of acme, signed in in one browser, and the data plane that asks about it."""

    manager: Manager
    data_plane: Client
    user_id: UserId
    session: Session

    def ask(self, **other: Any) -> dict[str, Any]:
        question = {
            "subject": self.user_id,
            "session_id": self.session.id,
            "workspace": "acme",
            **other,
        }
        answer = self.data_plane.post("/internal/v1/access", json=question)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def reason(self, **other: Any) -> str | None:
        found: str | None = self.ask(**other)["reason"]
        return found


@pytest.fixture
def door(manager: Manager, data_plane: Client) -> Door:
    _, user = make_member(manager, role="Alpha")
    return Door(manager, data_plane, user.id, sign_in(manager, user.id))


def test_who_is_signed_in_enters_as_the_member_that_one_is(door: Door):
    answer = door.ask()

    assert (answer["allowed"], answer["reason"]) == (True, None)
    assert answer["workspace"]["slug"] == "acme"
    assert (answer["member"]["user_id"], answer["member"]["role"]) == (door.user_id, "Alpha")


def test_the_sign_in_of_somebody_else_opens_nothing(door: Door):
    _, eve = make_member(door.manager, "globex", "eve@example.com")
    hers = sign_in(door.manager, eve.id)

    assert door.reason(session_id=hers.id) == "session_ended"
    assert door.reason(subject=eve.id) == "session_ended"
    assert door.reason(subject=eve.id, session_id=hers.id) == "not_a_member"
    assert door.reason(session_id="ses_nobody") == "session_ended"


def test_a_token_is_no_sign_in_and_a_sign_in_is_no_token(door: Door):
    token = door.manager.tokens.issue(door.user_id, workspaces=["acme"]).token

    assert door.reason(session_id=token.id) == "session_ended"
    assert door.reason(session_id=None, token_id=door.session.id) == "token_unknown"


@pytest.mark.parametrize(
    "other", [{"token_id": "tok_a"}, {"client_id": "claude"}, {"session_id": ""}], ids=str
)
def test_a_question_that_names_two_credentials_or_half_of_one_is_none(door: Door, other):
    question = {"subject": door.user_id, "session_id": door.session.id, "workspace": "acme"}

    answer = door.data_plane.post("/internal/v1/access", json=question | other)

    assert answer.status_code == 422


def test_the_platform_itself_asks_for_a_person_without_a_sign_in(door: Door):
    assert door.ask(session_id=None)["allowed"]
    assert door.reason(session_id=None, workspace="nowhere") == "workspace_unknown"
    door.manager.members.remove("acme", door.user_id)
    assert door.reason(session_id=None) == "not_a_member"


@pytest.mark.parametrize(
    "end",
    [
        lambda m, user_id, session: m.sessions.end(session.id),
        lambda m, user_id, session: m.sessions.end_all(user_id),
        lambda m, user_id, session: m.passwords.set(user_id, NEW),
        lambda m, user_id, session: m.passwords.change(
            user_id, old=OLD, new=NEW, session_id="another browser"
        ),
        lambda m, user_id, session: m.users.update(user_id, active=False),
        lambda m, user_id, session: m.users.delete(user_id),
    ],
    ids=["signed out", "everywhere", "password set", "password changed", "disabled", "deleted"],
)
def test_a_sign_in_that_ends_opens_nothing_and_everybody_is_told(
    manager: Manager, data_plane: Client, end
):
    _, user = make_member(manager)
    manager.passwords.set(user.id, OLD)
    door = Door(manager, data_plane, user.id, sign_in(manager, user.id))
    assert door.ask()["allowed"]
    before = manager.changes.since(None).seq

    end(manager, user.id, door.session)

    told = [(c.kind, c.user_id) for c in manager.changes.since(before).changes]
    assert (ChangeKind.SESSION, user.id) in told
    assert door.reason() == "session_ended"


def test_ending_a_sign_in_once_more_tells_nobody(door: Door):
    door.manager.sessions.end(door.session.id)
    before = door.manager.changes.since(None).seq

    door.manager.sessions.end(door.session.id)

    assert door.manager.changes.since(None).seq == before


def test_who_is_enabled_again_has_to_sign_in_again(door: Door):
    door.manager.users.update(door.user_id, active=False)
    assert door.reason(session_id=None) == "user_disabled"

    door.manager.users.update(door.user_id, active=True)

    assert door.reason() == "session_ended"
    assert door.ask(session_id=None)["allowed"]


def test_a_sign_in_that_is_used_in_a_workspace_goes_on_and_an_unused_one_ends(
    door: Door, clock: Clock
):
    unused = sign_in(door.manager, door.user_id)
    for _ in range(3):
        clock.advance(timedelta(hours=10))
        if not door.ask()["allowed"]:
            break

    assert door.ask()["allowed"]
    assert door.reason(session_id=unused.id) == "session_ended"
    clock.advance(timedelta(hours=12))
    assert door.reason() == "session_ended"


def test_being_refused_keeps_no_sign_in_alive(door: Door, clock: Clock):
    door.manager.workspaces.suspend("acme")
    for refused in ("workspace_suspended", "workspace_suspended", "session_ended"):
        assert door.reason() == refused
        assert door.reason(workspace="nowhere") in {"workspace_unknown", "session_ended"}
        clock.advance(timedelta(hours=6))


def test_a_workspace_that_is_not_there_looks_and_costs_as_one_that_is_not_ones_own(door: Door):
    make_member(door.manager, "globex", "eve@example.com")

    with count_statements(door.manager) as for_none:
        none = door.ask(workspace="nowhere")
    with count_statements(door.manager) as for_other:
        other = door.ask(workspace="globex")

    assert other == {**none, "reason": "not_a_member"}
    assert (other["workspace"], other["member"]) == (None, None)
    assert for_none == for_other
