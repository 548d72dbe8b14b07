"""Row filters of REST lists live on view singletons; here each request has a copy of its own."""

import copy
from typing import Any


def isolate_list_filters(appbuilder: Any) -> None:
    """Make every REST view handle `?q=` filters on a copy, not on the view that all threads share.

    Flask-AppBuilder's `_handle_filters_args` clears and fills `view._filters`, which another thread
    may be reading (`flask_appbuilder.api.ModelRestApi`).
    """
    for view in appbuilder.baseviews:
        if hasattr(view, "_handle_filters_args") and hasattr(view, "_filters"):
            view._handle_filters_args = _make_handler(view)  # noqa: SLF001 - the one place that the filters come from


def _make_handler(view: Any) -> Any:
    def handle_filters_args(rison_args: dict[str, Any]) -> Any:
        filters = copy.copy(view._filters)  # noqa: SLF001 - as above
        filters.clear_filters()
        filters.rest_add_filters(rison_args.get("filters", []))
        return filters.get_joined_filters(view._base_filters)  # noqa: SLF001 - as above

    return handle_filters_args
