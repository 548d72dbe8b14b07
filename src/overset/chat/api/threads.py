"""REST: the conversations of the member who asks."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from overset.chat.api.asking import Serving, get_who
from overset.chat.api.thread_schema import Search, ThreadListed, ThreadPatch, ThreadShown
from overset.chat.asker import Asking
from overset.chat.threads.database import outages_refused
from overset.chat.threads.model import Reader
from overset.chat.transcript import read_transcript
from overset.kernel.errors import NotFound
from overset.kernel.ids import UserId
from overset.rest.http import Locator, PageOf, Paging, problems

router = APIRouter(prefix="/threads", tags=["conversations"])


@router.get("", responses=problems(400, 401, 403, 503))
def list_threads(
    asker: Asking, chat: Serving, paging: Paging, search: Annotated[Search, Query()] = ""
) -> PageOf[ThreadListed]:
    """List your own conversations and those shared with you, the last ones first.

    With `search`, those in whose title or in whose owner's messages all of its words are.
    """
    who = get_who(asker)
    page = chat.threads.page(who, search=search, limit=paging.limit, cursor=paging.cursor)
    items = [ThreadListed.make(thread, who) for thread in page.items]
    return PageOf(items=items, next=page.next)


@router.post("", status_code=201, responses=problems(401, 403, 503))
def create_thread(asker: Asking, chat: Serving) -> ThreadListed:
    """Begin a conversation."""
    who = get_who(asker)
    return ThreadListed.make(chat.threads.create(who), who)


@router.get("/{thread_id}", responses=problems(401, 403, 404, 503))
async def get_thread(
    asker: Asking,
    chat: Serving,
    thread_id: Locator,
) -> ThreadShown:
    """Return a conversation, what was said in it, and what waits for approval."""
    who = get_who(asker)
    thread = await run_in_threadpool(chat.threads.get, who, thread_id)
    mine = thread.owner == who.user_id
    readers = await run_in_threadpool(chat.threads.list_readers, who, thread_id) if mine else None
    with outages_refused():
        transcript = await read_transcript(chat.saver, thread.id)
    return ThreadShown.show(thread, who, transcript=transcript, readers=readers)


@router.patch("/{thread_id}", responses=problems(401, 403, 404, 503))
def rename_thread(
    asker: Asking, chat: Serving, thread_id: Locator, body: ThreadPatch
) -> ThreadListed:
    """Give a conversation another title."""
    who = get_who(asker)
    return ThreadListed.make(chat.threads.rename(who, thread_id, title=body.title), who)


@router.delete("/{thread_id}", status_code=204, responses=problems(401, 403, 404, 503))
async def delete_thread(
    asker: Asking,
    chat: Serving,
    thread_id: Locator,
) -> None:
    """Delete a conversation for everybody; what runs in it is stopped."""
    thread = await run_in_threadpool(chat.threads.delete, get_who(asker), thread_id)
    chat.purge.hurry(thread)


@router.put(
    "/{thread_id}/readers/{user_id}", status_code=204, responses=problems(400, 401, 403, 404, 503)
)
async def share_thread(
    asker: Asking,
    chat: Serving,
    thread_id: Locator,
    user_id: Locator,
) -> None:
    """Let another member of this workspace read a conversation."""
    who = get_who(asker)
    thread = await run_in_threadpool(chat.threads.get_own, who, thread_id)
    member = await chat.members.find(UserId(user_id), workspace_id=thread.workspace_id)
    if member is None:
        raise NotFound("member_unknown", "There is no such member of this workspace.")
    reader = Reader(member.user_id, member.name)
    await run_in_threadpool(chat.threads.share, who, thread_id, reader)


@router.delete(
    "/{thread_id}/readers/{user_id}", status_code=204, responses=problems(401, 403, 404, 503)
)
def unshare_thread(asker: Asking, chat: Serving, thread_id: Locator, user_id: Locator) -> None:
    """Let a member read a conversation no longer."""
    chat.threads.unshare(get_who(asker), thread_id, user_id=user_id)


@router.delete(
    "/{thread_id}/allowed_tools/{name}", status_code=204, responses=problems(401, 403, 404, 503)
)
def forbid_tool(asker: Asking, chat: Serving, thread_id: Locator, name: Locator) -> None:
    """Let a tool be asked about again, from the next turn on."""
    chat.threads.forbid_tool(get_who(asker), thread_id, name=name)
