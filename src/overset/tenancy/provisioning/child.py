"""The other side of `job`: read the job, build a private Superset for it, tell what went wrong."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


def answer(work: Callable[[dict[str, Any]], None]) -> int:
    """Do `work` with the job from stdin; return the exit code, after telling stdout the reason.

    Superset and its migrations print: whatever they write to stdout goes to the log instead.
    """
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    try:
        work(job)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the parent tells it
        # Whatever it is: Flask-Migrate ends the process where Alembic fails.
        traceback.print_exc()
        json.dump({"error": _one_line(error)}, told)
        told.close()
        return 1
    return 0


def private_superset(*, url: str, secret_key: str, **config: object) -> Any:
    """Return a plain Superset application on one metadata database: no binding, no local config.

    Args:
        url: the metadata database.
        secret_key: what it signs and encrypts with.
        **config: further values that win over Superset's defaults.
    """
    # A `superset_config.py` that happens to be importable is none of our business.
    sys.modules["superset_config"] = None  # type: ignore[assignment]  # "not to be found"
    from superset import config as defaults
    from superset.app import create_app

    values = {name: value for name, value in vars(defaults).items() if name.isupper()}
    own = {
        "ALEMBIC_SKIP_LOG_CONFIG": True,
        "SECRET_KEY": secret_key,
        "SQLALCHEMY_DATABASE_URI": url,
    }
    return create_app(SimpleNamespace(**(values | own | config)))


def _one_line(error: BaseException) -> str:
    # What a database says comes wrapped: its own words are the useful ones.
    root = error
    if isinstance(root, SystemExit) and root.__context__ is not None:
        root = root.__context__
    while root.__cause__ is not None:
        root = root.__cause__
    first = str(root).strip().splitlines()[:1]
    return f"{type(root).__name__}: {first[0] if first else 'no reason given'}"
