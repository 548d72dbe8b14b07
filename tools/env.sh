#!/usr/bin/env bash
# Make the locked environment: `tools/env.sh PYTHON VENV`.
set -euo pipefail
python=$1 venv=$2
"$python" - <<'PY' || { echo "Overset needs Python 3.11 or 3.12: set PYTHON=/path/to/python3.11" >&2; exit 1; }
import sys
sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 13)))
PY
if ! command -v uv >/dev/null; then
  # A private copy: the machine's own Python stays as it is.
  [ -x .tools/uv/bin/uv ] || { "$python" -m venv .tools/uv && .tools/uv/bin/pip install --quiet "uv>=0.5"; }
  PATH="$PWD/.tools/uv/bin:$PATH"
fi
[ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
uv pip sync --quiet --python "$venv/bin/python" --require-hashes requirements.lock
uv pip install --quiet --python "$venv/bin/python" --no-deps --editable .
