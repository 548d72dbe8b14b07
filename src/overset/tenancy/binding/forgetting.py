"""What a process drops of a workspace when the manager tells that something changed."""

from overset.kernel.changes import Change, ChangeKind
from overset.tenancy.binding import readiness
from overset.tenancy.binding.app import make_app
from overset.tenancy.binding.known import KNOWN

_ABOUT_PEOPLE = frozenset({ChangeKind.MEMBER, ChangeKind.USER, ChangeKind.WORKSPACE})


def forget_what_changed(change: Change | None) -> None:
    """Drop what is known of a workspace's people, and close it if it may be gone or moved.

    It listens to the change feed; None means that changes may have been missed.
    """
    from overset.tenancy.binding.initializer import ENGINES

    if change is None:
        KNOWN.forget(None)
        readiness.forget_all()
        return
    if change.kind in _ABOUT_PEOPLE:
        KNOWN.forget(change.workspace_id)
    if change.kind is ChangeKind.WORKSPACE and change.workspace_id is not None:
        readiness.forget(change.workspace_id)
        make_app().extensions[ENGINES].forget(change.workspace_id)
