"""What keeping users and permissions for a moment relies on in Flask-AppBuilder and Superset."""

import inspect
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from overset.tenancy.binding.app import enter
from overset.tenancy.binding.known import KNOWN
from overset.tenancy.binding.permissions import make_security_manager
from support.binding import Bound


def test_superset_takes_the_manager_of_the_configuration(bound: Bound) -> None:
    from superset.extensions import appbuilder
    from superset.security import SupersetSecurityManager

    assert isinstance(appbuilder.sm, SupersetSecurityManager)
    assert type(appbuilder.sm).__module__.startswith("overset.")


def test_permissions_are_asked_for_by_view_name_and_roles(bound: Bound) -> None:
    from superset.security import SupersetSecurityManager as Manager

    def names(function: Any) -> list[str]:
        return list(inspect.signature(function).parameters)

    asked = ["self", "view_name", "permission_name", "role_ids"]
    assert names(Manager.exist_permission_on_roles) == asked
    assert names(Manager.user_view_menu_names) == ["self", "permission_name"]
    assert names(Manager.get_user_roles) == ["self", "user"]
    assert "self.exist_permission_on_roles(" in inspect.getsource(Manager._has_view_access)


def test_every_table_of_users_and_roles_begins_alike(bound: Bound) -> None:
    from flask_appbuilder.security.sqla.models import Model
    from superset import security_manager as manager

    with enter(bound.a):
        models = (manager.user_model, manager.role_model, manager.permissionview_model)
        begun = {name for name in Model.metadata.tables if name.startswith("ab_")}
        tables = {model.__tablename__ for model in models}
        joined = {
            one.secondary.name
            for model in models
            for one in model.__mapper__.relationships
            if one.secondary is not None and one.mapper.class_ in models
        }
    assert {"ab_user_role", "ab_permission_view_role"} <= joined
    assert tables | joined <= begun


def test_a_user_and_a_verdict_are_made_of_these_tables_alone(bound: Bound) -> None:
    """A write to any other table cannot change them."""
    from superset import security_manager
    from superset.mcp_service.auth import load_user_with_relationships

    ask: list[Callable[[], Any]] = [
        lambda: load_user_with_relationships(username="alice"),
        lambda: security_manager.exist_permission_on_roles("Chart", "can_read", [1]),
    ]
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        statements.append(statement)

    KNOWN.forget(None)
    with enter(bound.a):
        event.listen(Engine, "before_cursor_execute", note)
        try:
            for one in ask:
                one()
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    tables = {
        word.strip("(),")
        for statement in statements
        for before, word in zip(statement.split(), statement.split()[1:], strict=False)
        if before in {"FROM", "JOIN"} and not word.startswith("(")
    }
    assert {"ab_user", "ab_permission_view"} <= tables
    assert all(table.startswith("ab_") for table in tables), tables


def test_an_operators_own_manager_is_kept_and_one_that_answers_itself_is_left_alone(
    bound: Bound,
) -> None:
    from superset.security import SupersetSecurityManager

    class Theirs(SupersetSecurityManager):
        pass

    class Answers(SupersetSecurityManager):
        def exist_permission_on_roles(self, *given: Any) -> bool:
            return False

    assert issubclass(make_security_manager(Theirs), Theirs)
    assert make_security_manager(Theirs).exist_permission_on_roles is not (
        SupersetSecurityManager.exist_permission_on_roles
    )
    kept = make_security_manager(Answers)
    assert issubclass(kept, Answers)
    assert kept.exist_permission_on_roles is Answers.exist_permission_on_roles
