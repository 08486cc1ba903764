#!/usr/bin/env bash
# Runs the built tests and closes with "N passed, N failed, N skipped". Called by ./dev test.
#   build/test.sh <configuration> [unit | <project>...]
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
configuration=${1:?the configuration}
shift
results=$PWD/artifacts/test-results
rm -rf "$results"
mkdir -p "$results"

only_unit=false
[ "${1:-}" = unit ] && only_unit=true && shift
wanted=("$@")

# Counts that tests tell (tests/Testing/Figures.cs), shown at the end.
export KUBEASPIRE_FIGURES=$results/figures

executable() { echo "artifacts/bin/$1/${configuration,,}/KubeAspire.$1"; }
is_wanted() { [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " == *" $1 "* ]]; }

run() { # project
  local started=$SECONDS
  # A test that hangs is a failure, not the end of the run: no project takes half of this.
  timeout --kill-after=30 1500 "$(executable "$1")" -noColor -noLogo -xml "$results/$1.xml" >"$results/$1.log" 2>&1 </dev/null
  local code=$?
  # A runner that could not even finish has no result file: that is a failure too.
  if [ ! -s "$results/$1.xml" ]; then
    echo "crashed" >"$results/$1.crashed"
  fi
  printf '%-28s %4d s%s\n' "$1" $((SECONDS - started)) "$([ $code = 0 ] || echo '  FAILED')"
  if [ $code != 0 ]; then
    grep -vE '^ *$|\[SKIP\]' "$results/$1.log" | tail -n 120
  fi
}

# Tests that use Docker skip with their reason where no Engine can be had; where one can be installed or started, it is.
state=$PWD/artifacts/test-engine
apphost=artifacts/bin/KubeAspire.AppHost/${configuration,,}/KubeAspire.AppHost
if ! $only_unit; then
  KUBEASPIRE_STATE=$state $apphost engine start || true
  trap 'KUBEASPIRE_STATE=$state $apphost engine stop' EXIT
fi

if ! $only_unit && { is_wanted EndToEnd || is_wanted Conformance; }; then
  build/kubectl.sh 1.28 1.31 1.32 1.35
  build/clients.sh
fi

running=0
# The longest first, so that nothing waits for it at the end.
for project in tests/StateStore.Tests $(ls -d tests/*.Tests | grep -v StateStore); do
  project=$(basename "$project")
  is_wanted "$project" || continue
  run "$project" &
  running=$((running + 1))
  if [ $running -ge 2 ]; then
    wait -n
    running=$((running - 1))
  fi
done
while [ $running -gt 0 ]; do
  wait -n
  running=$((running - 1))
done

# The API over real sockets, with real clients.
if ! $only_unit && is_wanted Conformance; then
  run Conformance
fi

# The whole system, alone on the machine: its tests start clusters.
if ! $only_unit && is_wanted EndToEnd; then
  run EndToEnd
fi

total=0 failed=0 skipped=0
sum() { grep -ohE "<assembly [^>]*" "$results"/*.xml 2>/dev/null | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+' | awk '{sum += $1} END {print sum + 0}'; }
total=$(sum total) failed=$(sum failed) skipped=$(sum skipped) errors=$(sum errors)
crashed=$(find "$results" -name '*.crashed' | wc -l)
failed=$((${failed:-0} + ${errors:-0} + crashed))
if [ "${skipped:-0}" -gt 0 ]; then
  echo "skipped, with the reason:"
  # One test a line, whatever the runner wrote on one; of those that were skipped the name and the reason.
  sed -E 's/<test /\n<test /g' "$results"/*.xml | grep 'result="Skip"' |
    sed -nE 's/.* name="([^"]*)".*<reason><!\[CDATA\[([^]]*).*/\1\n    \2/p' | head -n 200
fi
if [ -d "$KUBEASPIRE_FIGURES" ]; then
  echo "figures:"
  for file in "$KUBEASPIRE_FIGURES"/*.txt; do
    sort "$file" | sed "s/^/    /"
  done
fi
echo "$((${total:-0} - ${failed:-0} + crashed - ${skipped:-0})) passed, $failed failed, ${skipped:-0} skipped"
[ "$failed" = 0 ] && [ "${total:-0}" -gt 0 ]
