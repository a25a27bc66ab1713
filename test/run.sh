#!/usr/bin/env bash
# The whole check: sets up, types, lint, format, build, then every test. The last line counts tests.
set -uo pipefail
cd "$(dirname "$0")/.."
bash cli/setup.sh --tests || exit 1
limitMinutes=28
failed=()
step() {
  echo "== $1"
  shift
  "$@" || failed+=("$*")
}
step 'types' npm run --silent types
step 'lint and format' npm run --silent lint
step 'build' npm run --silent build

# Tests wait more than they work, so two lanes of them run side by side: those that run containers, and all others.
containers='test/{agent,docs,e2e}/**/*.test.ts'
scratch=$(mktemp -d)
# Tests start hundreds of programs: each reads what the first has compiled.
export NODE_COMPILE_CACHE=$scratch/compiled
lane() { # its name, then arguments of mocha; lines are told apart by the name, counts and exit code are left in files
  local name=$1 status
  BERTH_TEST_REPORT=$scratch/$name.counts timeout --kill-after=30 $((limitMinutes * 60 - SECONDS)) \
    npm run --silent mocha -- --reporter test/reporter.cjs "${@:2}" 2>&1 | sed -u "s/^/$name | /"
  status=${PIPESTATUS[0]}
  [ "$status" -ne 124 ] || echo "$name | killed: the check may take $limitMinutes minutes in all"
  echo "$status" >"$scratch/$name.status"
}
echo '== tests'
lane containers "$containers" &
lane others 'test/**/*.test.ts' --ignore "$containers" &
wait

passes=0 failures=0 skipped=0
for lane in containers others; do
  read -r passed wrong pending 2>/dev/null <"$scratch/$lane.counts" || passed=0 wrong=0 pending=0
  # No counts, or an exit code that they do not explain.
  [ "$(cat "$scratch/$lane.status")" -eq 0 ] && [ "$passed" -gt 0 ] || [ "$wrong" -gt 0 ] || {
    failed+=("the lane '$lane' did not end well")
  }
  passes=$((passes + passed)) failures=$((failures + wrong)) skipped=$((skipped + pending))
done
rm -rf "$scratch"
for what in ${failed[@]+"${failed[@]}"}; do
  echo "failed: $what"
  failures=$((failures + 1))
done
echo "$passes passed, $failures failed, $skipped skipped"
[ "$failures" -eq 0 ]
