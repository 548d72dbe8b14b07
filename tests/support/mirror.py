"""A workspace of the tests' own, and bare Superset beside it as each of its members."""

import base64
import contextlib
import io
import json
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from support.bare_superset import BareSuperset, running_bare, seed
from support.deployment import Platform, read_rpc

MIRROR = "mirror"
NORTH = "North"
"""A copy of Gamma that may also run SQL, and sees the rows of one region."""

ROLES = ("Admin", "Alpha", "Gamma", NORTH)

_MOVING = {
    "changed_on_humanized": "some time ago",
    "created_on_humanized": "some time ago",
    "execution_time": 0,
    "execution_time_ms": 0,
    "query_duration_ms": 0,
    "timestamp": "now",
    "uptime_seconds": 0,
}
_ERROR_ID = re.compile(r"\berr_\d+")


@dataclass(frozen=True, slots=True)
class Mirror:
    """Overset and bare Superset with the same rows and the same people."""

    platform: Platform
    canary: str
    bare: dict[str, BareSuperset]
    tokens: dict[str, str]

    def ask(self, role: str, method: str, params: dict[str, Any]) -> Any:
        """Return Overset's JSON-RPC answer to one message of the member with this role."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = self.platform.post(body, token=self.tokens[role])
        assert response.status_code == 200, (response.status_code, response.text)
        return read_rpc(response)

    def ask_bare(self, role: str, method: str, params: dict[str, Any]) -> Any:
        """Return bare Superset's answer to the same message of the same member."""
        return self.bare[role].ask(method, params)

    def ask_both(self, role: str, method: str, params: dict[str, Any]) -> tuple[Any, Any]:
        """Return both answers, Overset's first, without what differs from moment to moment."""
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(ask, role, method, params) for ask in (self.ask, self.ask_bare)]
        ours, bare = (normalise(answer.result()) for answer in answers)
        return ours, bare


def normalise(answer: Any) -> Any:
    """Return a JSON-RPC answer with what no two moments have in common made equal.

    That is: moments, durations, ids of errors (Superset counts seconds), and Excel's binary, of
    which the cells are kept. Texts that are JSON are read.
    """
    return _still(answer)


def _still(value: Any, key: str = "") -> Any:
    if key in _MOVING:
        return _MOVING[key] if value is not None else None
    if key == "excel_data" and value:
        book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(value)))
        return [[list(row) for row in sheet.values] for sheet in book.worksheets]
    if isinstance(value, dict):
        return {name: _still(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_still(inner) for inner in value]
    if isinstance(value, str) and key == "text":
        with contextlib.suppress(ValueError):
            return _still(json.loads(value))
    return _ERROR_ID.sub("err_N", value) if isinstance(value, str) else value


@contextlib.contextmanager
def running_mirror(platform: Platform) -> Iterator[Mirror]:
    """Make a workspace filled for comparison, and run bare Superset as each of its members."""
    made = platform.manager.workspaces.create(MIRROR, team="tests")
    canary = f"canary{MIRROR}{secrets.token_hex(8)}"
    script = Path(__file__).with_name("seed_mirror.py")
    seed(platform, script, {"id": made.id, "slug": MIRROR, "canary": canary})
    tokens = {role: platform.token(MIRROR, role=role) for role in ROLES}
    for token in tokens.values():
        # The first use makes the Superset user.
        platform.call("health_check", token=token)
    users = [platform.user(role, workspace=MIRROR) for role in ROLES]
    with running_bare(platform, workspace=MIRROR, users=users) as bare:
        yield Mirror(platform, canary, dict(zip(ROLES, bare, strict=True)), tokens)
