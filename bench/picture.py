"""A picture of a run: how many times better than bare Superset, a bar a row, with its target."""

from html import escape
from pathlib import Path

from bench.figures import Figures, Row

_WIDTH, _LEFT, _BAR, _GAP, _TOP = 900, 300, 14, 10, 60
_COLOURS = {"one process": "#1f77b4", "two workers": "#2ca02c"}


def draw(figures: Figures, path: Path, *, title: str) -> None:
    """Write an SVG with the rows that have a ratio."""
    rows = [row for row in figures.rows.values() if _ratios(row)]
    most = max((max(*_ratios(row).values(), row.ratio or 0) for row in rows), default=1)
    scale = (_WIDTH - _LEFT - 60) / most
    parts, y = [_legend(title)], _TOP
    for row in rows:
        parts.append(_text(_LEFT - 10, y + _BAR, row.question, anchor="end"))
        top = y
        for server, ratio in _ratios(row).items():
            length, colour = ratio * scale, _COLOURS[server]
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}" fill="{colour}"/>'
            )
            parts.append(_text(_LEFT + length + 5, y + _BAR - 3, f"{ratio:.1f}x"))
            y += _BAR
        if row.ratio is not None:
            x = _LEFT + row.ratio * scale
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 3}" y2="{y + 3}" stroke="#d62728"'
                ' stroke-width="2"/>'
            )
        y += _GAP
    size = f'width="{_WIDTH}" height="{y + 10}" viewBox="0 0 {_WIDTH} {y + 10}"'
    style = 'font-family="sans-serif" font-size="12"'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>'
    path.write_text("\n".join([start, ground, *parts, "</svg>"]) + "\n")


def _ratios(row: Row) -> dict[str, float]:
    found = {server: row.times_better(server) for server in _COLOURS}
    return {server: ratio for server, ratio in found.items() if ratio is not None}


def _legend(title: str) -> str:
    shown = [_text(10, 22, f"{title}: times better")]
    for number, (server, colour) in enumerate(_COLOURS.items()):
        x = _LEFT + number * 120
        shown.append(f'<rect x="{x}" y="34" width="12" height="12" fill="{colour}"/>')
        shown.append(_text(x + 17, 44, server))
    shown.append(_text(_LEFT + 240, 44, "red line: the target"))
    return "\n".join(shown)


def _text(x: float, y: float, content: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(content)}</text>'
