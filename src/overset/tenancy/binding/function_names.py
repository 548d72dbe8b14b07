"""Names of a ClickHouse's or Databend's functions are asked for anew, and kept for nobody else.

Superset keeps those of the first server on the class, for every data source of the process.
"""

from functools import wraps
from importlib import import_module
from typing import Any

_MODULES = ("superset.db_engine_specs.clickhouse", "superset.db_engine_specs.databend")
_KEPT = "_function_names"


def keep_function_names_apart() -> None:
    """Let each engine specification that keeps names for the process forget them at once."""
    for name in _MODULES:
        for spec in vars(import_module(name)).values():
            if isinstance(spec, type) and _KEPT in vars(spec):
                _forget(spec)


def _forget(spec: Any) -> None:
    stock = spec.get_function_names.__func__

    @wraps(stock)
    def ask(cls: Any, database: Any) -> list[str]:
        # A class of its own for each question: what is kept, is kept there.
        names: list[str] = stock(type(cls.__name__, (cls,), {_KEPT: []}), database)
        return names

    spec.get_function_names = classmethod(ask)
