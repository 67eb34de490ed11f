#!/usr/bin/env bash
# What .pre-commit-hooks.yaml and action.yml start, each in its own clone of this repository: installs what ddiff needs at the first run, and
# runs it from its source. pre-commit's language "node" cannot: it installs from git with `npm install -g`, and npm does not build such a
# package (it hands its -g on to the installation inside).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# npm writes this file when it is done.
if [ ! -e "$root/node_modules/.package-lock.json" ]; then
  (cd "$root" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
fi
exec node "$root/bin/ddiff.js" "$@"
