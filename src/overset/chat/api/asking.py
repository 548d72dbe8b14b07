"""What every endpoint asks for: the assistant's parts, and who it is about."""

from typing import Annotated

from fastapi import Depends

from overset.chat.asker import Asker
from overset.chat.services import Chat
from overset.chat.threads.model import Who
from overset.rest.http import served

Serving = Annotated[Chat, Depends(served(Chat))]


def get_who(asker: Asker) -> Who:
    """Return who asks, as threads know them."""
    caller = asker.caller
    return Who(caller.workspace.id, caller.member.user_id, caller.member.name)
