"""What a client says of itself (RFC 7591 section 2): bounded, and nothing in it that we lack."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from overset.auth.scopes import Scope
from overset.kernel.errors import InvalidRequest
from overset.manager.names import NAME_LENGTH, parse_name
from overset.manager.oauth.clients.redirects import LONGEST_URI, parse_redirect_uri, redirect_host

_AuthMethod = Literal["none", "client_secret_basic", "client_secret_post"]

GRANT_TYPES = ("authorization_code", "refresh_token")
RESPONSE_TYPES = ("code",)
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
DEFAULT_AUTH_METHOD: _AuthMethod = "client_secret_basic"
SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})

_MOST = 10
_LONGEST_SCOPE = 1000


def _parse_name(text: str) -> str:
    try:
        # Not printable is also what turns the direction of text around, or has no width.
        return parse_name(text)
    except InvalidRequest:
        raise ValueError("must be printable") from None


def _parse_link(text: str) -> str:
    # It is shown, and never fetched.
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be a URL of a web page")
    return text


def _parse_scope(text: str) -> str:
    # A client copies what other servers know, too: section 2 lets us register less.
    return " ".join(word for word in dict.fromkeys(text.split()) if word in set(Scope))


def _parse_grant_types(value: tuple[str, ...]) -> tuple[str, ...]:
    if "authorization_code" not in value:
        raise ValueError("must hold `authorization_code`")
    return tuple(dict.fromkeys(value))


def _drop_repeated(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value))


_RedirectURI = Annotated[str, AfterValidator(parse_redirect_uri)]
_Link = Annotated[
    str,
    StringConstraints(max_length=LONGEST_URI, pattern=r"^[!-~]+$"),
    AfterValidator(_parse_link),
]


class ClientMetadata(BaseModel):
    """What is kept of a client's metadata; what it says besides is ignored, as section 2 says.

    Its scope is what it means to ask for; it may ask for more later, when a tool needs more.
    """

    model_config = ConfigDict(frozen=True)

    redirect_uris: Annotated[
        tuple[_RedirectURI, ...],
        Field(min_length=1, max_length=_MOST),
        AfterValidator(_drop_repeated),
    ]
    grant_types: Annotated[
        tuple[Literal["authorization_code", "refresh_token"], ...],
        Field(max_length=_MOST),
        AfterValidator(_parse_grant_types),
    ] = ("authorization_code",)
    response_types: Annotated[
        tuple[Literal["code"], ...],
        Field(min_length=1, max_length=_MOST),
        AfterValidator(_drop_repeated),
    ] = ("code",)
    token_endpoint_auth_method: _AuthMethod = DEFAULT_AUTH_METHOD
    scope: Annotated[
        str, StringConstraints(max_length=_LONGEST_SCOPE), AfterValidator(_parse_scope)
    ] = ""
    client_uri: _Link | None = None
    logo_uri: _Link | None = None
    post_logout_redirect_uris: Annotated[tuple[_RedirectURI, ...], Field(max_length=_MOST)] = ()
    application_type: Literal["native", "web"] | None = None


class Described(NamedTuple):
    """A client's name, which is never empty, and the rest of what it says of itself."""

    name: str
    metadata: ClientMetadata


def read_metadata(said: Mapping[str, Any]) -> Described:
    """Return what a client says of itself; one without a name is called by its first host.

    Raises:
        InvalidRequest: `redirect_uri_invalid` or `client_metadata_invalid`; the sentence holds
            nothing that was sent.
    """
    # Some clients write null or an empty string for what they have not.
    given = {name: value for name, value in said.items() if value is not None and value != ""}
    try:
        found = _Said.model_validate(given)
    except ValidationError as error:
        raise _refuse(error) from None
    metadata = ClientMetadata(**found.model_dump(exclude={"client_name"}))
    return Described(found.client_name or redirect_host(metadata.redirect_uris[0]), metadata)


class _Said(ClientMetadata):
    client_name: Annotated[str, AfterValidator(_parse_name)] = ""


def _refuse(error: ValidationError) -> InvalidRequest:
    field = error.errors(include_input=False, include_url=False)[0]["loc"][0]
    if field in {"redirect_uris", "post_logout_redirect_uris"}:
        return InvalidRequest(
            "redirect_uri_invalid",
            f"The {field} must be a list of at most {_MOST} URIs, each https, http on loopback, or "
            "of the private scheme of a program, without wildcard, userinfo and fragment.",
        )
    if field == "client_name":
        sentence = f"The client_name must have 1 to {NAME_LENGTH} printable characters."
        return InvalidRequest("client_metadata_invalid", sentence)
    supported = {
        "grant_types": GRANT_TYPES,
        "response_types": RESPONSE_TYPES,
        "token_endpoint_auth_method": AUTH_METHODS,
    }
    known = supported.get(str(field))
    rest = f"; supported are: {', '.join(known)}." if known else "."
    return InvalidRequest("client_metadata_invalid", f"The {field} cannot be used{rest}")
