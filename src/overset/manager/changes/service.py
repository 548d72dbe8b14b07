"""The change log: written in the transaction that makes the change, numbered in commit order."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from overset.kernel.changes import Change, ChangeKind
from overset.kernel.clock import Now
from overset.kernel.database import Database
from overset.kernel.ids import TokenId, UserId, WorkspaceId
from overset.manager.changes.model import Changes, NewChange
from overset.manager.changes.publisher import ChangePublisher
from overset.manager.tables import change_counter, changes

KEPT = 10_000
"""How many changes are kept at least."""

BATCH = 1_000
"""Who is further behind than this is told to drop everything instead."""

_SLACK = 1.1


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction in progress, and the changes that are numbered when it ends."""

    connection: Connection
    _pending: list[NewChange] = field(default_factory=list)

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement."""
        return self.connection.execute(statement, parameters)

    def record(
        self,
        kind: ChangeKind,
        *,
        workspace_id: WorkspaceId | None = None,
        user_id: UserId | None = None,
        token_id: TokenId | None = None,
    ) -> None:
        """Note that this transaction changes something that other processes may have cached."""
        self._pending.append(NewChange(kind, workspace_id, user_id, token_id))


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """Writes with a record, and what others ask about it."""

    database: Database
    publisher: ChangePublisher
    now: Now
    kept: int = KEPT

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Lend a transaction; when it is committed, what it recorded is published."""
        pending: list[NewChange] = []
        with self.database.writing() as connection:
            yield Transaction(connection, pending)
            done = self._append(connection, pending)
        if done:
            self.publisher.publish(done)

    def since(self, seq: int | None) -> Changes:
        """Return what changed after `seq`, or where the log stands when `seq` is None."""
        with self.database.reading() as connection:
            last, floor = connection.execute(_COUNTER).one()
            if seq is None or seq == last:
                return Changes(seq=last, reset=False, changes=[])
            if seq > last or seq < floor or last - seq > BATCH:
                return Changes(seq=last, reset=True, changes=[])
            query = select(changes).where(changes.c.seq > seq, changes.c.seq <= last)
            rows = connection.execute(query.order_by(changes.c.seq)).mappings().all()
        return Changes(seq=last, reset=False, changes=[_make(row) for row in rows])

    def _append(self, connection: Connection, pending: list[NewChange]) -> list[Change]:
        # The counter's row stays locked until the commit, which follows at once: whoever gets a
        # higher number commits later, so a reader never sees 8 and then, too late, 7.
        if not pending:
            return []
        connection.execute(update(change_counter).values(seq=change_counter.c.seq + len(pending)))
        last, floor = connection.execute(_COUNTER).one()
        first = last - len(pending) + 1
        done = [Change(seq, **asdict(new)) for seq, new in enumerate(pending, start=first)]
        at = self.now()
        connection.execute(insert(changes), [{**asdict(change), "at": at} for change in done])
        if last - floor > self.kept * _SLACK:
            self._prune(connection, floor=last - self.kept)
        return done

    def _prune(self, connection: Connection, *, floor: int) -> None:
        connection.execute(delete(changes).where(changes.c.seq <= floor))
        connection.execute(update(change_counter).values(floor=floor))


_COUNTER = select(change_counter.c.seq, change_counter.c.floor)


def _make(row: Any) -> Change:
    return Change(
        seq=row["seq"],
        kind=ChangeKind(row["kind"]),
        workspace_id=row["workspace_id"],
        user_id=row["user_id"],
        token_id=row["token_id"],
    )
