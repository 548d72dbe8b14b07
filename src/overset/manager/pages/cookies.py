"""The cookies of the pages: kept from scripts, from other hosts, and from other sites' forms."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from overset.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie of this host; it lives until the browser is closed.

    On https its name begins with `__Host-`: no other host can have set it (RFC 6265bis section
    4.1.3.2). Browsers take that name from https alone, so on http it is a plain one.
    """

    name: str
    secure: bool

    def read(self, request: Request) -> str | None:
        """Return what the browser sent, or None."""
        return request.cookies.get(self.name) or None

    def write(self, response: Response, value: str) -> None:
        """Let the browser keep a value."""
        response.set_cookie(
            self.name, value, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def erase(self, response: Response) -> None:
        """Let the browser forget it."""
        response.delete_cookie(
            self.name, path="/", secure=self.secure, httponly=True, samesite="lax"
        )


def session_cookie(settings: Settings) -> Cookie:
    """Return the cookie that holds the secret of a browser's sign-in."""
    return _cookie("overset_session", settings)


def form_cookie(settings: Settings) -> Cookie:
    """Return the cookie that tells browsers apart in which nobody is signed in."""
    return _cookie("overset_form", settings)


def _cookie(name: str, settings: Settings) -> Cookie:
    secure = settings.issuer.startswith("https:")
    return Cookie(f"__Host-{name}" if secure else name, secure)
