"""RFC 7591, dynamic client registration: a client says what it is, and gets an id."""

import json
from typing import Annotated, Any

import structlog
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import JsonPayload, JsonRequest
from authlib.oauth2.rfc7591 import (
    ClientRegistrationEndpoint,
    InvalidClientMetadataError,
    InvalidRedirectURIError,
    UnapprovedSoftwareStatementError,
)
from fastapi import APIRouter, Depends, Request
from limits import RateLimitItemPerHour
from limits.strategies import RateLimiter
from starlette.responses import JSONResponse

from overset.kernel.errors import InvalidRequest
from overset.kernel.settings import Settings
from overset.manager.client_address import find_client_address
from overset.manager.oauth.clients.metadata import Described, read_metadata
from overset.manager.oauth.clients.registry import REGISTRATION_TIME, ClientRegistry
from overset.manager.oauth.clients.service import NewClient
from overset.manager.state.limit import Limit
from overset.rest.http import served

PATH = "/register"
_FORBIDDEN = 403
_log = structlog.get_logger(__name__)


def open_registration(
    settings: Settings, clients: ClientRegistry, limiter: RateLimiter
) -> "RegistrationEndpoint":
    """Return the endpoint of these settings."""
    item = RateLimitItemPerHour(settings.registrations_per_hour)
    limit = Limit(limiter, item, code="registrations_exhausted")
    return RegistrationEndpoint(settings, clients, limit)


class RegistrationClosedError(OAuth2Error):  # type: ignore[misc]  # Authlib is untyped
    """Operators make the clients of this server."""

    error = "registration_closed"
    description = "Clients are registered by an operator: ask for a client id."
    status_code = _FORBIDDEN


class _Body(JsonPayload):  # type: ignore[misc]  # Authlib is untyped
    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    @property
    def data(self) -> dict[str, Any]:
        try:
            said = json.loads(self._raw)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise InvalidClientMetadataError("The body must be a JSON object.")
        return said


class RegistrationEndpoint(ClientRegistrationEndpoint):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's endpoint on our registry; everything is checked before anything is kept."""

    def __init__(self, settings: Settings, clients: ClientRegistry, limit: Limit) -> None:
        super().__init__()
        self.settings = settings
        self._clients = clients
        self._limit = limit

    def register(self, body: bytes, *, address: str) -> JSONResponse:
        """Answer a registration (section 3.2).

        Raises:
            TooManyRequests: `registrations_exhausted`, from this address.
            Unavailable: `state_unavailable`.
        """
        request = JsonRequest("POST", PATH)
        request.payload = _Body(body)
        request.address = address
        try:
            status, answer, headers = self(request)
        except OAuth2Error as error:
            status, answer, headers = error()
        return JSONResponse(answer, status_code=status, headers=dict(headers))

    def authenticate_token(self, request: Any) -> bool:
        """Let everybody register, unless operators alone make clients."""
        del request
        if self.settings.client_registration == "closed":
            raise RegistrationClosedError
        return True

    def extract_client_metadata(self, request: Any) -> dict[str, Any]:
        """Return what is going to be registered; what we lack is refused (section 3.2.2)."""
        said = request.payload.data
        if said.get("software_statement"):
            raise UnapprovedSoftwareStatementError("No software statement is known here.")
        try:
            request.described = read_metadata(said)
        except InvalidRequest as error:
            is_redirect = error.code == "redirect_uri_invalid"
            kind = InvalidRedirectURIError if is_redirect else InvalidClientMetadataError
            raise kind(error.detail) from None
        return _say(request.described)

    def generate_client_info(self, request: Any) -> dict[str, Any]:
        """Return nothing yet: the registry makes the id and the secret."""
        del request
        return {}

    def save_client(self, client_info: Any, client_metadata: Any, request: Any) -> NewClient:
        """Keep the client, if its address has registrations left."""
        del client_info, client_metadata
        self._limit.count(request.address)
        made = self._clients.register(request.described)
        _log.info(
            "client registered",
            client_id=made.client.id,
            name=made.client.name,
            redirect_uris=made.client.metadata.redirect_uris,
            address=request.address,
        )
        return made

    def generate_client_registration_info(self, client: NewClient, request: Any) -> dict[str, Any]:
        """Return the id, and the secret with the time when it ends if nobody uses it."""
        del request
        issued_at = int(client.client.created_at.timestamp()) if client.client.created_at else 0
        info = {"client_id": client.client.id, "client_id_issued_at": issued_at}
        if client.secret is None:
            return info
        expires_at = issued_at + int(REGISTRATION_TIME.total_seconds())
        return {**info, "client_secret": client.secret, "client_secret_expires_at": expires_at}


def _say(described: Described) -> dict[str, Any]:
    kept = described.metadata.model_dump(mode="json")
    return {"client_name": described.name, **{name: value for name, value in kept.items() if value}}


async def _read_body(request: Request) -> bytes:
    return await request.body()


router = APIRouter(include_in_schema=False)


@router.post(PATH)
def register_client(
    request: Request,
    body: Annotated[bytes, Depends(_read_body)],
    endpoint: Annotated[RegistrationEndpoint, Depends(served(RegistrationEndpoint))],
) -> JSONResponse:
    """Register a client."""
    return endpoint.register(body, address=find_client_address(request, endpoint.settings))
