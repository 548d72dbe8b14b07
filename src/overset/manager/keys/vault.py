"""RSA keys, and their encryption at rest."""

from cryptography.fernet import Fernet
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from overset.kernel.secrets import derive

ALGORITHM = "RS256"
NO_JWT = (JoseError, ValueError, TypeError, AttributeError, RecursionError)
"""What joserfc raises for what is no token of ours; its headers may be of any type."""
KEY_BITS = 2048  # RFC 7518 section 3.3: or larger


class Vault:
    """Encrypts private keys under a key that is derived from the master key."""

    def __init__(self, master: SecretStr) -> None:
        # 32 bytes in base64: the padding is what Fernet asks for and `derive` leaves out.
        self._fernet = Fernet(derive(master, context="platform", purpose="signing-keys") + "=")

    def lock(self, key: RSAKey) -> str:
        """Return a private key encrypted."""
        return self._fernet.encrypt(key.as_pem(private=True)).decode()

    def unlock(self, encrypted: str) -> RSAKey:
        """Return a private key; raises InvalidToken (Fernet's) under another master key."""
        return RSAKey.import_key(self._fernet.decrypt(encrypted))


def generate_key() -> tuple[str, RSAKey, dict[str, str]]:
    """Return a new key: its `kid`, its private and its public part."""
    key = RSAKey.generate_key(KEY_BITS)
    kid = key.thumbprint()
    public = key.as_dict(private=False, kid=kid, use="sig", alg=ALGORITHM)
    return kid, key, {name: str(value) for name, value in public.items()}
