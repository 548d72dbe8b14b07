"""REST: the turns of a conversation, each a stream of events."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse

from overset.chat.api.asking import Serving, get_who
from overset.chat.api.turn_schema import DecisionsPost, PageShown, TurnPost
from overset.chat.api.watching import Watched
from overset.chat.approvals import Decision
from overset.chat.asker import Asking
from overset.chat.page import Page
from overset.chat.services import Chat
from overset.chat.sse import stream
from overset.chat.threads.model import Thread, TurnId, find_thread
from overset.chat.watch import Watch
from overset.kernel.errors import Forbidden, NotFound
from overset.rest.http import Locator, problems

router = APIRouter(prefix="/threads/{thread_id}", tags=["turns"])

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The turn's events, each with its type as `event` and an `id`; the last "
        "one is `finalize`. The header `X-Turn-Id` names the turn.",
        "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/AnyEvent"}}},
    }
}


@router.post(
    "/turns",
    response_class=EventSourceResponse,
    responses={**_STREAM, **problems(401, 403, 404, 422, 429, 503)},
)
async def start_turn(
    asker: Asking, chat: Serving, watched: Watched, thread_id: Locator, body: TurnPost
) -> EventSourceResponse:
    """Ask the assistant, and watch what it does.

    The turn goes on when the connection ends: read on at `.../turns/{turn_id}/events`.
    """
    chat.turns.require_place(asker)
    thread = await run_in_threadpool(
        chat.threads.note_message, get_who(asker), thread_id, text=body.message
    )
    page = None if body.page is None else _read_page(body.page)
    turn_id = await chat.turns.start(asker, thread, body.message, page)
    return _follow(chat, turn_id, watched.over(thread))


@router.post(
    "/decisions",
    response_class=EventSourceResponse,
    responses={**_STREAM, **problems(400, 401, 403, 404, 409, 422, 429, 503)},
)
async def decide(
    asker: Asking, chat: Serving, watched: Watched, thread_id: Locator, body: DecisionsPost
) -> EventSourceResponse:
    """Say which of the calls that wait may run, and watch how it goes on."""
    who = get_who(asker)
    thread = await run_in_threadpool(chat.threads.get_own, who, thread_id)
    decisions = [Decision(one.tool_call_id, one.verdict, one.note) for one in body.decisions]
    if body.allow_tools:
        _check_allowing(chat)
        approved = await chat.turns.check(asker, thread, decisions)
        names = approved.intersection(body.allow_tools)
        thread = await run_in_threadpool(chat.threads.allow_tools, who, thread.id, names=names)
    turn_id = await chat.turns.decide(asker, thread, decisions)
    return _follow(chat, turn_id, watched.over(thread))


@router.get(
    "/turns/{turn_id}/events",
    response_class=EventSourceResponse,
    responses={**_STREAM, **problems(400, 401, 403, 404, 503)},
)
async def read_turn(  # noqa: PLR0913, PLR0917 - FastAPI calls it, by keyword
    asker: Asking,
    chat: Serving,
    watched: Watched,
    thread_id: Locator,
    turn_id: Locator,
    last_event_id: Annotated[str | None, Header(description="Go on after this event.")] = None,
) -> EventSourceResponse:
    """Watch a turn again: from its start, or after the last event that came in.

    A turn is known for an hour after its end; what it said stays in the conversation.
    """
    thread = await run_in_threadpool(chat.threads.get, get_who(asker), thread_id)
    found = await _find_turn(chat, thread, turn_id)
    return stream(chat.log, found, after=last_event_id, watch=watched.over(thread))


@router.post("/turns/{turn_id}/stop", status_code=202, responses=problems(401, 403, 404, 503))
async def stop_turn(asker: Asking, chat: Serving, thread_id: Locator, turn_id: Locator) -> None:
    """Stop a turn: the model, the tool that runs, and its query. The stream tells when it is."""
    thread = await run_in_threadpool(chat.threads.get_own, get_who(asker), thread_id)
    await chat.turns.stop(await _find_turn(chat, thread, turn_id))


def _follow(chat: Chat, turn_id: TurnId, watch: Watch) -> EventSourceResponse:
    chat.log.begin(turn_id)
    return stream(chat.log, turn_id, watch=watch)


async def _find_turn(chat: Chat, thread: Thread, turn_id: str) -> TurnId:
    if find_thread(turn_id) != thread.id or not await chat.log.knows(TurnId(turn_id)):
        raise NotFound(
            "turn_unknown", "This turn is over, or there was none: read the conversation."
        )
    return TurnId(turn_id)


def _check_allowing(chat: Chat) -> None:
    if chat.settings.chat_approval == "always":
        raise Forbidden(
            "approval_required",
            "Here each call needs its own approval: an administrator wants it so.",
        )


def _read_page(shown: PageShown) -> Page:
    return Page(
        path=shown.path, kind=shown.kind, id=shown.id, title=shown.title, filters=shown.filters
    )
