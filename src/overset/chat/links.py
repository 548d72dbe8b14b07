"""Links of a tool's answer: to things in Superset, at the workspace's own host and nowhere else.

A link is a tool's own word: it is read where tools put theirs, and never in rows, whose columns
anybody may have named and filled. One that would run something when it opens is none.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from overset.chat.events import Link

_MOST = 12
_DEEPEST = 6
_LONGEST = 2_000
_URLS = ("url", "dashboard_url", "explore_url", "preview_url", "chart_url", "dataset_url")
_PLACES = ("chart", "charts", "dashboard", "dashboards", "dataset", "datasets")
"""Where an answer tells of things; whatever else is in it may be data, or what somebody saved."""

_TITLES = ("slice_name", "dashboard_title", "chart_name", "table_name", "title", "name", "label")
_DASHBOARD = re.compile(r"/superset/dashboard/([^/]+)/?")
_DATASET = re.compile(r"/tablemodelview/edit/(\d+)/?")
_RUNS = "autorun"
"""What makes SQL Lab run the statement of a link at once."""

_STORED = "id"
"""What makes SQL Lab open a statement that somebody stored, and run it if they said so."""

_Kind = Literal["chart", "dashboard", "dataset", "explore", "sql_lab"]
_NAMES: Mapping[_Kind, str] = {
    "chart": "Chart",
    "dashboard": "Dashboard",
    "dataset": "Dataset",
    "explore": "Explore",
    "sql_lab": "SQL Lab",
}


def find_links(body: Any, *, origin: str) -> list[Link]:
    """Return the links that tools put into their answer's JSON, each path once, in its order.

    Args:
        body: the answer.
        origin: the workspace's own public origin, for example `https://acme.example.com`.
    """
    found: dict[str, Link] = {}
    for thing in _walk(body, _DEEPEST):
        for name in _URLS:
            link = _read(thing.get(name), thing, origin=origin)
            if link is None or (link.path not in found and len(found) >= _MOST):
                continue
            known = found.get(link.path)
            # What lies deeper may know the name of what is linked above.
            if known is None or known.title == _NAMES[known.kind]:
                found[link.path] = link
    return list(found.values())


def _walk(body: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth == 0 or not isinstance(body, Mapping):
        return
    yield body
    for name in body:
        if name in _PLACES:
            things = body[name] if isinstance(body[name], list) else [body[name]]
            for thing in things:
                yield from _walk(thing, depth - 1)


def _read(url: Any, thing: Mapping[str, Any], *, origin: str) -> Link | None:
    path = _find_path(url, origin=origin)
    if path is None:
        return None
    kind, number = _classify(path, thing.get("id"))
    if kind is None:
        return None
    titles = (thing.get(name) for name in _TITLES)
    title = next((one for one in titles if isinstance(one, str) and one.strip()), _NAMES[kind])
    return Link(kind=kind, id=number, title=title[:_LONGEST], path=path)


def _find_path(url: Any, *, origin: str) -> str | None:
    """Return the path and query of a URL at the workspace's origin, or None."""
    if not isinstance(url, str) or len(url) > _LONGEST or not url.isprintable() or "\\" in url:
        return None
    path = url.removeprefix(origin) if url.startswith(origin + "/") else url
    if not path.startswith("/") or path.startswith("//") or _runs_at_once(path):
        return None
    return path


def _runs_at_once(path: str) -> bool:
    """Say whether a path may run something when it opens, however that is written."""
    seen = ""
    while path != seen:
        seen, path = path, unquote(path)
    return _RUNS in path.casefold()


def _classify(path: str, number: Any) -> tuple[_Kind | None, int | None]:
    """Return what a path leads to, and its id as far as that is known."""
    parts = urlsplit(path)
    own = number if isinstance(number, int) else None
    if dashboard := _DASHBOARD.fullmatch(parts.path):
        return "dashboard", int(dashboard[1]) if dashboard[1].isdecimal() else own
    if dataset := _DATASET.fullmatch(parts.path):
        return "dataset", int(dataset[1])
    if parts.path.rstrip("/") == "/explore":
        chart = parse_qs(parts.query).get("slice_id", [""])[0]
        return ("chart", int(chart)) if chart.isdecimal() else ("explore", None)
    if parts.path.rstrip("/") == "/sqllab" and _STORED not in parse_qs(parts.query):
        return "sql_lab", None
    return None, None
