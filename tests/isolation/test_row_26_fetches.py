"""Row 26: an administrator of a workspace cannot make the server fetch something of the inside.

All through the pages' own REST API, or as the worker would run it.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from overset.tenancy.binding.addresses import AddressRule
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.fetches import MOST_BYTES, FetchRefusedError, PublicRequests
from support.administrator import Administrator
from support.attack import Ear, listening
from support.binding import Bound
from support.provisioning import settings_for

SPELLINGS = (
    "127.0.0.1",
    "localhost",
    "LOCALHOST.",
    "2130706433",
    "0x7f.1",
    "[::ffff:127.0.0.1]",
    "0",
)


@pytest.fixture
def admin(bound: Bound) -> Administrator:
    return Administrator(bound, bound.a)


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as ear:
        yield ear


@pytest.mark.proves("GUARDS")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0", "::ffff:7f00:1"])
def test_row_26_nobody_finds_open_ports_inside_by_asking_for_a_form_to_be_checked(
    admin: Administrator, ear: Ear, host: str
) -> None:
    place = {"host": host, "port": ear.port, "username": "u", "database": "d", "password": "p"}
    form = {
        "engine": "postgresql",
        "configuration_method": "dynamic_form",
        "parameters": {**place, "query": {}, "encryption": False},
    }

    answer = admin.ask("POST", "/api/v1/database/validate_parameters/", form)

    assert ear.heard == 0
    assert answer.status_code == 422, answer.text


@pytest.mark.proves("GUARDS")
@pytest.mark.parametrize("path", ["", "test_connection/"])
@pytest.mark.parametrize("hidden", ["uri", "extra", "masked_encrypted_extra"])
def test_row_26_no_data_source_inside_is_tried_or_saved_over_the_rest_api(
    admin: Administrator, ear: Ear, path: str, hidden: str
) -> None:
    inside = {"connect_args": {"host": "127.0.0.1", "port": ear.port}}
    form = {
        "database_name": f"inside {path}{hidden}",
        "sqlalchemy_uri": f"postgresql://u:p@127.0.0.1:{ear.port}/x"
        if hidden == "uri"
        else "postgresql://u:p@192.0.2.1/x?connect_timeout=2",
    }
    if hidden == "extra":
        form["extra"] = json.dumps({"engine_params": inside})
    if hidden == "masked_encrypted_extra":
        form["masked_encrypted_extra"] = json.dumps(inside)

    answer = admin.ask("POST", f"/api/v1/database/{path}", form)

    assert ear.heard == 0
    assert answer.status_code in {400, 422, 500}, answer.text


@pytest.mark.proves("GUARDS")
@pytest.mark.parametrize("host", SPELLINGS)
def test_row_26_a_data_sources_sign_in_asks_nobody_inside_for_a_token(
    bound: Bound, ear: Ear, host: str
) -> None:
    from superset.db_engine_specs.base import BaseEngineSpec

    config = {
        "id": "i",
        "secret": "s",
        "redirect_uri": "https://client.example/",
        "token_request_uri": f"http://{host}:{ear.port}/token",
        "request_content_type": "data",
    }
    with enter(bound.a):
        for ask in (BaseEngineSpec.get_oauth2_token, BaseEngineSpec.get_oauth2_fresh_token):
            with pytest.raises(FetchRefusedError):
                ask(config, "code")
    assert ear.heard == 0


@pytest.mark.proves("GUARDS")
@pytest.mark.parametrize("host", SPELLINGS[:2])
def test_row_26_an_alerts_webhook_is_not_sent_inside(
    bound: Bound, ear: Ear, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from superset.extensions import feature_flag_manager
    from superset.reports.notifications.webhook import WebhookNotification

    monkeypatch.setitem(feature_flag_manager._feature_flags, "ALERT_REPORT_WEBHOOK", True)
    monkeypatch.setitem(bound.app.config, "ALERT_REPORTS_WEBHOOK_HTTPS_ONLY", False)
    target = json.dumps({"target": f"http://{host}:{ear.port}/hook"})
    content = SimpleNamespace(
        header_data={},
        name="n",
        text="t",
        description="",
        url="",
        csv=None,
        pdf=None,
        screenshots=None,
    )
    recipient = SimpleNamespace(recipient_config_json=target)

    with enter(bound.a), pytest.raises(FetchRefusedError):
        # Its own retries are left out: without the hook they would take minutes.
        WebhookNotification.send.__wrapped__(WebhookNotification(recipient, content))
    assert ear.heard == 0


def test_row_26_nothing_else_in_superset_fetches_what_a_workspace_names() -> None:
    """A new release that fetches somewhere else fails here, and wants to be looked at."""
    import superset

    from overset.tenancy.binding.fetches import FETCHERS

    root = Path(superset.__file__).parent
    signs = re.compile(
        r"\b(requests\.(get|post|put|head|request|Session)|urlopen|urlretrieve|is_port_open"
        r"|(httpx|aiohttp|urllib3|http\.client)\.\w+)\("
    )
    found = {
        ".".join(("superset", *file.relative_to(root).with_suffix("").parts))
        for file in root.rglob("*.py")
        if signs.search(file.read_text())
    }
    known = {
        "superset.commands.dataset.importers.v1.utils",  # allows no URL, row 26
        "superset.db_engine_specs.lint_metadata",  # for Superset's own developers
        "superset.db_engine_specs.trino",  # a session for the driver
        "superset.tasks.cache",  # the workspace's own pages
        "superset.tasks.utils",  # the same
    }
    ports = {f"superset.db_engine_specs.{name}" for name in _WITH_PORTS}
    assert found - known - ports - set(FETCHERS) == {"superset.utils.network"}


_WITH_PORTS = ("clickhouse", "couchbase", "databend", "databricks")


class _Answers(BaseHTTPRequestHandler):
    """Sends what the path says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(302 if self.path == "/elsewhere" else 200)
        self.send_header("Location", "/")
        self.end_headers()
        body = b"x" * (MOST_BYTES + 1) if self.path == "/much" else self.headers["Host"].encode()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextmanager
def _server() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(10)


def test_row_26_what_an_operator_allows_is_fetched_once_and_only_so_far(tmp_path: Path) -> None:
    with _server() as port:
        place = f"localhost:{port}"
        fetch = PublicRequests(AddressRule(settings_for(tmp_path, data_source_allow=(place,))))

        assert fetch.post(f"http://{place}/", data={}, timeout=5).text == place
        assert fetch.post(f"http://{place}/elsewhere", json={}, timeout=5).status_code == 302
        with pytest.raises(FetchRefusedError):
            fetch.post(f"http://{place}/much", data={}, timeout=5)
        with pytest.raises(FetchRefusedError):
            fetch.post(f"http://127.0.0.1:{port}/", data={}, timeout=5)
        with pytest.raises(FetchRefusedError):
            fetch.post("http://10.0.0.1/", data={}, timeout=5)
