"""Log lines: all alike, each with its request, none with a secret."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from overset.kernel.settings import load
from overset.observe.log import configure_logging

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c3JfYSJ9.c2lnbmF0dXJl"


@pytest.fixture
def untouched() -> Iterator[None]:
    """Put logging back as it was before the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with warnings.catch_warnings():
        yield
        logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def file(untouched) -> io.StringIO:
    file = io.StringIO()
    configure_logging(load(log_level="INFO", log_format="json"), file=file)
    return file


def lines(file: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_lines_of_ours_and_of_the_standard_library_look_alike(file):
    with structlog.contextvars.bound_contextvars(request_id="req_a"):
        structlog.get_logger("overset.x").info("ours", tool="list_charts")
        logging.getLogger("superset.y").warning("theirs %s", "too")
    ours, theirs = lines(file)

    assert (
        ours.items()
        >= {
            "event": "ours",
            "tool": "list_charts",
            "level": "info",
            "logger": "overset.x",
            "request_id": "req_a",
        }.items()
    )
    assert (
        theirs.items()
        >= {
            "event": "theirs too",
            "level": "warning",
            "logger": "superset.y",
            "request_id": "req_a",
        }.items()
    )
    assert ours["timestamp"].endswith("Z")


def test_a_level_that_is_too_low_is_not_written(file):
    structlog.get_logger("overset.x").debug("quiet")
    logging.getLogger("superset.y").debug("quiet")
    logging.getLogger("httpx").info("HTTP Request: GET ...")

    assert lines(file) == []


def test_secrets_are_in_no_line(file):
    log = structlog.get_logger("overset.x")
    log.info("with %s", JWT, password="hunter2", nested={"Authorization": "hunter2"})
    log.info("url", url="postgresql://bob:hunter2@db/x", text="Bearer hunter2hunter2")
    logging.getLogger("superset.y").error("password=%s", "hunter2")
    try:
        int(f"postgresql://bob:hunter2@db/x {JWT}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("superset.y").exception("failed")

    assert "hunter2" not in file.getvalue()
    assert "eyJ" not in file.getvalue()
    assert [("exception" in line) for line in lines(file)] == [False] * 3 + [True] * 2
    assert "ValueError" in lines(file)[3]["exception"]


def test_a_token_id_may_be_written(file):
    structlog.get_logger("overset.x").info("used", token_id="tok_a")

    assert lines(file)[0]["token_id"] == "tok_a"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_nobody_can_forge_a_line_or_paint_the_terminal(untouched, log_format):
    file = io.StringIO()
    configure_logging(load(log_format=log_format), file=file)
    structlog.get_logger("overset.x").info("path", path="/x\n2026 [info] forged\x1b[31m")
    logging.getLogger("superset.y").warning("said %s", "\r\nforged\x1b[31m")

    assert len(file.getvalue().splitlines()) == 2
    assert "\x1b" not in file.getvalue()


def test_a_line_may_carry_anything(file):
    class Odd:
        def __str__(self) -> str:
            return "password=hunter2 odd"

    structlog.get_logger("overset.x").info("odd", odd=Odd(), raw=b"\xff", number=float("nan"))

    assert file.getvalue().count("\n") == 1
    assert "odd" in file.getvalue()
    assert "hunter2" not in file.getvalue()


def test_warnings_become_lines(file):
    warnings.simplefilter("always")
    warnings.warn("beware", UserWarning, stacklevel=1)

    assert "beware" in lines(file)[0]["event"]
    assert lines(file)[0]["logger"] == "py.warnings"


def test_configuring_again_writes_each_line_once(file):
    configure_logging(load(log_level="INFO", log_format="json"), file=file)
    logging.getLogger("uvicorn.error").warning("once")

    assert len(lines(file)) == 1
