"""Where a person goes on after signing in: a place on this host, and nowhere else."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

HOME = "/account"
_PATH = re.compile(r"/(?!/)[!-\[\]-~]{0,1999}", re.ASCII)
"""One slash, then visible ASCII without a backslash, which browsers take for a slash."""

_AUTHORIZATION = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Destination:
    """A path of this host, or an authorization that waits for the person.

    Attributes:
        next: the path, with its query.
        authorization: the id under which an authorization waits; then `next` does not count.
    """

    next: str = HOME
    authorization: str | None = None

    @classmethod
    def parse(cls, *, next_path: str | None, authorization: str | None) -> Self:
        """Return what a query or a form says; what leads elsewhere is left out."""
        is_id = bool(authorization) and bool(_AUTHORIZATION.fullmatch(authorization or ""))
        is_path = bool(next_path) and bool(_PATH.fullmatch(next_path or ""))
        return cls(
            next=next_path if next_path and is_path else HOME,
            authorization=authorization if is_id else None,
        )

    @property
    def url(self) -> str:
        """Where to send the browser."""
        if self.authorization is not None:
            return "/authorize/resume?" + urlencode({"authorization": self.authorization})
        return self.next

    @property
    def query(self) -> str:
        """The same as a query, for a link that keeps it."""
        if self.authorization is not None:
            return urlencode({"authorization": self.authorization})
        return urlencode({"next": self.next})
