#!/usr/bin/env bash
# Make sure of what the benchmark runs on besides Python: the tests' servers, and the client wrk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash tools/test-deps.sh
command -v wrk >/dev/null && exit 0

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

if [ "$(uname)" = Darwin ]; then
  echo "The benchmark needs more: run \`brew install wrk\`" >&2
  exit 1
elif command -v apt-get >/dev/null && as_root true 2>/dev/null; then
  echo "installing wrk"
  install=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300
    -o Dpkg::Use-Pty=0 install --yes --no-install-recommends wrk)
  # An old list of packages names files that are gone: only then ask for a new one.
  as_root "${install[@]}" >/dev/null 2>&1 || { as_root apt-get -qq update && as_root "${install[@]}" >/dev/null; }
else
  echo "The benchmark needs more: run \`sudo apt-get install wrk\` (Debian's name)" >&2
  exit 1
fi
