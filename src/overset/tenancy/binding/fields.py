"""Encrypted columns: each value is encrypted under the key of the workspace that writes it.

SQLAlchemy-Utils keeps one engine object per column and replaces its key in place, so two threads in
two workspaces would write under each other's key. Here an engine is built for every value.
"""

from typing import Any

from sqlalchemy.types import TypeDecorator
from sqlalchemy_utils import EncryptedType
from superset.utils.encrypt import AbstractEncryptedFieldAdapter
from superset.utils.encrypt import EncryptedType as SupersetEncryptedType


class WorkspaceEncryptedType(SupersetEncryptedType):  # type: ignore[misc]  # Superset is untyped here
    """An encrypted column whose engine and key live as long as one value's conversion."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """Encrypt a value."""
        return self._fresh().process_bind_param(value, dialect)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """Decrypt a value."""
        return self._fresh().process_result_value(value, dialect)

    def _fresh(self) -> EncryptedType:
        return EncryptedType(self.underlying_type, self._key, type(self.engine))


class WorkspaceFieldAdapter(AbstractEncryptedFieldAdapter):  # type: ignore[misc]  # as above
    """Superset's factory of encrypted columns; the key is read for each value, never kept."""

    def create(self, app_config: dict[str, Any] | None, *args: Any, **kwargs: Any) -> TypeDecorator:
        """Return the column type."""
        if not app_config:
            raise ValueError("`app_config` is needed: encrypted columns are made after the app")
        return WorkspaceEncryptedType(*args, lambda: app_config["SECRET_KEY"], **kwargs)
