#!/usr/bin/env bash
# The whole check: sets up, types, lint, format, build, then every test. The last line counts tests.
set -uo pipefail
cd "$(dirname "$0")/.."
bash cli/setup.sh --tests || exit 1
failed=()
step() {
  echo "== $1"
  shift
  "$@" || failed+=("$*")
}
step 'types' npm run --silent types
step 'lint and format' npm run --silent lint
step 'build' npm run --silent build
echo '== tests'
report=$(mktemp)
# Tests start hundreds of programs: each reads what the first has compiled.
NODE_COMPILE_CACHE=$(mktemp -d)
export NODE_COMPILE_CACHE
BERTH_TEST_REPORT=$report timeout --kill-after=30 60m \
  npm run --silent mocha -- --reporter test/reporter.cjs 'test/**/*.test.ts'
status=$?
[ "$status" -ne 124 ] || echo 'the tests did not end within an hour'
read -r passes failures skipped <"$report" || { passes=0 failures=1 skipped=0; }
rm -rf "$report" "$NODE_COMPILE_CACHE"
for step in ${failed[@]+"${failed[@]}"}; do
  echo "failed: $step"
  failures=$((failures + 1))
done
[ "$failures" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$passes" -eq 0 ]; } && failures=1
echo "$passes passed, $failures failed, $skipped skipped"
[ "$failures" -eq 0 ]
