"""What sharing compiled statements between engines stands on in SQLAlchemy."""

from sqlalchemy import create_engine, literal, select
from sqlalchemy.engine import Engine


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
