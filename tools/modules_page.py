"""Writes docs/reference/modules.md from the first sentence of each module: `make docs`.

With `--check` it writes nothing and ends with 1 when the page is not current.
"""

import ast
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "overset"
PAGE = ROOT / "docs" / "reference" / "modules.md"
HEAD = """\
# Modules

<!-- Made by `make docs` from the first line of each module: change it there. -->

Every module opens with one sentence. These are all of them, the higher layers first; `src/overset/`
stands before each path. How they work together is in [ARCHITECTURE.md](../../ARCHITECTURE.md).
"""
LAYERS = (
    "cli",
    "mcp",
    "manager",
    "chat",
    "web",
    "worker",
    "tools",
    "admission",
    "tenancy",
    "auth",
    "flags",
    "rest",
    "observe",
    "kernel",
)


def page() -> str:
    """Return the whole page.

    Raises:
        ValueError: a package is in no layer.
    """
    paths = sorted(SOURCE.rglob("*.py"), key=_order)
    inside = [path for path in paths if len(path.relative_to(SOURCE).parts) > 1]
    sections = [_section(layer, list(group)) for layer, group in groupby(inside, key=_layer)]
    return "\n".join([HEAD, *sections])


def _layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def _order(path: Path) -> tuple[int, Path, bool, Path]:
    parts = path.relative_to(SOURCE).parts
    rank = LAYERS.index(parts[0]) if len(parts) > 1 else -1
    # A package's own sentence comes first, its modules next, then the packages in it.
    return rank, path.parent, path.name != "__init__.py", path


def _section(layer: str, paths: list[Path]) -> str:
    package, *modules = paths
    named = [(_name(path), _sentence(path)) for path in modules]
    rows = [f"| `{name}` | {sentence} |" for name, sentence in named]
    return "\n".join([f"## {layer}", "", _sentence(package), "", "| | |", "|---|---|", *rows, ""])


def _name(path: Path) -> str:
    name = path.relative_to(SOURCE).as_posix()
    return name.removesuffix("__init__.py")


def _sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    return docstring.partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def main(args: list[str]) -> int:
    """Write the page, or with `--check` compare it; return the exit code."""
    if args == ["--check"]:
        current = PAGE.exists() and PAGE.read_text() == page()
        if not current:
            sys.stderr.write("docs/reference/modules.md is not current: run `make docs`\n")
        return int(not current)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
