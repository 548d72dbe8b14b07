"""Rows 7 and 8: no SQLAlchemy session, and so no identity map, serves two workspaces."""

import contextvars
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import text

from overset.kernel.errors import UnboundError
from overset.tenancy.binding.app import enter
from overset.tenancy.context import entered
from support.binding import Bound

ROUNDS = 400


def user_one() -> Any:
    """Return user 1; while somebody holds it, its session's identity map does too."""
    from flask_appbuilder.security.sqla.models import User
    from superset.extensions import db

    return db.session.get(User, 1)


@pytest.fixture
def _tidy(bound: Bound) -> Iterator[None]:
    """What these tests leave behind on purpose is closed after them."""
    from superset.extensions import db

    yield
    sessions = db.session.registry.registry
    for key in list(sessions):
        sessions.pop(key).close()


@pytest.mark.proves("H4")
@pytest.mark.usefixtures("_tidy")
def test_row_07_a_context_never_finds_the_session_of_one_that_is_gone(bound: Bound) -> None:
    """What a thread makes in a context that was popped stays; the next has the same address."""
    held = []
    for _ in range(ROUNDS):
        with entered(bound.a), bound.app.app_context():
            late = contextvars.copy_context()
        with suppress(UnboundError):
            held.append(late.run(user_one))
            assert held[-1].username == "alice"
        del late
        with entered(bound.b), bound.app.app_context():
            assert user_one().username == "bob"


@pytest.mark.proves("H4")
@pytest.mark.usefixtures("_tidy")
def test_row_07_a_context_that_was_left_has_no_session(bound: Bound) -> None:
    """Nobody would close it: threads that outlive their calls would use up a workspace's pool."""
    from superset.extensions import db

    with enter(bound.a):
        assert user_one().username == "alice"
        late = contextvars.copy_context()

    before = set(db.session.registry.registry)
    for _ in range(2):
        with pytest.raises(UnboundError, match="left"):
            late.run(user_one)
    assert set(db.session.registry.registry) == before


@pytest.mark.proves("H4")
@pytest.mark.usefixtures("_tidy")
def test_row_07_a_teardown_that_raises_leaves_no_session_to_the_next_context(
    bound: Bound,
) -> None:
    held, seen = [], []
    with failing_teardown(bound):
        for round_number in range(1, ROUNDS + 1):
            with pytest.raises(ArithmeticError), entered(bound.a), bound.app.app_context():
                held.append(user_one())
            with pytest.raises(ArithmeticError), entered(bound.b), bound.app.app_context():
                seen.append(user_one().username)
            # Out here, where no teardown hides what went wrong.
            assert (len(held), seen[round_number - 1 :]) == (round_number, ["bob"])


@pytest.mark.proves("H4")
@pytest.mark.usefixtures("_tidy")
def test_row_07_a_session_that_no_teardown_closed_ends_with_its_context(bound: Bound) -> None:
    """With more of them than the pool has connections, and with what they wrote undone."""
    from superset.extensions import db

    with enter(bound.a):
        pool = db.engine.pool
    before = set(db.session.registry.registry), pool.checkedout()
    with failing_teardown(bound):
        for _ in range(pool.size() + pool._max_overflow + 1):
            with pytest.raises(ArithmeticError), entered(bound.a), bound.app.app_context():
                db.session.execute(text("UPDATE ab_user SET last_name = 'Changed' WHERE id = 1"))
    gc.collect()

    assert (set(db.session.registry.registry), pool.checkedout()) == before
    with enter(bound.a):
        assert user_one().last_name == "Test"


@contextmanager
def failing_teardown(bound: Bound) -> Iterator[None]:
    """While it lasts, leaving an app context fails before its session is removed."""

    def fail(_error: BaseException | None) -> None:
        raise ArithmeticError

    bound.app.teardown_appcontext_funcs.append(fail)
    try:
        yield
    finally:
        bound.app.teardown_appcontext_funcs.remove(fail)


@pytest.mark.proves("H4")
def test_row_07_every_context_has_a_session_number_of_its_own(bound: Bound) -> None:
    from superset.extensions import db

    numbers = []
    for workspace in (bound.a, bound.b) * 50:
        with enter(workspace):
            numbers.append(db.session.registry.scopefunc())
            assert db.session.registry.scopefunc() == numbers[-1]

    assert len(set(numbers)) == len(numbers)


@pytest.mark.proves("H4")
def test_row_08_one_app_context_is_not_for_two_workspaces_one_after_the_other(
    bound: Bound,
) -> None:
    """Else `get(1)` answers with the other's object, without any SQL."""
    with bound.app.app_context():
        with entered(bound.a):
            alice = user_one()
            assert alice.username == "alice"
        with entered(bound.b), pytest.raises(UnboundError):
            user_one()


@pytest.mark.proves("H1")
def test_row_08_one_app_context_has_no_engines_of_two_workspaces(bound: Bound) -> None:
    from superset.extensions import db

    with bound.app.app_context():
        with entered(bound.a):
            assert str(bound.a.id) in str(db.engine.url)
        with entered(bound.b), pytest.raises(UnboundError):
            _ = db.engine


def test_row_08_a_block_is_not_in_two_workspaces_at_once(bound: Bound) -> None:
    with enter(bound.a), pytest.raises(UnboundError), enter(bound.b):
        user_one()


def test_row_08_a_refused_second_workspace_leaves_the_first_as_it_was(bound: Bound) -> None:
    with enter(bound.a):
        with pytest.raises(UnboundError), enter(bound.b):
            user_one()
        assert user_one().username == "alice"


def test_row_08_an_error_inside_leaves_the_workspace_too(bound: Bound) -> None:
    from overset.tenancy.context import find_current

    with pytest.raises(ArithmeticError), enter(bound.a):
        raise ArithmeticError

    assert find_current() is None
