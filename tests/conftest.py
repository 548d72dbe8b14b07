"""What every test can ask for, and the options of the whole run."""

import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "long",
    max_examples=200,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
pytest.register_assert_rewrite("support")

pytest_plugins = [
    "support.binding",
    "support.browser",
    "support.chat",
    "support.desk",
    "support.drawer",
    "support.manager",
    "support.demonstration",
    "support.deployment",
    "support.people",
    "support.federation",
    "support.openid_provider",
    "support.postgres",
    "support.proving",
    "support.provisioning",
    "support.publisher",
    "support.redis",
    "support.scripted_provider",
    "support.replicas",
    "support.up",
    "support.split",
    "support.slow",
]


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts what it runs in the background deaf to Ctrl-C, and all below inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "runs_last: a slow test of the whole; only units follow")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_when)


def _when(item: pytest.Item) -> int:
    """Return when a test runs: the smallest files at the very end, so that no worker waits long."""
    if "unit" in item.path.parts:
        return 2
    return 1 if item.get_closest_marker("runs_last") is not None else 0
