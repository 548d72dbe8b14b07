"""Makes the authorization server from the manager's other parts."""

from dataclasses import dataclass
from datetime import timedelta

from key_value.aio.protocols import AsyncKeyValue

from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.manager.authorizations.service import AuthorizationService
from overset.manager.consents.service import ConsentService
from overset.manager.gates.service import GateService
from overset.manager.grants.service import GrantService
from overset.manager.members.service import MemberService
from overset.manager.oauth.assembly import OAuth, assemble_oauth
from overset.manager.oauth.clients.registry import ClientRegistry
from overset.manager.oauth.codes import CODE_TIME, REPLAY_TIME, Code, CodeService, Redeemed
from overset.manager.oauth.server import Parts
from overset.manager.state.shelf import Shelf
from overset.manager.tokens.service import TokenService


@dataclass(frozen=True, slots=True)
class Needed:
    """What the authorization server is made of."""

    settings: Settings
    secrets: Keys
    state: AsyncKeyValue
    tokens: TokenService
    members: MemberService
    gates: GateService
    clients: ClientRegistry
    waiting: AuthorizationService


def open_oauth(needed: Needed) -> OAuth:
    """Return the authorization server of a manager that is being opened."""
    settings, tokens, state = needed.settings, needed.tokens, needed.state
    grants = GrantService(
        changes=tokens.changes,
        tokens=tokens,
        master=needed.secrets.master,
        now=tokens.now,
        lifetime=settings.refresh_time,
        token_lifetime=timedelta(seconds=settings.access_token_seconds),
    )
    codes = CodeService(
        waiting=Shelf(state, "codes", Code, CODE_TIME),
        redeemed=Shelf(state, "redeemed", Redeemed, REPLAY_TIME),
    )
    parts = Parts(
        settings, needed.clients, codes, grants, tokens.users, needed.members, needed.gates
    )
    consents = ConsentService(tokens.changes, tokens.now)
    return assemble_oauth(parts, keys=tokens.keys, waiting=needed.waiting, consents=consents)
