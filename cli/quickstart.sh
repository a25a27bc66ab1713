#!/usr/bin/env bash
# From a fresh checkout to a running demo: installs what is missing, builds, starts Berth and shows it at work.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ]; then
  echo 'quickstart: run as root: containers, networks and packages need it' >&2
  exit 1
fi
bash cli/setup.sh
if [ ! -e dist/.built ] || [ -n "$(find controller agent shared cli tsconfig*.json package.json -newer dist/.built -print -quit)" ]; then
  echo 'quickstart: building'
  npm run --silent build
  touch dist/.built
fi
exec ./berth quickstart "$@"
