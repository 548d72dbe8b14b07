"""Which model answers in a workspace: its own, the installation's, or the offline analyst."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from overset.chat.models.guard import guard
from overset.chat.models.prices import Price, find_price
from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings
from overset.tenancy.workspace import Workspace

ANALYST = "offline analyst"

_KEYED = frozenset({"anthropic", "openai"})
"""Providers whose own servers answer nobody without a key."""

_NO_KEY = SecretStr("none")


class Choice(BaseModel):
    """A model as an operator writes it: `provider:name`, and where it is not the provider's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: str
    url: str | None = None
    key: SecretStr | None = None
    window: int | None = Field(default=None, ge=1000)


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A model to ask; `price` is None where it is not known, and `window` where nobody set it."""

    model: BaseChatModel = field(repr=False)
    name: str
    is_offline: bool
    price: Price | None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Models:
    """The installation's models, each with one client for all turns."""

    default: ChosenModel
    of_workspaces: Mapping[str, ChosenModel]

    @classmethod
    def open(cls, settings: Settings, *, analyst: BaseChatModel) -> Self:
        """Make every model that the settings name; `analyst` is what answers where none is named.

        Raises:
            SettingsError: one of them cannot be used, or the file of workspaces' models cannot.
        """
        made: dict[Choice, ChosenModel] = {}

        def make(choice: Choice, where: str) -> ChosenModel:
            if choice not in made:
                made[choice] = _make(choice, where=where, idle=settings.chat_model_idle_seconds)
            return made[choice]

        chosen = _read_settings(settings)
        offline = ChosenModel(analyst, name=ANALYST, is_offline=True, price=None)
        path = settings.chat_models_file
        named = {} if path is None else _read_file(path)
        return cls(
            default=offline if chosen is None else make(chosen, "OVERSET_CHAT_MODEL"),
            of_workspaces={slug: make(one, f"{path}, `{slug}`") for slug, one in named.items()},
        )

    def choose(self, workspace: Workspace) -> ChosenModel:
        """Return the model that answers in a workspace."""
        return self.of_workspaces.get(workspace.slug, self.default)


def _read_settings(settings: Settings) -> Choice | None:
    if settings.chat_model is not None:
        return Choice(
            model=settings.chat_model,
            url=settings.chat_model_url,
            key=settings.chat_model_key,
            window=settings.chat_model_window,
        )
    if settings.chat_model_url or settings.chat_model_key or settings.chat_model_window:
        raise SettingsError(
            ["OVERSET_CHAT_MODEL is not set: name the model of the key, URL or window that are"]
        )
    return None


_FILE = TypeAdapter(dict[str, Choice])
_SHAPE = '{"<slug>": {"model": "<provider>:<name>", "url": "...", "key": "...", "window": ...}}'


def _read_file(path: Path) -> dict[str, Choice]:
    """Return the models of workspaces by their slugs.

    Raises:
        SettingsError: it is not there, everybody may read it, or it is of another shape.
    """
    try:
        if path.stat().st_mode & 0o007:
            raise SettingsError([f"{path} can be read by others: run `chmod o-rwx {path}`"])
        return _FILE.validate_python(json.loads(path.read_text()))
    except OSError as error:
        raise SettingsError([f"{path} cannot be read: {error.strerror}"]) from None
    except ValidationError as error:
        wrong = " and ".join(sorted({".".join(map(str, e["loc"])) for e in error.errors()}))
        where = f" at {wrong}" if wrong else ""
        raise SettingsError([f"{path} is wrong{where}: write {_SHAPE}"]) from None
    except ValueError:
        raise SettingsError([f"{path} is not JSON: write {_SHAPE}"]) from None


def _make(choice: Choice, *, where: str, idle: float) -> ChosenModel:
    """Return the model that a choice means, under guard.

    Raises:
        SettingsError: there is none. What LangChain says is not repeated: it may hold the key.
    """
    provider, colon, name = choice.model.partition(":")
    if not (provider and colon and name):
        raise SettingsError([f"{where}: write `provider:name`, not `{choice.model}`"])
    if choice.url is not None and not _is_plain(choice.url):
        raise SettingsError([f"{where}: the URL must be http(s), without a password or a query"])
    if provider in _KEYED and choice.key is None and choice.url is None:
        raise SettingsError([f"{where}: `{provider}` needs a key"])
    try:
        model = init_chat_model(choice.model, **_arguments(choice, provider, idle=idle))
    except ImportError as error:
        needed = f"install what `{provider}` needs ({error.name})"
        raise SettingsError([f"{where}: {needed}"]) from None
    except Exception as error:  # noqa: BLE001  # each provider raises its own
        problem = f"`{choice.model}` cannot be used ({type(error).__name__})"
        raise SettingsError([f"{where}: {problem}"]) from None
    if provider == "openai":
        # Only now: importing the SDK takes a second, and is done with the model.
        from overset.chat.models.plain_stream import stream_plainly

        stream_plainly(model)
    price = find_price(choice.model) if choice.url is None else None
    guarded = guard(model, idle_seconds=idle)
    return ChosenModel(guarded, name, is_offline=False, price=price, window=choice.window)


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    has_more = parts.username or parts.password or parts.query or parts.fragment
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not has_more


def _arguments(choice: Choice, provider: str, *, idle: float) -> dict[str, Any]:
    # The guard asks again: an SDK would wait for as long as the provider likes.
    given: dict[str, Any] = {"max_retries": 0, "timeout": idle}
    if choice.key is not None:
        given["api_key"] = choice.key
    if choice.url is not None:
        given["base_url"] = choice.url
        # Otherwise the SDK would send the key in its environment to this server.
        given.setdefault("api_key", _NO_KEY)
    elif provider == "anthropic":
        # The rules and the tools are long, and the same at each step of each turn.
        given["model_kwargs"] = {"cache_control": {"type": "ephemeral"}}
    if provider == "openai":
        # Servers that speak OpenAI's language tell usage only if asked, and only chat completions.
        given |= {"stream_usage": True, "stream_chunk_timeout": None}
        given |= {"use_responses_api": False} if choice.url is not None else {}
    return given
