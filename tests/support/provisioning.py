"""Workspaces for the tests: SQLite metadata copied from one template that is kept between runs."""

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from overset.kernel.secrets import load_keys
from overset.kernel.settings import Settings, load
from overset.tenancy.locations import template_file
from overset.tenancy.provisioning.schema import superset_release
from overset.tenancy.provisioning.template import ensure_template, silent
from support.postgres import PostgresServer

MASTER_KEY = "a-master-key-for-tests-only-0123456789"

_CACHE = Path(__file__).parents[2] / ".cache" / "home"


def settings_for(home: Path, **overrides: object) -> Settings:
    """Return settings with a known master key, for a home folder of the test's own."""
    return load(home=home, master_key=SecretStr(MASTER_KEY), **overrides)


def postgres_settings_for(server: PostgresServer, home: Path, **overrides: object) -> Settings:
    """Return settings whose workspaces live on `server`; its template is made on first use."""
    return settings_for(
        home,
        metadata_url=SecretStr(server.public_url),
        metadata_admin_url=SecretStr(server.admin_url),
        **overrides,
    )


def adopt_template(source: Path, home: Path) -> None:
    """Put the template of the home `source` into another home, as if it had been made there."""
    made = template_file(settings_for(source), superset_release())
    target = template_file(settings_for(home), superset_release())
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(made, target)


@pytest.fixture(scope="session")
def template_home() -> Path:
    """A home folder that holds nothing but the SQLite template; made once on a machine."""
    settings = settings_for(_CACHE)
    ensure_template(settings, load_keys(settings), progress=silent)
    return _CACHE


@pytest.fixture
def fresh_home(template_home: Path, tmp_path: Path) -> Path:
    """A home folder of the test's own, with the SQLite template in it and nothing else."""
    adopt_template(template_home, tmp_path / "home")
    return tmp_path / "home"
