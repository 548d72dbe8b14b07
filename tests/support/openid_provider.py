"""An OpenID provider that nobody here wrote (npm `oidc-provider`), and people who sign in there."""

import contextlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.node import FOLDER, node_binary
from support.processes import RunningProcess, free_port, is_listening, start_process

CLIENT_ID = "overset-at-the-provider"
CLIENT_SECRET = "a secret with % and + and :, to be encoded"
REDIRECT_URI = "http://localhost:8088/federation/callback"

_PROMPT = re.compile(r'name="prompt" value="(\w+)"')
_STEPS = 12


@dataclass(slots=True)
class OpenIDProvider:
    """A running provider; `stop` and `start` keep its port, and forget its sign-ins."""

    issuer: str
    port: int
    log: Path
    options: dict[str, Any]
    process: RunningProcess | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        argv = [node_binary(), FOLDER / "openid-provider.mjs", json.dumps(self.options)]
        self.process = start_process(argv, log=self.log)
        self.process.wait_until(lambda: is_listening(self.port), 20)

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self.process is not None:
            self.process.stop()
            self.process = None

    def add_account(self, login: str = "", **claims: Any) -> str:
        """Make or change an account; return its login, which is also its `sub`."""
        login = login or f"sub-{secrets.token_hex(6)}"
        self._tell(accounts={login: claims})
        return login

    def fail(self, **fault: Any) -> None:
        """Let it answer as openid-provider.mjs says; without arguments, rightly again."""
        self._tell(fault=fault or None)

    def sign_in(self, url: str, login: str) -> str:
        """Go through its pages as somebody; return where it sends the browser in the end."""
        with httpx.Client(timeout=10) as browser:
            answer = browser.get(url)
            for _ in range(_STEPS):
                if answer.is_redirect:
                    target = str(answer.next_request.url) if answer.next_request else ""
                    if not target.startswith(f"http://127.0.0.1:{self.port}/"):
                        return target
                    answer = browser.get(target)
                else:
                    prompt = _PROMPT.search(answer.text)
                    assert prompt, f"{answer.status_code}: {answer.text[:2000]}"
                    form = {"prompt": prompt[1], "login": login, "password": "any"}
                    answer = browser.post(answer.url, data=form)
        msg = "the provider's pages do not end"
        raise AssertionError(msg)

    def _tell(self, **what: Any) -> None:
        url = f"http://127.0.0.1:{self.port}/test"
        httpx.post(url, content=json.dumps(what)).raise_for_status()


@contextlib.contextmanager
def running_provider(
    folder: Path, *, slash: bool = False, **habits: Any
) -> Iterator[OpenIDProvider]:
    """Run a provider while the block lasts.

    Args:
        folder: where its output goes.
        slash: whether its issuer ends in one.
        **habits: those of openid-provider.mjs, and `client`: more of the client's metadata.
    """
    port = free_port()
    issuer = f"http://127.0.0.1:{port}{'/' if slash else ''}"
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [REDIRECT_URI],
        **habits.pop("client", {}),
    }
    options = {"port": port, "issuer": issuer, "client": client, "audience": False, "thin": False}
    provider = OpenIDProvider(issuer, port, folder / "provider.log", {**options, **habits})
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()


@pytest.fixture(scope="session")
def _shared_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIDProvider]:
    with running_provider(tmp_path_factory.mktemp("openid-provider")) as provider:
        yield provider


@pytest.fixture
def openid_provider(_shared_provider: OpenIDProvider) -> Iterator[OpenIDProvider]:
    """The provider that all tests share, without faults before and after the test."""
    _shared_provider.fail()
    yield _shared_provider
    _shared_provider.fail()
