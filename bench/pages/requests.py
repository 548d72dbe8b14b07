"""The requests that are measured: pages, the API, a chart's data and a static file."""

import json
from importlib.util import find_spec
from pathlib import Path

from bench.load import Call

_PAGE = (("Accept", "text/html"),)
_API = (("Accept", "application/json"), ("Content-Type", "application/json"))
_DRAWN = "data-bootstrap"
_DATA = {
    "datasource": {"id": 1, "type": "table"},
    "queries": [{"columns": ["word", "region", "amount"], "row_limit": 10}],
    "result_format": "json",
    "result_type": "full",
}
_NEWEST = "(order_column:changed_on_delta_humanized,order_direction:desc,page:0,page_size:25)"


def _page(name: str, path: str) -> Call:
    return Call(name, "", _DRAWN, method="GET", path=path, tool=False, headers=_PAGE)


def _api(name: str, path: str, expected: str) -> Call:
    return Call(name, "", expected, method="GET", path=path, tool=False, headers=_API)


def _find_script() -> str:
    """Return the path of a small script that every page loads."""
    superset = find_spec("superset")
    folders = list(superset.submodule_search_locations or ()) if superset is not None else []
    found = [
        file for folder in folders for file in Path(folder).glob("static/assets/preamble.*.js")
    ]
    return f"/static/assets/{found[0].name}"


ME = _api("/api/v1/me/", "/api/v1/me/", '"result"')
"""It asks for nothing but who asks."""

CHARTS = _api("GET /api/v1/chart/", f"/api/v1/chart/?q={_NEWEST}", '"result"')
"""What a list of charts asks for, of which there may be none."""

WELCOME = _page("/superset/welcome/", "/superset/welcome/")

REQUESTS = (
    WELCOME,
    _page("/superset/dashboard/1/", "/superset/dashboard/1/"),
    _page("/explore/?slice_id=1", "/explore/?slice_id=1"),
    CHARTS,
    _api("GET /api/v1/dashboard/1", "/api/v1/dashboard/1", '"dashboard_title"'),
    Call(
        "POST /api/v1/chart/data",
        json.dumps(_DATA),
        '"rowcount"',
        path="/api/v1/chart/data",
        tool=False,
        headers=_API,
    ),
    ME,
    Call("/static/ (a script)", "", method="GET", path=_find_script(), tool=False, headers=()),
)
