"""Puts the parts of federated sign-in together."""

from key_value.aio.protocols import AsyncKeyValue

from overset.manager.federation.client import ProviderClient
from overset.manager.federation.group_roles import GroupRoleService
from overset.manager.federation.identities import IdentityService
from overset.manager.federation.model import Departure
from overset.manager.federation.service import WAIT, FederationService
from overset.manager.members.service import MemberService
from overset.manager.people.invitations import InvitationService
from overset.manager.state.shelf import Shelf


def open_federation(
    members: MemberService, invitations: InvitationService, *, state: AsyncKeyValue
) -> FederationService:
    """Return the service of the provider that is set, or of none; close it in the end."""
    settings = invitations.settings
    identities = IdentityService(settings, members.changes, members.users, invitations)
    group_roles = GroupRoleService(settings, members.workspaces, members)
    is_set = bool(settings.oidc_issuer)
    client = ProviderClient.open(settings, now=members.changes.now) if is_set else None
    departures = Shelf(state, "departures", Departure, WAIT)
    return FederationService(client, identities, group_roles, departures)
