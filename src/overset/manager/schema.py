"""Every table of the manager, for whoever compares the schema with the migrations."""

from overset.manager.changes.model import change_counter, changes
from overset.manager.gates.model import gate_rules
from overset.manager.keys.model import signing_keys
from overset.manager.members.model import memberships
from overset.manager.teams.model import teams
from overset.manager.tokens.model import tokens
from overset.manager.users.model import users
from overset.manager.workspaces.model import workspaces

TABLES = (
    change_counter,
    changes,
    gate_rules,
    memberships,
    signing_keys,
    teams,
    tokens,
    users,
    workspaces,
)
