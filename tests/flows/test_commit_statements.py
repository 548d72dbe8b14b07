"""A call goes on after its commits with the caller and the data source that it had read."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.app import enter
from overset.tenancy.provisioning.create import make_provisioner
from overset.tenancy.workspace import Workspace
from support.binding import Bound, fill
from support.statements import calling, statements


@pytest.fixture
def workspace(bound: Bound) -> Iterator[Workspace]:
    """A workspace with a data source."""
    made = replace(bound.a, id=WorkspaceId("ws_" + "c" * 26))
    provisioner = make_provisioner(bound.settings, bound.keys)
    provisioner.create(made.id)
    fill(bound.metadata(made), slug="acme")
    with enter(made):
        _save(_source())
    yield made
    provisioner.drop(made.id)


def _source() -> Any:
    from superset.models.core import Database

    return Database(database_name="kept", sqlalchemy_uri="postgresql://u@h/d")


def _save(row: Any) -> None:
    from superset import db

    db.session.add(row)
    db.session.commit()


def _tag(name: str) -> Any:
    from superset.tags.models import Tag, TagType

    return Tag(name=name, type=TagType.custom)


def _find_source() -> Any:
    from superset import db
    from superset.models.core import Database

    return db.session.query(Database).filter_by(database_name="kept").one()


def test_after_a_commit_neither_caller_nor_data_source_is_read_again(workspace: Workspace) -> None:
    with calling(workspace, "execute_sql") as user:
        source, names = _find_source(), [role.name for role in user.roles]
        other = _tag("one")
        _save(other)
        with statements() as found:
            told = user.username, source.database_name
            assert found == []
            assert other.name == "one"  # all else is read anew, as ever
            assert len(found) == 1
        assert told == ("alice", "kept")
        assert [role.name for role in user.roles] == names


def test_outside_of_a_call_everything_is_read_again(workspace: Workspace) -> None:
    with enter(workspace), statements() as found:
        source = _find_source()
        _save(_tag("two"))
        found.clear()
        assert source.database_name == "kept"
        assert len(found) == 1


def test_what_the_call_itself_changed_is_what_it_reads(workspace: Workspace) -> None:
    from superset import db

    with calling(workspace, "execute_sql"):
        source = _find_source()
        source.extra = '{"a": 1}'
        db.session.commit()
        assert source.extra == '{"a": 1}'
        source.extra = "gone"
        db.session.flush()
        db.session.rollback()
        assert source.extra == '{"a": 1}'
    with enter(workspace):
        assert _find_source().extra == '{"a": 1}'


def test_what_hangs_on_a_data_source_is_read_again(workspace: Workspace) -> None:
    from superset.connectors.sqla.models import SqlaTable

    with calling(workspace, "create_dataset"):
        source = _find_source()
        before = len(source.tables)
        _save(SqlaTable(table_name="new", database_id=source.id))
        assert len(source.tables) == before + 1


def test_a_data_source_that_the_call_removed_is_gone(workspace: Workspace) -> None:
    from superset import db
    from superset.models.core import Database

    with calling(workspace, "execute_sql"):
        source = _find_source()
        number = source.id
        db.session.delete(source)
        db.session.commit()
        assert db.session.get(Database, number) is None


def test_a_savepoint_lets_nothing_leave_the_session(workspace: Workspace) -> None:
    from superset import db

    with calling(workspace, "execute_sql") as user:
        source = _find_source()
        with db.session.begin_nested():
            db.session.add(_tag("three"))
        assert source in db.session
        assert user in db.session
