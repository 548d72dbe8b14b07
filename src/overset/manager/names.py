"""What names, slugs and email addresses look like, for the REST API and the command line alike."""

import re
import unicodedata

from overset.kernel.errors import InvalidRequest
from overset.tenancy.workspace import RESERVED_SLUGS, is_slug

NAME_LENGTH = 100
EMAIL_LENGTH = 254  # RFC 5321 section 4.5.3.1.3, less the brackets
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def parse_name(text: str, *, what: str = "name") -> str:
    """Return a name without the spaces around it.

    Raises:
        InvalidRequest: `<what>_invalid`, it is empty, too long, or holds control characters.
    """
    name = text.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidRequest(
            f"{what}_invalid",
            f"A {what} has 1 to {NAME_LENGTH} printable characters: not {text[:NAME_LENGTH]!r}.",
        )
    return name


def parse_slug(text: str) -> str:
    """Return a slug, which is also a host name's first label.

    Raises:
        InvalidRequest: `slug_invalid`, it is none, or one of the platform's own host names.
    """
    if not is_slug(text):
        raise InvalidRequest(
            "slug_invalid",
            f"A slug has 1 to 40 lower-case letters, digits and inner hyphens, and is none of "
            f"{', '.join(sorted(RESERVED_SLUGS))}; {text[:NAME_LENGTH]!r} cannot be one.",
        )
    return text


def parse_email(text: str) -> str:
    """Return an email address as it was written, without the spaces around it.

    Raises:
        InvalidRequest: `email_invalid`, it is none.
    """
    email = text.strip()
    # Some characters grow when they are folded.
    length = max(len(email), len(email_key(email)))
    if length > EMAIL_LENGTH or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise InvalidRequest("email_invalid", f"{text[:NAME_LENGTH]!r} is no email address.")
    return email


def email_key(email: str) -> str:
    """Return what two spellings of one address have in common."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()
