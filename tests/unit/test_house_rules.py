"""The rules of this house that no linter knows, each with its exceptions."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "overset"
TALLEST = 350

# A file is here with its length when it was written; it may shrink, and leave, but never grow.
TALL_FILES: dict[str, int] = {}

READS_ENVIRONMENT = {"src/overset/kernel/settings.py"}
VAGUE_NAMES = {"common_utils", "helper", "helpers", "misc", "util", "utils"}

# In parts, so that this file keeps the rule too.
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry.npm" + "js.org",
    "registry.yarn" + "pkg.com",
    "deb.deb" + "ian.org",
    "security.deb" + "ian.org",
]
MACHINE_PATH = re.compile(r"(?<![\w.}~$-])/(?:" + "wo" + "rk|ro" + r"ot|Users/\w+|home/\w+)/")


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def python_files() -> list[Path]:
    found = [path for path in tracked_files() if path.suffix == ".py"]
    assert found
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in python_files():
        yield name_of(path), ast.parse(path.read_text(), filename=str(path))


def text_of(path: Path) -> str:
    return path.read_text(errors="replace")


def test_every_module_opens_with_a_docstring() -> None:
    silent = [name for name, tree in trees() if not ast.get_docstring(tree)]

    assert not silent


def test_no_file_is_taller_than_its_limit() -> None:
    heights = {name_of(path): len(path.read_text().splitlines()) for path in python_files()}
    tall = {name: height for name, height in heights.items() if height > TALLEST}

    assert set(TALL_FILES) == set(tall), "a new tall file, or one that is tall no longer"
    assert {n: h for n, h in tall.items() if h > TALL_FILES[n]} == {}, "tall files may only shrink"


def test_no_module_has_a_vague_name() -> None:
    vague = [name_of(path) for path in python_files() if path.stem in VAGUE_NAMES]
    vague += [name_of(path) for path in python_files() if path.parent.name in VAGUE_NAMES]

    assert not vague


def test_only_the_settings_touch_the_environment() -> None:
    touching = {
        name
        for name, tree in trees()
        if name.startswith("src/") and any(_touches_environment(node) for node in ast.walk(tree))
    }

    assert touching == READS_ENVIRONMENT


def _touches_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "putenv", "unsetenv"}
    if isinstance(node, ast.Attribute):
        return node.attr in names and isinstance(node.value, ast.Name) and node.value.id == "os"
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in names for alias in node.names)
    return False


def test_no_exception_is_swallowed_whole() -> None:
    swallowing = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if _swallows(node)
    ]

    assert not swallowing


def _swallows(node: ast.AST) -> bool:
    broad = {"BaseException", "Exception"}
    if isinstance(node, ast.ExceptHandler):
        caught = (
            {"Exception"} if node.type is None else set(re.findall(r"\w+", ast.unparse(node.type)))
        )
        idle = all(isinstance(step, ast.Pass | ast.Continue) for step in node.body)
        return idle and bool(caught & broad)
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
        return bool({ast.unparse(arg) for arg in node.args} & broad)
    return False


def test_no_file_names_a_package_registry() -> None:
    naming = [
        (name_of(path), host)
        for path in tracked_files()
        for host in REGISTRIES
        if host in text_of(path)
    ]

    assert not naming


def test_no_file_names_a_place_on_someones_machine() -> None:
    naming = [
        (name_of(path), found.group())
        for path in tracked_files()
        for found in MACHINE_PATH.finditer(text_of(path))
    ]

    assert not naming


def test_the_page_of_settings_is_current() -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "settings_page.py", "--check"], check=True)


@pytest.mark.parametrize(
    "package", ["admission", "auth", "chat", "flags", "kernel", "manager", "observe", "rest"]
)
def test_a_process_without_superset_never_loads_it(package: str) -> None:
    modules = [
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((SOURCE / package).rglob("*.py"))
        if "migrations" not in path.parts  # Alembic runs these, with its own names
    ]
    never = ["fastmcp", "flask", "flask_appbuilder", "flask_caching", "superset"]
    program = (
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        f"sys.exit(', '.join(sorted(set({never!r}) & set(sys.modules))) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", program], check=False, stderr=subprocess.PIPE)

    assert (done.returncode, done.stderr.decode()) == (0, "")
