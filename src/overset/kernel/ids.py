"""Identifiers: a distinct type for each noun, random, and safe in URLs, file and database names."""

import base64
import os
import random
import secrets
from typing import NewType

TeamId = NewType("TeamId", str)
UserId = NewType("UserId", str)
WorkspaceId = NewType("WorkspaceId", str)
TokenId = NewType("TokenId", str)
RequestId = NewType("RequestId", str)
SessionId = NewType("SessionId", str)
GrantId = NewType("GrantId", str)

_LENGTH = 26  # 26 base-32 digits (RFC 4648 section 6): 130 random bits
_BYTES = 17


# No secret, and made for each request: to ask the system would give the interpreter away each time.
_of_requests = random.Random()  # noqa: S311 - as said
os.register_at_fork(after_in_child=_of_requests.seed)


def new_id(prefix: str) -> str:
    """Return `prefix` + 26 base-32 digits that nobody can guess."""
    return _write(prefix, secrets.token_bytes(_BYTES))


def _write(prefix: str, given: bytes) -> str:
    return prefix + base64.b32encode(given).decode().lower()[:_LENGTH]


def new_team_id() -> TeamId:
    """Return a new id `team_` + 26 base-32 digits."""
    return TeamId(new_id("team_"))


def new_user_id() -> UserId:
    """Return a new id `usr_` + 26 base-32 digits; it is the `sub` of the user's tokens for ever."""
    return UserId(new_id("usr_"))


def new_workspace_id() -> WorkspaceId:
    """Return a new id `ws_` + 26 base-32 digits; it names databases, roles and derived keys."""
    return WorkspaceId(new_id("ws_"))


def new_token_id() -> TokenId:
    """Return a new id `tok_` + 26 base-32 digits; it is the `jti` of a token."""
    return TokenId(new_id("tok_"))


def new_request_id() -> RequestId:
    """Return a new id `req_` + 26 base-32 digits; it can be guessed, and opens nothing."""
    return RequestId(_write("req_", _of_requests.randbytes(_BYTES)))


def new_session_id() -> SessionId:
    """Return a new id `ses_` + 26 base-32 digits; it names a browser's sign-in, and opens none."""
    return SessionId(new_id("ses_"))


def new_grant_id() -> GrantId:
    """Return a new id `grt_` + 26 base-32 digits; it names what a user allowed a client once."""
    return GrantId(new_id("grt_"))


def new_client_id() -> str:
    """Return a new id `cli_` + 26 base-32 digits: the `client_id` of a registered OAuth client."""
    return new_id("cli_")


def new_invitation_id() -> str:
    """Return a new id `inv_` + 26 base-32 digits; it names an invitation and opens nothing."""
    return new_id("inv_")


def new_consent_id() -> str:
    """Return a new id `cns_` + 26 base-32 digits; it names what a user once let a client do."""
    return new_id("cns_")
