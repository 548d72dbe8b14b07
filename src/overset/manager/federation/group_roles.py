"""Memberships that a person's groups at the provider give, and take away again."""

import logging
from dataclasses import dataclass

from overset.kernel.ids import UserId, WorkspaceId
from overset.kernel.settings import Settings
from overset.manager.members.service import MemberService
from overset.manager.workspaces.service import WorkspaceService

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GroupRoleService:
    """Applies the rules of `OVERSET_OIDC_GROUP_ROLES`."""

    settings: Settings
    workspaces: WorkspaceService
    members: MemberService

    def apply(self, user_id: UserId, *, groups: frozenset[str]) -> None:
        """Bring the memberships that groups give in step with the groups of a user.

        A provider that tells no groups tells that there are none. Where two rules name the same
        workspace the first one counts. What was given by hand stays as it is.
        """
        wanted: dict[WorkspaceId, str] = {}
        for rule in self.settings.oidc_group_roles:
            if rule.group not in groups:
                continue
            workspace = self.workspaces.find(rule.workspace)
            if workspace is None:
                _log.warning("a group's rule names no workspace: %s", rule)
                continue
            wanted.setdefault(workspace.id, rule.role)
        self.members.put_by_groups(user_id, wanted)
