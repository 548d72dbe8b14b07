"""May this caller use the internal API: only with the service key."""

import hmac
from dataclasses import dataclass

from pydantic import SecretStr

from overset.kernel.errors import InvalidToken


@dataclass(frozen=True, slots=True)
class DataPlaneGuard:
    """Lets the data plane through."""

    key: SecretStr

    def check(self, bearer: str | None) -> None:
        """Refuse everybody else; the comparison takes the same time for every key.

        Raises:
            InvalidToken: `service_key_invalid`.
        """
        expected = self.key.get_secret_value()
        if not hmac.compare_digest((bearer or "").encode(), expected.encode()):
            raise InvalidToken(
                "service_key_invalid",
                "Send `Authorization: Bearer <service key>`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
