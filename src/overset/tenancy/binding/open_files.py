"""How many files this process may have open: open SQLite databases take several each."""

import resource

_OTHERS = 1024
_EACH = 5
"""Two connections with the database and its `-wal` file, and one `-shm` file for both."""


def make_room(databases: int) -> None:
    """Let this process open so many SQLite databases, as far as its hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OTHERS + _EACH * databases
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
