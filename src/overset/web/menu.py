"""Superset's menus are a role's: what is kept of them for a minute is not shown to another."""

from typing import Any


def keep_menus_by_role() -> None:
    """Let the role be a part of the key under which Superset keeps what its pages begin with.

    Superset keys it by the user alone, whose menu would then lag behind a changed role.
    """
    from superset import security_manager
    from superset.views import base

    kept = base.cached_common_bootstrap_data
    if hasattr(kept, "keyed_by_role"):
        return
    make_theirs = kept.make_cache_key

    def make_key(function: Any, *arguments: Any, **named: Any) -> str:
        roles = sorted(role.id for role in security_manager.get_user_roles())
        return f"{make_theirs(function, *arguments, **named)}:{roles}"

    kept.make_cache_key, kept.keyed_by_role = make_key, True
