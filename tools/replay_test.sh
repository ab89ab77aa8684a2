#!/bin/bash
# What keepsim_replay_test runs: a scenario or a trace still shows what it was kept for.
#
#     replay_test.sh KEEPSIM SOURCE [--expect SIGNATURE]... [--expect-not SIGNATURE]...
set -u
keepsim="$1"
source="$2"
shift 2
trace="$source"
if [[ "$(head -c 7 "$source")" != KEEPSIM ]]; then
  out="$(mktemp -d "${TEST_TMPDIR:-/tmp}/replay.XXXXXX")"
  trap 'rm -rf "$out"' EXIT
  "$keepsim" run "$source" --out "$out" > /dev/null
  status=$?
  # Expectations of its own (1) may be what it was kept for.
  [[ $status == 0 || $status == 1 ]] || exit "$status"
  trace="$out/trace.kst"
fi
# The same records again, on any machine, in any build.
"$keepsim" replay "$trace" || exit
[[ $# == 0 ]] || "$keepsim" explain "$trace" "$@"
