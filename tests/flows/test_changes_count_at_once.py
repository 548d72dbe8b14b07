"""What is changed in one process counts in every other within a second; without a manager, no more.

The changes are made in the tests' own process, on the manager's database: no server is told of them
but by the database's change counter, or by Redis.
"""

import contextlib
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from overset.flags.gates import Gate
from support.deployment import Platform
from support.processes import wait_until
from support.split import DECISION_SECONDS, SplitPlatform

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
SQL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "execute_sql",
        "arguments": {"request": {"database_id": 1, "sql": "SELECT 1 AS one"}},
    },
}


@dataclass(frozen=True, slots=True)
class Case:
    """A member of a workspace of its own, who may enter until something changes."""

    platform: Platform
    slug: str
    user: str
    token: str
    token_id: str

    def end(self, how: str) -> None:
        """Change something at the manager."""
        manager = self.platform.manager
        {
            "token revoked": lambda: manager.tokens.revoke(self.token_id),
            "member removed": lambda: manager.members.remove(self.slug, self.user),
            "user disabled": lambda: manager.users.update(self.user, active=False),
            "user deleted": lambda: manager.users.delete(self.user),
            "gate off": lambda: self.set_gate(on=False),
            "workspace suspended": lambda: manager.workspaces.suspend(self.slug),
            "workspace deleted": lambda: manager.workspaces.delete(self.slug),
            "role that is not there": lambda: self.set_role("Emperor"),
        }[how]()

    def set_gate(self, *, on: bool) -> None:
        """Open or shut MCP here."""
        self.platform.manager.gates.set_workspace(Gate.MCP_SERVICE_ENABLED, self.slug, on=on)

    def set_role(self, role: str) -> None:
        """Give the member another role."""
        self.platform.manager.members.put(self.slug, self.user, role=role)


REFUSALS = {
    "token revoked": (401, "token_revoked"),
    "member removed": (404, "workspace_unknown"),
    "user disabled": (401, "user_disabled"),
    "user deleted": (401, "user_disabled"),
    "gate off": (403, "gate_off"),
    "workspace suspended": (403, "workspace_suspended"),
    "workspace deleted": (404, "workspace_unknown"),
    "role that is not there": (403, "role_unknown"),
}


@contextlib.contextmanager
def new_case(platform: Platform, *, role: str = "Admin") -> Iterator[Case]:
    slug = f"case-{secrets.token_hex(4)}"
    manager = platform.manager
    workspace = manager.workspaces.create(slug, team="tests")
    user = platform.new_member(slug, role=role)
    issued = manager.tokens.issue(user, workspaces=[slug])
    try:
        yield Case(platform, slug, user, issued.value, issued.token.id)
    finally:
        if manager.workspaces.find(workspace.id) is not None:
            manager.workspaces.delete(slug)


LIST = {"jsonrpc": "2.0", "id": 1, "method": "prompts/list"}


def seconds_until(
    send: Callable[[], httpx.Response], is_so: Callable[[httpx.Response], Any], *, since: float
) -> float:
    """Return when the first answer that is so was asked for."""
    while True:
        asked = time.monotonic()
        if is_so(send()):
            return asked - since
        assert asked - since < 5, "it never counted"


def says(status: int, code: str) -> Callable[[httpx.Response], bool]:
    return lambda response: (
        response.status_code == status and (status == 200 or response.json()["code"] == code)
    )


@pytest.mark.parametrize("change", REFUSALS)
def test_what_is_taken_away_is_gone_within_a_second(platform, change):
    with new_case(platform) as case:
        assert platform.post(LIST, token=case.token).status_code == 200

        case.end(change)
        took = seconds_until(
            lambda: platform.post(LIST, token=case.token),
            says(*REFUSALS[change]),
            since=time.monotonic(),
        )

    assert took <= 1


def test_what_is_given_back_counts_within_a_second(platform):
    with new_case(platform) as case:
        for shut, give_back in (
            ("gate off", lambda: case.set_gate(on=True)),
            ("workspace suspended", lambda: platform.manager.workspaces.resume(case.slug)),
            ("role that is not there", lambda: case.set_role("Gamma")),
        ):
            case.end(shut)
            wait_until(lambda: platform.post(LIST, token=case.token).status_code == 403, 5)

            give_back()
            took = seconds_until(
                lambda: platform.post(LIST, token=case.token),
                says(200, ""),
                since=time.monotonic(),
            )
            assert took <= 1, shut


def test_a_lesser_role_binds_the_tools_within_a_second(platform):
    user = platform.new_member("acme", role="Admin")
    token = platform.token("acme", user_id=user)

    def is_denied(response: httpx.Response) -> bool:
        return "Permission denied: can_execute_sql_query" in response.text

    assert not is_denied(platform.post(SQL, token=token))

    platform.manager.members.put("acme", user, role="Gamma")
    took = seconds_until(lambda: platform.post(SQL, token=token), is_denied, since=time.monotonic())

    assert took <= 1


def test_a_token_of_a_new_signing_key_counts_at_once(platform):
    platform.manager.keys.rotate(at_once=True)

    responses = [platform.post(PING, token=platform.token()) for _ in range(3)]

    assert [response.status_code for response in responses] == [200, 200, 200]


@pytest.mark.parametrize("change", ["token revoked", "member removed", "gate off"])
def test_a_change_that_redis_never_told_counts_in_another_process(split_platform, change):
    platform = split_platform.origin
    with new_case(platform) as case:
        assert split_platform.post(LIST, token=case.token).status_code == 200
        assert platform.post(LIST, token=case.token).status_code == 200

        case.end(change)
        since = time.monotonic()
        took = [
            seconds_until(lambda send=send: send(LIST, token=case.token), refused, since=since)
            for refused in [says(*REFUSALS[change])]
            for send in (split_platform.post, platform.post)
        ]

    assert max(took) <= 1


def test_a_change_through_the_managers_api_is_pushed(split_platform):
    platform = split_platform.origin
    operator = platform.manager.users.create(
        f"op-{secrets.token_hex(4)}@example.com", operator=True
    )
    bearer = platform.manager.tokens.issue(operator.id).value
    issued = platform.manager.tokens.issue(platform.new_member(), workspaces=["acme"])
    assert split_platform.post(PING, token=issued.value).status_code == 200

    done = revoke(split_platform, issued.token.id, bearer)
    took = seconds_until(
        lambda: split_platform.post(PING, token=issued.value),
        says(401, "token_revoked"),
        since=time.monotonic(),
    )

    assert done.is_success, done.text
    assert took <= 0.5


def revoke(split: SplitPlatform, token_id: str, bearer: str) -> httpx.Response:
    return httpx.delete(
        f"{split.manager.url}/api/v1/tokens/{token_id}",
        headers={"Authorization": f"Bearer {bearer}"},
    )


def test_without_redis_changes_count_all_the_same(split_platform):
    platform = split_platform.origin
    issued = [
        platform.manager.tokens.issue(platform.new_member(), workspaces=["acme"]) for _ in range(3)
    ]
    warm = [split_platform.post(PING, token=one.value).status_code for one in issued]
    split_platform.redis.stop()
    try:
        took = [time_revocation(split_platform, one) for one in issued[:2]]
    finally:
        split_platform.redis.start()
    took.append(time_revocation(split_platform, issued[2]))

    assert warm == [200, 200, 200]
    assert max(took) <= 1


def time_revocation(split: SplitPlatform, issued: Any) -> float:
    split.origin.manager.tokens.revoke(issued.token.id)
    return seconds_until(
        lambda: split.post(PING, token=issued.value),
        says(401, "token_revoked"),
        since=time.monotonic(),
    )


@pytest.mark.parametrize("loss", ["killed", "hangs"])
def test_without_a_manager_what_was_decided_lasts_a_while_and_nothing_else_is_let_in(
    split_platform, loss
):
    platform = split_platform.origin
    known = platform.token(user_id=platform.new_member())
    unknown = platform.token(user_id=platform.new_member())
    made = time.monotonic()
    # What is decided while changes are under way is not kept: ask until those are heard.
    wait_until(lambda: ask(split_platform, known) == OK and time.monotonic() - made > 1, 5)

    with lost(split_platform, loss):
        begun = last = time.monotonic()
        assert ask(split_platform, known) == OK
        assert ask(split_platform, unknown) == (503, "manager_unreachable")
        while ask(split_platform, known) == OK:
            last = time.monotonic()
            assert last - begun < 2 * DECISION_SECONDS
        assert ask(split_platform, known) == (503, "manager_unreachable")
        assert last - begun <= DECISION_SECONDS + 0.5
        assert split_platform.mcp.status("/health/live") == 200
        assert split_platform.mcp.status("/health/ready") == 503

    for token in (known, unknown):
        wait_until(lambda token=token: ask(split_platform, token) == OK, 5)
    for server in (split_platform.manager, split_platform.mcp):
        wait_until(lambda server=server: server.status("/health/ready") == 200, 5)


def ask(split: SplitPlatform, token: str) -> tuple[int, str]:
    response = split.post(LIST, token=token)
    if response.status_code == 503:
        assert int(response.headers["retry-after"]) >= 1
    return response.status_code, "" if response.is_success else response.json()["code"]


OK = (200, "")


@contextlib.contextmanager
def lost(split: SplitPlatform, how: str) -> Iterator[None]:
    """Take the manager away while the block lasts."""
    manager = split.manager
    if how == "killed":
        manager.kill()
    else:
        manager.process.popen.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        if how == "killed":
            manager.start()
        else:
            manager.process.popen.send_signal(signal.SIGCONT)
