"""A served manager whose registry of OAuth clients a test can ask, in a request's worker thread."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import httpx
import redis as client_library
from fastapi import Depends, FastAPI
from key_value.aio.stores.memory import MemoryStore

from overset.kernel.clock import Now, utc_now
from overset.kernel.settings import Settings
from overset.manager.app import create_app
from overset.manager.oauth.clients.asker import asked_by
from overset.manager.oauth.clients.model import Client
from overset.manager.oauth.clients.registry import ClientRegistry
from overset.manager.services import Manager, open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from overset.rest.http import served
from support.manager import serving

Registry = Annotated[ClientRegistry, Depends(served(ClientRegistry))]


@dataclass(frozen=True, slots=True)
class Desk:
    """A manager on a port of its own, and what a test asks it."""

    manager: Manager
    http: httpx.Client
    now: Now

    def register(self, said: dict[str, Any], **given: Any) -> httpx.Response:
        """Register a client."""
        headers = {"Content-Type": "application/json", **given.pop("headers", {})}
        return self.http.post("/register", content=json.dumps(said), headers=headers, **given)

    def find(self, client_id: str, **given: Any) -> dict[str, Any] | None:
        """Return what the registry knows of a client."""
        return self.ask("find", client_id=client_id, **given).raise_for_status().json()

    def ask(self, what: str, **given: Any) -> httpx.Response:
        """Return the answer of one of the test's own paths."""
        return self.http.get(f"/test/{what}", params=given)

    def allowed_scope(self, client_id: str, scope: str) -> str:
        """Return what a client gets of a scope."""
        return self.ask("scope", client_id=client_id, scope=scope).json()

    def knows_secret(self, client_id: str, secret: str) -> bool:
        """Say whether a secret is the client's."""
        return self.ask("secret", client_id=client_id, secret=secret).json()

    def may_redirect(self, client_id: str, uri: str) -> bool:
        """Say whether the client's answers may go there."""
        return self.ask("redirect", client_id=client_id, uri=uri).json()

    def everything_kept(self) -> str:
        """Return all short-lived state as text; in Redis it is encrypted."""
        store = self.manager.state
        if isinstance(store, MemoryStore):
            return json.dumps(
                [e.json_str for c in store._cache.values() for e in c._cache.values()]
            )
        with self._redis() as redis:
            return str([redis.dump(key) for key in redis.scan_iter()])

    def count_kept(self) -> int:
        """Return how many things there are in the memory of short-lived state."""
        return sum(len(collection._cache) for collection in self.manager.state._cache.values())

    def age_state(self, span: timedelta) -> None:
        """Let everything that is kept come nearer to its end."""
        store = self.manager.state
        if isinstance(store, MemoryStore):
            for shelf in store._cache.values():
                for kept in shelf._cache.values():
                    entry = json.loads(kept.json_str)
                    end = datetime.fromisoformat(entry["expires_at"]) - span
                    kept.json_str = json.dumps({**entry, "expires_at": end.isoformat()})
            return
        with self._redis() as redis:
            for key in redis.scan_iter("*clients*"):
                left = redis.pttl(key) - int(span.total_seconds() * 1000)
                redis.pexpire(key, max(1, left))

    def _redis(self) -> client_library.Redis:
        return client_library.Redis.from_url(self.manager.settings.redis_url.get_secret_value())


@contextlib.contextmanager
def running_desk(settings: Settings, *, now: Now = utc_now) -> Iterator[Desk]:
    """Serve a manager of these settings while the block lasts."""
    with open_manager(settings, provisioner=NullProvisioner(), now=now) as manager:
        app = create_app(settings, services=manager)
        _add_questions(app)
        with serving(app) as url, httpx.Client(base_url=url, timeout=30) as http:
            yield Desk(manager, http, now)


def _add_questions(app: FastAPI) -> None:
    @app.get("/test/find")
    def find(registry: Registry, client_id: str, address: str | None = None) -> Any:
        # By default each asks for the first time.
        with asked_by(address or secrets.token_hex(8)):
            client = registry.find(client_id)
        return client and _tell(client)

    @app.get("/test/scope")
    def scope(registry: Registry, client_id: str, scope: str) -> str:
        return registry.find(client_id).get_allowed_scope(scope)

    @app.get("/test/redirect")
    def redirect(registry: Registry, client_id: str, uri: str) -> bool:
        return registry.find(client_id).check_redirect_uri(uri)

    @app.get("/test/secret")
    def secret(registry: Registry, client_id: str, secret: str) -> bool:
        return registry.find(client_id).check_client_secret(secret)


def _tell(client: Client) -> dict[str, Any]:
    return {
        "id": client.id,
        "name": client.name,
        "kind": client.kind,
        "is_confidential": client.is_confidential,
        **client.metadata.model_dump(mode="json"),
    }
