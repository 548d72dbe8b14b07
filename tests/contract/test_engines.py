"""What workspaces' engines and sessions stand on in SQLAlchemy, Flask-SQLAlchemy and Flask."""

from flask import Flask
from sqlalchemy import create_engine, literal, select
from sqlalchemy.engine import Engine

from support.binding import Bound


def test_engines_with_one_dialect_and_cache_compile_a_statement_once_and_bring_their_own_values():
    first, second = create_engine("sqlite://"), create_engine("sqlite://")
    with first.connect() as connection:
        assert connection.execute(select(literal("one"))).scalar() == "one"
    compiled = len(first._compiled_cache)
    second.dialect, second._compiled_cache = first.dialect, first._compiled_cache

    assert compiled == 1
    assert ask(second, "two") == "two"
    assert ask(first, "three") == "three"
    assert len(first._compiled_cache) == compiled


def ask(engine: Engine, value: str) -> str:
    with engine.connect() as connection:
        return str(connection.execute(select(literal(value))).scalar())


def test_a_compiled_statement_keeps_the_first_values_and_is_sent_with_each_executions_own():
    """Values stay in memory, as `metadata_engines` says, and go no further."""
    engine = create_engine("sqlite://")
    sent = []
    with engine.connect() as connection:
        for value in ("one", "two"):
            result = connection.execute(select(literal(value)))
            sent.append((result.context.compiled, result.context.parameters))
            result.close()

    (first, ones), (second, twos) = sent
    assert second is first
    assert list(first.params.values()) == ["one"]
    assert (*ones, *twos) == (("one",), ("two",))


def test_flask_tells_whether_a_context_is_pushed():
    context = Flask(__name__).app_context()

    assert not context._cv_tokens
    with context, context:
        assert len(context._cv_tokens) == 2
    assert not context._cv_tokens


def test_the_session_of_a_scope_is_found_and_taken_by_its_key(bound: Bound):
    from superset.extensions import db

    with bound.app.app_context():
        session = db.session()
        assert db.session.registry.registry.pop(db.session.registry.scopefunc()) is session
        assert not db.session.registry.has()
