"""Makes the authorization server from the manager's other parts."""

from datetime import timedelta

from key_value.aio.protocols import AsyncKeyValue

from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.manager.authorizations.model import Waiting
from overset.manager.authorizations.service import WAIT, AuthorizationService
from overset.manager.consents.service import ConsentService
from overset.manager.grants.service import GrantService
from overset.manager.members.service import MemberService
from overset.manager.oauth.assembly import OAuth, assemble_oauth
from overset.manager.oauth.clients.registry import ClientRegistry
from overset.manager.oauth.codes import CODE_TIME, REPLAY_TIME, Code, CodeService, Redeemed
from overset.manager.oauth.server import Parts

from overset.manager.people.sessions import SessionService
from overset.manager.state.shelf import Shelf
from overset.manager.tokens.service import TokenService


def open_oauth(
    settings: Settings,
    keys: Keys,
    *,
    state: AsyncKeyValue,
    tokens: TokenService,
    members: MemberService,
    sessions: SessionService,
    clients: ClientRegistry,
    consents: ConsentService,
    waiting: AuthorizationService,
) -> OAuth:
    """Return the authorization server of an open manager."""
    grants = GrantService(
        changes=tokens.changes,
        tokens=tokens,
        master=keys.master,
        now=tokens.now,
        lifetime=settings.refresh_time,
        token_lifetime=timedelta(seconds=settings.access_token_seconds),
    )
    codes = CodeService(
        waiting=Shelf(state, "codes", Code, CODE_TIME),
        redeemed=Shelf(state, "redeemed", Redeemed, REPLAY_TIME),
    )
    parts = Parts(settings, clients, codes, grants, tokens.users, members, sessions)
    return assemble_oauth(parts, keys=tokens.keys, waiting=waiting, consents=consents)


def open_waiting(state: AsyncKeyValue) -> AuthorizationService:
    """Return the authorizations that wait for a person."""
    return AuthorizationService(Shelf(state, "authorizations", Waiting, WAIT))
