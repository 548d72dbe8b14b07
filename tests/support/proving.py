"""Tests that prove an isolation hook: run without it, at least one of them must fail.

`@pytest.mark.proves("H3")` names the hook; server fixtures install `ALL - hooks_without`; and
`pytest --without-hook H3` runs only that hook's tests, with the hook left out (see `prove.py`).
"""

import json
from pathlib import Path

import pytest

from overset.tenancy.binding.hooks import Hook


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("isolation hooks")
    group.addoption(
        "--without-hook",
        choices=[hook.value for hook in Hook],
        help="run only the tests that prove this isolation hook, with the hook left out",
    )
    group.addoption(
        "--outcomes",
        type=Path,
        help="write the ids of failed, passed and broken tests to this file, as JSON",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "proves(*hooks): at least one such test fails when the isolation hook is out"
    )
    if config.option.outcomes is not None:
        config.pluginmanager.register(_Outcomes(config.option.outcomes))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    named = {item: _hooks_of(item) for item in items}
    left_out = config.option.without_hook
    if left_out is None:
        return
    config.hook.pytest_deselected(items=[item for item in items if left_out not in named[item]])
    items[:] = [item for item in items if left_out in named[item]]


def _hooks_of(item: pytest.Item) -> frozenset[Hook]:
    names = [name for marker in item.iter_markers("proves") for name in marker.args]
    try:
        return frozenset(Hook(name) for name in names)
    except ValueError as error:
        msg = f"{item.nodeid}: `proves`: {error}"
        raise pytest.UsageError(msg) from None


@pytest.fixture(scope="session")
def hooks_without(pytestconfig: pytest.Config) -> frozenset[Hook]:
    """The isolation hooks that this run leaves out: none, but under `--without-hook`."""
    left_out = pytestconfig.option.without_hook
    return frozenset() if left_out is None else frozenset({Hook(left_out)})


class _Outcomes:
    """Keeps what became of each test; a test is broken when not itself but its fixtures failed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._outcomes[report.nodeid] = report.outcome
        elif report.failed:
            self._outcomes.setdefault(report.nodeid, "broken")

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps(self._outcomes))
