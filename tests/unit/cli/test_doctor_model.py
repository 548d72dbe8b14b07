"""What `overset doctor` says about the assistant's models."""

from pathlib import Path

import pytest

from overset.cli.doctor import Finding, examine
from overset.kernel.settings import Settings


def look(home: Path, **given: object) -> Finding:
    (found,) = [one for one in examine(Settings(home=home, **given)) if one.check == "model"]
    return found


def test_without_a_setting_it_is_the_analyst(tmp_path: Path) -> None:
    assert look(tmp_path) == Finding("model", ok=True, found="the offline analyst")


def test_a_model_is_named_and_workspaces_with_their_own_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text('{"acme": {"model": "openai:qwen3", "url": "http://localhost:1/v1"}}')
    file.chmod(0o600)

    found = look(
        tmp_path,
        chat_model="anthropic:claude-sonnet-5",
        chat_model_key="sk-secret",
        chat_models_file=file,
    )

    assert found.ok
    assert found.found == "claude-sonnet-5, and of 1 workspaces their own"


@pytest.mark.parametrize(("model", "word"), [("gpt-4o", "provider:name"), ("openai:x", "key")])
def test_a_model_that_cannot_be_used_is_told_with_what_to_do(
    tmp_path: Path, model: str, word: str
) -> None:
    found = look(tmp_path, chat_model=model)

    assert not found.ok
    assert word in found.remedy
