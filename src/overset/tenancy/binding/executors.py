"""As whom a task acts: somebody who is a member now, whatever the workspace's tables say."""

from typing import Any

from celery import current_task

from overset.kernel.errors import Forbidden, Unavailable
from overset.kernel.ids import UserId
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.line import find_line


class ActsForMembers:
    """A security manager's way to the user of a task: its owner may have left since it was made."""

    def find_user(self, username: str | None = None, email: str | None = None) -> Any:
        """Return a user; in a task the member of that name, in step with the membership.

        Raises:
            Forbidden: `not_a_member`, a task would act as somebody who may not be here.
            Unavailable: nobody can tell.
        """
        if not username or not _is_in_task():
            ask: Any = super()
            return ask.find_user(username, email)
        line = find_line()
        if line is None:
            raise Unavailable
        member = line.find_member(UserId(username), get_bound().id)
        if member is None:
            raise Forbidden("not_a_member", "Whom this task would act for is no member any more.")
        from overset.tenancy.binding.member import load_user  # needs the app, and this makes it

        return load_user(member)


def _is_in_task() -> bool:
    return bool(current_task) and not current_task.request.called_directly
