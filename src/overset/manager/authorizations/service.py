"""Keeps authorization requests while a person signs in and decides."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from key_value.aio.protocols import AsyncKeyValue
from limits import RateLimitItemPerMinute
from limits.strategies import RateLimiter

from overset.manager.authorizations.model import Waiting
from overset.manager.state.limit import Limit
from overset.manager.state.shelf import Shelf

WAIT = timedelta(minutes=10)
"""How long a person may take."""

MOST_A_MINUTE = 300
"""Sign-ins that one address may begin: behind it may be a whole office."""

_BYTES = 24


@dataclass(frozen=True, slots=True)
class AuthorizationService:
    """The authorizations that wait, each under an id that is in the person's pages.

    Attributes:
        shelf: where they wait.
        limit: how many sign-ins may be begun at one address, by nobody knows whom.
    """

    shelf: Shelf[Waiting]
    limit: Limit

    def keep(self, waiting: Waiting, *, name: str | None = None) -> str:
        """Keep a request under a new id, or under the one that it has, and return that."""
        name = name or secrets.token_urlsafe(_BYTES)
        self.shelf.put(name, waiting)
        return name

    def find(self, name: str) -> Waiting | None:
        """Return a request that still waits, or None."""
        return self.shelf.get(name)

    def end(self, name: str) -> bool:
        """Stop waiting; say whether it did wait until now, so that one answer is given."""
        return self.shelf.drop(name)

    def find_redirect_source(self, name: str) -> str | None:
        """Return what a page's `form-action` must also allow, a CSP source expression, or None.

        Browsers follow that directive through every redirect that answers a form.
        """
        waiting = self.find(name)
        return redirect_source(waiting.redirect_uri) if waiting else None


def open_authorizations(state: AsyncKeyValue, limiter: RateLimiter) -> AuthorizationService:
    """Return the service of this platform."""
    limit = Limit(limiter, RateLimitItemPerMinute(MOST_A_MINUTE), code="sign_ins_exhausted")
    return AuthorizationService(Shelf(state, "authorizations", Waiting, WAIT), limit)


def redirect_source(redirect_uri: str) -> str:
    """Return a redirect URI's origin, or its scheme if it has no host (CSP 3 section 2.3.1)."""
    parts = urlsplit(redirect_uri)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
