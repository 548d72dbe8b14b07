"""What the consent page asks, and the answers that it may get."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import InvalidRequestError

from overset.auth.scopes import IDENTITY_SCOPES, WORKSPACE_SCOPES, Scope
from overset.manager.authorizations.service import redirect_source
from overset.manager.consents.model import ConsentKey
from overset.manager.oauth.clients.model import Client, ClientKind
from overset.manager.oauth.clients.redirects import redirect_host
from overset.manager.workspaces.model import RegisteredWorkspace

_IN_WORDS = {
    Scope.WORKSPACE_READ: "See dashboards, charts and datasets",
    Scope.WORKSPACE_WRITE: "Make and change dashboards, charts and datasets",
    Scope.SQL_RUN: "Run SQL on the data sources that you may use",
    Scope.MANAGER_READ: "See the teams, people and workspaces of the platform",
    Scope.MANAGER_WRITE: "Change the teams, people and workspaces of the platform",
    Scope.OPENID: "Know who you are",
    Scope.PROFILE: "See your name",
    Scope.EMAIL: "See your email address",
    Scope.OFFLINE_ACCESS: "Stay connected while you are away",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person allowed, with the workspace where it counts, if it is about one."""

    workspace: RegisteredWorkspace | None
    scope: str

    @property
    def workspace_id(self) -> str:
        """The workspace's id, empty without one."""
        return self.workspace.id if self.workspace else ""


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """A line of the page: a scope in plain words, and whether the client asked for it."""

    scope: str
    words: str
    asked: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a person.

    Attributes:
        name: of the authorization that waits.
        asked: the scopes that the client wants.
        needs_workspace: whether it is about a workspace.
        workspaces: those that the person may choose from; one is no choice, and none is a no.
        asked_workspace: the slug that the client named, if it named one.
    """

    name: str
    client: Client
    redirect_uri: str
    asked: frozenset[str]
    needs_workspace: bool
    workspaces: Sequence[RegisteredWorkspace]
    asked_workspace: str | None

    @property
    def host(self) -> str:
        """Where the answer goes, in a form that people can judge."""
        return redirect_host(self.redirect_uri)

    @property
    def goes_to_this_machine(self) -> bool:
        """Whether any program of this machine could take the answer (RFC 8252 section 8.6)."""
        parts = urlsplit(self.redirect_uri)
        return parts.scheme != "https"

    @property
    def publisher(self) -> str | None:
        """The host that publishes what the client says of itself, if one does."""
        is_published = self.client.kind is ClientKind.PUBLISHED
        return urlsplit(self.client.id).hostname if is_published else None

    @property
    def source(self) -> str:
        """What the page's `form-action` must also allow."""
        return redirect_source(self.redirect_uri)

    @property
    def may_be_remembered(self) -> bool:
        """Whether a yes counts the next time without a question.

        Not for a name that any program could use: a published client's, with an answer that goes
        to this machine.
        """
        return self.client.kind is not ClientKind.PUBLISHED or not self.goes_to_this_machine

    @property
    def lines(self) -> list[ScopeLine]:
        """The scopes of the page, those that a person may add too."""
        offered = self.asked | (WORKSPACE_SCOPES if self.needs_workspace else frozenset())
        ordered = [scope for scope in _IN_WORDS if scope in offered]
        return [
            ScopeLine(scope, _IN_WORDS[scope], scope in self.asked, scope in WORKSPACE_SCOPES)
            for scope in ordered
        ]

    def named(self, name: str) -> "Question":
        """Return the same question about an authorization that now waits."""
        return replace(self, name=name)

    def find(self, workspace_id: str) -> RegisteredWorkspace | None:
        """Return one of the workspaces, or None."""
        return next((one for one in self.workspaces if one.id == workspace_id), None)

    def choose(self, workspace_id: str, scopes: frozenset[str]) -> Chosen:
        """Return what a form says, if it is something that was offered.

        Raises:
            InvalidRequestError: it is not.
        """
        workspace = self.find(workspace_id)
        if self.needs_workspace and workspace is None:
            raise InvalidRequestError("Choose a workspace of yours.")
        fixed = self.asked & IDENTITY_SCOPES
        offered = frozenset(line.scope for line in self.lines)
        chosen = (scopes & offered) | fixed
        if not chosen or (self.needs_workspace and not chosen & WORKSPACE_SCOPES):
            raise InvalidRequestError("Allow something, or deny it.")
        return Chosen(workspace if self.needs_workspace else None, " ".join(sorted(chosen)))


def in_words(scope: str) -> list[str]:
    """Return what scopes allow, in the words of the consent page."""
    return [words for one, words in _IN_WORDS.items() if one in scope.split()]


def key_of(request: Any, user_id: str, workspace_id: str) -> ConsentKey:
    """Return what a consent to a request is remembered under."""
    uri = request.payload.redirect_uri or request.client.get_default_redirect_uri()
    return ConsentKey(user_id, request.client.id, redirect_host(uri), workspace_id)
