#!/usr/bin/env bash
# Fetches the clients of other languages that the conformance tests drive, from their package registries, into artifacts/clients.
# What cannot be fetched is left out, and the tests that want it skip with that reason.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$PWD/artifacts/clients
log=$PWD/artifacts/clients.log
mkdir -p "$folder"
: >"$log"

# JavaScript: the newest that runs on Node.js 20.
version=1.4.0
if [ "$(cat "$folder/javascript/version" 2>/dev/null)" != $version ]; then
  rm -rf "$folder/javascript"
  mkdir -p "$folder/javascript"
  echo '{"private":true,"type":"module"}' >"$folder/javascript/package.json"
  if command -v npm >/dev/null && (cd "$folder/javascript" && npm install --no-audit --no-fund --ignore-scripts "@kubernetes/client-node@$version") >>"$log" 2>&1; then
    echo $version >"$folder/javascript/version"
  else
    rm -rf "$folder/javascript"
    echo "@kubernetes/client-node $version could not be fetched; see artifacts/clients.log" >&2
  fi
fi

# Python: the distribution's package with all it needs, unpacked beside, so that nothing is installed on the machine.
if [ ! -d "$folder/python/usr/lib/python3/dist-packages/kubernetes" ]; then
  apt-cache show python3-kubernetes >/dev/null 2>&1 || apt-get update >>"$log" 2>&1
  packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances python3-kubernetes 2>>"$log" |
    grep '^python3-' | grep -vE '^python3-(minimal|distutils|lib2to3|setuptools|pkg-resources)$')
  work=$(mktemp -d)
  if [ -n "$packages" ] && [ -x /usr/bin/python3 ] &&
    # shellcheck disable=SC2086
    (cd "$work" && apt-get download $packages) >>"$log" 2>&1; then
    for package in "$work"/*.deb; do
      dpkg -x "$package" "$folder/python" >>"$log" 2>&1
    done
  else
    echo "the Python client could not be fetched; see artifacts/clients.log" >&2
  fi
  rm -rf "$work"
fi
