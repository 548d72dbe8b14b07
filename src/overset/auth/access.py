"""The manager's decision whether somebody may enter a workspace, kept fresh by the change feed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Protocol

import httpx
import structlog
from pydantic import TypeAdapter, ValidationError

from overset.kernel.cache import LONGEST_TTL, Held, make_cache
from overset.kernel.changes import Change, ChangeFeed, ChangeKind
from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.ids import SessionId, TeamId, TokenId, UserId, WorkspaceId
from overset.kernel.upstream import ask, unreachable

_PATH = "/internal/v1/access"
_LONGEST_LOCATOR = 64
_log = structlog.get_logger(__name__)


class Denial(StrEnum):
    """Why somebody may not enter, in the order in which the manager looks."""

    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105 - a reason, not a secret
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a reason, not a secret
    SESSION_ENDED = "session_ended"
    USER_DISABLED = "user_disabled"
    WORKSPACE_UNKNOWN = "workspace_unknown"
    NOT_A_MEMBER = "not_a_member"
    WORKSPACE_SUSPENDED = "workspace_suspended"


@dataclass(frozen=True, slots=True)
class DecidedWorkspace:
    """The workspace that a decision is about."""

    id: WorkspaceId
    slug: str
    name: str
    state: str
    team_id: TeamId


@dataclass(frozen=True, slots=True)
class DecidedMember:
    """The member who enters the workspace of the decision."""

    user_id: UserId
    email: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody may enter a workspace; of the gates it only tells, the caller looks.

    `workspace` and `member` are None for who is no member, so that nobody else learns whether there
    is such a workspace.
    """

    allowed: bool
    reason: Denial | None = None
    workspace: DecidedWorkspace | None = None
    member: DecidedMember | None = None
    gates: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a decision that contradicts itself: it would let somebody in as nobody."""
        if self.allowed == (self.reason is not None):
            raise ValueError("a decision allows, or has a reason")
        if self.allowed and (self.workspace is None or self.member is None):
            raise ValueError("a decision that allows names the workspace and the member")


class Access(Protocol):
    """Who may enter which workspace."""

    async def decide(
        self, *, subject: UserId, token_id: TokenId, client_id: str | None, workspace: str
    ) -> Decision:
        """Return whether this bearer may enter the workspace with this slug or id.

        Raises:
            Unavailable: `manager_unreachable`, nobody can tell.
        """

    async def decide_sign_in(
        self, *, subject: UserId, session_id: SessionId | None, workspace: str
    ) -> Decision:
        """Return whether this person may enter the workspace with this slug or id in a browser.

        Args:
            subject: who it is.
            session_id: the sign-in at the manager that says so; None where this platform itself
                does, which opens a page as a member.
            workspace: the slug or the id.

        Raises:
            Unavailable: `manager_unreachable`, nobody can tell.
        """


@dataclass(frozen=True, slots=True)
class Question:
    """What a decision answers: about the bearer of a token, or about a person in a browser."""

    subject: UserId
    workspace: str
    token_id: TokenId | None = None
    client_id: str | None = None
    session_id: SessionId | None = None


class ManagerAccess:
    """Asks the manager, and keeps its decisions until something changes, for 60 s at most."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        feed: ChangeFeed,
        *,
        ttl: float = LONGEST_TTL,
        clock: Monotonic = monotonic,
    ) -> None:
        self._http = http
        self._cache = make_cache(
            feed,
            fetch=self._ask,
            concerns=_concerns,
            is_negative=lambda decision: not decision.allowed,
            ttl=ttl,
            clock=clock,
        )

    async def decide(
        self, *, subject: UserId, token_id: TokenId, client_id: str | None, workspace: str
    ) -> Decision:
        """Return whether this bearer may enter the workspace with this slug or id.

        Raises:
            Unavailable: `manager_unreachable`, and no decision that still counts is kept.
        """
        return await self._find(Question(subject, workspace, token_id, client_id))

    async def decide_sign_in(
        self, *, subject: UserId, session_id: SessionId | None, workspace: str
    ) -> Decision:
        """Return whether this person may enter the workspace with this slug or id in a browser.

        Raises:
            Unavailable: `manager_unreachable`, and no decision that still counts is kept.
        """
        return await self._find(Question(subject, workspace, session_id=session_id))

    def peek_sign_in(
        self, *, subject: UserId, session_id: SessionId | None, workspace: str
    ) -> Held[Decision] | None:
        """Return, from any thread, what `decide_sign_in` would return unasked; or None."""
        return self._cache.peek(Question(subject, workspace, session_id=session_id))

    async def _find(self, question: Question) -> Decision:
        if len(question.workspace) > _LONGEST_LOCATOR:
            return Decision(allowed=False, reason=Denial.WORKSPACE_UNKNOWN)
        return await self._cache.get(question)

    async def _ask(self, question: Question) -> Decision:
        response = await ask(self._http, "POST", _PATH, json=asdict(question))
        try:
            decision = _DECISION.validate_json(response.content)
        except ValidationError as error:
            _log.warning("a decision could not be read", problems=error.error_count())
            raise unreachable() from error
        if not _answers(decision, question):
            _log.error("a decision is about somebody or something else", subject=question.subject)
            raise unreachable()
        return decision


_DECISION = TypeAdapter(Decision)


def _answers(decision: Decision, question: Question) -> bool:
    workspace, member = decision.workspace, decision.member
    if workspace is not None and question.workspace not in {workspace.slug, workspace.id}:
        return False
    return member is None or member.user_id == question.subject


def _concerns(change: Change, question: Question, decision: Decision) -> bool:
    """Say whether a change may make `decision` another one: unless it names somebody else."""
    if change.kind is ChangeKind.KEY:
        return False
    if change.kind is ChangeKind.SESSION and question.session_id is None:
        return False
    workspace_id = decision.workspace.id if decision.workspace else None
    return (
        change.user_id in {None, question.subject}
        and change.token_id in {None, question.token_id}
        and (workspace_id is None or change.workspace_id in {None, workspace_id})
    )
