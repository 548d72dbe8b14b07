"""For whom clients are looked up: Authlib asks for a client without saying who sent the request."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ADDRESS: ContextVar[str | None] = ContextVar("address", default=None)


@contextmanager
def asked_by(address: str) -> Iterator[None]:
    """Count what is fetched in this block, in this thread, as this address's."""
    token = _ADDRESS.set(address)
    try:
        yield
    finally:
        _ADDRESS.reset(token)


def find_asker() -> str | None:
    """Return the address on whose behalf clients are looked up, or None."""
    return _ADDRESS.get()
