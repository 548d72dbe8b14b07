"""Calls that several stories make, and what is looked for in their answers."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from support.deployment import Platform, read_rpc

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEALTH = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "health_check"}}
NO_TRACES = ("Traceback", "site-packages", "sqlalchemy", "pydantic.dev")


def tool_call(name: str, **request: Any) -> dict[str, Any]:
    """Return the message that calls a tool of Superset's."""
    params = {"name": name, "arguments": {"request": request}}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


DASHBOARDS = tool_call("list_dashboards")


def sees_its_own(platform: Platform, workspace: str = "acme") -> bool:
    """Say whether a workspace is answered, with what is its own."""
    response = platform.post(DASHBOARDS, token=platform.token(workspace))
    return response.status_code == 200 and platform.canaries[workspace] in response.text


def refused(response: httpx.Response, status: int, code: str) -> httpx.Response:
    """Assert that this is a whole refusal, which tells nothing but itself."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id"}
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert re.fullmatch(r"[A-Z`].+\.", body["detail"])
    assert not re.search(r"Traceback|\.py|sqlalchemy|overset\.", response.text)
    return response


def slowest_while(work: Callable[[], object], beside: Callable[[], httpx.Response]) -> float:
    """Return the seconds of the slowest call beside some work; each has a result."""
    thread = threading.Thread(target=work)
    thread.start()
    slowest = 0.0
    while thread.is_alive():
        started = time.monotonic()
        answer = beside()
        assert not read_rpc(answer)["result"].get("isError"), answer.text
        slowest = max(slowest, time.monotonic() - started)
    return slowest
