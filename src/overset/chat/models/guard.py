"""A guard around a provider's model: it asks again, ends what is silent, and names what fails."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from functools import lru_cache, partial
from typing import Any

import structlog
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from overset.chat.events import Failure
from overset.chat.models.errors import (
    CUT_OFF,
    GARBLED,
    SILENT,
    ModelFailedError,
    classify,
    find_kinds,
    find_status,
    find_wait,
)

_PAUSES = (0.5, 1.5)
"""Seconds before it is asked again; a provider that wants to be left alone for longer, is."""

_LONGEST_PAUSE = 5.0
_LASTING = (GARBLED, SILENT)
"""What a member may try again, but has waited for already or is likely to be so for longer."""

_LAST_WORDS = ("finish_reason", "stop_reason")
_REASONS = (*_LAST_WORDS, "done_reason", "status")
_TOO_LONG = frozenset(
    {"length", "max_tokens", "model_length", "model_context_window_exceeded", "incomplete"}
)
"""How providers say that an answer is cut, for it may not be longer."""

_ENDED = frozenset({"content_filter", "refusal"})
"""How they say that they ended it themselves: what it says may stand, what it calls is no whole."""

_TELL_THE_END = frozenset({"langchain_anthropic", "langchain_openai"})
"""Whose models always say that an answer is whole; a stream may also just end."""

_log = structlog.get_logger(__name__)
_Ask = Callable[[], AsyncIterator[ChatGenerationChunk]]


def guard(model: BaseChatModel, *, idle_seconds: float) -> BaseChatModel:
    """Return this model under guard: each of its answers comes whole, or a `ModelFailedError` does.

    The model stays an instance of its class, for LangChain treats those of some providers in ways
    of their own.

    Args:
        model: a model whose SDK does not itself ask again.
        idle_seconds: so long it may say nothing before it is ended.
    """
    model.__class__ = _guarded(type(model), idle_seconds)
    return model


@lru_cache
def _guarded(kind: type[BaseChatModel], idle_seconds: float) -> type[BaseChatModel]:
    tells_its_end = kind.__module__.partition(".")[0] in _TELL_THE_END

    class Guarded(kind):  # type: ignore[misc, valid-type]  # a class that is known at run time only
        async def _astream(self, *args: Any, **given: Any) -> AsyncIterator[ChatGenerationChunk]:
            ask = partial(super()._astream, *args, **given)
            whole = partial(_listen, ask, idle_seconds=idle_seconds, tells_its_end=tells_its_end)
            async for chunk in _insist(whole, name=kind.__name__):
                yield chunk

        async def _agenerate(
            self, messages: Any, stop: Any = None, _manager: Any = None, **given: Any
        ) -> ChatResult:
            return await agenerate_from_stream(self._astream(messages, stop, **given))

    Guarded.__name__ = Guarded.__qualname__ = kind.__name__
    return Guarded


async def _insist(ask: _Ask, *, name: str) -> AsyncIterator[ChatGenerationChunk]:
    """Ask again after a fault that passes, as long as nothing of an answer has come.

    Raises:
        ModelFailedError: there is no whole answer. It has no cause, whose text may hold a key.
    """
    for pause in (*_PAUSES, None):
        is_begun = False
        try:
            async for chunk in ask():
                is_begun = True
                yield chunk
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the model's
            failure = classify(error, is_begun=is_begun)
            wait = _find_pause(error, failure, pause)
            _note(error, name=name, code=failure.code)
            if is_begun or wait is None:
                raise ModelFailedError(failure, is_begun=is_begun) from None
            await asyncio.sleep(wait)
        else:
            return


async def _listen(
    ask: _Ask, *, idle_seconds: float, tells_its_end: bool
) -> AsyncIterator[ChatGenerationChunk]:
    """Yield the pieces of one answer.

    Raises:
        TimeoutError: for `idle_seconds` nothing came.
        ModelFailedError: it ended without saying that it is whole, or without a word, or it is cut.
            LangChain would close the arguments of a call that is cut, and have it carried out.
    """
    pieces, is_begun, is_whole, calls = ask(), False, not tells_its_end, False
    cut: set[str] = set()
    try:
        while True:
            try:
                async with asyncio.timeout(idle_seconds):
                    chunk = await anext(pieces)
            except StopAsyncIteration:
                break
            is_begun, is_whole = True, is_whole or _is_last(chunk)
            calls = calls or bool(getattr(chunk.message, "tool_call_chunks", ()))
            cut |= _find(chunk, _REASONS) & (_TOO_LONG | _ENDED)
            yield chunk
    finally:
        await pieces.aclose()  # type: ignore[attr-defined]  # LangChain's are generators
    if cut & _TOO_LONG or (calls and cut):
        raise ModelFailedError(CUT_OFF)
    if not is_whole:
        raise ModelFailedError(CUT_OFF if is_begun else GARBLED)


def _is_last(chunk: ChatGenerationChunk) -> bool:
    is_marked = getattr(chunk.message, "chunk_position", None) == "last"
    return is_marked or bool(_find(chunk, _LAST_WORDS))


def _find(chunk: ChatGenerationChunk, words: Iterable[str]) -> set[str]:
    """Return what a provider says about the end of its answer, under these names."""
    said = {**chunk.message.response_metadata, **(chunk.generation_info or {})}
    return {str(said[word]).lower() for word in words if said.get(word)}


def _find_pause(error: Exception, failure: Failure, pause: float | None) -> float | None:
    """Return the seconds after which to ask again, or None: do not."""
    if pause is None or not failure.can_retry or failure in _LASTING:
        return None
    wanted = find_wait(error)
    if wanted is not None:
        return wanted if wanted <= _LONGEST_PAUSE else None
    return pause * random.uniform(0.75, 1.25)  # noqa: S311  # so that not all ask at once


def _note(error: Exception, *, name: str, code: str) -> None:
    # Not the error's text: providers repeat the key that they refuse.
    _log.warning(
        "model_failed",
        model_class=name,
        code=code,
        error=type(error).__name__,
        status=find_status(error),
        provider_says=sorted(find_kinds(error)),
        provider_request=getattr(error, "request_id", None),
    )
