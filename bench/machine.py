"""On what was measured: the machine and the versions, without which no figure means anything."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "overset",
    "apache-superset",
    "fastmcp",
    "mcp",
    "sqlalchemy",
    "uvicorn",
)
_ROOT = Path(__file__).parents[1]


def describe_machine() -> dict[str, Any]:
    """Return the machine's processor, cores, memory, system and Python, and how busy it was."""
    return {
        "cpu": _read("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory": _read("/proc/meminfo", "MemTotal"),
        "system": _system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def describe_versions() -> dict[str, str]:
    """Return the commit, with a mark if files were changed since, and the libraries' versions."""
    asked = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=_ROOT)
    return {"commit": commit.stdout.strip(), **{name: version(name) for name in _LIBRARIES}}


def read_memory(pid: int) -> float:
    """Return the megabytes of memory that a process has for itself and shares."""
    line = _read(f"/proc/{pid}/status", "VmRSS")
    return int(line.split()[0]) / 1024


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _read(file: str, name: str) -> str:
    path = Path(file)
    lines = path.read_text().splitlines() if path.exists() else []
    found = [line.partition(":")[2].strip() for line in lines if line.startswith(name)]
    return found[0] if found else ""
