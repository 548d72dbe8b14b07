"""`overset doctor`: what would keep an installation from working, and what to do about it."""

import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version

import typer
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from overset.cli.common import AsJSON, Home, explained, load_settings
from overset.cli.output import show
from overset.kernel.clock import utc_now
from overset.kernel.errors import OversetError, SettingsError
from overset.kernel.secrets import load_keys
from overset.kernel.settings import Settings, find_unsafe_environment
from overset.manager.federation.client import ProviderClient
from overset.manager.federation.refusals import ProviderMismatchError

_SUPERSET = "6.1.0"
_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do when it is not well."""

    check: str
    ok: bool
    found: str
    remedy: str = ""


@explained
def doctor(*, home: Home = None, as_json: AsJSON = False) -> None:
    """Check settings, versions, names and connections; exit 1 if something is wrong."""
    findings = list(examine(load_settings(home)))
    columns = {"check": "check", "ok": "well", "found": "found", "remedy": "what to do"}
    show((asdict(finding) for finding in findings), columns=columns, as_json=as_json)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for everything that an installation stands on."""
    yield _check_python()
    yield _check_superset()
    yield _check_environment()
    yield _check_keys(settings)
    yield _check_home(settings)
    yield _check_names(settings)
    yield _check("manager database", lambda: _ask_database(settings.manager_dsn), _DATABASE)
    if settings.chat_database_url is not None:
        dsn = settings.chat_database_url.get_secret_value()
        yield _check("chat database", lambda: _ask_database(dsn), _DATABASE)
    if settings.metadata_admin_url is not None:
        url = settings.metadata_admin_url.get_secret_value()
        yield _check("metadata server", lambda: _ask_rights(url), _DATABASE)
    if settings.redis_url is not None:
        url = settings.redis_url.get_secret_value()
        yield _check("redis", lambda: _ask_redis(url), "start Redis, or correct OVERSET_REDIS_URL")
    if settings.oidc_issuer:
        yield _check_provider(settings)
    yield _check_model(settings)


_DATABASE = "start the server, or correct its URL and credentials in the settings"


def _check(name: str, ask: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(name, ok=True, found=ask())
    except (OSError, OversetError, RedisError, SQLAlchemyError) as error:
        # The class alone: a driver's message may hold the URL with its password.
        return Finding(name, ok=False, found=type(error).__name__, remedy=remedy)


def _check_python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] < (3, 13)
    return Finding("python", ok=ok, found=found, remedy="" if ok else "use Python 3.11 or 3.12")


def _check_superset() -> Finding:
    found = version("apache-superset")
    ok = found == _SUPERSET
    remedy = "" if ok else f"install apache-superset=={_SUPERSET}: isolation is proven on it alone"
    return Finding("superset", ok=ok, found=found, remedy=remedy)


def _check_environment() -> Finding:
    problems = find_unsafe_environment()
    return Finding(
        "environment", ok=not problems, found="; ".join(problems) or "safe", remedy=_first(problems)
    )


def _check_keys(settings: Settings) -> Finding:
    if settings.master_key is None and not (settings.home / "master.key").exists():
        return Finding(
            "keys", ok=True, found="none yet: `overset up` makes them on its first start"
        )
    try:
        load_keys(settings)
    except OversetError as error:
        return Finding("keys", ok=False, found=str(error), remedy="see the sentence on the left")
    return Finding("keys", ok=True, found="set" if settings.master_key else "file under the home")


def _check_home(settings: Settings) -> Finding:
    home = settings.home
    if not home.exists():
        return Finding("home", ok=True, found=f"{home} (not made yet)")
    private = not home.stat().st_mode & 0o077
    remedy = "" if private else f"run `chmod 700 {home}`: others can read it"
    return Finding("home", ok=private, found=str(home), remedy=remedy)


def _check_names(settings: Settings) -> Finding:
    name = f"any-workspace.{settings.domain}"
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        if settings.domain == "localhost":
            found = f"{name} resolves in browsers and curl only; MCP clients use localhost"
            return Finding("names", ok=True, found=found)
        remedy = f"point *.{settings.domain} at this platform in DNS"
        return Finding("names", ok=False, found=f"{name} does not resolve", remedy=remedy)
    return Finding("names", ok=True, found=f"*.{settings.domain} resolves")


def _check_provider(settings: Settings) -> Finding:
    check, client = "identity provider", ProviderClient.open(settings, now=utc_now)
    try:
        client.provider.get()
        client.keys.get()
    except ProviderMismatchError as error:
        remedy = "correct the settings that begin with OVERSET_OIDC_"
        return Finding(check, ok=False, found=error.problem, remedy=remedy)
    except OversetError:
        remedy = "see that this machine reaches it, or correct OVERSET_OIDC_ISSUER"
        return Finding(
            check, ok=False, found=f"no answer from {settings.oidc_issuer}", remedy=remedy
        )
    finally:
        client.close()
    return Finding(check, ok=True, found=f"{settings.oidc_issuer}, back to {client.redirect_uri}")


def _check_model(settings: Settings) -> Finding:
    if settings.chat_model is None and settings.chat_models_file is None:
        return Finding("model", ok=True, found="the offline analyst")
    # Loaded here alone: what models need takes its time.
    from overset.chat.analyst.chat_model import OfflineAnalyst
    from overset.chat.models.choose import Models

    try:
        models = Models.open(settings, analyst=OfflineAnalyst())
    except SettingsError as error:
        remedy = "; ".join(error.problems)
        return Finding("model", ok=False, found="it cannot be used", remedy=remedy)
    own = f", and of {len(models.of_workspaces)} workspaces their own"
    found = models.default.name + (own if models.of_workspaces else "")
    return Finding("model", ok=True, found=found)


def _ask_database(url: str) -> str:
    engine = create_engine(url, future=True)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return str(engine.dialect.name)
    finally:
        engine.dispose()


def _ask_rights(given: str) -> str:
    url = make_url(given)
    # As provisioning does: the driver alone would look for a database of the role's name.
    url = url.set(database=url.database or "postgres")
    engine = create_engine(url, future=True, connect_args={"connect_timeout": _SECONDS})
    try:
        with engine.connect() as connection:
            rights = connection.execute(
                text(
                    "SELECT rolcreatedb AND rolcreaterole OR rolsuper FROM pg_roles "
                    "WHERE rolname = current_user"
                )
            ).scalar_one()
        if not rights:
            raise OversetError("the role needs CREATEDB and CREATEROLE")
        return f"postgresql at {url.host}"
    finally:
        engine.dispose()


def _ask_redis(url: str) -> str:
    with Redis.from_url(url, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS) as redis:
        redis.ping()
    return "answers"


def _first(problems: list[str]) -> str:
    return problems[0] if problems else ""
