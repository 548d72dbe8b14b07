"""Rows 5 and 27: threads and late bodies stay in their workspace, or are refused."""

import threading
from collections.abc import Iterator

import pytest
from flask import copy_current_request_context, current_app, g
from sqlalchemy import text

from overset.kernel.errors import UnboundError
from overset.tenancy.binding.app import enter
from support.binding import Bound, in_thread


def read_name() -> str:
    from superset.extensions import db

    return str(db.session.execute(text("SELECT username FROM ab_user WHERE id = 1")).scalar())


@pytest.mark.proves("H5")
def test_row_27_a_thread_with_a_copy_of_request_and_g_stays_in_its_workspace(
    bound: Bound,
) -> None:
    """What Superset's Trino engine does while a query runs."""
    for workspace, name in ((bound.a, "alice"), (bound.b, "bob")):
        with enter(workspace):
            app, copied = current_app._get_current_object(), g._get_current_object()

            @copy_current_request_context
            def execute(app=app, copied=copied) -> str:
                with app.app_context():
                    for key, value in copied.__dict__.items():
                        setattr(g, key, value)
                    return read_name()

            assert in_thread(execute) == name


@pytest.mark.proves("H5")
def test_row_05_a_body_that_streams_after_the_request_stays_in_its_workspace(
    bound: Bound,
) -> None:
    """What Superset's streaming CSV export does: a new app context, with what was in `g`."""

    def body(app, captured) -> Iterator[str]:
        with app.app_context():
            for key, value in captured.items():
                setattr(g, key, value)
            yield read_name()

    bodies = []
    for workspace in (bound.a, bound.b):
        with enter(workspace):
            bodies.append(body(bound.app, dict(g._get_current_object().__dict__)))

    assert [list(one) for one in bodies] == [["alice"], ["bob"]]


def test_row_05_superset_streams_from_a_copy_of_g() -> None:
    """The test above stands for Superset's own code: that still carries `g` over."""
    import inspect

    from superset.commands.streaming_export import base

    source = inspect.getsource(base.BaseStreamingCSVExportCommand.run)

    assert "captured_g" in source
    assert "preserve_g_context(captured_g)" in source


@pytest.mark.proves("H1")
def test_row_27_a_timer_of_a_request_is_refused_rather_than_served_elsewhere(
    bound: Bound,
) -> None:
    """What Superset's task framework does: a bare app context, on a thread with no workspace."""
    outcome: list[object] = []

    def tick() -> None:
        with bound.app.app_context():
            try:
                outcome.append(read_name())
            except Exception as error:  # noqa: BLE001 - the test looks at it
                outcome.append(error)

    with enter(bound.a):
        timer = threading.Timer(0, tick)
        timer.start()
        timer.join(timeout=60)

    assert [type(one) for one in outcome] == [UnboundError]


def test_row_27_the_next_work_of_a_thread_is_in_no_workspace(bound: Bound) -> None:
    """A pool's thread that served one workspace keeps nothing of it."""

    def work() -> list[object]:
        with enter(bound.a):
            first = read_name()
        with bound.app.app_context(), pytest.raises(UnboundError):
            read_name()
        with enter(bound.b):
            return [first, read_name()]

    assert in_thread(work) == ["alice", "bob"]
