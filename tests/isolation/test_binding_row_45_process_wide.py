"""Rows 45 and 46: what Superset keeps for the whole process holds nothing of a workspace."""

import threading
from collections.abc import Iterator

import pytest
from flask import g

from overset.tenancy.binding.app import enter
from overset.tenancy.binding.config import make_routes
from overset.tenancy.context import get_current
from support.binding import Bound

READ_ONCE = {
    "COMMON_BOOTSTRAP_OVERRIDES_FUNC",
    "CUSTOM_TEMPLATE_PROCESSORS",
    "FEATURE_FLAGS",
    "GLOBAL_ASYNC_QUERIES_JWT_SECRET",
    "JINJA_CONTEXT_ADDONS",
    "STATS_LOGGER",
}
"""What Superset reads at start or keeps from the first caller: to route it would leak it."""


@pytest.fixture
def _addons(bound: Bound) -> Iterator[None]:
    """An operator's addon, as row 45 wants it: a function that asks for the workspace."""
    from superset import jinja_context

    config = bound.app.config
    before = config["JINJA_CONTEXT_ADDONS"]
    config["JINJA_CONTEXT_ADDONS"] = {"where": lambda: get_current().slug}
    jinja_context.context_addons.cache_clear()
    yield
    config["JINJA_CONTEXT_ADDONS"] = before
    jinja_context.context_addons.cache_clear()


def test_row_45_nothing_that_superset_reads_once_is_routed(bound: Bound) -> None:
    assert not READ_ONCE & set(make_routes(bound.settings, bound.keys))


@pytest.mark.usefixtures("_addons")
def test_row_45_an_addon_that_is_a_function_answers_for_the_workspace_it_runs_in(
    bound: Bound,
) -> None:
    from superset.jinja_context import JinjaTemplateProcessor, context_addons
    from superset.models.core import Database

    rendered = []
    for workspace in (bound.a, bound.b):
        with enter(workspace):
            g.user = None
            database = Database(database_name="any", sqlalchemy_uri="sqlite://")
            processor = JinjaTemplateProcessor(database=database)
            processor.set_context(**context_addons())
            rendered.append(processor.process_template("SELECT '{{ where() }}'"))

    assert rendered == ["SELECT 'acme'", "SELECT 'globex'"]


def test_row_46_two_blocks_that_log_at_once_do_not_share_what_they_log(bound: Bound) -> None:
    """Superset's logger keeps action and payload of a `with` block on the one object of all."""
    from superset.extensions import event_logger

    one = event_logger(action="of_a", note="a")
    other = event_logger(action="of_b", note="b")

    assert one is not other
    assert (one.action, one.payload_override) == ("of_a", {"note": "a"})
    assert (other.action, other.payload_override) == ("of_b", {"note": "b"})


def test_row_46_a_block_writes_its_row_in_its_own_workspace(bound: Bound) -> None:
    from superset import security_manager
    from superset.extensions import db, event_logger
    from superset.models.core import Log

    from overset.tenancy.binding.audit_table import WRITER

    both = threading.Barrier(2)

    def work(workspace) -> None:
        with enter(workspace):
            g.user = security_manager.get_user_by_id(1)
            with event_logger(action=f"row_46_{workspace.slug}"):
                both.wait(timeout=60)

    threads = [threading.Thread(target=work, args=[one]) for one in (bound.a, bound.b)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert WRITER.flush(20)
    for workspace in (bound.a, bound.b):
        with enter(workspace):
            rows = db.session.query(Log).filter(Log.action.like("row_46_%")).all()
            assert [row.action for row in rows] == [f"row_46_{workspace.slug}"]
