"""The twin of the manager's decision in memory: the same answers in the same order, by hand."""

from dataclasses import dataclass, field, replace

from overset.auth.access import DecidedMember, DecidedWorkspace, Decision, Denial
from overset.kernel.ids import SessionId, TokenId, UserId, WorkspaceId

_ACTIVE = "active"


@dataclass(slots=True)
class MemoryAccess:
    """Who may enter which workspace, as it was said here; what was never said is denied."""

    _tokens: dict[TokenId, UserId] = field(default_factory=dict)
    _revoked: set[TokenId] = field(default_factory=set)
    _sign_ins: dict[SessionId, UserId] = field(default_factory=dict)
    _disabled: set[UserId] = field(default_factory=set)
    _workspaces: dict[WorkspaceId, DecidedWorkspace] = field(default_factory=dict)
    _gates: dict[WorkspaceId, dict[str, bool]] = field(default_factory=dict)
    _members: dict[tuple[WorkspaceId, UserId], DecidedMember] = field(default_factory=dict)

    def issue(self, token_id: TokenId, subject: UserId) -> None:
        """Let a token of a user count."""
        self._tokens[token_id] = subject

    def revoke(self, token_id: TokenId) -> None:
        """Let a token count no longer."""
        self._revoked.add(token_id)

    def sign_in(self, session_id: SessionId, subject: UserId) -> None:
        """Let a sign-in of a user count."""
        self._sign_ins[session_id] = subject

    def sign_out(self, session_id: SessionId) -> None:
        """Let a sign-in count no longer."""
        self._sign_ins.pop(session_id, None)

    def disable(self, user_id: UserId) -> None:
        """Let a user enter nowhere."""
        self._disabled.add(user_id)

    def put_workspace(self, workspace: DecidedWorkspace, **gates: bool) -> None:
        """Add or replace a workspace and its gates."""
        self._workspaces[workspace.id] = workspace
        self._gates[workspace.id] = dict(gates)

    def set_state(self, workspace_id: WorkspaceId, state: str) -> None:
        """Suspend a workspace, or let it answer again."""
        self._workspaces[workspace_id] = replace(self._workspaces[workspace_id], state=state)

    def put_member(self, workspace_id: WorkspaceId, member: DecidedMember) -> None:
        """Add or replace a member of a workspace."""
        self._members[workspace_id, member.user_id] = member

    def remove_member(self, workspace_id: WorkspaceId, user_id: UserId) -> None:
        """Remove a member of a workspace, if there is such a member."""
        self._members.pop((workspace_id, user_id), None)

    async def decide(
        self, *, subject: UserId, token_id: TokenId, client_id: str | None, workspace: str
    ) -> Decision:
        """Return whether this bearer may enter the workspace with this slug or id."""
        del client_id  # what was said here is the same for every client
        return self._decide(subject, workspace, self._judge_token(subject, token_id))

    async def decide_sign_in(
        self, *, subject: UserId, session_id: SessionId | None, workspace: str
    ) -> Decision:
        """Return whether this person may enter the workspace with this slug or id in a browser."""
        counts = session_id is None or self._sign_ins.get(session_id) == subject
        return self._decide(subject, workspace, None if counts else Denial.SESSION_ENDED)

    def _decide(self, subject: UserId, workspace: str, denial: Denial | None) -> Decision:
        if denial is None and subject in self._disabled:
            denial = Denial.USER_DISABLED
        found = self._find_workspace(workspace)
        if denial is not None or found is None:
            return Decision(allowed=False, reason=denial or Denial.WORKSPACE_UNKNOWN)
        member = self._members.get((found.id, subject))
        if member is None:
            return Decision(allowed=False, reason=Denial.NOT_A_MEMBER)
        active = found.state == _ACTIVE
        return Decision(
            allowed=active,
            reason=None if active else Denial.WORKSPACE_SUSPENDED,
            workspace=found,
            member=member,
            gates=dict(self._gates[found.id]),
        )

    def _judge_token(self, subject: UserId, token_id: TokenId) -> Denial | None:
        if self._tokens.get(token_id) != subject:
            return Denial.TOKEN_UNKNOWN
        return Denial.TOKEN_REVOKED if token_id in self._revoked else None

    def _find_workspace(self, locator: str) -> DecidedWorkspace | None:
        candidates = self._workspaces.values()
        return next((w for w in candidates if locator in {w.id, w.slug}), None)
