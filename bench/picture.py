"""A picture of a run: bars for bare Superset and Overset side by side, and marks for targets."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import ceil, log10

from bench.figures import BARE, ONE, SERVERS, TWO, Figures, Row, times

_WIDTH, _LEFT, _RIGHT, _LETTER = 960, 250, 150, 8
_BAR, _GAP, _PANEL_GAP = 15, 12, 34
_COLOURS = {BARE: "#9aa5b1", ONE: "#20639b", TWO: "#3caea3"}
_TARGET = "#d1495b"
_FAINT = "#5f6b76"


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    rows: list[Row]
    logarithmic: bool = False


def draw(figures: Figures, *, title: str) -> str:
    """Return an SVG with a panel for one caller, for many, and for what neighbours feel."""
    rows = figures.rows.values()
    p50 = [row for row in rows if row.ratio is not None and row.unit == "ms"]
    rates = [row for row in rows if row.unit == "calls/s"]
    felt = [row for row in rows if row.question.endswith(", p95") and row.unit == "ms"]
    panels = [
        _Panel("One caller: time of a call, p50, milliseconds (less is better)", p50),
        _Panel("16 callers: calls a second (more is better)", rates),
        _Panel(
            "A neighbour's health_check, p95, milliseconds, logarithmic (less is better)",
            felt,
            logarithmic=True,
        ),
    ]
    shown = {name for row in rows for name in SERVERS if row.median(name) is not None}
    parts, y = [_text(20, 30, title, size=17, weight="bold"), _legend(shown)], 92
    for panel in panels:
        if panel.rows:
            drawn, y = _draw(panel, y)
            parts += drawn
            y += _PANEL_GAP
    return _document(parts, height=y)


def _document(parts: Iterable[str], *, height: int) -> str:
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    style = 'font-family="Helvetica, Arial, sans-serif" font-size="12.5"'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>'
    return "\n".join([start, ground, *parts, "</svg>"]) + "\n"


def _draw(panel: _Panel, y: int) -> tuple[list[str], int]:
    scale = _Scale.of(panel)
    parts = [_text(20, y, panel.title, size=14, weight="bold")]
    y += 14
    for row in panel.rows:
        servers = [name for name in SERVERS if row.median(name) is not None]
        bottom = y + _BAR * max(1, len(servers))
        name = row.question.split(", ")[0]
        parts.append(_text(_LEFT - 10, (y + bottom) / 2 + 4, name, anchor="end"))
        if not servers:
            parts.append(_text(_LEFT + 6, y + _BAR - 3, "void", colour=_FAINT))
        for number, server in enumerate(servers):
            parts += _bar(row, server, scale, y + number * _BAR)
        parts += _mark(row, scale, y - 2, bottom + 2)
        y = bottom + _GAP
    return parts, y


def _bar(row: Row, server: str, scale: "_Scale", y: int) -> list[str]:
    value = row.median(server) or 0
    length = scale.length(value)
    ratio = row.times_better(server) if server != BARE and row.ratio is not None else None
    label = _number(value) + (f"  ({times(ratio, digits=1)})" if ratio is not None else "")
    where = f'x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR - 1}"'
    target = _target(row)
    mark = scale.length(target) if target is not None else 0
    # The target's mark would strike the figure out: then it stands behind the mark.
    end = mark if length - 4 < mark < length + _LETTER * len(label) else length
    return [
        f'<rect {where} fill="{_COLOURS[server]}"/>',
        _text(_LEFT + end + 6, y + _BAR - 3.5, label),
    ]


def _mark(row: Row, scale: "_Scale", top: int, bottom: int) -> list[str]:
    target = _target(row)
    if target is None:
        return []
    x = _LEFT + scale.length(target)
    where = f'x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"'
    return [f'<line {where} stroke="{_TARGET}" stroke-width="2" stroke-dasharray="4 2"/>']


def _target(row: Row) -> float | None:
    """Return the value that is to be reached, in the row's unit."""
    bare = row.median(BARE)
    if row.limit is not None:
        return row.limit
    if row.ratio is None or bare is None:
        return None
    return bare * row.ratio if row.unit == "calls/s" else bare / row.ratio


@dataclass(frozen=True, slots=True)
class _Scale:
    """Makes lengths of values; a logarithmic one starts at 1."""

    most: float
    logarithmic: bool

    @classmethod
    def of(cls, panel: _Panel) -> "_Scale":
        values = [row.median(name) for row in panel.rows for name in SERVERS]
        values += [_target(row) for row in panel.rows]
        most = max((value for value in values if value), default=1)
        return cls(10 ** ceil(log10(most)) if panel.logarithmic else most, panel.logarithmic)

    def length(self, value: float) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        if self.logarithmic:
            return room * max(0.0, log10(max(value, 1))) / max(1.0, log10(self.most))
        return room * value / self.most


def _legend(shown: set[str]) -> str:
    parts, x = [], 20
    for server in SERVERS:
        if server in shown:
            name = "bare Superset" if server == BARE else f"Overset, {server}"
            parts.append(f'<rect x="{x}" y="47" width="13" height="13" fill="{_COLOURS[server]}"/>')
            parts.append(_text(x + 19, 58, name))
            x += 170
    line = f'<line x1="{x + 6}" x2="{x + 6}" y1="45" y2="62" stroke="{_TARGET}"'
    parts.append(f'{line} stroke-width="2" stroke-dasharray="4 2"/>')
    parts.append(_text(x + 16, 58, "to reach"))
    return "\n".join(parts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def _text(  # noqa: PLR0913 - what a text has
    x: float,
    y: float,
    content: str,
    *,
    anchor: str = "start",
    size: float = 12.5,
    weight: str = "normal",
    colour: str = "#1f2933",
) -> str:
    look = f'font-size="{size}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {look}>{escape(content)}</text>'
