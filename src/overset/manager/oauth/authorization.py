"""The authorization endpoint (RFC 6749 section 3.1), from the request to the code: read this first.

A request is checked, waits while its person signs in and decides, and is checked again each time:
`start` → (sign-in) → `resume` → consent, unless it was given before → `decide` → the client.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError, InvalidScopeError
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError

from overset.auth.scopes import IDENTITY_SCOPES, MANAGER_SCOPES, WORKSPACE_SCOPES, Scope
from overset.kernel.errors import Forbidden
from overset.manager.authorizations.model import Waiting
from overset.manager.authorizations.service import AuthorizationService
from overset.manager.consents.model import Consent
from overset.manager.consents.service import ConsentService
from overset.manager.oauth.clients.asker import find_asker
from overset.manager.oauth.clients.model import Client, ClientKind
from overset.manager.oauth.question import Question, key_of
from overset.manager.oauth.requests import Parameters, Request
from overset.manager.oauth.rfc6749_code import Allowed
from overset.manager.oauth.rfc8707 import InvalidTargetError, Resource, read_resource
from overset.manager.oauth.server import Answer, OAuthServer
from overset.manager.people.model import SignedIn
from overset.manager.tokens.service import api_audience
from overset.manager.workspaces.model import RegisteredWorkspace


@dataclass(frozen=True, slots=True)
class SignInFirst:
    """The person has to sign in, and then comes back to `authorization`."""

    authorization: str


Step = Answer | SignInFirst | Question
"""What comes next: an answer to the client, the sign-in page, or the consent page."""


@dataclass(frozen=True, slots=True)
class AuthorizationEndpoint:
    """Leads a request to its code."""

    server: OAuthServer
    waiting: AuthorizationService
    consents: ConsentService

    def start(self, parameters: Parameters, signed_in: SignedIn | None) -> Step:
        """Check a request, and say what comes next.

        Raises:
            OAuth2Error: the client or its redirect is not known, or nobody is signed in and it is
                a stranger's site, so nobody may be redirected (RFC 9700 section 4.11.2).
            TooManyRequests: `sign_ins_exhausted`, too many were begun from this address.
        """
        try:
            grant = self._check(parameters, signed_in)
        except OAuth2Error as error:
            if signed_in is None and error.redirect_uri:
                client = self.server.query_client(dict(parameters).get("client_id", ""))
                if _is_strangers_site(client, error.redirect_uri):
                    raise
            return self._refuse(error)
        return self._begin(grant, signed_in)

    def resume(self, name: str, waiting: Waiting, signed_in: SignedIn | None) -> Step:
        """Go on with a request that waited for its person to sign in."""
        if signed_in is None or _is_stale(waiting, signed_in):
            return SignInFirst(name)
        try:
            grant = self._check(waiting.parameters, signed_in)
        except OAuth2Error as error:
            return self._refuse(error)
        return self._ask(name, waiting, grant, signed_in)

    def decide(
        self,
        name: str,
        waiting: Waiting,
        signed_in: SignedIn,
        *,
        workspace_id: str,
        scopes: frozenset[str],
    ) -> Step:
        """Answer the client as the person allowed, and remember it.

        Raises:
            InvalidRequestError: the form names what it did not offer, or was answered before.
        """
        grant = self._check(waiting.parameters, signed_in)
        question = self._make_question(name, grant, signed_in)
        chosen = question.choose(workspace_id, scopes)
        if not self.waiting.end(name):
            raise InvalidRequestError("This was answered already.")
        self.consents.remember(
            key_of(grant.request, signed_in.user.id, chosen.workspace_id),
            client_name=grant.request.client.name,
            scope=chosen.scope,
        )
        return self._answer(grant, signed_in, chosen.workspace, chosen.scope)

    def deny(self, name: str, waiting: Waiting) -> Answer:
        """Tell the client that the person said no."""
        self.waiting.end(name)
        state = dict(waiting.parameters).get("state")
        return self.server.refuse(AccessDeniedError(redirect_uri=waiting.redirect_uri, state=state))

    def _begin(self, grant: Any, signed_in: SignedIn | None) -> Step:
        data = grant.request.payload.data
        prompts = data.get("prompt", "").split()
        waiting = Waiting(
            parameters=grant.request.payload.pairs,
            redirect_uri=grant.redirect_uri,
            signed_in_after=self._find_oldest_sign_in(data, prompts),
        )
        if signed_in is None or _is_stale(waiting, signed_in):
            if "none" in prompts:
                is_strangers = _is_strangers_site(grant.request.client, grant.redirect_uri)
                if signed_in is None and is_strangers:
                    raise LoginRequiredError
                return self._refuse_silently(LoginRequiredError, grant)
            # What strangers may fill is bounded.
            self.waiting.limit.count(find_asker() or "")
            return SignInFirst(self.waiting.keep(waiting))
        return self._ask(None, waiting, grant, signed_in)

    def _ask(self, name: str | None, waiting: Waiting, grant: Any, signed_in: SignedIn) -> Step:
        if grant.request.client.kind is ClientKind.OWN:
            # It is this platform, and learns what is known here anyway: there is nothing to ask.
            if name is not None:
                self.waiting.end(name)
            return self._answer(grant, signed_in, None, grant.request.scope)
        prompts = grant.request.payload.data.get("prompt", "").split()
        question = self._make_question(name or "", grant, signed_in)
        given = None if "consent" in prompts else self._find_consent(question, grant, signed_in)
        if given is not None:
            if name is not None:
                self.waiting.end(name)
            workspace = question.find(given.workspace_id)
            return self._answer(grant, signed_in, workspace, given.scope)
        if "none" in prompts:
            return self._refuse_silently(ConsentRequiredError, grant)
        mine = waiting.model_copy(update={"session_id": signed_in.session.id})
        return question.named(self.waiting.keep(mine, name=name))

    def _find_consent(self, question: Question, grant: Any, signed_in: SignedIn) -> Consent | None:
        """Return what the person allowed before, if it is all that is asked now, and clearly."""
        if not question.may_be_remembered or len(question.workspaces) > 1:
            return None
        workspace_id = question.workspaces[0].id if question.workspaces else ""
        if question.needs_workspace and not workspace_id:
            return None
        given = self.consents.find(key_of(grant.request, signed_in.user.id, workspace_id))
        return given if given and question.asked <= given.scopes else None

    def _make_question(self, name: str, grant: Any, signed_in: SignedIn) -> Question:
        resource = read_resource(grant.request.payload, self.server.settings)
        asked = _grantable(frozenset(grant.request.scope.split()), resource)
        if resource.is_api and not signed_in.user.operator:
            raise AccessDeniedError(
                "This is open to operators only.", redirect_uri=grant.redirect_uri
            )
        needs_workspace = not resource.is_api and bool(
            asked & WORKSPACE_SCOPES or resource.url is not None
        )
        if needs_workspace and not asked & WORKSPACE_SCOPES:
            asked |= {Scope.WORKSPACE_READ}
        return Question(
            name=name,
            client=grant.request.client,
            redirect_uri=grant.redirect_uri,
            asked=asked,
            needs_workspace=needs_workspace,
            workspaces=self._list_choices(resource, signed_in) if needs_workspace else (),
            asked_workspace=resource.slug,
        )

    def _list_choices(
        self, resource: Resource, signed_in: SignedIn
    ) -> Sequence[RegisteredWorkspace]:
        user_id, at_its_host = signed_in.user.id, resource.slug is not None
        theirs = [
            one
            for one in self.server.list_workspaces_of(user_id)
            if resource.slug in {None, one.slug}
        ]
        found = [
            one for one in theirs if self.server.is_open(one.id, user_id, at_its_host=at_its_host)
        ]
        if theirs and not found:
            raise Forbidden("gate_off", "Programs may not sign in here: it is turned off.")
        return found

    def _answer(
        self, grant: Any, signed_in: SignedIn, workspace: RegisteredWorkspace | None, scope: str
    ) -> Answer:
        resource = read_resource(grant.request.payload, self.server.settings)
        grant.request.allowed = Allowed(
            workspace_id=workspace.id if workspace else None,
            audience=self._make_audience(resource, workspace, scope),
            scope=scope,
            session_id=signed_in.session.id,
            authenticated_at=signed_in.session.created_at,
        )
        answer: Answer = self.server.create_authorization_response(
            grant.request, grant_user=signed_in.user, grant=grant
        )
        return answer

    def _make_audience(
        self, resource: Resource, workspace: RegisteredWorkspace | None, scope: str
    ) -> list[str]:
        """Return the `aud` of the tokens: what was asked for, and the workspace behind it."""
        settings = self.server.settings
        urls = [] if resource.url is None else [resource.url]
        if workspace is not None:
            urls.append(settings.mcp_url(workspace.slug))
        if Scope.OPENID in scope.split():
            urls.append(settings.issuer.rstrip("/") + "/userinfo")
        return list(dict.fromkeys(urls))

    def _check(self, parameters: Parameters, signed_in: SignedIn | None) -> Any:
        url = self.server.settings.issuer.rstrip("/") + "/authorize"
        request = Request("GET", url, parameters, {})
        if not request.payload.scope:
            request.payload.data["scope"] = self._default_scope(request)
        grant = self.server.get_consent_grant(request, end_user=signed_in and signed_in.user)
        try:
            resource = read_resource(request.payload, self.server.settings)
            if request.client.kind is ClientKind.OWN and resource.url is not None:
                raise InvalidTargetError("This client asks who somebody is, and for no resource.")
            if not _grantable(frozenset(request.scope.split()), resource):
                raise InvalidScopeError
        except OAuth2Error as error:
            error.redirect_uri, error.state = grant.redirect_uri, request.payload.state
            raise
        return grant

    def _default_scope(self, request: Request) -> str:
        """Return what a client gets that asks for nothing (RFC 6749 section 3.3): to read."""
        is_api = api_audience(self.server.settings) in request.payload.datalist["resource"]
        return Scope.MANAGER_READ if is_api else Scope.WORKSPACE_READ

    def _find_oldest_sign_in(self, data: dict[str, str], prompts: Sequence[str]) -> int | None:
        """Return since when the person must have signed in, in Unix seconds, or None."""
        now = self.server.grants.now()
        if "login" in prompts:
            return int(now.timestamp())
        age = data.get("max_age", "")
        if age.isascii() and age.isdecimal():
            return int((now - timedelta(seconds=min(int(age), _LONGEST_AGE))).timestamp())
        return None

    def _refuse(self, error: OAuth2Error) -> Answer:
        if not error.redirect_uri:
            raise error
        return self.server.refuse(error)

    def _refuse_silently(self, kind: type[OAuth2Error], grant: Any) -> Answer:
        state = grant.request.payload.state
        return self.server.refuse(kind(redirect_uri=grant.redirect_uri, state=state))


_LONGEST_AGE = 10**8


def _is_stale(waiting: Waiting, signed_in: SignedIn) -> bool:
    if waiting.signed_in_after is None:
        return False
    return signed_in.session.created_at < datetime.fromtimestamp(waiting.signed_in_after, tz=UTC)


def _is_strangers_site(client: Client | None, redirect_uri: str) -> bool:
    """Say whether a redirect leads to a web site that anybody may have named."""
    by_anybody = client is None or client.kind not in {ClientKind.MADE, ClientKind.OWN}
    return by_anybody and redirect_uri.startswith("https:")


def _grantable(scopes: frozenset[str], resource: Resource) -> frozenset[str]:
    """Return the scopes that make sense for a resource."""
    known = MANAGER_SCOPES if resource.is_api else WORKSPACE_SCOPES
    return scopes & (known | IDENTITY_SCOPES)
