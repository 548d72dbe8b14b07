"""The template is made once, by Superset's own migrations, whatever was tried before."""

import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from overset.kernel.secrets import load_keys
from overset.tenancy.locations import template_file
from overset.tenancy.provisioning.failures import ProvisioningError
from overset.tenancy.provisioning.job import run_job
from overset.tenancy.provisioning.schema import check_unused, superset_release
from overset.tenancy.provisioning.template import ensure_template
from support.provisioning import settings_for


def test_two_starters_make_one_template_from_what_a_killed_one_left(tmp_path, monkeypatch):
    # What would change or break a Superset that looked around for its configuration.
    (tmp_path / "superset_config.py").write_text("raise RuntimeError('not ours')")
    monkeypatch.setenv("MCP_DEV_USERNAME", "admin")
    monkeypatch.setenv("SUPERSET_CONFIG", "no.such.module")
    monkeypatch.setenv("SUPERSET_CONFIG_PATH", str(tmp_path / "superset_config.py"))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    settings = settings_for(tmp_path / "home")
    path = template_file(settings, superset_release())
    path.parent.mkdir(parents=True)
    for name in (f"{path.name}.part-dead", f"{path.name}.part-dead-journal"):
        (path.parent / name).write_text("half made")
    told: list[str] = []

    def start() -> None:
        ensure_template(settings, load_keys(settings), progress=told.append)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 1
    check_unused(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert {file.name for file in path.parent.iterdir()} == {path.name, path.stem + ".lock"}
    assert {file.name for file in settings.home.iterdir()} == {"logs", "templates"}


def test_a_step_that_fails_says_why_and_leaves_nothing(tmp_path):
    (tmp_path / "a-folder").mkdir()
    job = {"url": f"sqlite:///{tmp_path / 'a-folder'}", "secret_key": "s3cret-key-of-a-job"}

    with pytest.raises(ProvisioningError, match="unable to open database file") as caught:
        run_job("template_process", job, home=tmp_path / "home", log_name="template.log")

    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in (tmp_path / "home" / "logs" / "template.log").read_text()
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["logs"]


def test_planning_and_copying_never_load_superset(tmp_path):
    code = (
        "import sys, overset.tenancy.provisioning.create, overset.tenancy.provisioning.schema as s;"
        "s.schema_head();"
        "bad = {'superset', 'flask', 'flask_appbuilder', 'fastmcp'} & set(sys.modules);"
        "sys.exit(repr(bad) if bad else 0)"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], check=False, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_head_is_what_alembic_itself_says(template_home: Path):
    # The migrations wrote the template's revision; `check_unused` compares it with the head.
    check_unused(f"sqlite:///{template_file(settings_for(template_home), superset_release())}")
