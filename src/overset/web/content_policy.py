"""Members' browsers tell nobody outside which page of which workspace they look at."""

from collections.abc import Mapping
from typing import Any

_TELEMETRY = "scarf.sh"
"""Superset's pages load a picture from there, which tells the address of the page."""

_POLICY = "content_security_policy"


def without_telemetry(talisman: Mapping[str, Any]) -> dict[str, Any]:
    """Return `TALISMAN_CONFIG` without the hosts that count Superset's visitors.

    The picture's address is compiled into Superset's scripts: only the policy can refuse it.
    """
    policy = talisman.get(_POLICY)
    if not isinstance(policy, Mapping):
        return dict(talisman)
    return {**talisman, _POLICY: {name: _without(given) for name, given in policy.items()}}


def _without(sources: Any) -> Any:
    if isinstance(sources, str):
        return " ".join(one for one in sources.split() if _TELEMETRY not in one)
    return [one for one in sources if _TELEMETRY not in one]
