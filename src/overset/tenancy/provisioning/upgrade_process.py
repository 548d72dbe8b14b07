"""The process that upgrades one workspace: Superset's `db upgrade` and `init` on its database."""

import sys

from overset.tenancy.provisioning.child import answer
from overset.tenancy.provisioning.template_process import migrate

if __name__ == "__main__":
    sys.exit(answer(migrate))
