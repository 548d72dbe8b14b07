"""The servers whose pages are compared: stock Superset and `overset web`, both under gunicorn."""

import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy import create_engine, text
from werkzeug.security import generate_password_hash

from bench.figures import BARE, TWO
from bench.load import Target
from bench.servers import copy_from, is_ready
from overset.tenancy.binding.overrides import UNSHARED_FEATURES
from support.bare_superset import configure, copy_file
from support.deployment import Platform
from support.people import PASSWORD
from support.postgres import PostgresServer
from support.processes import RunningProcess, free_port, is_listening, running, start_process
from support.visitors import Visitor

WORKERS = 2
THREADS = 32
_BIN = Path(sys.executable).parent
_START_SECONDS = 120
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"|csrf_token&#34;: &#34;([^&]+)&#34;')
_LIKE_OURS = ["--worker-class", "gthread", "--keep-alive", "75", "--timeout", "120"]


@dataclass(frozen=True, slots=True)
class Web:
    """`overset web`: what a visitor sees as the platform, where it listens, and its process."""

    platform: Platform
    url: str
    process: RunningProcess

    def target(self, visitor: Visitor, workspace: str) -> Target:
        """Return a workspace's pages as somebody who is signed in there."""
        host = visitor.url(workspace, "").partition("://")[2]
        cookie = f"session={visitor.cookie(workspace)}"
        return Target(
            TWO, self.url, processes=WORKERS, headers=(("Host", host), ("Cookie", cookie))
        )


@contextlib.contextmanager
def running_web(platform: Platform, *, workers: int = WORKERS) -> Iterator[Web]:
    """Run a manager of its own and `overset web` on a platform's databases."""
    manager, port = free_port(), free_port()
    public = {"issuer": f"http://localhost:{manager}", "public_port": port}
    given = {
        **platform.environment,
        "OVERSET_ISSUER": public["issuer"],
        "OVERSET_PUBLIC_PORT": str(port),
        "OVERSET_MANAGER_URL": f"http://127.0.0.1:{manager}",
        "OVERSET_WEB_THREADS": str(THREADS),
    }
    commands = (["manager"], manager), (["web", "--workers", str(workers)], port)
    with contextlib.ExitStack() as exits:
        for command, listens in commands:
            process = start_process(
                [_BIN / "overset", *command, "--port", str(listens)],
                log=platform.settings.home / f"{command[0]}-{listens}.log",
                env=given,
            )
            ready = partial(is_ready, listens)
            exits.enter_context(running(process, ready=ready, timeout=_START_SECONDS))
        seen = replace(platform, settings=platform.settings.model_copy(update=public))
        yield Web(seen, f"http://127.0.0.1:{port}", process)


@contextlib.contextmanager
def running_stock(
    platform: Platform, postgres: PostgresServer, *, workspace: str, user: str
) -> Iterator[Target]:
    """Run stock Superset on a copy of a workspace's metadata, with one of its users signed in.

    gunicorn has the settings that it has in `overset web`, and Superset the same features.
    """
    copy = copy_file if platform.settings.metadata_url is None else copy_from(postgres)
    with tempfile.TemporaryDirectory(prefix="stock-superset-") as folder:
        home, port = Path(folder), free_port()
        metadata = copy(platform, workspace, home)
        _set_password(metadata, user)
        given = configure(platform, workspace, user=user, home=home, metadata=metadata)
        with Path(given["SUPERSET_CONFIG_PATH"]).open("a", encoding="utf-8") as file:
            file.write(f"FEATURE_FLAGS = {UNSHARED_FEATURES!r}\n")
        process = start_process(
            [
                *(_BIN / "gunicorn", "superset.app:create_app()", "--bind", f"127.0.0.1:{port}"),
                *("--workers", str(WORKERS), "--threads", str(THREADS), *_LIKE_OURS),
            ],
            log=home / "server.log",
            env=given,
            cwd=home,
        )
        with running(process, ready=partial(is_listening, port), timeout=_START_SECONDS):
            url = f"http://127.0.0.1:{port}"
            cookie = f"session={_sign_in(url, user)}"
            yield Target(BARE, url, processes=WORKERS, headers=(("Cookie", cookie),))


def _set_password(metadata: str, user: str) -> None:
    engine = create_engine(metadata)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE ab_user SET password = :password WHERE username = :user"),
            {"password": generate_password_hash(PASSWORD), "user": user},
        )
    engine.dispose()


def _sign_in(url: str, user: str) -> str:
    """Return the session that Superset's own form gives to somebody with a password."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=_START_SECONDS) as http:
        found = _TOKEN.search(http.get("/login/").text)
        token = next(filter(None, found.groups())) if found else ""
        form = {"username": user, "password": PASSWORD, "csrf_token": token}
        http.post("/login/", data=form, headers={"Referer": f"{url}/login/"})
        http.get("/api/v1/me/").raise_for_status()
        return http.cookies["session"]
