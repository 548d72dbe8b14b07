"""Row 47: names of a server's functions are kept for no other data source."""

from types import SimpleNamespace

import pandas as pd
import pytest
from sqlalchemy.engine.url import make_url

from overset.tenancy.binding.app import enter
from overset.tenancy.binding.data_sources import DataSourceRefusedError
from support.binding import Bound


def _server(function: str) -> SimpleNamespace:
    return SimpleNamespace(get_df=lambda _sql: pd.DataFrame({"name": [function]}))


def test_row_47_the_functions_of_one_server_are_not_those_of_the_next(bound: Bound) -> None:
    from superset.db_engine_specs.databend import DatabendEngineSpec

    with enter(bound.a):
        of_a = DatabendEngineSpec.get_function_names(_server("only_in_a"))
    with enter(bound.b):
        of_b = DatabendEngineSpec.get_function_names(_server("only_in_b"))

    assert (of_a, of_b) == (["only_in_a"], ["only_in_b"])


def test_row_47_every_specification_that_keeps_names_is_known(bound: Bound) -> None:
    from superset.db_engine_specs import load_engine_specs

    with enter(bound.a):
        keeping = [one for one in load_engine_specs() if "_function_names" in vars(one)]

    assert keeping
    for spec in keeping:
        assert hasattr(spec.get_function_names.__func__, "__wrapped__")


@pytest.mark.proves("GUARDS")
def test_row_47_a_kind_that_keeps_the_queries_of_all_together_is_refused(bound: Bound) -> None:
    validate = bound.app.config["DB_SQLA_URI_VALIDATOR"]

    with enter(bound.a), pytest.raises(DataSourceRefusedError):
        validate(make_url("ocient://u:p@192.0.2.7:4050/x"))
