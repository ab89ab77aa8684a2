#!/bin/bash
# tools/with-deps against a machine of fakes: who is asked, what is installed, what is run.
set -u

tree="$TEST_TMPDIR/tree"
mkdir -p "$tree/tests/conformance/npm"
cp -rL tools "$tree/tools"
echo '{}' > "$tree/tests/conformance/npm/package-lock.json"
with_deps="$tree/tools/with-deps"
bin="$TEST_TMPDIR/bin"
mkdir -p "$bin"
log="$TEST_TMPDIR/log"
failures=0

fake() { # NAME BODY
  printf '#!/bin/bash\n%s\n' "$2" > "$bin/$1"
  chmod +x "$bin/$1"
}
# The world of each case: user id, installed packages (or "all"), status of apt-get.
fake id 'echo "$FAKE_UID"'
fake dpkg-query '[[ $# == 2 ]] && echo "installed other, $FAKE_PROVIDED (= 1)"
for p in "${@:3}"; do
  if [[ "$FAKE_INSTALLED" == all || " $FAKE_INSTALLED " == *" $p "* ]]; then echo "installed $p"; fi
done'
fake sudo 'echo "sudo" >> "$FAKE_LOG"; exec "$@"'
fake apt-get 'echo "apt-get $*" >> "$FAKE_LOG"; echo chatter; exit "$FAKE_APT"'
fake npm 'echo "npm $*" >> "$FAKE_LOG"; mkdir -p node_modules; exit "$FAKE_NPM"'
export FAKE_PROVIDED= FAKE_NPM=0

run() { # UID INSTALLED APT ARGUMENT...: sets out, err, status, log
  : > "$log"
  out="$(FAKE_UID=$1 FAKE_INSTALLED=$2 FAKE_APT=$3 FAKE_LOG=$log PATH="$bin:$PATH" \
    "$with_deps" "${@:4}" 2> "$TEST_TMPDIR/err" < /dev/null)"
  status=$?
  err="$(cat "$TEST_TMPDIR/err")"
}
expect() { # WHAT ACTUAL PATTERN
  # The pattern is a glob.
  # shellcheck disable=SC2053
  if [[ "$2" != $3 ]]; then
    printf 'FAIL %s: "%s" is not like "%s"\n' "$1" "$2" "$3"
    failures=$((failures + 1))
  fi
}

run 1000 all 0 echo ran
expect "nothing missing: the command runs" "$out:$status" "ran:0"
expect "nothing missing: no apt-get" "$(cat "$log")" ""

run 1000 all 0 bash -c 'exit 7'
expect "the command's status is ours" "$status" 7

run 1000 "g++ python3" 0 echo ran
expect "nobody to ask: nothing run" "$out:$status" ":2"
expect "nobody to ask: no sudo" "$(cat "$log")" ""
expect "nobody to ask: the command to run" "$err" \
  "*sudo apt-get update && sudo apt-get install -y --no-install-recommends bazel-bootstrap *"
expect "nobody to ask: only what is missing" "$err" "*protobuf-compiler rapidjson-dev zlib1g-dev*"
expect "what is installed is left alone" "${err/g++/FOUND}" "$err"

KEEPSIM_YES=1 run 1000 "" 0 echo ran
expect "KEEPSIM_YES: runs, apt-get's words kept off stdout" "$out:$status" "ran:0"
expect "KEEPSIM_YES: through sudo" "$(head -n 2 "$log" | tr '\n' ';')" "sudo;apt-get -q update;"

run 0 "" 0 echo ran
expect "root: runs" "$out:$status" "ran:0"
expect "root: without sudo" "$(head -n 1 "$log")" "apt-get -q update"
expect "root: not the test packages" "$(grep -c gtest "$log")" 0

run 0 "" 0 --test echo ran
expect "--test: the test packages too" "$(grep -c libgtest-dev "$log"):$(grep -c g++ "$log")" "1:1"

run 0 "" 0 --dev echo ran
expect "--dev: all of them" "$(grep -c libgtest-dev "$log"):$(grep -c lld-14 "$log")" "1:1"

FAKE_PROVIDED=npm run 0 "" 0 --test echo ran
expect "what another package provides is not installed" "$(grep -cE 'apt-get.* npm( |$)' "$log")" 0
expect "but its neighbours are" "$(grep -cE 'apt-get.* nodejs( |$)' "$log")" 1

rm -rf "$tree/tests/conformance/npm/node_modules"
run 0 all 0 echo ran
expect "without --test nothing from npm" "$(cat "$log")" ""
FAKE_NPM=1 run 0 all 0 --test echo ran
expect "npm fails: the command runs" "$out:$status:$err" "ran:0:*will be skipped*"
run 0 all 0 --test echo ran
expect "npm is tried again" "$(cat "$log")" "npm ci*"
run 0 all 0 --test echo ran
expect "npm's packages are there: left alone" "$(cat "$log")" ""
echo '{ }' > "$tree/tests/conformance/npm/package-lock.json"
run 0 all 0 --test echo ran
expect "another lock file: installed anew" "$(cat "$log")" "npm ci*"

run 0 "" 100 echo ran
expect "apt-get fails: nothing run" "$out:$status" ":2"

run 0 all 0
expect "no command: usage" "$status:$err" "2:*tools/with-deps *COMMAND*"
run 0 all 0 --nonsense echo ran
expect "unknown option: usage" "$status:$out" "2:"

exit $((failures > 0))
