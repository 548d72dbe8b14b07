"""The documentation cannot go stale unseen: links, commands, codes and claims are checked."""

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from overset.auth.access import Denial
from overset.auth.scopes import Scope
from overset.cli.main import app
from overset.flags.gates import Gate
from overset.kernel import errors
from overset.kernel.settings import Settings
from overset.manager.access.model import Reason
from overset.tenancy.binding.hooks import Hook

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "overset"
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
ISOLATION = DOCS / "explanation" / "isolation.md"
REFUSALS = DOCS / "reference" / "refusals.md"
LAST_ROW = 55

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ROW = re.compile(r"^\| (\d+) \|(.*)\| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")


REQUIREMENTS = DOCS / "reference" / "authorization-requirements.md"


def test_every_requirement_of_authorization_names_tests_that_are_there() -> None:
    rows = [line for line in REQUIREMENTS.read_text().splitlines() if line.startswith("| A")]
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", REQUIREMENTS.read_text())

    numbers = {int(n) for row in rows for n in re.findall(r"A(\d+)", row.split("|")[1])}
    assert numbers == set(range(1, 31))
    assert all("`test_" in row for row in rows)
    assert not [name for name in named if f"def {name}(" not in tests]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    found = [link for link in _LINK.findall(without_code(page)) if "://" not in link]

    assert not [link for link in found if not leads_somewhere(page, link)]


def leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(page: Path) -> set[str]:
    # As GitHub makes them: lower case, no punctuation, hyphens for spaces.
    headings = _HEADING.findall(without_code(page))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def without_code(page: Path) -> str:
    return _BLOCK.sub("", page.read_text())


def test_every_page_is_reached_from_the_first_ones() -> None:
    reached = {ROOT / "README.md"}
    new = set(reached)
    while new:
        links = {(page, link) for page in new for link in _LINK.findall(without_code(page))}
        ends = {(page.parent / link.partition("#")[0]).resolve() for page, link in links}
        new = {end for end in ends if end.suffix == ".md" and end.is_file()} - reached
        reached |= new

    assert not [name_of(page) for page in PAGES if DOCS in page.parents and page not in reached]


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for kind, block in _BLOCK.findall(page.read_text()):
            if kind == "sh":
                text = block.replace("\\\n", " ")
                for line in re.findall(r"(?:^|\$\()\s*(overset [^\n|>)]*)", text, re.MULTILINE):
                    yield name_of(page), line.strip()


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_every_documented_command_is_one_that_there_is(page: str, line: str) -> None:
    group = get_command(app)
    words = shlex.split(line, comments=True)[1:]
    context = typer.Context(group)

    while isinstance(group, typer.core.TyperGroup):
        found = group.get_command(context, words.pop(0))
        assert found is not None, line
        group = found

    group.make_context("overset", words, resilient_parsing=False)


def test_every_fenced_shell_block_is_shell() -> None:
    for page in PAGES:
        for kind, block in _BLOCK.findall(page.read_text()):
            if kind == "sh":
                done = subprocess.run(
                    ["bash", "-n"], input=block, text=True, capture_output=True, check=False
                )
                assert (done.returncode, done.stderr) == (0, ""), (name_of(page), block)


def test_every_refusal_code_has_its_row() -> None:
    assert codes_in_source() - documented_codes() == set()


def test_every_documented_refusal_code_is_in_the_source() -> None:
    assert documented_codes() - codes_in_source() == set()


def documented_codes() -> set[str]:
    rows = [line for line in REFUSALS.read_text().splitlines() if line.startswith("|")]
    # The code stands in the first cell, or in the second after a status.
    cells = [re.split(r"(?<!\\)\|", row)[1:3] for row in rows]
    named = [second if first.strip().isdecimal() else first for first, second in cells]
    return {code for cell in named for code in re.findall(r"`([a-z_]+)`", cell)}


def codes_in_source() -> set[str]:
    trees = [ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))]
    found = {code for tree in trees for code in codes_of(tree)}
    # Made of a part: `<what>_invalid` of names, and the phrase of a bare HTTP error.
    found |= {f"{what}_invalid" for what in ("name", "role", "client_id")} | {"method_not_allowed"}
    assert len(found) > len(Denial)
    return found | {one.value for one in Denial} | {one.value for one in Reason}


def codes_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and is_refusal(node.func):
            yield from words(node.args[0])
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from words(keyword.value)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if ast.unparse(target) in {"code", "default_code"}:
                yield from words(node.value)


def is_refusal(function: ast.expr) -> bool:
    name = ast.unparse(function).rpartition(".")[2]
    kind = getattr(errors, name, None)
    return name in {"_Problem", "_invalid"} or (
        isinstance(kind, type) and issubclass(kind, errors.Refusal)
    )


def words(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from words(value.body)
        yield from words(value.orelse)
    text = value.value if isinstance(value, ast.Constant) else None
    if isinstance(text, str) and _CODE.fullmatch(text):
        yield text


def test_every_row_of_the_isolation_map_is_there_once() -> None:
    rows = [int(number) for number, *_ in _ROW.findall(ISOLATION.read_text())]

    assert rows == list(range(1, LAST_ROW + 1))


def test_every_row_that_claims_a_test_has_one() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    # A test of several rows names them all: `test_rows_27_32_...`.
    proven = {
        f"row_{number}"
        for numbers in re.findall(r"def test_rows?_((?:\d\d_)+)", tests)
        for number in numbers.split("_")
    }
    claims = {
        claim
        for *_, proof in _ROW.findall(ISOLATION.read_text())
        for claim in re.findall(r"row_\d\d", proof)
    }

    assert claims
    assert not claims - proven


def test_every_row_says_its_own_number_and_nothing_vague() -> None:
    for number, _, reach, proof in _ROW.findall(ISOLATION.read_text()):
        assert proof.strip() in {"-", f"`row_{int(number):02}`"}
        assert reach.partition(",")[0].partition(":")[0].strip() in {"MCP", "off", "web", "worker"}


@pytest.mark.parametrize("hook", Hook)
def test_every_hook_is_explained(hook: Hook) -> None:
    assert f"`{hook.value}`" in ISOLATION.read_text()
    assert f"`{hook.value}`" in (ROOT / "ARCHITECTURE.md").read_text()


@pytest.mark.parametrize("gate", Gate)
def test_every_gate_is_explained(gate: Gate) -> None:
    assert f"`{gate.value}`" in (DOCS / "how-to" / "gates.md").read_text()


@pytest.mark.parametrize("scope", Scope)
def test_every_scope_is_explained(scope: Scope) -> None:
    reference = DOCS / "reference"

    pages = (reference / "mcp.md").read_text() + (reference / "rest-api.md").read_text()
    assert f"`{scope.value}`" in pages


def test_every_setting_that_is_mentioned_is_one() -> None:
    known = {f"OVERSET_{name}".upper() for name in Settings.model_fields}

    mentioned = {
        (name_of(page), name)
        for page in PAGES
        for name in re.findall(r"OVERSET_[A-Z_]*[A-Z]", page.read_text())
        if name not in known
    }
    assert not mentioned


def test_every_file_that_architecture_names_is_there() -> None:
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", (ROOT / "ARCHITECTURE.md").read_text())

    assert len(named) > len(Hook)
    assert not [name for name in named if not (SOURCE / name).is_file()]


def test_the_page_of_modules_is_current() -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "modules_page.py", "--check"], check=True)


def test_every_decision_has_its_four_headings_and_its_line() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text()

    pages = sorted((DOCS / "decisions").glob("0*.md"))
    assert pages
    for page in pages:
        headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert headings == ["Situation", "Decision", "Alternatives", "Consequences"], page.name
        assert f"({page.name})" in listed
