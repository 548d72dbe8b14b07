"""Decides whether somebody may enter a workspace; the same work for every refusal."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from overset.kernel.clock import Now
from overset.kernel.database import Database
from overset.manager.access.model import Decision, Reason
from overset.manager.gates.service import GateService
from overset.manager.members.model import Member
from overset.manager.members.repository import find_member
from overset.manager.people.sessions import SessionService
from overset.manager.tables import users
from overset.manager.tokens.model import Token
from overset.manager.tokens.repository import find_token
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.manager.workspaces.repository import find_workspace
from overset.tenancy.workspace import WorkspaceState


@dataclass(frozen=True, slots=True)
class AccessService:
    """The decisions of the platform.

    Every question is asked whatever the answers are, so that a workspace that is not there costs as
    much as one that the person is no member of.
    """

    database: Database
    gates: GateService
    sessions: SessionService
    now: Now

    def decide(
        self, *, subject: str, token_id: str, client_id: str | None, workspace: str
    ) -> Decision:
        """Decide whether the bearer of a token may enter a workspace (slug or id)."""
        with self.database.reading() as connection:
            token = find_token(connection, token_id)
            evidence = _gather(connection, subject, workspace)
        reason = _judge_token(token, subject, client_id, now=self.now())
        # A token for a deleted workspace says nothing about a new one that took over the slug.
        places = token.workspace_ids if token else []
        return self._answer(subject, reason or evidence.judge(only_in=places), evidence)

    def decide_sign_in(self, *, subject: str, session_id: str | None, workspace: str) -> Decision:
        """Decide whether a person may enter a workspace (slug or id) in a browser.

        A sign-in that lets its person in goes on, as it does on the pages here. Without one, it is
        this platform itself that opens a page as the person.
        """
        session = self.sessions.find_by_id(session_id) if session_id is not None else None
        with self.database.reading() as connection:
            evidence = _gather(connection, subject, workspace)
        if session_id is not None and (session is None or session.user_id != subject):
            return self._answer(subject, Reason.SESSION_ENDED, evidence)
        decision = self._answer(subject, evidence.judge(), evidence)
        if decision.allowed and session is not None:
            self.sessions.go_on(session)
        return decision

    def _answer(self, subject: str, reason: Reason | None, evidence: "_Evidence") -> Decision:
        if reason not in {None, Reason.WORKSPACE_SUSPENDED} or evidence.workspace is None:
            gates = self.gates.evaluate(workspace_id="", user_id=subject)
            return Decision(allowed=False, reason=reason, workspace=None, member=None, gates=gates)
        return Decision(
            allowed=reason is None,
            reason=reason,
            workspace=evidence.workspace,
            member=evidence.member,
            gates=self.gates.evaluate(workspace_id=evidence.workspace.id, user_id=subject),
        )


@dataclass(frozen=True, slots=True)
class _Evidence:
    is_active: bool
    workspace: RegisteredWorkspace | None
    member: Member | None

    def judge(self, *, only_in: Collection[str] | None = None) -> Reason | None:
        workspace = self.workspace
        if not self.is_active:
            return Reason.USER_DISABLED
        if workspace is None or workspace.state is WorkspaceState.PROVISIONING:
            return Reason.WORKSPACE_UNKNOWN
        if self.member is None or (only_in is not None and workspace.id not in only_in):
            return Reason.NOT_A_MEMBER
        return Reason.WORKSPACE_SUSPENDED if workspace.state is WorkspaceState.SUSPENDED else None


def _judge_token(
    token: Token | None, subject: str, client_id: str | None, *, now: datetime
) -> Reason | None:
    if token is None or token.user_id != subject or client_id not in {None, token.client_id}:
        return Reason.TOKEN_UNKNOWN
    if token.expires_at <= now:
        return Reason.TOKEN_UNKNOWN
    return None if token.revoked_at is None else Reason.TOKEN_REVOKED


def _gather(connection: Connection, subject: str, locator: str) -> _Evidence:
    workspace = find_workspace(connection, locator)
    workspace_id = workspace.id if workspace else ""
    return _Evidence(
        is_active=_is_active(connection, subject),
        workspace=workspace,
        member=find_member(connection, workspace_id=workspace_id, user_id=subject),
    )


def _is_active(connection: Connection, user_id: str) -> bool:
    query = select(users.c.active).where(users.c.id == user_id, users.c.deleted_at.is_(None))
    return bool(connection.execute(query).scalar())
