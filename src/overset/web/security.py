"""Superset's security manager for pages: who somebody is, the manager says at every request."""

import time
from typing import Any

from flask import session
from superset.security.guest_token import GuestUser

from overset.auth.access import Decision, Denial
from overset.kernel.errors import Forbidden
from overset.kernel.ids import SessionId
from overset.kernel.settings import Settings
from overset.tenancy.binding import signed_in
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.binding.member import load_user
from overset.tenancy.binding.signed_in import SignedIn
from overset.tenancy.member import Member
from overset.tenancy.workspace import WorkspaceState
from overset.web.control_plane import ControlPlane
from overset.web.sign_in import ManagerSignInView

_REFUSALS = {
    Denial.NOT_A_MEMBER: ("not_a_member", "You are signed in, but you are no member here."),
    Denial.WORKSPACE_UNKNOWN: ("not_a_member", "You are signed in, but you are no member here."),
    Denial.WORKSPACE_SUSPENDED: ("workspace_suspended", "This workspace is suspended."),
}


class _AsksTheManager:
    """The manager's word before Superset's tables: users in them are copies of memberships."""

    control_plane: ControlPlane
    register_superset_auth_view = False
    register_superset_registeruser_view = False

    def load_user(self, pk: Any) -> Any:
        """Return the user of the browser that asks, in step with the membership; or None.

        `pk` is what flask-login kept in the session: who it is, the session itself says.

        Raises:
            Forbidden: signed in, and not to be here; with the reason.
            Unavailable: nobody can tell.
        """
        del pk
        somebody = signed_in.read(session)
        return None if somebody is None else self.admit(somebody)

    def admit(self, somebody: SignedIn) -> Any:
        """Return the Superset user of somebody who is signed in, or None if they no longer are.

        Raises:
            Forbidden: `not_a_member`, `workspace_suspended`, `role_unknown`.
            Unavailable: `manager_unreachable`.
        """
        if not somebody.counts(time.time()):
            return None
        decision = self.control_plane.decide(
            subject=somebody.user_id, session_id=somebody.session_id, workspace=get_bound()
        )
        if decision.allowed:
            return load_user(_make_member(decision))
        if decision.reason in _REFUSALS:
            raise Forbidden(*_REFUSALS[decision.reason])
        return None

    def end_sign_in(self, session_id: SessionId) -> None:
        """End a browser's sign-in everywhere."""
        self.control_plane.end_sign_in(session_id)

    def load_user_jwt(self, _jwt_header: Any, jwt_data: Any) -> None:
        """Return nobody: Superset's own login tokens rest on no sign-in at the manager."""

    def get_guest_user_from_request(self, req: Any) -> GuestUser | None:
        """Return the guest of an embedded dashboard, unless the workspace is suspended."""
        if get_bound().state is not WorkspaceState.ACTIVE:
            return None
        ask: Any = super()
        guest: GuestUser | None = ask.get_guest_user_from_request(req)
        return guest

    def auth_user_db(self, username: str, password: str) -> None:
        """Return nobody: there are no passwords here."""

    def auth_user_oauth(self, userinfo: Any) -> None:
        """Return nobody: `admit` lets people in."""


def _make_member(decision: Decision) -> Member:
    assert decision.member is not None  # noqa: S101 - a decision that allows has one
    found = decision.member
    return Member(user_id=found.user_id, email=found.email, name=found.name, role=found.role)


def make_web_security_manager(
    theirs: type[Any], *, control_plane: ControlPlane, settings: Settings
) -> type[Any]:
    """Return `theirs` (a Superset security manager) with sign-in at the manager."""
    view = type("ManagerSignInView", (ManagerSignInView,), {"settings": settings})
    return type(
        "WebSecurityManager",
        (_AsksTheManager, theirs),
        {"control_plane": control_plane, "authoauthview": view},
    )
