"""What a member has on screen while they ask: data, never an instruction."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Superset: what it shows, and the filters that are set on it."""

    path: str
    kind: Literal["dashboard", "chart", "dataset", "sql_lab", "other"]
    id: int | None = None
    title: str | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a message carries it."""
        return {**asdict(self), "filters": dict(self.filters)}
