"""Makes the short tokens with which the assistant acts for who is signed in in a browser."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from overset.auth.scopes import WORKSPACE_SCOPES, format_scopes
from overset.flags.gates import Gate
from overset.kernel.clock import Now
from overset.kernel.errors import Forbidden
from overset.kernel.ids import GrantId, SessionId, UserId, WorkspaceId, new_grant_id
from overset.kernel.settings import Settings
from overset.manager.access.model import Decision, Reason
from overset.manager.access.service import AccessService
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.grants.model import Grant, Issued
from overset.manager.tables import grants, sessions
from overset.manager.tokens.model import TokenRequest
from overset.manager.tokens.service import TokenService
from overset.manager.workspaces.model import RegisteredWorkspace

CLIENT_ID = "assistant"
"""What these tokens, and so audit rows, name as their client."""

LIFETIME = timedelta(seconds=600)

_SIGNED_OUT = "The sign-in has ended: sign in again."
_REFUSALS = {
    Reason.SESSION_ENDED: _SIGNED_OUT,
    Reason.USER_DISABLED: _SIGNED_OUT,
    Reason.NOT_A_MEMBER: "You are not a member of this workspace.",
    Reason.WORKSPACE_UNKNOWN: "You are not a member of this workspace.",
    Reason.WORKSPACE_SUSPENDED: "This workspace is suspended: ask its owner.",
}


@dataclass(frozen=True, slots=True)
class AssistantService:
    """The tokens of the assistant.

    All of one sign-in for one workspace are under one grant, which ends with the sign-in and with
    the membership; there is no refresh token, for the browser asks again.
    """

    settings: Settings
    changes: ChangeLog
    access: AccessService
    tokens: TokenService
    now: Now

    def issue(self, session_id: str, *, user_id: str, workspace: str) -> Issued:
        """Issue a token for the workspace (slug or id), for ten minutes at most.

        Args:
            session_id: the browser's sign-in.
            user_id: whose sign-in it is.
            workspace: where the token counts.

        Raises:
            Forbidden: `session_ended`, `user_disabled`, `not_a_member`, `workspace_unknown`,
                `workspace_suspended` or `gate_off`.
        """
        decision = self.access.decide_sign_in(
            subject=user_id, session_id=session_id, workspace=workspace
        )
        found = _judge(decision)
        audience = [self.settings.mcp_url(found.slug)]
        signer, now = self.tokens.keys.signer(), self.now()
        with self.changes.writing() as transaction:
            # Whoever ends the sign-in meanwhile waits, and then ends this token too.
            session = _lock(transaction, session_id, now=now)
            expires_at = min(now + LIFETIME, session.expires_at)
            request = TokenRequest(
                user_id=UserId(user_id),
                client_id=CLIENT_ID,
                audience=audience,
                workspace_ids=[found.id],
                scope=format_scopes(WORKSPACE_SCOPES),
                ttl=expires_at - now,
                grant_id=self._extend(transaction, session, found.id, audience, expires_at),
            )
            issued = self.tokens.issue_in(transaction, request, signer)
        return Issued(
            access_token=issued.value,
            expires_in=int(request.ttl.total_seconds()),
            scope=request.scope,
            refresh_token=None,
        )

    def _extend(
        self,
        transaction: Transaction,
        session: Any,
        workspace_id: WorkspaceId,
        audience: list[str],
        expires_at: datetime,
    ) -> GrantId:
        """Return the grant of this sign-in and workspace; there is one that counts until then."""
        mine = (
            (grants.c.session_id == session.id)
            & (grants.c.client_id == CLIENT_ID)
            & (grants.c.workspace_id == workspace_id)
            & grants.c.revoked_at.is_(None)
        )
        known = transaction.execute(select(grants.c.id).where(mine)).scalar()
        if known is not None:
            transaction.execute(update(grants).where(mine).values(expires_at=expires_at))
            return GrantId(known)
        grant = Grant(
            id=new_grant_id(),
            user_id=session.user_id,
            client_id=CLIENT_ID,
            workspace_id=workspace_id,
            audience=audience,
            scope=format_scopes(WORKSPACE_SCOPES),
            session_id=SessionId(session.id),
            authenticated_at=session.created_at,
            created_at=self.now(),
            expires_at=expires_at,
            revoked_at=None,
        )
        transaction.execute(insert(grants).values({**asdict(grant), "previous_uses": 0}))
        return grant.id


def _judge(decision: Decision) -> RegisteredWorkspace:
    if decision.reason is not None or decision.workspace is None:
        reason = decision.reason or Reason.NOT_A_MEMBER
        raise Forbidden(reason.value, _REFUSALS[reason])
    if not decision.gates.get(Gate.CHATBOT_ENABLED, False):
        raise Forbidden(
            "gate_off", "The assistant is turned off for this workspace: ask its owner."
        )
    return decision.workspace


def _lock(transaction: Transaction, session_id: str, *, now: datetime) -> Any:
    counts = sessions.c.ended_at.is_(None) & (sessions.c.expires_at > now)
    query = select(sessions).where(sessions.c.id == session_id, counts).with_for_update()
    found = transaction.execute(query).first()
    if found is None:
        raise Forbidden(Reason.SESSION_ENDED.value, _SIGNED_OUT)
    return found
