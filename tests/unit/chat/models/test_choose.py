"""Which model a workspace has, and what an operator is told about one that cannot be used."""

import json
import stat
from pathlib import Path

import pytest

from overset.chat.models.choose import Models
from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings
from support.assistants import ANALYST, KEY, make_workspace

OLLAMA = {"model": "openai:qwen3", "url": "http://localhost:11434/v1"}
QWEN = {"chat_model": "openai:qwen3"}


def open_models(**given: object) -> Models:
    return Models.open(Settings(**given), analyst=ANALYST)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "models.json"
    path.touch(mode=0o600)
    return path


def test_without_a_setting_the_offline_analyst_answers() -> None:
    chosen = open_models().choose(make_workspace("acme"))

    assert (chosen.is_offline, chosen.price) == (True, None)
    assert chosen.model is ANALYST


def test_a_workspace_may_have_a_model_of_its_own(file: Path) -> None:
    file.write_text(json.dumps({"globex": OLLAMA}))
    models = open_models(
        chat_model="anthropic:claude-sonnet-5", chat_model_key=KEY, chat_models_file=file
    )

    ours, theirs = (models.choose(make_workspace(slug)) for slug in ("acme", "globex"))

    assert (ours.name, theirs.name) == ("claude-sonnet-5", "qwen3")
    assert ours.price is not None
    assert not ours.is_offline


def test_how_much_a_model_reads_is_said_beside_it(file: Path) -> None:
    file.write_text(json.dumps({"acme": {**OLLAMA, "window": 8000}, "globex": OLLAMA}))
    models = open_models(**QWEN, chat_model_key=KEY, chat_model_window=4000, chat_models_file=file)

    windows = [models.choose(make_workspace(slug)).window for slug in ("acme", "globex", "other")]

    assert windows == [8000, None, 4000]


def test_a_model_elsewhere_has_no_price() -> None:
    models = open_models(chat_model="openai:gpt-4o", chat_model_url="http://localhost:1/v1")

    assert models.choose(make_workspace("acme")).price is None


def test_workspaces_that_choose_alike_share_a_client(file: Path) -> None:
    file.write_text(json.dumps({"acme": OLLAMA, "globex": OLLAMA}))
    models = open_models(chat_models_file=file)

    first, second = (models.choose(make_workspace(slug)) for slug in ("acme", "globex"))

    assert first.model is second.model
    assert models.choose(make_workspace("acme")).model is first.model


@pytest.mark.parametrize("model", ["anthropic:claude-sonnet-5", "openai:gpt-4o"])
def test_a_key_is_shown_nowhere(model: str, file: Path) -> None:
    file.write_text(json.dumps({"acme": {"model": model, "key": KEY}}))
    models = open_models(chat_model=model, chat_model_key=KEY, chat_models_file=file)
    chosen = models.choose(make_workspace("acme"))

    shown = [repr(models), repr(chosen), repr(chosen.model), str(chosen.model)]
    shown += [str(chosen.model.model_dump())]

    assert not [text for text in shown if KEY in text]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"chat_model": "gpt-4o", "chat_model_key": KEY}, "write `provider:name`"),
        ({"chat_model": "openai:", "chat_model_key": KEY}, "write `provider:name`"),
        ({"chat_model": "openai:gpt-4o"}, "needs a key"),
        ({"chat_model": "anthropic:claude-sonnet-5"}, "needs a key"),
        ({"chat_model": "nobody:gpt-4o", "chat_model_key": KEY}, "cannot be used"),
        ({"chat_model": "groq:llama", "chat_model_key": KEY}, "install what `groq` needs"),
        ({"chat_model_key": KEY}, "OVERSET_CHAT_MODEL is not set"),
        ({**QWEN, "chat_model_url": f"http://me:{KEY}@localhost/v1"}, "the URL must be"),
        ({**QWEN, "chat_model_url": f"http://localhost/v1?key={KEY}"}, "the URL must be"),
        ({**QWEN, "chat_model_url": "file:///etc/passwd"}, "the URL must be"),
        ({**QWEN, "chat_model_url": "localhost:11434"}, "the URL must be"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_at_the_start(
    given: dict[str, str], word: str
) -> None:
    with pytest.raises(SettingsError, match=word) as caught:
        open_models(**given)

    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"acme": "openai:gpt-4o"}',
        '{"acme": {}}',
        json.dumps({"acme": {**OLLAMA, "api_key": KEY}}),
        json.dumps({"acme": {**OLLAMA, "key": [KEY]}}),
        "\ufeff{}",
    ],
)
def test_a_file_of_another_shape_is_refused_and_not_repeated(file: Path, content: str) -> None:
    file.write_text(content)

    with pytest.raises(SettingsError, match="<slug>") as caught:
        open_models(chat_models_file=file)

    assert KEY not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        open_models(chat_models_file=tmp_path / "none.json")


def test_a_file_that_everybody_may_read_is_refused(file: Path) -> None:
    file.write_text(json.dumps({"acme": OLLAMA}))
    file.chmod(stat.S_IRUSR | stat.S_IROTH)

    with pytest.raises(SettingsError, match="can be read by others"):
        open_models(chat_models_file=file)
