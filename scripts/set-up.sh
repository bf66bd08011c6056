#!/usr/bin/env bash
# Gets a clone ready to run: the npm packages (with Node 24 among them) and nats-server.
# Every make target calls it first, so a second run must cost next to nothing and two runs
# at the same time must not harm each other. Needs Node.js 20 or newer with its npm, and bash.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly oldest_node=20 oldest_npm=10 project_node=v24
readonly lock=.tools/set-up.lock lock_wait_s=900
readonly stamp=node_modules/.set-up-stamp npm_log=.tools/npm-ci.log

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() {
  say "$@"
  exit 1
}

# The Makefile puts node_modules/.bin first on PATH. Here the machine's own node must run npm:
# npm ci deletes node_modules, and with it the very node that would be running it.
without_project_binaries() {
  local kept="" entry
  while IFS= read -r -d : entry; do
    [[ "$entry" -ef node_modules/.bin ]] || kept+="${kept:+:}$entry"
  done <<<"$PATH:"
  printf '%s' "$kept"
}

require_node_and_npm() {
  local version
  command -v node >/dev/null ||
    fail "PATH: there is no node on it, expected Node.js $oldest_node or newer (https://nodejs.org)"
  command -v npm >/dev/null ||
    fail "PATH: there is no npm on it, expected npm $oldest_npm or newer (it comes with Node.js)"
  version=$(node --version) || fail "PATH: $(command -v node) does not run"
  is_at_least "${version#v}" "$oldest_node" ||
    fail "PATH: $(command -v node) is $version, expected Node.js $oldest_node or newer"
  version=$(npm --version) || fail "PATH: $(command -v npm) does not run"
  is_at_least "$version" "$oldest_npm" ||
    fail "PATH: $(command -v npm) is $version, expected npm $oldest_npm or newer (npm install --global npm)"
}

# is_at_least 20.11.1 20: compares the major version only
is_at_least() { [[ "${1%%.*}" =~ ^[0-9]+$ ]] && ((${1%%.*} >= $2)); }

# What the installed packages depend on. cksum because POSIX has it everywhere; it only has to
# notice a change, not to withstand somebody.
wanted_stamp() {
  uname -sm
  cksum package-lock.json .npmrc package.json libs/*/package.json services/*/package.json cli/package.json
}

has_project_node() {
  [[ "$(node_modules/.bin/node --version 2>/dev/null)" == "$project_node".* ]]
}

install_packages() {
  if [[ -f $stamp && "$(<"$stamp")" == "$(wanted_stamp)" ]] && has_project_node; then
    return
  fi
  require_node_and_npm
  say "installing npm packages and Node 24 with npm ci (a minute or two the first time) ..."
  rm -f "$stamp"
  # --include=dev: Node 24 and the tests are dev dependencies, which NODE_ENV=production leaves out
  if ! npm ci --include=dev --no-progress --loglevel=error >"$npm_log" 2>&1; then
    head -n 20 "$npm_log" >&2
    say "npm ci failed, see above (the whole of it: $npm_log)"
    fail "It needs a package-lock.json that fits the package.json files, and the registry $(npm config get registry 2>/dev/null)"
  fi
  rm -f "$npm_log"
  # before the check: once somebody has put Node 24 there by hand, nothing needs installing again
  wanted_stamp >"$stamp"
  has_project_node || fail_without_project_node
}

fail_without_project_node() {
  local found="is missing"
  if [[ -e node_modules/.bin/node ]]; then
    found="says '$(node_modules/.bin/node --version 2>&1 | head -n 1)'" || true
  fi
  say "node_modules/.bin/node $found, expected $project_node from the npm package 'node'"
  if [[ "$(npm config get ignore-scripts 2>/dev/null)" == true ]]; then
    fail "npm is set to ignore-scripts, so that package could not put it there. Run: npm rebuild node --ignore-scripts=false"
  fi
  fail "Its install script did not run or could not get the binary for $(uname -sm). Try: npm rebuild node --foreground-scripts"
}

holder() { cat "$lock/pid" 2>/dev/null || true; }

# True when the process that holds the lock is gone (killed before it could let go).
# No pid yet means that it is just being taken.
is_stale() {
  local pid
  pid=$(holder)
  [[ -n $pid ]] && ! kill -0 "$pid" 2>/dev/null
}

# Only one waiter may remove a stale lock, and it looks again once it is the one: otherwise a
# slow waiter could remove the lock that a fast one has just taken.
break_stale_lock() {
  mkdir "$lock.breaking" 2>/dev/null || return 0
  if is_stale; then rm -rf "$lock"; fi
  rmdir "$lock.breaking"
}

# mkdir rather than flock, which macOS lacks.
take_lock() {
  mkdir -p .tools
  local started=$SECONDS told=""
  until mkdir "$lock" 2>/dev/null; do
    if is_stale; then break_stale_lock; fi
    [[ -n $told ]] || say "another set-up is running (process $(holder)), waiting for it ..."
    told=yes
    ((SECONDS - started < lock_wait_s)) ||
      fail "$lock: still held by process $(holder) after $lock_wait_s s. If no set-up is running, remove it: rm -r $lock"
    sleep 0.2
  done
  trap 'rm -rf "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  echo $$ >"$lock/pid"
}

PATH=$(without_project_binaries)
take_lock
install_packages
# NODE_USE_ENV_PROXY: behind a proxy (HTTPS_PROXY), Node's fetch uses it only when told to
server=$(NODE_USE_ENV_PROXY=1 node_modules/.bin/node scripts/nats-server.ts) ||
  fail "there is no nats-server to work with, see above"
node_modules/.bin/node scripts/console.ts || fail "the console cannot be built, see above"
say "ready: Node $(node_modules/.bin/node --version), nats-server at ${server#"$PWD/"}"
