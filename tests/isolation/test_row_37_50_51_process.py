"""Rows 37, 45, 50, 51: limits in threads, templates, everybody's themes, and an unused pool."""

import re
import signal
import threading
from pathlib import Path

import pytest
from flask import g

from overset.tenancy.binding.app import enter
from overset.tenancy.context import entered
from support.binding import Bound, in_thread


def test_row_37_a_time_limit_in_one_thread_leaves_the_processs_own_alarm_alone(
    bound: Bound,
) -> None:
    """Superset's own limit calls `signal.alarm(0)`, which ends the limit of another."""
    from superset.utils import core

    def limit() -> bool:
        with entered(bound.a), core.timeout(seconds=5):
            return threading.current_thread() is not threading.main_thread()

    before = signal.alarm(300)
    try:
        assert in_thread(limit) is True
        assert signal.alarm(0) > 0
    finally:
        signal.alarm(before)


def test_row_50_every_workspace_has_the_themes_that_superset_ships(bound: Bound) -> None:
    from superset.extensions import db
    from superset.models.core import Theme

    found = []
    for workspace in (bound.a, bound.b):
        with enter(workspace):
            themes = db.session.query(Theme).filter_by(is_system=True).all()
            found.append(sorted(theme.theme_name for theme in themes))

    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_row_50_a_theme_that_one_workspace_makes_its_own_is_no_other_ones(bound: Bound) -> None:
    from superset.extensions import db
    from superset.models.core import Theme

    with enter(bound.a):
        g.user = None
        theme = Theme(theme_name="only in acme", json_data="{}", is_system=False)
        db.session.add(theme)
        db.session.commit()
    try:
        with enter(bound.b):
            assert not db.session.query(Theme).filter_by(theme_name="only in acme").all()
    finally:
        with enter(bound.a):
            db.session.query(Theme).filter_by(theme_name="only in acme").delete()
            db.session.commit()


def test_row_51_nothing_in_superset_takes_a_browser_from_the_pool(bound: Bound) -> None:
    import superset

    root = Path(superset.__file__).parent
    uses = re.compile(r"\bmcp_service\.screenshot\b|\bwebdriver_pool\b")
    files = {file for file in root.rglob("*.py") if uses.search(file.read_text())}

    assert files
    assert all(file.parent == root / "mcp_service" / "screenshot" for file in files)


JINJA_WALKS = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ url_param.__globals__ }}",
    "{{ url_param.func.__globals__ }}",
    "{{ current_user_id.func.__self__ }}",
    "{{ dataset.func.__code__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].environ }}",
    "{{ self._TemplateReference__context }}",
    "{{ ('' | attr('__class__')) | attr('__mro__') }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ config.SECRET_KEY }}",
    "{{ g.user }}",
    "{{ request.headers }}",
)


@pytest.mark.parametrize("template", JINJA_WALKS)
def test_row_45_a_template_in_sql_reaches_nothing_of_the_process(
    bound: Bound, template: str
) -> None:
    """With `ENABLE_TEMPLATE_PROCESSING`, which an operator may turn on, members write these."""
    from superset.jinja_context import JinjaTemplateProcessor
    from superset.models.core import Database

    with enter(bound.a):
        g.user = None
        database = Database(database_name="any", sqlalchemy_uri="sqlite://")
        processor = JinjaTemplateProcessor(database=database)
        try:
            said = processor.process_template(f"SELECT '{template}'")
        except Exception as error:  # noqa: BLE001 - whatever refuses it
            said = str(error)

    for found in (
        "<class",
        "<function",
        "<built-in",
        "environ(",
        "SecretStr",
        "werkzeug.",
        "<Context",
    ):
        assert found not in said, said
    with bound.request(bound.a):
        assert bound.app.config["SECRET_KEY"] not in said
