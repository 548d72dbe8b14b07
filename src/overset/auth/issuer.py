"""What the issuer says of itself (RFC 8414 section 2), asked at the manager and kept a minute."""

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from overset.kernel.cache import make_cache
from overset.kernel.changes import ChangeFeed
from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.upstream import ask, unreachable

METADATA_PATH = "/.well-known/oauth-authorization-server"
OPENID_PATH = "/.well-known/openid-configuration"

_log = structlog.get_logger(__name__)


class IssuerDocument(BaseModel):
    """The document as it came; only these are looked at."""

    model_config = ConfigDict(extra="allow", frozen=True)

    issuer: str
    authorization_endpoint: str


class IssuerMetadata:
    """The manager's metadata: nothing of it changes while it runs."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        feed: ChangeFeed,
        *,
        issuer: str,
        clock: Monotonic = monotonic,
    ) -> None:
        self._http = http
        self._issuer = issuer
        self._cache = make_cache(
            feed,
            fetch=self._ask,
            concerns=lambda _change, _path, _document: False,
            is_negative=lambda _document: False,
            clock=clock,
        )

    async def get(self, path: str) -> IssuerDocument:
        """Return the document at one of the two well-known paths of the manager.

        Raises:
            Unavailable: `manager_unreachable`, it cannot be had.
        """
        return await self._cache.get(path)

    async def _ask(self, path: str) -> IssuerDocument:
        response = await ask(self._http, "GET", path)
        try:
            document = IssuerDocument.model_validate_json(response.content)
        except ValidationError as error:
            _log.warning("the issuer's metadata could not be read", problems=error.error_count())
            raise unreachable() from error
        if document.issuer != self._issuer:
            # A client would be led to one issuer, and get tokens that name another.
            _log.error("the manager calls itself by another name", issuer=document.issuer)
            raise unreachable()
        return document
