"""The chat service as its contract says it, played by a test: turns are told event by event."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from support.processes import wait_until

Event = Mapping[str, Any]
Body = Mapping[str, Any]


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal, to be told as a problem document."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


@dataclass(slots=True)
class Turn:
    """A turn that the test plays; everything told so far is told again to who asks again."""

    id: str
    thread_id: str
    asked: Body
    is_stopped: bool = False
    _told: list[Event] = field(default_factory=list)
    _cuts: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, *events: Event) -> None:
        """Write events, as if the agent had just made them."""
        with self._changed:
            self._told.extend(events)
            self._changed.notify_all()

    def cut(self) -> None:
        """End every connection, as a proxy does."""
        with self._changed:
            self._cuts += 1
            self._changed.notify_all()

    @property
    def is_running(self) -> bool:
        """Whether `finalize` was not told yet."""
        return not self._told or self._told[-1]["type"] != "finalize"

    def read(self, after: int) -> Iterator[bytes]:
        """Yield the stream from the event after `after`, until it ends or is cut."""
        with self._changed:
            cuts = self._cuts
        yield b": here\n\n"
        while True:
            with self._changed:
                self._changed.wait_for(partial(self._has_news, after, cuts), timeout=30)
                if self._cuts > cuts or len(self._told) <= after:
                    return
                events = self._told[after:]
            for event in events:
                after += 1
                yield _write(after, event)
            if events[-1]["type"] == "finalize":
                return

    def _has_news(self, after: int, cuts: int) -> bool:
        return len(self._told) > after or self._cuts > cuts


def _write(number: int, event: Event) -> bytes:
    return f"event: {event['type']}\nid: {number}\ndata: {json.dumps(event)}\n\n".encode()


@dataclass(slots=True)
class PlayedChat:
    """Threads and turns in memory, of one member; `asked` is every request as METHOD PATH."""

    threads: dict[str, dict[str, Any]] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    last_ids: list[str | None] = field(default_factory=list)
    refusals: dict[str, Problem] = field(default_factory=dict)
    """By METHOD PATH, what is refused until the test takes it away."""
    model: Body = field(default_factory=lambda: {"name": "test:model", "offline": False})
    approval: str = "member"

    def make_thread(self, thread_id: str, **changes: Any) -> dict[str, Any]:
        """Make a thread as it was left by earlier turns."""
        now = datetime.now(UTC).isoformat()
        thread = {
            "id": thread_id,
            "title": "",
            "created_at": now,
            "updated_at": now,
            "mine": True,
            "owner_name": "Ada Lovelace",
            "running_turn": None,
            "messages": [],
            "pending": [],
            "shared_with": [],
        }
        self.threads[thread_id] = {**thread, **changes}
        return self.threads[thread_id]

    def wait_for_turn(self, count: int = 1) -> Turn:
        """Return the newest turn, once there are `count`."""
        wait_until(lambda: len(self.turns) >= count, what=f"turn {count}")
        return list(self.turns.values())[-1]

    def times(self, request: str) -> int:
        """Return how often METHOD PATH was asked; the path as a pattern."""
        return sum(bool(re.fullmatch(request, one)) for one in self.asked)

    def answer(self, method: str, path: str, body: Body, last_id: str | None) -> Any:
        """Return what the service answers: JSON, a Turn with where to go on, or None.

        Raises:
            Problem: it refuses.
        """
        path, _, query = path.partition("?")
        self.asked.append(f"{method} {path}")
        for pattern, problem in self.refusals.items():
            if re.fullmatch(pattern, f"{method} {path}"):
                raise problem
        for pattern, handle in self._routes.items():
            match = re.fullmatch(pattern, f"{method} {path}")
            if match:
                return handle(self, *match.groups(), body=body, query=query, last_id=last_id)
        raise Problem(404, "not_found", "There is nothing here.")

    def _me(self, **_: Any) -> Body:
        return {
            "user": {"id": "usr_1", "name": "Ada Lovelace"},
            "workspace": {"slug": "acme", "name": "Acme"},
            "model": self.model,
            "approval": self.approval,
            "limits": {},
        }

    def _list(self, *, query: str, **_: Any) -> Body:
        search = re.search(r"search=([^&]*)", query)
        words = search[1].lower() if search else ""
        found = [one for one in self.threads.values() if words in one["title"].lower()]
        return {"items": [_head(one) for one in reversed(found)], "next": None}

    def _create(self, **_: Any) -> Body:
        return _head(self.make_thread(f"thr_{len(self.threads) + 1}"))

    def _get(self, thread_id: str, **_: Any) -> dict[str, Any]:
        thread = self.threads.get(thread_id)
        if thread is None:
            raise Problem(404, "thread_unknown", "There is no such conversation, or not for you.")
        running = self.turns.get(str(thread["running_turn"]))
        return {**thread, "running_turn": running.id if running and running.is_running else None}

    def _change(self, thread_id: str, *, body: Body, **_: Any) -> Body:
        self._get(thread_id)
        self.threads[thread_id].update(body)
        return _head(self._get(thread_id))

    def _delete(self, thread_id: str, **_: Any) -> None:
        self._get(thread_id)
        del self.threads[thread_id]

    def _begin(self, thread_id: str, *, body: Body, **_: Any) -> tuple[Turn, int]:
        self._get(thread_id)
        thread = self.threads[thread_id]
        turn = Turn(f"trn_{len(self.turns) + 1}", thread_id, body)
        if "message" in body:
            thread["title"] = thread["title"] or body["message"][:60]
            entry = {"id": f"q_{turn.id}", "role": "member", "text": body["message"]}
            thread["messages"].append({**entry, "tool_calls": []})
        thread["running_turn"] = turn.id
        thread["pending"] = []
        thread["updated_at"] = datetime.now(UTC).isoformat()
        self.turns[turn.id] = turn
        return turn, 0

    def _follow(
        self, thread_id: str, turn_id: str, *, last_id: str | None, **_: Any
    ) -> tuple[Turn, int]:
        self._get(thread_id)
        self.last_ids.append(last_id)
        if turn_id not in self.turns:
            raise Problem(404, "turn_unknown", "This turn is over.")
        return self.turns[turn_id], int(last_id or 0)

    def _stop(self, thread_id: str, turn_id: str, **_: Any) -> None:
        self._get(thread_id)
        self.turns[turn_id].is_stopped = True

    _routes: "dict[str, Callable[..., Any]]" = field(
        default_factory=lambda: {
            "GET /me": PlayedChat._me,
            "GET /threads": PlayedChat._list,
            "POST /threads": PlayedChat._create,
            r"GET /threads/(\w+)": PlayedChat._get,
            r"PATCH /threads/(\w+)": PlayedChat._change,
            r"DELETE /threads/(\w+)": PlayedChat._delete,
            r"POST /threads/(\w+)/turns": PlayedChat._begin,
            r"POST /threads/(\w+)/decisions": PlayedChat._begin,
            r"GET /threads/(\w+)/turns/(\w+)/events": PlayedChat._follow,
            r"POST /threads/(\w+)/turns/(\w+)/stop": PlayedChat._stop,
        }
    )


def _head(thread: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in thread.items()
        if name not in {"messages", "pending", "shared_with"}
    }
