"""The platform's own secrets, and the keys that are derived from them (HKDF, RFC 5869)."""

import base64
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings

_DERIVED_BYTES = 32
_MOST_KEYS = 4096


@dataclass(frozen=True, slots=True)
class Keys:
    """The master key, from which all others come, and the data plane's key to the manager."""

    master: SecretStr
    service: SecretStr


@lru_cache(maxsize=_MOST_KEYS)
def derive(master: SecretStr, *, context: str, purpose: str) -> str:
    """Return the key of `purpose` in `context`: 43 URL-safe characters, the same every time.

    Requests ask for the same ones again and again, so the last ones are kept beside the master key.

    Args:
        master: the master key.
        context: whose key it is, for example a workspace's random id; names are not unique in time.
        purpose: what it is for; two purposes never share a key.
    """
    info = b"overset/v1\x00" + context.encode() + b"\x00" + purpose.encode()
    key = HKDF(algorithm=SHA256(), length=_DERIVED_BYTES, salt=None, info=info)
    derived = key.derive(master.get_secret_value().encode())
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def load_keys(settings: Settings) -> Keys:
    """Return the keys from the settings, or from a file under the home that only its owner reads.

    Raises:
        SettingsError: no key is set, no file is there, and this is no demonstration.
    """
    master = settings.master_key or SecretStr(_read_or_create(settings))
    service = settings.service_key or SecretStr(
        derive(master, context="platform", purpose="service")
    )
    return Keys(master=master, service=service)


def _read_or_create(settings: Settings) -> str:
    path = settings.home / "master.key"
    if not path.exists() and not settings.demo:
        raise SettingsError(
            ["OVERSET_MASTER_KEY is not set: give it 32 random characters or more, and keep them"]
        )
    if not path.exists():
        _create(path)
    if path.stat().st_mode & 0o077:
        raise SettingsError([f"{path} can be read by others: run `chmod 600 {path}`"])
    return path.read_text().strip()


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
