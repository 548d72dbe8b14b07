#!/usr/bin/env bash
# Make sure of what the tests run on besides Python: servers, a browser, and MCP clients on Node.
# Arguments: more programs that must be there, by the names that they share with their packages.
set -euo pipefail

has() { command -v "$1" >/dev/null; }
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || has initdb; }

missing=()
has_postgres || missing+=(postgresql)
has redis-server || missing+=(redis-server)
has curl || missing+=(curl)
has git || missing+=(git)
has npm || missing+=(npm)
has chromium || missing+=(chromium)
has haproxy || [ -x /usr/sbin/haproxy ] || missing+=(haproxy)
for program in "$@"; do has "$program" || missing+=("$program"); done

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

install() {
  echo "installing ${missing[*]}"
  local log
  log=$(mktemp)
  for _ in 1 2 3; do
    # An old list of packages names files that are gone: only then ask for a new one.
    if apt_get install --yes --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
      rm -f "$log"
      return
    fi
    apt_get update >>"$log" 2>&1 || true
  done
  cat "$log" >&2
  rm -f "$log"
  return 1
}

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(uname)" = Darwin ]; then
    packages=${missing[*]/redis-server/redis}
    packages=${packages/npm/node}
    echo "More is needed: run \`brew install ${packages/postgresql/postgresql@16}\`" >&2
    exit 1
  elif has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }; then
    install
  else
    echo "More is needed: run \`sudo apt-get install ${missing[*]}\` (Debian's names)" >&2
    exit 1
  fi
fi

# What runs on Node, exactly as locked. The copy of the lock says what is installed.
install_modules() {
  local folder=$1 what=$2
  if cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json"; then return; fi
  echo "installing $what"
  local log try
  log=$(mktemp)
  for try in 1 2 3; do
    if npm --prefix "$folder" ci --loglevel=error >"$log" 2>&1; then break; fi
    if [ "$try" = 3 ]; then
      cat "$log" >&2
      exit 1
    fi
  done
  rm -f "$log"
  cp "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json"
}

install_modules tests/e2e/node "the MCP clients that the tests run"
install_modules widget "what the widget is built with"
