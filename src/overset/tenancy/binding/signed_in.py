"""Who is signed in in a workspace's pages, as the browser's Flask session says it.

The session is a cookie that the workspace's own key signs. It names the person and the sign-in at
the manager, and says nothing about what they may do.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from overset.kernel.ids import SessionId, UserId

_KEY = "overset"
LOGIN_KEYS = ("_user_id", "_fresh", "_id")
"""What flask-login keeps beside it."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person, and the sign-in that it rests on: a browser's, or a short one of the platform's.

    `session_id` is the manager's for a browser. Without one, `until` says (in Unix seconds) when it
    ends: so the platform takes pictures as a member.
    """

    user_id: UserId
    session_id: SessionId | None = None
    until: float | None = None

    def counts(self, now: float) -> bool:
        """Say whether it rests on anything still: the manager knows more."""
        return self.session_id is not None or (self.until is not None and now < self.until)


def write(session: MutableMapping[str, Any], signed_in: SignedIn) -> None:
    """Note who is signed in."""
    session[_KEY] = {
        "sub": signed_in.user_id,
        "sid": signed_in.session_id,
        "until": signed_in.until,
    }


def read(session: Mapping[str, Any]) -> SignedIn | None:
    """Return who is signed in, or None."""
    noted = session.get(_KEY)
    if not isinstance(noted, dict) or not noted.get("sub"):
        return None
    session_id = noted.get("sid")
    return SignedIn(
        user_id=UserId(noted["sub"]),
        session_id=SessionId(session_id) if session_id else None,
        until=noted.get("until"),
    )


def clear(session: MutableMapping[str, Any]) -> None:
    """Forget who was signed in."""
    session.clear()
