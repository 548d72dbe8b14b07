"""Decides whether a token may enter a workspace; the same work for every refusal."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from overset.kernel.clock import Now
from overset.manager.access.model import Decision, Reason
from overset.manager.db import Database
from overset.manager.gates.service import GateService
from overset.manager.members.model import Member
from overset.manager.members.repository import find_member
from overset.manager.tables import users
from overset.manager.tokens.model import Token
from overset.manager.tokens.repository import find_token
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.manager.workspaces.repository import find_workspace
from overset.tenancy.workspace import WorkspaceState


@dataclass(frozen=True, slots=True)
class AccessService:
    """The decisions of the platform."""

    database: Database
    gates: GateService
    now: Now

    def decide(
        self, *, subject: str, token_id: str, client_id: str | None, workspace: str
    ) -> Decision:
        """Decide whether the bearer may enter a workspace (slug or id).

        Every question is asked whatever the answers are, so that a workspace that is not there
        costs as much as one that the bearer is no member of.
        """
        with self.database.reading() as connection:
            evidence = _gather(connection, subject, token_id, workspace)
        reason = evidence.judge(subject=subject, client_id=client_id, now=self.now())
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
    token: Token | None
    is_active: bool
    workspace: RegisteredWorkspace | None
    member: Member | None

    def judge(self, *, subject: str, client_id: str | None, now: datetime) -> Reason | None:
        token = self.token
        if token is None or not _belongs(token, subject, client_id) or token.expires_at <= now:
            return Reason.TOKEN_UNKNOWN
        if token.revoked_at is not None:
            return Reason.TOKEN_REVOKED
        if not self.is_active:
            return Reason.USER_DISABLED
        return self._judge_workspace(token)

    def _judge_workspace(self, token: Token) -> Reason | None:
        workspace = self.workspace
        if workspace is None or workspace.state is WorkspaceState.PROVISIONING:
            return Reason.WORKSPACE_UNKNOWN
        # A token for a deleted workspace says nothing about a new one that took over the slug.
        if self.member is None or workspace.id not in token.workspace_ids:
            return Reason.NOT_A_MEMBER
        return Reason.WORKSPACE_SUSPENDED if workspace.state is WorkspaceState.SUSPENDED else None


def _belongs(token: Token, subject: str, client_id: str | None) -> bool:
    return token.user_id == subject and client_id in {None, token.client_id}


def _gather(connection: Connection, subject: str, token_id: str, locator: str) -> _Evidence:
    workspace = find_workspace(connection, locator)
    workspace_id = workspace.id if workspace else ""
    return _Evidence(
        token=find_token(connection, token_id),
        is_active=_is_active(connection, subject),
        workspace=workspace,
        member=find_member(connection, workspace_id=workspace_id, user_id=subject),
    )


def _is_active(connection: Connection, user_id: str) -> bool:
    query = select(users.c.active).where(users.c.id == user_id, users.c.deleted_at.is_(None))
    return bool(connection.execute(query).scalar())
