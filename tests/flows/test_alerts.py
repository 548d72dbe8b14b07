"""An alert in each of two workspaces fires once, to its own recipients, with its own picture."""

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import create_engine, text

from overset.tenancy.binding.hooks import Hook
from support.deployment import Platform, running_platform
from support.mail import Mailbox, mail_server
from support.processes import wait_until
from support.visitors import Visitor, arrive

SLUGS = ("acme", "globex")
SECONDS_TO_FIRE = 180


@dataclass(frozen=True, slots=True)
class Newsroom:
    """The platform of `overset up`, with an operator's mail server."""

    platform: Platform
    mail: Mailbox

    def runs(self, slug: str) -> list[str]:
        """Return the states that runs of reports ended in."""
        engine = create_engine(self.platform.metadata(slug))
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT state, error_message FROM report_execution_log"))
            found = [f"{state} {error or ''}".strip() for state, error in rows]
        engine.dispose()
        return [one for one in found if not one.startswith("Working")]


@pytest.fixture(scope="module")
def newsroom(template_home: Path, hooks_without: frozenset[Hook]) -> Iterator[Newsroom]:
    with (
        mail_server() as mail,
        tempfile.TemporaryDirectory(prefix="overset-home-") as folder,
    ):
        config = Path(folder) / "superset_config.py"
        lines = [f"{name} = {value!r}" for name, value in mail.config.items()]
        config.write_text("\n".join([*lines, "SCREENSHOT_SELENIUM_HEADSTART = 1"]))
        with running_platform(
            Path(folder) / "home",
            template=template_home,
            without=hooks_without,
            OVERSET_DEMO="true",
            SUPERSET_CONFIG_PATH=str(config),
        ) as platform:
            yield Newsroom(platform, mail)


def next_minute() -> datetime:
    """Return a minute that is near, and not so near that it is over before all is written."""
    return (datetime.now(UTC) + timedelta(seconds=80)).replace(second=0, microsecond=0)


def write_alert(visitor: Visitor, slug: str, due: datetime) -> Any:
    found = visitor.ask("GET", slug, "/api/v1/chart/").json()["result"][0]
    databases = visitor.ask("GET", slug, "/api/v1/database/").json()["result"]
    answer = visitor.ask(
        "POST",
        slug,
        "/api/v1/report/",
        json={
            "type": "Alert",
            "name": f"Alert of {slug}",
            "active": True,
            "crontab": f"{due.minute} {due.hour} * * *",
            "timezone": "UTC",
            "database": databases[0]["id"],
            "sql": "SELECT count(*) FROM facts",
            "validator_type": "operator",
            "validator_config_json": {"op": ">", "threshold": 0},
            "chart": found["id"],
            "report_format": "PNG",
            "creation_method": "alerts_reports",
            "working_timeout": 120,
            "grace_period": 60,
            "log_retention": 1,
            "recipients": [
                {
                    "type": "Email",
                    "recipient_config_json": {"target": f"watch@{slug}.example"},
                }
            ],
        },
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def pictures(message: Message) -> list[bytes]:
    return [
        part.get_payload(decode=True)
        for part in message.walk()
        if part.get_content_maintype() == "image"
    ]


def test_an_alert_in_each_of_two_workspaces_fires_once_with_its_own_picture(
    newsroom: Newsroom,
) -> None:
    ada = arrive(newsroom.platform, *SLUGS)
    ada.sign_in("acme")
    ada.get("globex", "/superset/welcome/")
    due = next_minute()
    for slug in SLUGS:
        write_alert(ada, slug, due)

    wait_until(
        lambda: all(newsroom.runs(slug) for slug in SLUGS), SECONDS_TO_FIRE, what="both runs"
    )
    assert {slug: newsroom.runs(slug) for slug in SLUGS} == {slug: ["Success"] for slug in SLUGS}
    seen = []
    for slug, other in (SLUGS, SLUGS[::-1]):
        [message] = newsroom.mail.to(f"watch@{slug}.example")
        assert newsroom.platform.canaries[slug] in str(message["Subject"])
        assert newsroom.platform.canaries[other] not in message.as_string()
        assert f"http://{slug}.localhost:{newsroom.platform.settings.port}/" in message.as_string()
        [picture] = pictures(message)
        image = Image.open(io.BytesIO(picture))
        assert image.format == "PNG"
        assert len(image.convert("RGB").getcolors(2**20) or []) > 20, "an empty page"
        seen.append(picture)
    assert seen[0] != seen[1]
    assert len(newsroom.mail.received) == 2


def test_a_long_query_runs_in_the_background_and_its_rows_are_found_in_its_workspace_alone(
    newsroom: Newsroom,
) -> None:
    ada = arrive(newsroom.platform, *SLUGS)
    ada.sign_in("acme")
    ada.get("globex", "/superset/welcome/")
    keys = {}
    for slug in SLUGS:
        engine = create_engine(newsroom.platform.metadata(slug))
        with engine.begin() as connection:
            connection.execute(text("UPDATE dbs SET allow_run_async = true"))
        asked = {
            "database_id": 1,
            "sql": "SELECT word FROM facts",
            "runAsync": True,
            "client_id": f"q{slug}",
            "queryLimit": 100,
        }
        answer = ada.ask("POST", slug, "/api/v1/sqllab/execute/", json=asked)
        assert answer.status_code == 202, answer.text

        def find_key(engine=engine, slug=slug) -> str | None:
            query = text("SELECT status, results_key FROM query WHERE client_id = :id")
            with engine.connect() as connection:
                status, key = connection.execute(query, {"id": f"q{slug}"}).one()
            assert status not in {"failed", "timed_out"}
            return key if status == "success" else None

        keys[slug] = wait_until(find_key, 60, what="the query to end")
        engine.dispose()

    for slug, other in (SLUGS, SLUGS[::-1]):
        found = ada.ask("GET", slug, f"/api/v1/sqllab/results/?q=(key:'{keys[slug]}')")
        assert found.status_code == 200, found.text
        assert newsroom.platform.canaries[slug] in found.text
        foreign = ada.ask("GET", slug, f"/api/v1/sqllab/results/?q=(key:'{keys[other]}')")
        assert foreign.status_code >= 400
        assert newsroom.platform.canaries[other] not in foreign.text
