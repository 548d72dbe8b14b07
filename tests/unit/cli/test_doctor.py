"""What the doctor finds of the assistant's database."""

from pathlib import Path

from overset.cli.doctor import examine
from overset.kernel.settings import Settings
from support.manager import make_settings
from support.processes import free_port


def find(settings: Settings) -> list[tuple[bool, str]]:
    found = [finding for finding in examine(settings) if finding.check == "chat database"]
    return [(finding.ok, finding.found + finding.remedy) for finding in found]


def test_the_assistant_s_database_is_asked_if_it_is_not_the_file_under_the_home(
    tmp_path: Path, postgres_database: str
) -> None:
    assert find(make_settings(tmp_path)) == []
    assert find(make_settings(tmp_path, chat_database_url=postgres_database)) == [
        (True, "postgresql")
    ]


def test_one_that_is_down_is_told_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://chat:hunter2@127.0.0.1:{free_port()}/chat"

    ((ok, told),) = find(make_settings(tmp_path, chat_database_url=url))

    assert not ok
    assert "hunter2" not in told
