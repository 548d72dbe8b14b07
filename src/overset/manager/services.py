"""The manager's parts, put together; usable with and without HTTP."""

import secrets
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from key_value.aio.protocols import AsyncKeyValue
from limits.strategies import RateLimiter
from pydantic import SecretStr

from overset.flags.client import GateClient
from overset.flags.provider import RulesProvider
from overset.kernel.clock import Now, utc_now
from overset.kernel.database import Database
from overset.kernel.secrets import Keys, load_keys
from overset.kernel.settings import Settings
from overset.manager.access.operator import OperatorGuard
from overset.manager.access.service import AccessService
from overset.manager.assistant.service import AssistantService
from overset.manager.authorizations.service import AuthorizationService, open_authorizations
from overset.manager.changes.publisher import ChangePublisher, NullPublisher, RedisPublisher
from overset.manager.changes.service import ChangeLog
from overset.manager.federation.assembly import open_federation
from overset.manager.federation.service import FederationService
from overset.manager.gates.service import DatabaseGateRules, GateService
from overset.manager.keys.service import KeyService
from overset.manager.keys.vault import Vault
from overset.manager.members.service import MemberService
from overset.manager.migrate import upgrade_manager
from overset.manager.oauth.assembly import OAuth
from overset.manager.oauth.clients.assembly import open_registry
from overset.manager.oauth.clients.own import make_own_client
from overset.manager.oauth.clients.registry import ClientRegistry
from overset.manager.oauth.clients.service import ClientService
from overset.manager.oauth.opening import Needed, open_oauth
from overset.manager.pages.forms import Forms, make_forms
from overset.manager.people.attempts import KEPT, AttemptService, Failures
from overset.manager.people.hashes import Hashes
from overset.manager.people.invitations import InvitationService
from overset.manager.people.passwords import PasswordService
from overset.manager.people.sessions import SessionService
from overset.manager.schedules.service import ScheduleService
from overset.manager.state.limit import open_limiter
from overset.manager.state.shelf import Shelf
from overset.manager.state.store import open_store
from overset.manager.teams.service import TeamService
from overset.manager.tokens.service import TokenService
from overset.manager.users.service import UserService
from overset.manager.workspaces.provisioner import Provisioner
from overset.manager.workspaces.service import WorkspaceService


@dataclass(frozen=True, slots=True)
class Manager:
    """Everything that the control plane does; close it when the process ends, or use it in `with`.

    Attributes:
        settings: the settings that it was opened with.
        service_key: what the data plane shows to the internal API.
        database: the manager's database.
        changes: what other processes must hear of.
        teams: the organisations that own workspaces.
        users: the people.
        workspaces: the tenants.
        members: who has which role where.
        keys: what tokens are signed with.
        tokens: what was issued to whom.
        gates: the features that are open where.
        access: the decisions for the data plane.
        assistant: the tokens of the assistant.
        operators: the decisions for the REST API.
        clients: the OAuth clients that operators made.
        registry: all OAuth clients; in requests only, as it asks `state`.
        limiter: counts what is limited per address.
        state: what lives for minutes; see `state/shelf.py`.
        authorizations: what clients asked for and a person decides.
        forms: what keeps other sites' forms out.
        attempts: who must wait before the next try.
        passwords: the users' passwords.
        sessions: the browsers in which somebody is signed in.
        invitations: the links by which people become users.
        federation: sign-in at another OpenID provider.
        oauth: the authorization server.
        schedules: when something is next due where.
    """

    settings: Settings
    service_key: SecretStr
    database: Database
    changes: ChangeLog
    teams: TeamService
    users: UserService
    workspaces: WorkspaceService
    members: MemberService
    keys: KeyService
    tokens: TokenService
    gates: GateService
    access: AccessService
    assistant: AssistantService
    operators: OperatorGuard
    clients: ClientService
    registry: ClientRegistry
    limiter: RateLimiter
    state: AsyncKeyValue
    authorizations: AuthorizationService
    forms: Forms
    attempts: AttemptService
    passwords: PasswordService
    sessions: SessionService
    invitations: InvitationService
    federation: FederationService
    oauth: OAuth
    schedules: ScheduleService

    def close(self) -> None:
        """Close what was opened, in reverse."""
        self.federation.close()
        self.gates.client.close()
        self.changes.publisher.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_manager(
    settings: Settings,
    *,
    keys: Keys | None = None,
    provisioner: Provisioner | None = None,
    now: Now = utc_now,
) -> Manager:
    """Open the manager's database, bring its schema up to date, and put the parts together.

    Args:
        settings: the settings of this process.
        keys: the platform's own secrets; by default those that the settings lead to.
        provisioner: makes workspaces' databases; by default as the settings say.
        now: the wall clock.

    Raises:
        SettingsError: a key is missing, or the database is newer than this release.
    """
    keys = keys or load_keys(settings)
    database = Database(settings.manager_dsn)
    upgrade_manager(database)
    return _assemble(settings, keys, database, provisioner or _provisioner(settings, keys), now)


def _assemble(
    settings: Settings, keys: Keys, database: Database, provisioner: Provisioner, now: Now
) -> Manager:
    changes = ChangeLog(database, _publisher(settings), now)
    teams, users = TeamService(database), UserService(changes, now)
    workspaces = WorkspaceService(changes, teams, provisioner, now)
    members = MemberService(changes, users, workspaces)
    signing_keys = KeyService(changes, Vault(keys.master), now=now)
    tokens = TokenService(settings, changes, signing_keys, users, workspaces, members, now)
    provider = RulesProvider(DatabaseGateRules(database))
    # OpenFeature's registry is the process's: each manager has a domain of its own in it.
    gates = GateService(
        changes, workspaces, GateClient(provider, domain=f"overset-{secrets.token_hex(4)}")
    )
    clients, limiter = ClientService(changes, now), open_limiter(settings)
    passwords = PasswordService(changes, users, Hashes(), now)
    state = open_store(settings, keys)
    invitations = InvitationService(settings, changes, users, workspaces, passwords, now)
    authorizations = open_authorizations(state, limiter)
    sessions = SessionService(settings, changes, users, now)
    access = AccessService(database, gates, sessions, now)
    own = make_own_client(settings, keys, workspaces)
    registry = open_registry(settings, clients, own=own, state=state, limiter=limiter)
    oauth = open_oauth(
        Needed(settings, keys, state, tokens, members, gates, registry, authorizations)
    )
    return Manager(
        settings=settings,
        service_key=keys.service,
        database=database,
        changes=changes,
        teams=teams,
        users=users,
        workspaces=workspaces,
        members=members,
        keys=signing_keys,
        tokens=tokens,
        gates=gates,
        access=access,
        assistant=AssistantService(settings, changes, access, tokens, now),
        operators=OperatorGuard(signing_keys, tokens, users, now),
        clients=clients,
        registry=registry,
        limiter=limiter,
        state=state,
        authorizations=authorizations,
        forms=make_forms(settings, keys),
        attempts=AttemptService(Shelf(state, "attempts", Failures, KEPT), now),
        passwords=passwords,
        sessions=sessions,
        invitations=invitations,
        federation=open_federation(members, invitations, state=state),
        oauth=oauth,
        schedules=ScheduleService(database, now),
    )


def _publisher(settings: Settings) -> ChangePublisher:
    return NullPublisher() if settings.redis_url is None else RedisPublisher(settings.redis_url)


def _provisioner(settings: Settings, keys: Keys) -> Provisioner:
    from overset.tenancy.provisioning.create import make_provisioner

    return make_provisioner(settings, keys)
