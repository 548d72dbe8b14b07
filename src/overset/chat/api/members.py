"""REST: members of the workspace, to share a conversation with."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from overset.chat.api.asking import Serving, get_who
from overset.chat.api.thread_schema import ReaderListed, Search
from overset.chat.asker import Asking
from overset.rest.http import problems

router = APIRouter(prefix="/members", tags=["conversations"])

_MOST = 20


class MembersFound(BaseModel):
    """Members by name, without the one who asks."""

    items: list[ReaderListed]


@router.get("", responses=problems(401, 403, 503))
async def search_members(
    asker: Asking,
    chat: Serving,
    search: Annotated[Search, Query()] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 10,
) -> MembersFound:
    """Find other members in whose name or address all words of `search` are."""
    who = get_who(asker)
    # The one who asks may be among them.
    found = await chat.members.search(search, workspace_id=who.workspace_id, limit=limit + 1)
    others = [one for one in found if one.user_id != who.user_id][:limit]
    return MembersFound(items=[ReaderListed(id=one.user_id, name=one.name) for one in others])
