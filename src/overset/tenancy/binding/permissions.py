"""Superset's security manager, which asks for the same permission of the same roles only once.

Every call asks for several, and some for one of them many times.
"""

from typing import Any

from flask import g
from superset.security import SupersetSecurityManager
from superset.utils.core import get_user_id

from overset.tenancy.binding.engines import get_bound
from overset.tenancy.binding.executors import ActsForMembers
from overset.tenancy.binding.known import KNOWN


class _Remembers:
    """Keeps the two answers that calls ask for most, each for its own workspace."""

    def exist_permission_on_roles(
        self, view_name: str, permission_name: str, role_ids: list[int]
    ) -> bool:
        """Say whether one of the roles has a permission.

        Raises:
            UnboundError: no workspace is bound.
        """
        ask: Any = super()
        return KNOWN.recall(
            get_bound().id,
            ("permission", view_name, permission_name, tuple(sorted(role_ids))),
            lambda: bool(ask.exist_permission_on_roles(view_name, permission_name, role_ids)),
        )

    def user_view_menu_names(self, permission_name: str) -> set[str]:
        """Return the names of what the current user has a permission on.

        Raises:
            UnboundError: no workspace is bound.
        """
        workspace_id = get_bound().id
        manager: Any = self
        ask: Any = super()
        if g.user.is_anonymous:
            return set(ask.user_view_menu_names(permission_name))
        role_ids = sorted(role.id for role in manager.get_user_roles(g.user))
        names: frozenset[str] = KNOWN.recall(
            workspace_id,
            ("names", permission_name, get_user_id(), tuple(role_ids)),
            lambda: frozenset(ask.user_view_menu_names(permission_name)),
        )
        return set(names)


def make_security_manager(theirs: type[Any] | None) -> type[Any]:
    """Return a class for `CUSTOM_SECURITY_MANAGER`, made of the operator's own if there is one.

    An operator's manager that answers one of the questions itself may look at more than we know:
    it is taken as it is.
    """
    base = type("MembersSecurityManager", (ActsForMembers, theirs or SupersetSecurityManager), {})
    for name in ("exist_permission_on_roles", "user_view_menu_names"):
        if getattr(base, name) is not getattr(SupersetSecurityManager, name):
            return base
    return type("WorkspaceSecurityManager", (_Remembers, base), {})
