"""Forms that only our own pages can send: a signed token in each, bound to the browser."""

import secrets
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from overset.kernel.errors import Forbidden
from overset.kernel.secrets import Keys, derive
from overset.kernel.settings import Settings
from overset.manager.pages.cookies import Cookie, form_cookie

_NONCE_BYTES = 8
_BROWSER_BYTES = 32
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser in which nobody is signed in, known by its form cookie; new if it had none."""

    id: str
    cookie: Cookie
    new: bool

    def keep(self, response: Response) -> None:
        """Give a new browser its cookie, with the page that it got."""
        if self.new:
            self.cookie.write(response, self.id)


@dataclass(frozen=True, slots=True)
class Forms:
    """Makes and checks the tokens of forms.

    A token is for one `holder`: the id of a session, or that of a browser. Both are given as they
    are known here, never as the form says.
    """

    origin: str
    cookie: Cookie
    signer: URLSafeSerializer

    def browser(self, request: Request) -> Browser:
        """Return the browser of a request, by its form cookie."""
        known = self.cookie.read(request)
        new_id = secrets.token_urlsafe(_BROWSER_BYTES)
        return Browser(known or new_id, self.cookie, new=known is None)

    def token(self, holder: str) -> str:
        """Return the value of a form's hidden field `csrf`."""
        return str(self.signer.dumps([holder, secrets.token_urlsafe(_NONCE_BYTES)]))

    def check(self, request: Request, *, token: str, holder: str) -> None:
        """Refuse what no page of ours sent; raises Forbidden `form_foreign`."""
        # Browsers name the origin of every form; other programs need not.
        origins = request.headers.getlist("origin")
        if any(origin != self.origin for origin in origins) or not self._is_ours(token, holder):
            raise Forbidden(
                "form_foreign",
                "This form is not from a page that was opened here, or that page is too old. "
                "Open the page again, and allow cookies.",
            )

    def _is_ours(self, token: str, holder: str) -> bool:
        try:
            signed_for = self.signer.loads(token)[0]
        except (BadData, TypeError, LookupError):
            return False
        return isinstance(signed_for, str) and compare_digest(signed_for.encode(), holder.encode())


def make_forms(settings: Settings, keys: Keys) -> Forms:
    """Return the forms of this platform; every replica takes those of every other."""
    key = derive(keys.master, context="platform", purpose="forms")
    signer = URLSafeSerializer(key, salt="overset-form")
    return Forms(origin_of(settings.issuer), form_cookie(settings), signer)


def origin_of(url: str) -> str:
    """Return the origin of a URL as browsers write it (RFC 6454 section 6.2)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    suffix = f":{port}" if port and port != _DEFAULT_PORTS.get(parts.scheme) else ""
    return f"{parts.scheme}://{host}{suffix}"
