"""Every error of Overset, in one tree.

    OversetError
    ├── SettingsError                 start-up: one message with all problems
    ├── UnboundError                  code ran outside any workspace
    └── Refusal                       a request was refused: status, code, detail
        ├── InvalidRequest        400
        ├── InvalidToken          401
        ├── Forbidden             403
        ├── NotFound              404
        ├── Conflict              409
        ├── PayloadTooLarge       413
        ├── HostNotServed         421
        ├── TooManyRequests       429
        └── Unavailable           503

A refusal carries a machine `code` (`area_reason`, also the metric tag), a sentence that says what
to do, and response headers. It says nothing about any other workspace.
"""

from collections.abc import Mapping
from typing import ClassVar


class OversetError(Exception):
    """Anything that Overset itself raises."""


class SettingsError(OversetError):
    """Settings that cannot be used; `problems` holds one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("Overset cannot start:\n" + "\n".join(f"  - {p}" for p in problems))


class UnboundError(OversetError):
    """Something needed a workspace and none was entered; there is no default workspace."""


class Refusal(OversetError):  # noqa: N818 - an answer, and only sometimes an error of ours
    """A request that is refused.

    Attributes:
        status: the HTTP status.
        code: the machine reason, for example `token_expired`.
        detail: one sentence that says what to do.
        headers: response headers, for example `Retry-After`.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"
    default_detail: ClassVar[str] = "Something went wrong on our side. Try again later."

    def __init__(
        self,
        code: str | None = None,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code or self.default_code
        self.detail = detail or self.default_detail
        self.headers = dict(headers or {})
        super().__init__(f"{self.code}: {self.detail}")


class InvalidRequest(Refusal):
    """The request itself is malformed or ambiguous."""

    status = 400
    default_code = "invalid_request"
    default_detail = "The request is malformed."


class InvalidToken(Refusal):
    """No token, or one that does not count here (RFC 6750 section 3.1)."""

    status = 401
    default_code = "invalid_token"
    default_detail = "Send `Authorization: Bearer <token>` with a valid token for this workspace."


class Forbidden(Refusal):
    """Known, but not allowed."""

    status = 403
    default_code = "forbidden"
    default_detail = "You are not allowed to do this."


class NotFound(Refusal):
    """There is no such thing, or not for the caller."""

    status = 404
    default_code = "not_found"
    default_detail = "There is nothing here."


class Conflict(Refusal):
    """The change contradicts what is there."""

    status = 409
    default_code = "conflict"
    default_detail = "This contradicts what is already there."


class PayloadTooLarge(Refusal):
    """The body is larger than what is read."""

    status = 413
    default_code = "body_too_large"
    default_detail = "The request body is too large."


class HostNotServed(Refusal):
    """The host name is not one of this platform's (RFC 9110 section 15.5.20)."""

    status = 421
    default_code = "host_not_served"
    default_detail = "This server does not serve the requested host."


class TooManyRequests(Refusal):
    """A limit was reached (RFC 6585 section 4)."""

    status = 429
    default_code = "rate_limited"
    default_detail = "Too many calls. Wait as long as `Retry-After` says, then try again."


class Unavailable(Refusal):
    """Something that the answer needs is down."""

    status = 503
    default_code = "unavailable"
    default_detail = "The service is not available right now. Try again later."
