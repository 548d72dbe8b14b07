"""H4, session scope: a session belongs to one app context, and neither is found after it.

Flask-SQLAlchemy keys sessions by the memory address of the app context. A session that code in a
popped context made anew is removed by nobody: a later context at the same address, perhaps another
workspace's, would inherit it with its identity map, and its connection would never come back.
So the key is a counter, a context that was left has no session, and what a context that is gone
still had is closed.
"""

import itertools
import weakref

from overset.kernel.errors import UnboundError
from overset.tenancy.binding.engines import claim, find_context
from overset.tenancy.context import find_current

_numbers = itertools.count(1)
_SCOPE = "_overset_session_scope"
_NO_CONTEXT = 0


def session_scope() -> int:
    """Return the key of the current session; 0 outside of any app context.

    Raises:
        UnboundError: the app context was already used for another workspace, or was left: a thread
            or a task that outlives its call has no more database.
    """
    context = find_context()
    if context is None:
        return _NO_CONTEXT
    workspace = find_current()
    if workspace is not None:
        claim(workspace.id)
    if not context._cv_tokens:  # noqa: SLF001 - Flask tells nobody else whether a context is pushed
        raise UnboundError("this app context was left: push one of its own")
    number = getattr(context, _SCOPE, None)
    if number is None:
        number = next(_numbers)
        setattr(context, _SCOPE, number)
        weakref.finalize(context, _close, number).atexit = False
    return int(number)


def _close(number: int) -> None:
    """Close the session of a context that is gone, if its teardown did not come to it."""
    from superset.extensions import db

    session = db.session.registry.registry.pop(number, None)
    if session is not None:
        # Not given back but closed: this may be any thread, and a rollback may wait for a server.
        session.invalidate()
