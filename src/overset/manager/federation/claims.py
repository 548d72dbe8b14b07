"""From the provider's claims to a person (OpenID Connect Core section 5.1)."""

from collections.abc import Mapping
from typing import Any

from overset.kernel.errors import InvalidRequest
from overset.kernel.settings import Settings
from overset.manager.federation.model import Person
from overset.manager.names import NAME_LENGTH, email_key, parse_email

_YES = (True, "true", "1")
"""What providers write for yes; Python counts the number 1 as `True`."""


def read_person(claims: Mapping[str, Any], settings: Settings) -> Person:
    """Return who the claims of a valid ID token are about."""
    return Person(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=_read_email(claims, verified=claims.get(settings.oidc_email_verified_claim)),
        name=_read_name(claims.get("name")),
        groups=_read_groups(claims.get(settings.oidc_groups_claim)),
    )


def _read_email(claims: Mapping[str, Any], *, verified: object) -> str | None:
    given = claims.get("email")
    if verified not in _YES or not isinstance(given, str):
        return None
    try:
        email = parse_email(given)
    except InvalidRequest:
        return None
    # Some spellings are one address here and two mailboxes elsewhere (`straße`, `strasse`): whoever
    # holds the one must not become the other.
    return email if email_key(email) == email.lower() else None


def _read_name(given: object) -> str:
    text = given if isinstance(given, str) else ""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:NAME_LENGTH].strip()


def _read_groups(given: object) -> frozenset[str]:
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(group for group in listed if isinstance(group, str))
