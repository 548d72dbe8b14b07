"""What is said of a request in its line in the log: each part adds what it knows to the scope."""

from typing import Any

from starlette.types import Scope

_FACTS = "overset_facts"


def note(scope: Scope, **facts: Any) -> None:
    """Let the line of this scope's request say these too."""
    read_facts(scope).update(facts)


def read_facts(scope: Scope) -> dict[str, Any]:
    """Return what was noted of this scope's request."""
    facts: dict[str, Any] = scope.setdefault(_FACTS, {})
    return facts
