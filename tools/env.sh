#!/usr/bin/env bash
# Make the locked environment: `tools/env.sh PYTHON VENV`.
set -euo pipefail
wanted=$1 venv=$2

is_right() {
  "$1" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 13)))' 2>/dev/null
}

python=
for candidate in "$wanted" python3.12 python3.11; do
  if is_right "$candidate"; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "Overset needs Python 3.11 or 3.12: run \`make PYTHON=/path/to/python3.11 ...\`" >&2
  exit 1
fi

# Debian's Python has no `venv` of its own.
make_venv() {
  "$python" -m venv .tools/uv 2>/dev/null && return
  rm -rf .tools/uv
  local package
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get -qq install --yes "$package" || { apt-get -qq update && apt-get -qq install --yes "$package"; }; } >/dev/null
    "$python" -m venv .tools/uv
  else
    echo "Overset needs Python's venv: run \`sudo apt-get install $package\`, or install uv" >&2
    return 1
  fi
}

# A uv of this folder's own: the machine's Python stays as it is.
if ! uv --version >/dev/null 2>&1; then
  if [ ! -x .tools/uv/bin/uv ]; then
    make_venv
    .tools/uv/bin/pip install --quiet --disable-pip-version-check "uv>=0.5"
  fi
  PATH="$PWD/.tools/uv/bin:$PATH"
fi

if ! is_right "$venv/bin/python"; then
  uv venv --quiet --clear --python "$(command -v "$python")" "$venv"
fi
uv pip sync --quiet --python "$venv/bin/python" --require-hashes requirements.lock
uv pip install --quiet --python "$venv/bin/python" --no-deps --editable .
