#!/bin/bash
# run.sh FUZZER... [SECONDS]: each fuzzer for so long (600), from the stored inputs on. New inputs go
# to a folder outside the tree; what makes one fail is kept there and named. See README.md.
set -u
seconds=600
if [[ "${!#}" =~ ^[0-9]+$ ]]; then
  seconds="${!#}"
  set -- "${@:1:$#-1}"
fi
tree="${BUILD_WORKSPACE_DIRECTORY:?start it with bazel run}/tests/fuzz"
found="$(mktemp -d "${TMPDIR:-/tmp}/keepsim-fuzz.XXXXXX")"
failures=0
for fuzzer in "$@"; do
  name="$(basename "$fuzzer" _fuzz_test_fuzzer)"
  mkdir -p "$found/$name"
  echo "$name: $seconds s"
  if ! "$fuzzer" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=4096 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$found/$name-" "$found/$name" "$tree/${name}_corpus"; then
    failures=$((failures + 1))
  fi
done
echo "$failures of $# failed; inputs in $found"
[[ $failures == 0 ]]
