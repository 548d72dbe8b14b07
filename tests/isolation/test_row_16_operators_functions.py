"""Row 16: an operator's own checks of data sources stay, and ours look at what they make."""

from typing import Any

import pytest
from sqlalchemy.engine.url import URL, make_url

from overset.tenancy.binding.app import enter
from overset.tenancy.binding.data_sources import DataSourceRefusedError
from overset.tenancy.binding.overrides import make_overrides
from support.binding import Bound

OPEN = make_url("postgresql://reader:secret@203.0.113.7/warehouse")


def to_loopback(url: URL, params: dict[str, Any], *_context: Any) -> tuple[URL, dict[str, Any]]:
    return url.set(host="127.0.0.1"), params


def name_application(
    url: URL, params: dict[str, Any], *_context: Any
) -> tuple[URL, dict[str, Any]]:
    return url, {**params, "connect_args": {"application_name": "theirs"}}


def refuse_everything(_url: URL) -> None:
    msg = "theirs"
    raise ValueError(msg)


def mutate(bound: Bound, mutator: Any) -> tuple[URL, dict[str, Any]]:
    chained = make_overrides({"DB_CONNECTION_MUTATOR": mutator})["DB_CONNECTION_MUTATOR"]
    with enter(bound.a):
        return chained(OPEN, {}, None, None, None)


def test_row_16_an_operators_mutator_works_first(bound: Bound) -> None:
    _, params = mutate(bound, name_application)

    assert params["connect_args"]["application_name"] == "theirs"


@pytest.mark.proves("GUARDS")
def test_row_16_what_an_operators_mutator_makes_is_checked(bound: Bound) -> None:
    with pytest.raises(DataSourceRefusedError):
        mutate(bound, to_loopback)


@pytest.mark.proves("GUARDS")
def test_row_16_what_an_operators_validator_refuses_stays_refused(bound: Bound) -> None:
    validate = make_overrides({"DB_SQLA_URI_VALIDATOR": refuse_everything})["DB_SQLA_URI_VALIDATOR"]

    with enter(bound.a), pytest.raises(ValueError, match="theirs"):
        validate(OPEN)
