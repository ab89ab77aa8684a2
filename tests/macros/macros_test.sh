#!/bin/bash
# What keepsim_scenario() makes in a package of one's own.
set -u
my_fleet=("$1" "$2" run "$3")
trace="$4" summary="$5" report="$6"
failures=0
check() { # WHAT COMMAND...
  local what="$1"
  shift
  if ! "$@" > "$TEST_TMPDIR/out" 2>&1; then
    echo "FAILED: $what"
    cat "$TEST_TMPDIR/out"
    failures=$((failures + 1))
  fi
}

check "a trace is built" grep -q -a KEEPSIM "$trace"
check "the override is in the result" grep -q '"clients": 3,' "$summary"
check "a report is built" grep -q '</html>' "$report"
check "it runs, with further arguments" "${my_fleet[@]}" --format json --set 'groups[0].count=7'
check "the last override wins" grep -q '"clients": 7,' "$TEST_TMPDIR/out"
# As `bazel run` starts it: paths are the user's.
mkdir "$TEST_TMPDIR/here"
check "--out is relative to where the user is" \
  env BUILD_WORKING_DIRECTORY="$TEST_TMPDIR/here" "${my_fleet[@]}" --out mine
check "the result is there" test -s "$TEST_TMPDIR/here/mine/trace.kst"

((failures == 0)) && echo PASS
exit $((failures > 0))
