"""The built assistant: it is that of its source, small, and of types that hold."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

from support.node import node_binary

ROOT = Path(__file__).resolve().parents[3]
WIDGET = ROOT / "widget"
STATIC = ROOT / "src" / "overset" / "web" / "static"
LARGEST = 120 * 1024
"""In bytes, as a browser fetches it: compressed."""


def test_the_built_script_is_that_of_its_source(tmp_path: Path) -> None:
    argv = [node_binary(), WIDGET / "build.mjs", tmp_path]
    subprocess.run(argv, check=True, cwd=WIDGET)

    for name in ("assistant.js", "assistant.licenses.txt"):
        built = (tmp_path / name).read_text()
        assert built == (STATIC / name).read_text(), "run `make widget`"


def test_the_built_script_is_small() -> None:
    script = (STATIC / "assistant.js").read_bytes()

    assert len(gzip.compress(script)) <= LARGEST


def test_the_script_names_no_other_host() -> None:
    script = (STATIC / "assistant.js").read_text()

    hosts = set(re.findall(r"https?://([\w.-]+)", script))
    # A namespace, and the text of an error: nobody asks them.
    assert hosts <= {"github.com", "www.w3.org"}


def test_the_types_of_events_are_current() -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "widget_types.py", "--check"], check=True)


def test_the_types_hold() -> None:
    argv = [node_binary(), WIDGET / "node_modules/typescript/bin/tsc", "--noEmit"]

    done = subprocess.run(argv, check=False, cwd=WIDGET, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")
