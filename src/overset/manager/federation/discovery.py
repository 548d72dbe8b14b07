"""OpenID Connect Discovery: where the provider's endpoints and keys are."""

import logging
from dataclasses import dataclass

from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, KeySet, RSAKey
from pydantic import ValidationError

from overset.manager.federation.model import Provider
from overset.manager.federation.refusals import ProviderMismatchError
from overset.manager.federation.upstream import Upstream

_MIN_BITS = 2048
_OK = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Discovery:
    """Asks the provider about itself; nothing is kept here."""

    upstream: Upstream
    issuer: str

    def find_provider(self) -> Provider:
        """Return the provider's metadata.

        The issuer is compared character by character (section 4.3): a provider whose own name ends
        in a slash has one in its ID tokens too.

        Raises:
            Unavailable: `identity_provider_unavailable`, or `identity_provider_misconfigured`.
        """
        url = get_well_known_url(self.issuer, external=True)
        answer = self.upstream.ask("GET", url)
        if answer.status != _OK:
            raise self._wrong(f"no metadata at {url}: status {answer.status}")
        named = answer.content.get("issuer")
        if named != self.issuer:
            raise self._wrong(f"set OVERSET_OIDC_ISSUER to {named!r}, as the provider names itself")
        try:
            return Provider.model_validate(answer.content)
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, found["loc"])) for found in error.errors())
            raise self._wrong(f"its metadata cannot be used: {fields}") from None

    def find_keys(self, provider: Provider) -> KeySet:
        """Return the keys that the provider signs with, as far as they are usable.

        Raises:
            Unavailable: as above.
        """
        answer = self.upstream.ask("GET", provider.jwks_uri)
        listed = answer.content.get("keys")
        if answer.status != _OK or not isinstance(listed, list):
            raise self._wrong(f"no keys at {provider.jwks_uri}")
        found: list[Key] = [key for key in map(_read_key, listed) if key is not None]
        if not found:
            raise self._wrong(f"no key at {provider.jwks_uri} can be used: RSA or P-256 is needed")
        return KeySet(found)

    def _wrong(self, problem: str) -> ProviderMismatchError:
        _log.error("the identity provider cannot be used: %s", problem)
        return ProviderMismatchError(self.upstream.name, problem)


def _read_key(entry: object) -> RSAKey | ECKey | None:
    # A symmetric or private key has no place in a published set, and not every key is for us.
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    if entry.get("kty") not in {"RSA", "EC"}:
        return None
    try:
        key = JWKRegistry.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey):
        return key if key.raw_value.key_size >= _MIN_BITS else None
    return key if isinstance(key, ECKey) and key.curve_name == "P-256" else None
