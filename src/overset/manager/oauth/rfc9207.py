"""RFC 9207: every answer of the authorization endpoint, errors too, names its issuer."""

from authlib.oauth2.rfc9207 import IssuerParameter


class Issuer(IssuerParameter):  # type: ignore[misc]  # Authlib is untyped
    """Adds `iss` to redirects."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        """Return the issuer, character by character as in the metadata."""
        return self._issuer
