"""Threads: made, found, renamed, shared and deleted by who may, and by nobody else."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.engine import Connection

from overset.chat.threads.model import Reader, Thread, ThreadId, Who, new_thread_id
from overset.chat.threads.repository import find_thread, list_readers, page_threads
from overset.chat.threads.tables import readers, said, threads
from overset.chat.threads.text import make_key, make_title
from overset.kernel.clock import Now
from overset.kernel.database import Database
from overset.kernel.errors import Forbidden, InvalidRequest, NotFound
from overset.rest.paging import DEFAULT_LIMIT, Page


@dataclass(frozen=True, slots=True)
class ThreadService:
    """The threads of all workspaces; what a member may not read is not there for them.

    Every method that is told who asks raises NotFound `thread_unknown`, and if it changes
    something Forbidden `thread_read_only` to a reader.
    """

    database: Database
    now: Now

    def create(self, who: Who) -> Thread:
        """Begin a thread, without a title."""
        at = self.now()
        thread = Thread(new_thread_id(), who.workspace_id, who.user_id, who.name, "", at, at)
        values = {
            "id": thread.id,
            "workspace_id": thread.workspace_id,
            "owner_id": thread.owner,
            "owner_name": thread.owner_name,
            "title": "",
            "title_key": "",
            "allowed_tools": [],
            "created_at": at,
            "updated_at": at,
        }
        with self.database.writing() as connection:
            connection.execute(insert(threads).values(**values))
        return thread

    def page(
        self, who: Who, *, search: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Thread]:
        """Return own and shared threads, those last written in first.

        Args:
            who: whose.
            search: words that all have to be in the title or in what the owner wrote; case and
                width of letters do not matter.
            limit: the most threads.
            cursor: where to go on, from the page before.

        Raises:
            InvalidRequest: `cursor_invalid`.
        """
        with self.database.reading() as connection:
            return page_threads(
                self.database, connection, who=who, search=search, limit=limit, cursor=cursor
            )

    def get(self, who: Who, thread_id: str) -> Thread:
        """Return a thread to its owner or to a reader."""
        with self.database.reading() as connection:
            return self._get(connection, who, thread_id)

    def get_own(self, who: Who, thread_id: str) -> Thread:
        """Return a thread to its owner, who may write in it."""
        with self.database.reading() as connection:
            return self._get_own(connection, who, thread_id)

    def find_again(self, thread: Thread) -> Thread:
        """Return a thread of its owner's as it is now; raises NotFound `thread_unknown`."""
        return self.get_own(Who(thread.workspace_id, thread.owner, thread.owner_name), thread.id)

    def rename(self, who: Who, thread_id: str, *, title: str) -> Thread:
        """Give a thread a title of the owner's own."""
        values = {"title": title, "title_key": make_key(title), "updated_at": self.now()}
        return self._change(who, thread_id, values)

    def note_message(self, who: Who, thread_id: str, *, text: str) -> Thread:
        """Note what the owner wrote, so that it is found, and makes the title if there is none."""
        at = self.now()
        with self.database.writing() as connection:
            thread = self._get_own(connection, who, thread_id)
            title = thread.title or make_title(text)
            values = {
                "title": title,
                "title_key": make_key(title),
                "owner_name": who.name,
                "updated_at": at,
            }
            _update(connection, thread.id, values)
            connection.execute(insert(said).values(thread_id=thread.id, text_key=make_key(text)))
            return self._get_own(connection, who, thread_id)

    def allow_tools(self, who: Who, thread_id: str, *, names: Collection[str]) -> Thread:
        """Let these tools run in a thread from now on without asking its owner."""
        with self.database.writing() as connection:
            thread = self._get_own(connection, who, thread_id)
            allowed = sorted(thread.allowed_tools.union(names))
            _update(connection, thread.id, {"allowed_tools": allowed})
            return self._get_own(connection, who, thread_id)

    def forbid_tool(self, who: Who, thread_id: str, *, name: str) -> None:
        """Let a tool ask its owner again; raises NotFound `allowed_tool_unknown`."""
        with self.database.writing() as connection:
            thread = self._get_own(connection, who, thread_id)
            if name not in thread.allowed_tools:
                raise NotFound("allowed_tool_unknown", "This tool is not allowed here: it asks.")
            allowed = sorted(thread.allowed_tools - {name})
            _update(connection, thread.id, {"allowed_tools": allowed})

    def delete(self, who: Who, thread_id: str) -> Thread:
        """Delete a thread; from now on it is not there. Its messages are the purge's to delete."""
        with self.database.writing() as connection:
            thread = self._get_own(connection, who, thread_id)
            connection.execute(delete(threads).where(threads.c.id == thread.id))
            return thread

    def list_readers(self, who: Who, thread_id: str) -> list[Reader]:
        """Return to its owner who else may read a thread, by name."""
        with self.database.reading() as connection:
            return list_readers(connection, self._get_own(connection, who, thread_id).id)

    def share(self, who: Who, thread_id: str, reader: Reader) -> None:
        """Let somebody read a thread, who must be a member of its workspace: the caller's to know.

        Raises:
            InvalidRequest: `reader_is_owner`.
        """
        with self.database.writing() as connection:
            thread = self._get_own(connection, who, thread_id)
            if reader.user_id == thread.owner:
                raise InvalidRequest(
                    "reader_is_owner", "This conversation is your own: share it with others."
                )
            values = {"thread_id": thread.id, "user_id": reader.user_id, "name": reader.name}
            key = ("thread_id", "user_id")
            connection.execute(self.database.upsert(readers, key=key, values=values))

    def unshare(self, who: Who, thread_id: str, *, user_id: str) -> None:
        """Let somebody read a thread no longer; raises NotFound `reader_unknown`."""
        with self.database.writing() as connection:
            thread = self._get_own(connection, who, thread_id)
            one = (readers.c.thread_id == thread.id) & (readers.c.user_id == user_id)
            if not connection.execute(delete(readers).where(one)).rowcount:
                raise NotFound("reader_unknown", "This conversation is not shared with them.")

    def _change(self, who: Who, thread_id: str, values: dict[str, Any]) -> Thread:
        with self.database.writing() as connection:
            _update(connection, self._get_own(connection, who, thread_id).id, values)
            return self._get_own(connection, who, thread_id)

    def _get(self, connection: Connection, who: Who, thread_id: str) -> Thread:
        thread = find_thread(self.database, connection, thread_id=thread_id, who=who)
        if thread is None:
            raise NotFound("thread_unknown", "There is no such conversation, or not for you.")
        return thread

    def _get_own(self, connection: Connection, who: Who, thread_id: str) -> Thread:
        thread = self._get(connection, who, thread_id)
        if thread.owner != who.user_id:
            raise Forbidden(
                "thread_read_only", "This conversation is shared with you to read: begin your own."
            )
        return thread


def _update(connection: Connection, thread_id: ThreadId, values: dict[str, Any]) -> None:
    connection.execute(update(threads).where(threads.c.id == thread_id).values(**values))
