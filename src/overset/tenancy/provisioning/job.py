"""Run what needs Superset itself in a process of its own, which sees no settings but its job's."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from overset.tenancy.provisioning.failures import ProvisioningError, told
from overset.tenancy.provisioning.files import private_folder

_PACKAGE = "overset.tenancy.provisioning"
_HINTS = {
    "disk is full": "free some space, then start again",
    "disk I/O error": "look at the disk, then start again",
    "No space left": "free some space, then start again",
    "readonly database": "let this user write there",
    "unable to open database file": "let this user write there",
}


def run_job(module: str, job: Mapping[str, Any], *, home: Path, log_name: str) -> None:
    """Run `module` of this package to its end; the job, secrets included, goes in by its stdin.

    Its environment is made from nothing, so that no variable of ours (`MCP_DEV_USERNAME`,
    `SUPERSET_CONFIG_PATH`, ...) changes what it makes. Its output goes to `<home>/logs/<log_name>`.

    Raises:
        ProvisioningError: it failed; with its reason, and where its output is.
    """
    with told(home):
        log = private_folder(home / "logs") / log_name
        scratch = tempfile.TemporaryDirectory(prefix="job-", dir=private_folder(home))
        output = os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    with scratch as folder, output:
        done = subprocess.run(  # noqa: S603  # our own module under our own Python
            [sys.executable, "-P", "-m", f"{_PACKAGE}.{module}"],
            check=False,
            cwd=folder,
            env=_environment(folder),
            input=json.dumps(job, default=_reveal).encode(),
            stdout=subprocess.PIPE,
            stderr=output,
        )
    if done.returncode == 0:
        return
    reason = _reason(done.stdout) or f"it ended with {done.returncode}"
    hints = [hint for words, hint in _HINTS.items() if words in reason]
    hint = hints[0] if hints else f"look at {str(log)!r}"
    raise ProvisioningError(f"the step {module!r} failed: {reason}; {hint}")


def _reveal(value: object) -> str:
    if not isinstance(value, SecretStr):
        raise TypeError(f"{type(value).__name__} cannot be part of a job")
    return value.get_secret_value()


def _environment(scratch: str) -> dict[str, str]:
    return {
        "HOME": scratch,
        "LANG": "C.UTF-8",
        "PATH": os.defpath,
        # Where this process finds its packages, whichever way they were installed.
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "SUPERSET_HOME": scratch,
    }


def _reason(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return ""
