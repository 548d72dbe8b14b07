"""Starting with what cannot be used, or would be unsafe: a clear message and an exit code."""

import pytest

from support.processes import free_port
from support.provisioning import MASTER_KEY
from support.split import refused_start


@pytest.mark.parametrize("command", ["up", "mcp"])
def test_settings_that_cannot_be_read_are_all_told_at_once(tmp_path, command):
    done = refused_start(
        tmp_path / "home",
        command,
        OVERSET_PORT="eighty",
        OVERSET_CACHE="disk",
        OVERSET_MASTER_KEY="short",
        OVERSET_CHANGE_POLL_SECONDS="9",
        OVERSET_TRUSTED_PROXIES="not-a-network",
    )

    assert done.returncode == 1
    for name in ("PORT", "CACHE", "MASTER_KEY", "CHANGE_POLL_SECONDS", "TRUSTED_PROXIES"):
        assert f"OVERSET_{name}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "short" not in done.stderr.replace("shorter", "")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("command", "environment", "said"),
    [
        pytest.param(
            "mcp",
            {"OVERSET_MASTER_KEY": MASTER_KEY, "MCP_DEV_USERNAME": "admin"},
            "MCP_DEV_USERNAME",
            id="everybody is one user",
        ),
        pytest.param("up", {"MCP_DEV_USERNAME": "admin"}, "MCP_DEV_USERNAME", id="demo too"),
        pytest.param("mcp", {}, "OVERSET_MASTER_KEY", id="no key for the data plane"),
        pytest.param("manager", {}, "OVERSET_MASTER_KEY", id="no key for the manager"),
        pytest.param(
            "mcp", {"OVERSET_MASTER_KEY": MASTER_KEY}, "OVERSET_MANAGER_URL", id="no manager"
        ),
        pytest.param(
            "chat",
            {"OVERSET_MASTER_KEY": MASTER_KEY},
            "OVERSET_MANAGER_URL",
            id="no manager for the assistant",
        ),
    ],
)
def test_what_would_be_unsafe_does_not_start(tmp_path, command, environment, said):
    if command == "mcp" and said != "OVERSET_MANAGER_URL":
        environment = {**environment, "OVERSET_MANAGER_URL": "http://127.0.0.1:1"}

    done = refused_start(tmp_path / "home", command, "--port", str(free_port()), **environment)

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["up", "manager"])
def test_a_master_key_that_others_can_read_is_refused_with_what_to_run(tmp_path, command):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    key = home / "master.key"
    key.write_text(MASTER_KEY)
    key.chmod(0o644)

    done = refused_start(home, command, "--port", str(free_port()))

    assert done.returncode == 1
    assert f"chmod 600 {key}" in done.stderr
    assert MASTER_KEY not in done.stdout + done.stderr
