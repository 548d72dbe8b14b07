"""What a provider's error means to a member, and who can do something about it."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelConnectionError,
    ModelError,
    ModelTimeoutError,
)

from overset.chat.events import Failure
from overset.kernel.errors import OversetError

KEY_REFUSED = Failure(
    code="model_key_refused",
    detail="The model's provider refuses this installation's key. An operator has to correct it.",
    can_retry=False,
)
NO_CREDIT = Failure(
    code="model_no_credit",
    detail="This installation's account at the model's provider has no credit left. An operator "
    "has to top it up.",
    can_retry=False,
)
FORBIDDEN = Failure(
    code="model_forbidden",
    detail="This installation's key may not use the model. An operator has to allow it at the "
    "provider, or choose another model.",
    can_retry=False,
)
UNKNOWN = Failure(
    code="model_unknown",
    detail="The provider knows no such model. An operator has to correct its name, or its URL.",
    can_retry=False,
)
CONTEXT_FULL = Failure(
    code="model_context_full",
    detail="This is more than the model can read at once. Start a new conversation, and ask for "
    "less in one go.",
    can_retry=False,
)
NO_TOOLS = Failure(
    code="model_without_tools",
    detail="This model cannot call tools, and the assistant can do nothing without them. An "
    "operator has to choose another model.",
    can_retry=False,
)
REQUEST_REFUSED = Failure(
    code="model_request_refused",
    detail="The model's provider does not accept this request. Try it in a new conversation; if "
    "it goes on, an operator finds the reason in the log.",
    can_retry=False,
)
FAILING = Failure(
    code="model_failing",
    detail="The model's provider has a fault or is overloaded. Ask again in a minute.",
    can_retry=True,
)
UNREACHABLE = Failure(
    code="model_unreachable",
    detail="The model's provider cannot be reached. Ask again in a minute; if it goes on, an "
    "operator has to look at the network and at the model's URL.",
    can_retry=True,
)
CUT_OFF = Failure(
    code="model_cut_off",
    detail="The model's answer broke off. Ask again, or for less in one go.",
    can_retry=True,
)
GARBLED = Failure(
    code="model_garbled",
    detail="What the model's provider sent cannot be understood. Ask again; if it goes on, an "
    "operator has to look at the model's URL.",
    can_retry=True,
)
SILENT = Failure(
    code="model_silent",
    detail="The model said nothing for too long, and was ended. Ask again, or for less in one go.",
    can_retry=True,
)

_BY_STATUS: Mapping[int, Failure] = {
    HTTPStatus.UNAUTHORIZED: KEY_REFUSED,
    HTTPStatus.PAYMENT_REQUIRED: NO_CREDIT,
    HTTPStatus.FORBIDDEN: FORBIDDEN,
    HTTPStatus.NOT_FOUND: UNKNOWN,
    HTTPStatus.REQUEST_TIMEOUT: SILENT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: CONTEXT_FULL,
}
_STATUS_OF_KIND: Mapping[str, int] = {
    "authentication_error": HTTPStatus.UNAUTHORIZED,
    "billing_error": HTTPStatus.PAYMENT_REQUIRED,
    "insufficient_quota": HTTPStatus.PAYMENT_REQUIRED,
    "permission_error": HTTPStatus.FORBIDDEN,
    "not_found_error": HTTPStatus.NOT_FOUND,
    "model_not_found": HTTPStatus.NOT_FOUND,
    "request_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "context_length_exceeded": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "rate_limit_error": HTTPStatus.TOO_MANY_REQUESTS,
    "rate_limit_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
    "invalid_request_error": HTTPStatus.BAD_REQUEST,
}
"""What providers call an error in its body, which may come in a stream that began well."""

_TOO_LONG = re.compile(
    r"context (?:length|window|size)|prompt is too long|too many tokens", re.IGNORECASE
)
_TOOLLESS = re.compile(r"not support (?:tools|function|tool)|tool choice requires", re.IGNORECASE)
_POOR = re.compile(r"credit balance|billing", re.IGNORECASE)
_HTTP_LIBRARIES = frozenset({"httpcore", "httpcore2", "httpx", "httpx2"})


class ModelFailedError(OversetError):
    """A model gave no whole answer; `failure` is the event that says why.

    `is_begun` says whether a part of the answer had come.
    """

    def __init__(self, failure: Failure, *, is_begun: bool = False) -> None:
        self.failure = failure
        self.is_begun = is_begun
        super().__init__(failure.code)


def explain(error: BaseException) -> Failure | None:
    """Return what to tell a member about an error of a model, or None if it is of something else.

    What the provider itself said is not in it: it may hold the installation's key.
    """
    for one in _parts(error):
        if isinstance(one, ModelFailedError):
            return one.failure
        if isinstance(one, ModelError):
            return classify(one)
    return None


def classify(error: Exception, *, is_begun: bool = False) -> Failure:
    """Return what any error of a call to a model means.

    Args:
        error: what the call raised.
        is_begun: whether a part of the answer had come.
    """
    if isinstance(error, ModelFailedError):
        return error.failure
    if isinstance(error, TimeoutError | ModelTimeoutError):
        return SILENT
    if isinstance(error, ContextOverflowError):
        return CONTEXT_FULL
    if _is_of_connection(error):
        return CUT_OFF if is_begun else UNREACHABLE
    status = find_status(error)
    return GARBLED if status is None else _explain_status(status, error)


def find_status(error: Exception) -> int | None:
    """Return the HTTP status that an error of a provider has, or that its kind stands for."""
    kinds = find_kinds(error)
    named = next((status for kind, status in _STATUS_OF_KIND.items() if kind in kinds), None)
    given = getattr(error, "status_code", None)
    if named is not None and (named != HTTPStatus.BAD_REQUEST or not given):
        return named
    if isinstance(given, int) and given >= HTTPStatus.BAD_REQUEST:
        return given
    # An error that came in the stream of an answer that began well, of a kind that is not known.
    is_named = kinds or (given is None and hasattr(error, "body"))
    return HTTPStatus.INTERNAL_SERVER_ERROR if is_named else None


def find_kinds(error: Exception) -> frozenset[str]:
    """Return the words with which a provider names an error to programs: `insufficient_quota`."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    named = [inner.get("type"), inner.get("code")] if isinstance(inner, Mapping) else []
    return frozenset(word for word in named if isinstance(word, str) and word.isidentifier())


def find_wait(error: Exception) -> float | None:
    """Return the seconds after which a provider takes requests again, if it says so."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None


def _explain_status(status: int, error: Exception) -> Failure:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _explain_limit(find_wait(error))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return FAILING
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    text = str(error)
    for pattern, failure in ((_TOO_LONG, CONTEXT_FULL), (_TOOLLESS, NO_TOOLS), (_POOR, NO_CREDIT)):
        if pattern.search(text):
            return failure
    return REQUEST_REFUSED


def _explain_limit(wait: float | None) -> Failure:
    when = f"{wait:.0f} seconds" if wait and wait > 1 else "a minute"
    return Failure(
        code="model_limited",
        detail=f"The model's provider takes no more requests just now. Ask again in {when}.",
        can_retry=True,
    )


def _is_of_connection(error: Exception) -> bool:
    # The SDKs bring HTTP libraries of their own, whose errors they let through in mid-stream.
    libraries = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return isinstance(error, ModelConnectionError | OSError) or bool(libraries & _HTTP_LIBRARIES)


def _parts(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what it is made of, and what caused it."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        parts: tuple[Any, ...] = error.exceptions
        for part in parts:
            yield from _parts(part)
    if error.__cause__ is not None:
        yield from _parts(error.__cause__)
