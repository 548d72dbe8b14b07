"""Redirect URIs: which a client may have, and when one that is asked for is one of them."""

import re
from urllib.parse import SplitResult, urlsplit

LONGEST_URI = 500

NATIVE_SCHEMES = frozenset(
    {
        *("cherrystudio", "claude", "cursor", "goose", "kiro", "lmstudio", "raycast", "trae"),
        *("vscode", "vscode-insiders", "vscodium", "warp", "windsurf", "zed"),
    }
)
"""Schemes of programs that people know, though RFC 8252 section 7.1 wants a domain in them."""

_CHARACTERS = re.compile(r"(?:[A-Za-z0-9._~:/?\[\]@!$&'()+,;=-]|%[0-9A-Fa-f]{2})+")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-f:]+")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::([0-9]{1,5}))?((?:[/?].*)?)")
_DOMAIN_SCHEME = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+")
_HIGHEST_PORT = 65535
_LONGEST_HOST = 253  # RFC 1035 section 2.3.4, as text; consents are kept by it


def parse_redirect_uri(text: str) -> str:
    """Return a URI to which codes may be sent: https, http on loopback, or a program's own scheme.

    A wildcard is no character of one, so nothing ever matches more than it says.

    Raises:
        ValueError: it is none of these, or has userinfo or a fragment (RFC 6749 section 3.1.2).
    """
    # urlsplit is lenient; what it would mend or drop is refused before.
    if len(text) > LONGEST_URI or not _CHARACTERS.fullmatch(text):
        raise ValueError(_REFUSED)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(_REFUSED) from None
    if len(redirect_host(text)) > _LONGEST_HOST:
        raise ValueError(_REFUSED)
    if "@" in parts.netloc or not text.startswith(f"{parts.scheme}:") or not _may_be(text, parts):
        raise ValueError(_REFUSED)
    return text


def is_same_redirect(registered: str, asked: str) -> bool:
    """Say whether a URI is a registered one, character by character (RFC 9700 section 2.1).

    On http loopback the port may differ: a native program gets any free one from its system
    (RFC 8252 section 7.3).
    """
    if asked == registered:
        return True
    ours, theirs = _split_loopback(registered), _split_loopback(asked)
    return ours is not None and ours == theirs


def redirect_host(uri: str) -> str:
    """Return what a person is told of where an answer goes: a host name, or `cursor:`."""
    parts = urlsplit(uri)
    return (parts.hostname or "") if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


_REFUSED = "must be https, http on loopback, or the private scheme of a program, and nothing more"


def _may_be(text: str, parts: SplitResult) -> bool:
    if parts.scheme == "https":
        return _is_port(parts) and bool(_HOST.fullmatch(parts.hostname or ""))
    if parts.scheme == "http":
        return _split_loopback(text) is not None
    if _DOMAIN_SCHEME.fullmatch(parts.scheme):
        return text.startswith(f"{parts.scheme}:/")
    return parts.scheme in NATIVE_SCHEMES and bool(parts.netloc)


def _is_port(parts: SplitResult) -> bool:
    try:
        return not parts.netloc.endswith(":") and parts.port != 0
    except ValueError:
        return False


def _split_loopback(uri: str) -> tuple[str, str] | None:
    # Without the port; `localhost` and 127.0.0.1 are not the same, as somebody may listen on one.
    match = _LOOPBACK.fullmatch(uri)
    if match is None or not 0 < int(match[2] or 1) <= _HIGHEST_PORT:
        return None
    return match[1], match[3]
