"""Requests to the provider: short, bounded in size and number, and never redirected."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import TypeAdapter, ValidationError

from overset.kernel.clock import Monotonic, monotonic
from overset.manager.federation.refusals import unavailable

SECONDS = 5.0
"""How long an answer may take."""

_AT_ONCE = 12
_MOST_BYTES = 1024 * 1024
_FIRST_SERVER_ERROR = 500
_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON object that the provider answered with."""

    status: int
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Upstream:
    """Asks the provider; of the threads that serve requests it takes a dozen at most.

    Attributes:
        name: what people call the provider.
        http: follows no redirects: a secret or a key must not come from or go to somewhere else.
        clock: seconds that only go forward.
    """

    name: str
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=SECONDS, follow_redirects=False)
    )
    clock: Monotonic = monotonic
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE)
    )

    def ask(
        self,
        method: str,
        url: str,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer, which may be an error of ours in the provider's eyes (status 4xx).

        Raises:
            Unavailable: `identity_provider_unavailable`, there was no JSON object within 5 s, or
                too many ask already.
        """
        if not self._places.acquire(timeout=1):
            _log.warning("too many requests to the identity provider at once")
            raise unavailable(self.name)
        try:
            status, content = self._read(method, url, body, dict(headers or {}))
            return Answer(status, _OBJECT.validate_json(content))
        except (httpx.HTTPError, httpx.InvalidURL, ValidationError) as error:
            # The class alone, and no cause: a message may quote the answer, with its tokens.
            _log.warning("the identity provider failed at %s: %s", url, type(error).__name__)
            raise unavailable(self.name) from None
        finally:
            self._places.release()

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def _read(
        self, method: str, url: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        headers["Accept"] = "application/json"
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        content, ends = bytearray(), self.clock() + SECONDS
        with self.http.stream(method, url, content=body, headers=headers) as response:
            if response.is_redirect or response.status_code >= _FIRST_SERVER_ERROR:
                response.raise_for_status()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _MOST_BYTES or self.clock() > ends:
                    # httpx limits the wait for each part, and not that for all of them.
                    raise httpx.ReadTimeout("too slow or too long", request=response.request)
        return response.status_code, bytes(content)
