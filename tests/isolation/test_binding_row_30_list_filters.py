"""Row 30: the filter of one request is never applied to another's list."""

import sys
import threading
from typing import Any

import pytest
from flask import g

from overset.tenancy.binding.app import enter
from overset.tenancy.workspace import Workspace
from support.binding import Bound

LISTS = 150


def find_view(app: Any) -> Any:
    views = app.appbuilder.baseviews
    return next(view for view in views if type(view).__name__ == "DashboardRestApi")


def filters(slug: str) -> dict[str, Any]:
    return {"filters": [{"col": "slug", "opr": "eq", "value": slug}]}


@pytest.mark.proves("FILTERS")
def test_row_30_a_view_keeps_nothing_of_a_request(bound: Bound) -> None:
    view = find_view(bound.app)
    with enter(bound.a):
        first = view._handle_filters_args(filters("d1"))
        second = view._handle_filters_args(filters("d2"))

    assert view._filters.values == []
    assert [
        one.values[: len(one.values) - len(view._base_filters.values)] for one in (first, second)
    ] == [["d1"], ["d2"]]


@pytest.mark.proves("FILTERS")
def test_row_30_every_view_that_filters_lists_is_isolated(bound: Bound) -> None:
    views = [
        view for view in bound.app.appbuilder.baseviews if hasattr(view, "_handle_filters_args")
    ]

    assert len(views) > 20
    for view in views:
        assert "_handle_filters_args" in vars(view), type(view).__name__


@pytest.mark.proves("FILTERS")
def test_row_30_two_workspaces_that_list_at_once_see_what_they_asked_for(bound: Bound) -> None:
    view = find_view(bound.app)
    asked = {bound.a.slug: "d1", bound.b.slug: "d2"}
    seen: dict[str, set[tuple[str, ...]]] = {slug: set() for slug in asked}
    start = threading.Barrier(2)

    def work(workspace: Workspace) -> None:
        from superset import security_manager

        with enter(workspace):
            g.user = security_manager.get_user_by_id(1)
            start.wait()
            for _ in range(LISTS):
                wanted = view._handle_filters_args(filters(asked[workspace.slug]))
                _, found = view.datamodel.query(wanted, select_columns=["dashboard_title"])
                seen[workspace.slug].add(tuple(one.dashboard_title for one in found))

    threads = [threading.Thread(target=work, args=[one]) for one in (bound.a, bound.b)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
    finally:
        sys.setswitchinterval(before)

    assert seen == {"acme": {("Dashboard 1 of acme",)}, "globex": {("Dashboard 2 of globex",)}}


def test_row_30_a_filtered_list_is_filtered_through_the_front_door(bound: Bound) -> None:
    for workspace, slug in ((bound.a, "d1"), (bound.b, "d2")):
        path = f"/api/v1/dashboard/?q=(filters:!((col:slug,opr:eq,value:{slug})))"
        answer = bound.get(workspace, path, Cookie=bound.session_cookie(workspace))

        titles = [one["dashboard_title"] for one in answer.json["result"]]
        assert titles == [f"Dashboard {slug[1]} of {workspace.slug}"]
