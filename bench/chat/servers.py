"""What is measured: the whole platform in one process, with a stand-in for its model."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.chat.streams import Chat
from overset.flags.gates import Gate
from overset.kernel.secrets import load_keys
from support.chatting import running_chats
from support.deployment import Platform, running_platform
from support.processes import free_port, is_listening, running, start_process
from support.provisioning import ensure_template, settings_for, silent
from support.redis import running_redis

_ROOT = Path(__file__).parents[2]
_MANY = str(10**9)
_AT_ONCE = "20"
_WORKSPACE = "acme"


@dataclass(frozen=True, slots=True)
class Assistant:
    """A platform whose assistant may be asked."""

    platform: Platform
    url: str
    models: dict[str, str]
    """The settings that name the stand-in."""

    def chat(self) -> Chat:
        """Return a client for a member of its own."""
        settings = self.platform.settings
        token = self.platform.token(user_id=self.platform.new_member(_WORKSPACE))
        return Chat(self.url, f"{_WORKSPACE}.{settings.domain}:{settings.port}", token)

    @contextlib.contextmanager
    def with_workers(self) -> Iterator["Assistant"]:
        """Run the assistant as production does beside the platform: two workers, over Redis."""
        with (
            tempfile.TemporaryDirectory(prefix="overset-bench-") as folder,
            running_redis() as redis,
            running_chats(
                self.platform,
                1,
                *("--workers", "2"),
                **self.models,
                OVERSET_CHAT_DATABASE_URL=f"sqlite:///{folder}/chat.db",
                OVERSET_REDIS_URL=redis.url,
            ) as (server,),
        ):
            yield Assistant(self.platform, server.url, self.models)


@contextlib.contextmanager
def running_assistant(*, pause: float) -> Iterator[Assistant]:
    """Run a platform over SQLite whose model waits `pause` seconds between two tokens."""
    cache = _ROOT / ".cache" / "home"
    settings = settings_for(cache)
    ensure_template(settings, load_keys(settings), progress=silent)
    with contextlib.ExitStack() as exits:
        home = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="overset-bench-")))
        port = free_port()
        argv = [sys.executable, "-m", "bench.chat.model", str(port), str(pause)]
        model = start_process(argv, log=home / "model.log", cwd=_ROOT)
        exits.enter_context(running(model, ready=partial(is_listening, port)))
        models = {
            "OVERSET_CHAT_MODEL": "openai:at-a-pace",
            "OVERSET_CHAT_MODEL_URL": f"http://127.0.0.1:{port}/v1",
        }
        platform = exits.enter_context(
            running_platform(
                home / "home",
                template=cache,
                OVERSET_CALLS_PER_MINUTE=_MANY,
                OVERSET_COSTLY_CALLS_PER_MINUTE=_MANY,
                OVERSET_CHAT_TURNS_AT_ONCE=_AT_ONCE,
                OVERSET_LOG_FORMAT="json",
                **models,
            )
        )
        platform.manager.gates.set_workspace(Gate.CHATBOT_ENABLED.value, _WORKSPACE, on=True)
        yield Assistant(platform, f"http://127.0.0.1:{platform.settings.port}", models)
