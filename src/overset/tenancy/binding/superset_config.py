"""Superset's configuration in Overset: the operator's own, then what isolation needs.

`SUPERSET_CONFIG` names this module. Like any Superset configuration it starts from
`superset.config`, which reads the operator's `superset_config.py` if there is one.
"""

from superset.config import *  # noqa: F403 - how Superset's configuration is layered

from overset.tenancy.binding.installation import get_installation
from overset.tenancy.binding.overrides import make_overrides

globals().update(make_overrides(globals()))
for _plugin in get_installation().plugins:
    globals().update(_plugin.extend(globals()))
