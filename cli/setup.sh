#!/usr/bin/env bash
# Installs what Berth needs on Debian 12 or 13 and is not there yet; says what and why. Safe to run again.
#   cli/setup.sh           what runs Berth and the quickstart
#   cli/setup.sh --tests   also what the tests use
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# command | Debian package | what it is for
needed=(
  'npm|npm|installs the packages of Berth, Node.js 24 among them'
  'runc|runc|starts containers'
  'conmon|conmon|keeps container output and exit codes while the agent restarts'
  'mount|mount|mounts volumes and file systems of containers'
  'nsenter|util-linux|works in the namespaces of pods'
  'ip|iproute2|sets up the pod network'
  'nft|nftables|host ports and masquerading'
  'nats-server|nats-server|the line between controller and agents'
  'docker-registry|docker-registry|serves the demo image on loopback'
  'busybox|busybox-static|content of the demo image'
  'tar|tar|unpacks image layers'
  'zstd|zstd|decompresses image layers'
)
if [ "${1:-}" = --tests ]; then
  needed+=(
    'promtool|prometheus|checks the metrics, for tests'
    'skopeo|skopeo|a second registry client, for tests'
    'openssl|openssl|makes certificates of registries, for tests'
    'diff|diffutils|compares trees, for tests'
  )
  if grep -q '^VERSION_ID="12"' /etc/os-release; then
    command -v kubectl >/dev/null || say 'the kubectl of Debian 12 is too old: tests that need one are skipped'
  else
    needed+=('kubectl|kubernetes-client|drives the API, for tests')
  fi
fi

# A busybox that needs libraries cannot run alone in an image.
has() {
  command -v "$1" >/dev/null 2>&1 || return 1
  [ "$1" != busybox ] || ! ldd "$(command -v busybox)" 2>/dev/null | grep -q '=>'
}

packages=()
for row in "${needed[@]}"; do
  IFS='|' read -r command package purpose <<<"$row"
  has "$command" && continue
  say "missing: $package ($purpose)"
  packages+=("$package")
done

if [ ${#packages[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || fail "must run as root to install: ${packages[*]}"
  command -v apt-get >/dev/null 2>&1 || fail "this is not Debian: install by hand: ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # Packages such as nats-server would start a daemon of their own; Berth starts what it needs itself.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  say 'updating the package lists'
  apt-get update -qq || fail 'apt-get update failed: check the network and /etc/apt/sources.list'
  say "installing: ${packages[*]}"
  log=$(mktemp)
  if ! apt-get install -y -qq -o DPkg::Lock::Timeout=120 --no-install-recommends "${packages[@]}" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install: ${packages[*]} (whole output: $log)"
  fi
  rm -f "$log"
  # Nor shall they start with the machine; what was here before stays as it was.
  for package in "${packages[@]}"; do
    [ ! -d /run/systemd/system ] || systemctl --quiet disable "$package.service" 2>/dev/null || true
  done
fi

stamp=node_modules/.package-lock.json
if [ ! -e "$stamp" ] || [ package-lock.json -nt "$stamp" ] || [ ! -x node_modules/.bin/node ]; then
  say 'installing npm packages (Node.js 24 comes with them)'
  # Not saved: an older npm would write the lock file in its own way.
  npm install --no-save --no-audit --no-fund --loglevel=error || fail 'npm install failed: check the network and the npm registry setting'
  touch "$stamp"
fi
case "$(node_modules/.bin/node --version 2>/dev/null)" in
  v24.*) ;;
  *) fail 'node_modules/.bin/node is not Node.js 24: remove node_modules and run this again' ;;
esac
say 'everything is there'
