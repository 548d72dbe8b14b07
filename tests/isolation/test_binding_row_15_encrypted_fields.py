"""Row 15: an encrypted column is written and read under the key of its own workspace, always."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine

from overset.tenancy.binding.app import enter
from overset.tenancy.locations import superset_secret_key
from overset.tenancy.workspace import Workspace
from support.binding import Bound

ROUND_TRIPS = 4000


def password_column() -> Any:
    from superset.models.core import Database

    return Database.__table__.c.password.type


def decrypt(ciphertext: bytes, *, key: str) -> str:
    """Decrypt without anything of Superset's or ours."""
    engine = AesEngine()
    engine._set_padding_mechanism(None)
    engine._update_key(key)
    return str(engine.decrypt(bytes(ciphertext)))


@contextmanager
def frequent_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_row_15_what_one_workspace_encrypted_another_cannot_read(bound: Bound) -> None:
    column = password_column()
    with enter(bound.a):
        ciphertext = column.process_bind_param("hunter2", None)
        assert column.process_result_value(ciphertext, None) == "hunter2"

    with enter(bound.b):
        try:
            read = column.process_result_value(ciphertext, None)
        except (UnicodeDecodeError, ValueError):
            read = None
        assert read != "hunter2"
        assert column.process_bind_param("hunter2", None) != ciphertext


@pytest.mark.proves("FIELDS")
def test_row_15_two_threads_in_two_workspaces_never_write_under_each_others_key(
    bound: Bound,
) -> None:
    column = password_column()
    start = threading.Barrier(2)
    written: dict[str, list[bytes]] = {bound.a.id: [], bound.b.id: []}
    wrong: list[object] = []

    def work(workspace: Workspace) -> None:
        with enter(workspace):
            start.wait()
            for number in range(ROUND_TRIPS):
                secret = f"secret {number % 7}"
                try:
                    ciphertext = column.process_bind_param(secret, None)
                    written[workspace.id].append(ciphertext)
                    if column.process_result_value(ciphertext, None) != secret:
                        wrong.append(number)
                except Exception as error:  # noqa: BLE001 - the test counts it
                    wrong.append(error)

    threads = [threading.Thread(target=work, args=[one]) for one in (bound.a, bound.b)]
    with frequent_switches():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)

    assert wrong == []
    for workspace in (bound.a, bound.b):
        key = superset_secret_key(bound.keys, workspace.id)
        assert len(written[workspace.id]) == ROUND_TRIPS
        distinct = set(written[workspace.id])
        assert {decrypt(one, key=key) for one in distinct} == {f"secret {n}" for n in range(7)}
        assert len(distinct) == 7


@pytest.mark.proves("FIELDS")
def test_row_15_a_column_keeps_no_key(bound: Bound) -> None:
    column = password_column()
    with enter(bound.a):
        column.process_bind_param("hunter2", None)

    assert not hasattr(column.engine, "secret_key")


def test_row_15_a_stored_password_is_encrypted_under_the_derived_key(bound: Bound) -> None:
    from superset.extensions import db
    from superset.models.core import Database

    for workspace in (bound.a, bound.b):
        with enter(workspace):
            database = Database(database_name="encrypted", sqlalchemy_uri="postgresql://x/y")
            database.password = f"of {workspace.slug}"
            db.session.add(database)
            db.session.commit()
            number = database.id
    try:
        for workspace in (bound.a, bound.b):
            engine = create_engine(bound.metadata(workspace))
            with engine.connect() as connection:
                row = connection.execute(text("SELECT password FROM dbs WHERE id = :id"), id=number)
                key = superset_secret_key(bound.keys, workspace.id)
                assert decrypt(row.scalar(), key=key) == f"of {workspace.slug}"
            engine.dispose()
    finally:
        for workspace in (bound.a, bound.b):
            with enter(workspace):
                db.session.delete(db.session.get(Database, number))
                db.session.commit()


def test_row_15_every_encrypted_column_of_superset_is_ours(bound: Bound) -> None:
    """A column that Superset encrypts in another way would keep one engine for all."""
    from flask_appbuilder import Model
    from sqlalchemy_utils.types.encrypted.encrypted_type import StringEncryptedType

    from overset.tenancy.binding.fields import WorkspaceEncryptedType

    found = [
        column.type
        for table in Model.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, StringEncryptedType)
    ]

    assert len(found) >= 8
    assert {type(one) for one in found} == {WorkspaceEncryptedType}
