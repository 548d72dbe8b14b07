"""The settings of every process: the only reader (and, for Superset, writer) of the environment."""

import json
import os
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from overset.kernel.chat_settings import ChatSettings
from overset.kernel.errors import SettingsError

CommaList = Annotated[tuple[str, ...], NoDecode]


class Settings(ChatSettings):
    """Everything that can be set, read once from `OVERSET_*` variables.

    On one machine (`overset up`) only `home`, `domain` and `port` matter, and all have defaults.
    """

    model_config = SettingsConfigDict(env_prefix="OVERSET_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".overset",
        description="Folder for databases, keys and logs of a one-machine installation.",
    )
    demo: bool = Field(
        default=False,
        description="Allow what only a demonstration may do: keys in files under `home`.",
    )
    domain: str = Field(
        default="localhost",
        description="Workspaces live at `<slug>.<domain>`.",
    )
    port: int = Field(default=8088, ge=1, le=65535, description="The port that `overset` serves.")
    bind: str = Field(default="127.0.0.1", description="The address that `overset` listens on.")
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes of one `overset mcp`, `web` or `chat`; calls are shared equally.",
    )
    web_threads: int = Field(
        default=32,
        ge=2,
        le=256,
        description="Requests to Superset's pages that one process answers at once.",
    )
    public_scheme: Literal["http", "https"] = Field(
        default="http", description="The scheme of public URLs, as clients see it."
    )
    public_port: int | None = Field(
        default=None,
        description="The port of public URLs; by default `port` for http and none for https.",
    )
    issuer: str = Field(
        default="",
        description="The manager's public URL, and the `iss` of every token; made from `domain`.",
    )
    manager_url: str | None = Field(
        default=None,
        description="Where the data plane reaches the manager; in one process, none is needed.",
    )
    master_key: SecretStr | None = Field(
        default=None,
        description="At least 32 characters; every workspace's keys are derived from it.",
    )
    service_key: SecretStr | None = Field(
        default=None,
        description="Opens the manager's internal API; derived from the master key if not set.",
    )
    manager_database_url: SecretStr | None = Field(
        default=None, description="The manager's database; by default SQLite under `home`."
    )
    metadata_url: SecretStr | None = Field(
        default=None,
        description="`postgresql://host:port` that holds workspaces' metadata; else SQLite files.",
    )
    metadata_admin_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL URL of a role with CREATEDB and CREATEROLE; manager and CLI only.",
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis: pushes changes between processes and holds caches."
    )
    cache: Literal["none", "memory", "redis"] = Field(
        default="none", description="Where Superset caches chart data and query results."
    )
    trusted_proxies: CommaList = Field(
        default=(),
        description="Networks whose `X-Forwarded-Host` and `X-Forwarded-Proto` are believed.",
    )
    allowed_origins: CommaList = Field(
        default=(), description="Browser origins that may call MCP or chat, besides the host's own."
    )
    data_source_allow: CommaList = Field(
        default=(),
        description="`host` or `host:port` of internal data sources that workspaces may open.",
    )
    max_body_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="The largest request body, in bytes."
    )
    calls_per_minute: int = Field(
        default=600, ge=1, description="Tool calls a minute per workspace, member and tool."
    )
    costly_calls_per_minute: int = Field(
        default=120, ge=1, description="The same, for tools that draw or query at length."
    )
    query_slots: int = Field(
        default=8,
        ge=1,
        le=256,
        description="Calls at once that query data sources, of all workers together.",
    )
    metadata_slots: int = Field(
        default=8, ge=1, le=256, description="All other calls at once, of all workers together."
    )
    workspace_slots: int = Field(
        default=4, ge=1, description="Of each kind, how many one workspace may use at once."
    )
    member_slots: int = Field(
        default=3, ge=1, description="Of those, how many one member may use at once."
    )
    waiting_calls: int = Field(
        default=32, ge=0, description="Of each kind, how many calls of a workspace may wait."
    )
    waiting_seconds: float = Field(
        default=10, gt=0, le=60, description="How long a call waits before the server is busy."
    )
    call_seconds: float = Field(
        default=300, gt=0, description="How long a call may take before it is ended, query and all."
    )
    open_workspaces: int = Field(
        default=256,
        ge=1,
        description="Workspaces whose metadata databases a process keeps open: those used last.",
    )
    decision_ttl_seconds: float = Field(
        default=60, gt=0, le=60, description="How long an access decision is kept, at most 60 s."
    )
    change_poll_seconds: float = Field(
        default=0.25, gt=0, le=1, description="Without Redis: how often changes are asked for."
    )
    statsd_host: str | None = Field(default=None, description="DogStatsD host; none sends nothing.")
    statsd_port: int = Field(default=8125, ge=1, le=65535, description="DogStatsD port.")
    log_format: Literal["console", "json"] = Field(
        default="json", description="How log lines look."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least severe log line that is written."
    )

    @field_validator("trusted_proxies", "allowed_origins", "data_source_allow", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            (IPv6Network if ":" in network else IPv4Network)(network)
        return value

    @field_validator("domain")
    @classmethod
    def _domain(cls, value: str) -> str:
        return value.strip().strip(".").lower()

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("master_key", "service_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _KEY_LENGTH:
            msg = f"needs at least {_KEY_LENGTH} characters"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _issuer(self) -> Self:
        if not self.issuer:
            host = "localhost" if self.domain == "localhost" else f"manager.{self.domain}"
            object.__setattr__(self, "issuer", self.origin(host))
        if urlsplit(self.issuer).scheme not in {"http", "https"}:
            msg = f"`issuer` must be an http(s) URL, not {self.issuer!r}"
            raise ValueError(msg)
        return self

    def origin(self, host: str) -> str:
        """Return the public origin of one of this platform's hosts."""
        port = self.public_port or (self.port if self.public_scheme == "http" else None)
        default = {"http": 80, "https": 443}[self.public_scheme]
        suffix = f":{port}" if port and port != default else ""
        return f"{self.public_scheme}://{host}{suffix}"

    def workspace_origin(self, slug: str) -> str:
        """Return the public origin of a workspace, for example `https://acme.example.com`."""
        return self.origin(f"{slug}.{self.domain}")

    def mcp_url(self, slug: str) -> str:
        """Return a workspace's MCP URL, which is also the `aud` of tokens for it."""
        return self.workspace_origin(slug) + "/mcp"

    @cached_property
    def neutral_hosts(self) -> frozenset[str]:
        """The hosts that belong to no workspace and where a request names its workspace itself."""
        doors = {f"api.{self.domain}"}
        return frozenset(
            doors | ({"localhost", "127.0.0.1"} if self.domain == "localhost" else set())
        )

    @property
    def manager_host(self) -> str:
        """The host name of the manager."""
        return urlsplit(self.issuer).hostname or "localhost"

    @property
    def neutral_mcp_url(self) -> str:
        """The MCP URL to give to clients that cannot resolve `*.localhost`."""
        host = "localhost" if self.domain == "localhost" else f"api.{self.domain}"
        return self.origin(host) + "/mcp"

    @cached_property
    def neutral_origins(self) -> frozenset[str]:
        """The origins of the neutral doors, as a browser would name them."""
        return frozenset(self.origin(host) for host in self.neutral_hosts)

    def find_slug(self, url: str, *, path: str = "/mcp") -> str | None:
        """Return the slug of the workspace whose URL with this path this is, or None."""
        host = urlsplit(url).hostname or ""
        slug, dot, domain = host.partition(".")
        is_ours = dot and domain == self.domain and host not in self.neutral_hosts
        return slug if is_ours and url == self.workspace_origin(slug) + path else None

    def share(self, total: int) -> int:
        """Return one worker's part of what all workers have together, rounded up."""
        return -(-total // self.workers)

    @property
    def worker_folder(self) -> Path | None:
        """Where the workers of one `overset mcp` meet, in a worker; None if it is the only one."""
        return self.home / "run" / str(os.getppid()) if self.workers > 1 else None

    @property
    def manager_dsn(self) -> str:
        """The manager's database URL, with the embedded default filled in."""
        if self.manager_database_url is not None:
            return self.manager_database_url.get_secret_value()
        return f"sqlite:///{self.home / 'manager.db'}"


_KEY_LENGTH = 32

_REMEMBERED = frozenset({"port", "domain", "public_scheme", "public_port", "issuer"})
"""What an installation's URLs are made of: tokens carry them, so all commands must agree."""


def load(**overrides: object) -> Settings:
    """Read the settings of this process: the arguments, the environment, then what was remembered.

    Args:
        **overrides: values that win over the environment, for example from the command line.

    Raises:
        SettingsError: with one sentence for every value that cannot be used.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
        remembered = _read_remembered(settings)
        return Settings(**{**remembered, **given}) if remembered else settings
    except ValidationError as error:
        problems = [
            f"OVERSET_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" if e["loc"] else e["msg"]
            for e in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(problems) from None


def remember(settings: Settings) -> None:
    """Keep under the home what the installation's URLs are made of, for later commands."""
    given = _REMEMBERED & settings.model_fields_set
    values = settings.model_dump(mode="json", include=set(given), exclude_none=True)
    path = _remembered_path(settings.home)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(values, indent=2) + "\n")
    part.replace(path)


def _remembered_path(home: Path) -> Path:
    return home / "installation.json"


def _read_remembered(settings: Settings) -> dict[str, Any]:
    path = _remembered_path(settings.home)
    if not path.is_file():
        return {}
    try:
        values: dict[str, Any] = json.loads(path.read_text())
    except ValueError:
        raise SettingsError([f"{path} is damaged: remove it and run `overset up` again"]) from None
    return {
        name: value
        for name, value in values.items()
        if name in _REMEMBERED and name not in settings.model_fields_set
    }


def find_unsafe_environment() -> list[str]:
    """Return one sentence for every variable that would make Superset's MCP service unsafe."""
    unsafe = {
        "MCP_DEV_USERNAME": "everybody would act as one user",
        "SUPERSET_CONFIG": "Overset sets Superset's configuration module itself",
    }
    ours = {"SUPERSET_CONFIG": SUPERSET_CONFIG_MODULE}
    return [
        f"unset the variable {name}: {why}"
        for name, why in unsafe.items()
        if os.environ.get(name) not in (None, "", ours.get(name))
    ]


SUPERSET_CONFIG_MODULE = "overset.tenancy.binding.superset_config"


def prepare_superset_environment(*, home: Path) -> None:
    """Point Superset, which reads these from the environment at import, at our configuration."""
    os.environ["SUPERSET_CONFIG"] = SUPERSET_CONFIG_MODULE
    os.environ["SUPERSET_HOME"] = str(home / "superset")
    # Superset's health check forks `git` on every call unless this names a branch.
    os.environ.setdefault("GITHUB_REF_NAME", "release")


def prepare_fastmcp_environment() -> None:
    """Tell FastMCP, which reads these from the environment at import, to write nothing itself."""
    os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
    os.environ.setdefault("FASTMCP_SHOW_SERVER_BANNER", "false")
    # Its own handler writes past our logging, in colors, and takes a millisecond for a line.
    os.environ.setdefault("FASTMCP_LOG_ENABLED", "false")
