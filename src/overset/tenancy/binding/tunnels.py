"""SSH tunnels are not opened: one would be a door on this machine for every workspace.

Superset opens a tunnel for whatever data source has one stored, whether its feature is on or not.
"""

from typing import Any, NoReturn

from superset.extensions.ssh import SSHManager

from overset.tenancy.binding.data_sources import DataSourceRefusedError


class NoTunnels(SSHManager):  # type: ignore[misc]  # Superset is untyped here
    """Superset's tunnel manager, which refuses before anything is connected to."""

    def create_tunnel(self, *_tunnel: Any, **_uri: Any) -> NoReturn:
        """Refuse.

        Raises:
            DataSourceRefusedError: always.
        """
        raise DataSourceRefusedError("data sources behind SSH tunnels are not available here")
