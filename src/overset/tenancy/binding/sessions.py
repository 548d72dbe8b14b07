"""H4, session scope: a session belongs to one app context and is never found from another.

Flask-SQLAlchemy keys sessions by the memory address of the app context. A session that code in a
popped context made anew is removed by nobody, and a later context at the same address, perhaps
another workspace's, would inherit it with its identity map. A counter is never used twice.
"""

import itertools

from flask import has_app_context
from flask.globals import app_ctx

from overset.tenancy.binding.engines import claim
from overset.tenancy.context import find_current

_numbers = itertools.count(1)
_SCOPE = "_overset_session_scope"
_NO_CONTEXT = 0


def session_scope() -> int:
    """Return the key of the current session; 0 outside of any app context.

    Raises:
        UnboundError: the app context was already used for another workspace.
    """
    if not has_app_context():
        return _NO_CONTEXT
    workspace = find_current()
    if workspace is not None:
        claim(workspace.id)
    # The number stands on the context itself and not in `g`, which some code copies elsewhere.
    context = app_ctx._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - a werkzeug proxy's own way to its object
    number = getattr(context, _SCOPE, None)
    if number is None:
        number = next(_numbers)
        setattr(context, _SCOPE, number)
    return int(number)
