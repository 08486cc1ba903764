#!/usr/bin/env bash
# Builds and runs the benchmarks; results go to bench/results/. Called by ./dev bench.
#   bench/run.sh <configuration> [store] [redis] [pods] [up] [--quick]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
configuration=${1:?the configuration}
shift
dotnet build bench/Bench -c "$configuration" -v q --nologo -clp:NoSummary
exec "artifacts/bin/Bench/${configuration,,}/KubeAspire.Bench" "$@"
