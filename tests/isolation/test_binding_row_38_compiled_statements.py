"""Row 38: the engines share what they compiled, and no value of one workspace's reaches another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import bindparam, case, event, exists, func, literal, select, text, update
from sqlalchemy.orm import selectinload, subqueryload, with_loader_criteria

from overset.tenancy.binding.app import enter
from overset.tenancy.workspace import Workspace
from support.binding import Bound


@dataclass
class Sent:
    """What was sent to a workspace's database, and which compiled statements it came from."""

    texts: list[str] = field(default_factory=list)
    compiled: list[Any] = field(default_factory=list)


@contextmanager
def sending(bound: Bound, workspace: Workspace) -> Iterator[Sent]:
    """Run a block inside a workspace, and note what it sends."""
    from superset.extensions import db

    sent = Sent()

    def note(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool
    ) -> None:
        sent.texts.append(f"{statement} {parameters!r}")
        sent.compiled.append(context.compiled)

    with enter(workspace):
        engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            db.session.rollback()
            event.remove(engine, "before_cursor_execute", note)


def make_statements(mark: str) -> dict[str, Any]:
    """Return statements of the same shapes, with `mark` wherever a statement can have a value."""
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    title = Dashboard.dashboard_title
    one = select(Dashboard).where(Dashboard.id == 1)
    return {
        "equal": one.where(title != mark),
        "in": one.where(title.not_in([mark, mark + "2"])),
        "like": one.where(~title.ilike(f"%{mark}%")),
        "between": one.where(~title.between(mark, mark)),
        "limit": one.where(title != mark).limit(1).offset(0),
        "literal": select(literal(mark)),
        "column": select(case((title == mark, mark), else_=func.coalesce(title, mark))).where(
            Dashboard.id == 1
        ),
        "callable": select(bindparam("said", callable_=lambda: mark)),
        "subquery": one.where(~exists().where(Slice.slice_name == mark)),
        "together": one.options(
            selectinload(Dashboard.slices.and_(Slice.slice_name != mark)),
            subqueryload(Dashboard.owners),
            with_loader_criteria(Dashboard, title != mark),
        ),
        "criteria": one.options(
            with_loader_criteria(Dashboard, lambda cls: cls.dashboard_title != mark)
        ),
    }


SHAPES = (
    *("equal", "in", "like", "between", "limit", "literal"),
    *("column", "callable", "subquery", "together", "criteria"),
)


@pytest.mark.parametrize("shape", SHAPES)
def test_row_38_what_one_workspace_asked_first_is_not_in_what_another_sends_or_is_told(
    bound: Bound, shape: str
) -> None:
    from superset.extensions import db

    sent, told = [], []
    for workspace in (bound.a, bound.b, bound.a):
        statement = make_statements(f"value-of-{workspace.slug}")[shape]
        with sending(bound, workspace) as one:
            found = db.session.execute(statement).scalars().unique()
            told.append([getattr(row, "dashboard_title", row) for row in found])
        sent.append(one)

    # They did share: both sent the very same object.
    assert sent[0].compiled[0] is sent[1].compiled[0]
    assert "value-of-acme" in str(sent[0].texts)
    assert "value-of-globex" in str(sent[1].texts)
    assert "acme" not in str(sent[1].texts + told[1])
    assert "globex" not in str(sent[2].texts + told[2])
    assert told[0] == told[2] != told[1] != []


def test_row_38_text_that_is_part_of_the_sql_is_compiled_for_whoever_wrote_it(
    bound: Bound,
) -> None:
    from sqlalchemy import literal_column
    from superset.extensions import db

    told = []
    for workspace in (bound.a, bound.b):
        with sending(bound, workspace) as sent:
            told.append(db.session.execute(select(literal_column(f"'{workspace.slug}'"))).scalar())
            told.append(db.session.execute(text(f"SELECT '{workspace.slug}'")).scalar())
        assert str(sent.texts).count(workspace.slug) == 2

    assert told == ["acme", "acme", "globex", "globex"]


def test_row_38_the_row_that_another_workspace_loaded_is_loaded_again(bound: Bound) -> None:
    from superset.extensions import db
    from superset.models.dashboard import Dashboard

    held, titles = [], []
    for workspace in (bound.a, bound.b):
        with enter(workspace):
            held.append(db.session.get(Dashboard, 1))
            titles.append(held[-1].dashboard_title)

    assert held[0] is not held[1]
    assert titles == ["Dashboard 1 of acme", "Dashboard 1 of globex"]


def test_row_38_what_one_workspace_writes_with_a_shared_statement_stays_there(
    bound: Bound,
) -> None:
    from superset.extensions import db
    from superset.models.dashboard import Dashboard

    def describe(value: str | None) -> Any:
        return update(Dashboard).where(Dashboard.id == 1).values(description=value)

    compiled = []
    try:
        for workspace in (bound.a, bound.b):
            with sending(bound, workspace) as sent:
                db.session.execute(describe(f"value-of-{workspace.slug}"))
                db.session.commit()
            compiled.append(sent.compiled[-1])
        assert compiled[0] is compiled[1]
        for workspace in (bound.a, bound.b):
            with enter(workspace):
                found = db.session.get(Dashboard, 1).description
                assert found == f"value-of-{workspace.slug}"
    finally:
        for workspace in (bound.a, bound.b):
            with enter(workspace):
                db.session.execute(describe(None))
                db.session.commit()
