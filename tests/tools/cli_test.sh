#!/bin/bash
# The command line as a user meets it: happy paths, bad input, exit codes, nothing half-written.
set -u
keepsim="$1"
quickstart="$2"
sweep="$3"
late_client="$4"
built="$5"  # the store; the report follows
work="$(mktemp -d "${TEST_TMPDIR:-/tmp}/cli.XXXXXX")"
unset BUILD_WORKING_DIRECTORY
failures=0

# expect CODE TEXT COMMAND...: the exit code, and TEXT somewhere in the output.
expect() {
  local code="$1" text="$2" out status
  shift 2
  out="$("$@" 2>&1)"
  status=$?
  if [[ $status != "$code" || "$out" != *"$text"* ]]; then
    echo "FAILED: $*"
    echo "  wanted exit $code with \"$text\", got exit $status:"
    printf '%s\n' "$out" | head -20
    failures=$((failures + 1))
  fi
}

small=(--set 'groups[0].count=5' --set 'groups[1].count=5')
lenient=(--set 'expectations[3].at_least=0')

expect 0 "keepsim run SCENARIO" "$keepsim" help
expect 2 "did you mean \"run\"" "$keepsim" rnu x
expect 0 "Detection: from the onset" "$keepsim" run "$quickstart" "${small[@]}" "${lenient[@]}"
expect 0 '"digest": "' "$keepsim" run "$quickstart" --format json "${small[@]}" "${lenient[@]}"
expect 0 "verified" "$keepsim" run "$quickstart" --verify "${small[@]}" "${lenient[@]}"
expect 0 "numbers that moved" "$keepsim" run "$quickstart" --ties reversed "${small[@]}" "${lenient[@]}"
# A model that breaks a rule: which, where, and the line that shows it again.
expect 3 "invariant broken: client_silence" "$late_client" run "$quickstart" --seed 4 "${small[@]}"
expect 3 "again: keepsim run $quickstart --seed 4 --set 'groups[0].count=5'" "$late_client" run "$quickstart" --seed 4 "${small[@]}"
expect 0 "events skipped" "$keepsim" run "$quickstart" --explain-speed "${small[@]}" "${lenient[@]}"
expect 0 "nothing skipped: --engine events" "$keepsim" run "$quickstart" --engine events --explain-speed "${small[@]}" "${lenient[@]}"
expect 2 "--engine must be auto, events or skip" "$keepsim" run "$quickstart" --engine fast
expect 2 "the broker handles one packet after another" "$keepsim" run "$quickstart" --engine skip --set broker.handling_time=1ms \
  --set broker.accept_per_second=10
expect 1 "NOT MET" "$keepsim" run "$quickstart" "${small[@]}" --set 'expectations[0].at_least=1000'
expect 2 "did you mean \"detection.broker.max_s\"" "$keepsim" check "$quickstart" --set 'expectations[0].metric=detection.broker.mex_s'
# Nothing was measured, so no bound on it is met.
expect 1 "has no value: nothing" "$keepsim" run "$quickstart" "${small[@]}" "${lenient[@]}" \
  --set 'expectations={metric: "detection.client.p99_s" at_most: 1e9}'
expect 0 "200 clients in 2 groups" "$keepsim" check "$quickstart"
expect 0 "libmosquitto 2.0" "$keepsim" profiles
expect 2 "did you mean \"rumqttc\"" "$keepsim" profiles rumqtc
expect 0 "paho-golang-v5 0.23" "$keepsim" profiles
expect 0 "aws-iot-core documented" "$keepsim" profiles
# A version finds the row that stands for it; another is answered with those that there are.
expect 0 "emqx 5.7.2 (5.7.2 and newer)" "$keepsim" profiles emqx 6.1.4
expect 0 "mosquitto 2.0.20 (2.0.11 and older, 2.0.16 to 2.0.20)" "$keepsim" profiles mosquitto 1.6
expect 0 "activity        whole packets, or parts of one" "$keepsim" profiles mosquitto
expect 0 "activity: any bytes" "$keepsim" profiles
expect 2 "versions of paho-c: 1.3.10 (1.3.7 to 1.3.10)" "$keepsim" profiles paho-c 1.3.11
expect 2 "did you mean \"nats-server\"" "$keepsim" profiles nats
# In words, all versions of a name or one of them.
expect 0 "every keepAlive / 4; with keepAlive above 10s every 5s, late by up to 1ms" "$keepsim" profiles paho-golang
expect 0 "PINGREQ         keepAlive (at most 30s) after any packet sent, or 30s after any packet" "$keepsim" profiles coremqtt

# Rare false declarations: an estimate, the same from any number of threads; who cannot be looked at.
cat > "$work/rare.textproto" << 'EOF'
name: "rare" horizon: "1d"
client_profiles { name: "eager" pingresp_rule: NEVER ping_factor: 0.35 one_ping_at_a_time: false }
groups { name: "g" count: 5 keep_alive: "60s" client: "eager"
  path { transport: DATAGRAM up { latency { constant: "20ms" } loss: 0.01 } down { latency { constant: "20ms" } } } }
EOF
rare=("$keepsim" rare "$work/rare.textproto" --replications 4 --trials 50)
expect 0 "per client-day, 95 % interval" "${rare[@]}"
expect 0 "again   keepsim rare $work/rare.textproto --seed 1 --replications 4 --trials 50" "${rare[@]}"
expect 0 '"observer": "broker"' "${rare[@]}" --format json
if [[ "$("${rare[@]}" --threads 1 --format json | grep -v wall_s)" != \
      "$("${rare[@]}" --threads 3 --format json | grep -v wall_s)" ]]; then
  echo "FAILED: rare on other threads says something else"
  failures=$((failures + 1))
fi
expect 2 "the broker's limits" "${rare[@]}" --set broker.accept_per_second=5
expect 2 "did you mean \"g\"" "${rare[@]}" --group h
expect 2 "--trials must be a number from 10 to 100000" "${rare[@]}" --trials 9

expect 2 "cannot be opened" "$keepsim" run "$work/missing.textproto"
expect 2 "error" "$keepsim" run "$work"
printf 'horizon: "1h" groups { nam: "x" }' > "$work/broken.textproto"
expect 2 'broken.textproto:1:24: error: groups[0]: unknown field "nam"' "$keepsim" run "$work/broken.textproto"
expect 2 'unknown flag --sed (did you mean "seed"?)' "$keepsim" run "$quickstart" --sed 3
expect 2 "is not a seed" "$keepsim" run "$quickstart" --seed x
expect 2 "--threads must be" "$keepsim" run "$quickstart" --threads 0
expect 2 "there is no group" "$keepsim" run "$quickstart" --packets nobody/1

# Flags as people try them.
expect 0 "keepsim run SCENARIO" "$keepsim" run --help
expect 0 "keepsim diff TRACE_A" "$keepsim" help diff
expect 2 "unknown flag -x" "$keepsim" run "$quickstart" -x
expect 2 "--verify takes no value" "$keepsim" run "$quickstart" --verify=1
expect 2 "--format needs a value" "$keepsim" run "$quickstart" --format
expect 2 "has clients 0 to 99" "$keepsim" run "$quickstart" --packets cellular/0-
expect 2 "there is no group" "$keepsim" run "$quickstart" --packets ""
expect 2 "run needs one scenario file" "$keepsim" run "$quickstart" "$quickstart"

# Files as editors and accidents leave them.
: > "$work/empty.textproto"
expect 2 'empty.textproto:1:1: error: horizon: is required' "$keepsim" check "$work/empty.textproto"
printf '\xef\xbb\xbf' | cat - "$quickstart" > "$work/bom.textproto"
expect 0 "200 clients in 2 groups" "$keepsim" check "$work/bom.textproto"
sed 's/$/\r/' "$quickstart" > "$work/crlf.textproto"
expect 0 "200 clients in 2 groups" "$keepsim" check "$work/crlf.textproto"
printf '\xff\xfeh\0' > "$work/utf16.textproto"
expect 2 "is UTF-16; save it as UTF-8" "$keepsim" check "$work/utf16.textproto"
truncate -s 100M "$work/big.textproto"
expect 2 "is larger than 64 MiB" "$keepsim" check "$work/big.textproto"
rm "$work/big.textproto"
expect 2 "is required" "$keepsim" check /dev/null
printf '{\n  "horizon": "1h",\n  "groups": [{"name": "g"},\n    {"nam": "h", "keepAlive": "70000s"}]\n}\n' > "$work/places.json"
expect 2 'places.json:4:6: error: groups[1]: unknown field "nam" in Group (did you mean "name"?)' "$keepsim" check "$work/places.json"
expect 2 'places.json:4:18: error: groups[1].keep_alive: "70000s" is out of range' "$keepsim" check "$work/places.json"
# A value of the wrong kind or a second choice does not hide what stands behind it.
printf 'horizon: 5\ngroups { name: "g" publish { poisson { mean_gap: "1m" } periodic { period: "1m" } } }\nexpectations { metric: "detection.broker.mex_s" at_most: 1 }\n' > "$work/all.textproto"
expect 2 'all.textproto:1:10: error: horizon: expected a text in quotes, not 5' "$keepsim" check "$work/all.textproto"
expect 2 'all.textproto:2:57: error: groups[0].publish[0].periodic: is given beside poisson, but only one of them can be' "$keepsim" check "$work/all.textproto"
expect 2 'did you mean "detection.broker.max_s"' "$keepsim" check "$work/all.textproto"

# A result, its replay, one client of it, and a second result that differs.
expect 0 "trace.kst" "$keepsim" run "$quickstart" --out "$work/a" "${small[@]}" "${lenient[@]}"
expect 0 "trace.kst" "$keepsim" run "$quickstart" --out "$work/a" "${small[@]}" "${lenient[@]}"
cp "$work/a/trace.kst" "$work/again.kst"
expect 0 "trace.kst" "$keepsim" run "$quickstart" --threads 1 --out "$work/a" "${small[@]}" "${lenient[@]}"
cmp "$work/a/trace.kst" "$work/again.kst" || { echo "FAILED: the same run, another file"; failures=$((failures + 1)); }
for file in trace.kst summary.json report.html; do
  [[ -s "$work/a/$file" ]] || { echo "FAILED: no $file"; failures=$((failures + 1)); }
done
[[ "$(ls "$work/a" | wc -l)" == 3 ]] || { echo "FAILED: files left over"; failures=$((failures + 1)); }
expect 0 "the same" "$keepsim" replay "$work/a/trace.kst"
expect 0 "meets the recorded outcome" "$keepsim" replay "$work/a/trace.kst" --client cellular/3
expect 0 "PINGREQ" "$keepsim" replay "$work/a/trace.kst" --client cellular/3
expect 0 "packet_received" "$keepsim" replay "$work/a/trace.kst" --client cellular --records --to 1m
expect 2 "must name one client" "$keepsim" replay "$work/a/trace.kst" --client cellular
expect 2 "not both" "$keepsim" replay "$work/a/trace.kst" --client cellular/3 --incident 1
expect 2 "need --client" "$keepsim" replay "$work/a/trace.kst" --from 1m
for command in replay show; do
  expect 2 "--from 10m is after --to 5m" "$keepsim" $command "$work/a/trace.kst" --client cellular/3 --from 10m --to 5m
  expect 2 "--from 4800h is after the end of the run, which takes " \
    "$keepsim" $command "$work/a/trace.kst" --client cellular/3 --from 4800h --to 5000h
done
expect 2 "--from 2m is after --to 1m" "$keepsim" replay "$work/a/trace.kst" --incident 1 --from 2m --to 1m
expect 2 "--engine is for the replay of a whole run, without --client" \
  "$keepsim" replay "$work/a/trace.kst" --client cellular/3 --engine foo
expect 2 "--threads is for the replay of a whole run, without --incident" \
  "$keepsim" replay "$work/a/trace.kst" --incident 1 --threads 3
expect 2 "--engine is for the replay of a whole run, without --incident" \
  "$keepsim" replay "$work/a/trace.kst" --incident 1 --engine skip
# An incident as a time line; its numbers are the report's.
expect 0 "verdict " "$keepsim" replay "$work/a/trace.kst" --incident 1
expect 0 "incident 2: at " "$keepsim" replay "$work/a/trace.kst" --incident 2
expect 0 "CLIENT" "$keepsim" replay "$work/a/trace.kst" --incident 2 --from 1m --to 2m
expect 2 "there is no incident 1000000; the trace holds 1 to " "$keepsim" replay "$work/a/trace.kst" --incident 1000000
expect 2 "--incident must be a number" "$keepsim" replay "$work/a/trace.kst" --incident first
# Why, and what would have prevented it.
expect 0 "incidents by cause" "$keepsim" explain "$work/a/trace.kst"
expect 0 "Would it have happened?" "$keepsim" explain "$work/a/trace.kst" --incident 1
expect 0 "--set 'broker.grace_factor=2'" "$keepsim" explain "$work/a/trace.kst" --incident 1
expect 0 "[MQTT-3.1.2-2" "$keepsim" explain "$work/a/trace.kst" --incident 1
expect 0 "Would it have happened?" "$keepsim" explain "$work/a/trace.kst" --incident 1 --page "$work/1.html"
expect 0 "default-src 'none'" cat "$work/1.html"
expect 2 "--page needs" "$keepsim" explain "$work/a/trace.kst" --page "$work/2.html"
expect 2 "--page needs" "$keepsim" explain "$work/a/trace.kst" --incident 1 --page ""
# A page on stdout is a page and nothing else.
"$keepsim" explain "$work/a/trace.kst" --incident 1 --page - > "$work/stdout.html" 2> "$work/stderr.txt"
cmp "$work/1.html" "$work/stdout.html" || { echo "FAILED: --page - is another page"; failures=$((failures + 1)); }
expect 0 "Would it have happened?" cat "$work/stderr.txt"
# What is read is not replaced, by whichever name, nor what it is called while it is written.
cp "$work/a/trace.kst" "$work/kept.kst"
ln -s "$work/kept.kst" "$work/link.kst"
cp "$work/a/trace.kst" "$work/part.tmp"
cp "$quickstart" "$work/own.textproto"
replaces() { # replaces OUT COMMAND.. --FLAG: whose value is OUT
  expect 2 "would replace" "$keepsim" "${@:2}" "$1"
}
for out in "$work/kept.kst" "$work/link.kst" "$work/./kept.kst"; do
  replaces "$out" export "$work/kept.kst" --format csv --out
  replaces "$out" export "$work/kept.kst" --format sqlite --out
  replaces "$out" explain "$work/kept.kst" --incident 1 --page
  replaces "$out" fleet "$work/kept.kst" --out
  replaces "$out" shrink "$work/kept.kst" --incident 1 --out
done
replaces "$work/part" export "$work/part.tmp" --format csv --out
replaces "$work/own.textproto" shrink "$work/own.textproto" --out
cmp "$work/a/trace.kst" "$work/kept.kst" && cmp "$work/a/trace.kst" "$work/part.tmp" ||
  { echo "FAILED: a trace was replaced"; failures=$((failures + 1)); }
expect 2 "--out needs the name of a file" "$keepsim" export "$work/a/trace.kst" --format csv --out ""
expect 2 "--out needs the name of a file" "$keepsim" shrink "$work/a/trace.kst" --incident 1 --out ""
# Before a single simulation: none of them is reported.
expect 2 "/no/s.textproto cannot be written" "$keepsim" shrink "$work/a/trace.kst" --incident 1 --out "$work/no/s.textproto"
if "$keepsim" shrink "$work/a/trace.kst" --incident 1 --out "$work/no/s.textproto" 2>&1 | grep -q simulations; then
  echo "FAILED: shrink works first and then cannot write"
  failures=$((failures + 1))
fi
expect 2 "cannot be" "$keepsim" explain "$work/a/trace.kst" --incident 1 --page "$work/no/2.html"
expect 0 "time lines" "$keepsim" fleet "$work/a/trace.kst" --out "$work/fleet.html" --time-lines 3
expect 0 "default-src 'none'" cat "$work/fleet.html"
expect 2 "--out needs" "$keepsim" fleet "$work/a/trace.kst" --out ""
# Beside the trace, where the report links to it; a later result takes both away.
expect 0 'data-fleet=""' cat "$work/a/report.html"
expect 0 "$work/a/fleet.html" "$keepsim" fleet "$work/a/trace.kst" --time-lines 3
expect 0 'data-fleet="fleet.html"' cat "$work/a/report.html"
expect 0 "trace.kst" "$keepsim" run "$quickstart" --out "$work/f" --fleet "${small[@]}" "${lenient[@]}"
expect 0 'data-fleet="fleet.html"' cat "$work/f/report.html"
expect 0 "trace.kst" "$keepsim" run "$quickstart" --out "$work/f" "${small[@]}" "${lenient[@]}"
expect 0 'data-fleet=""' cat "$work/f/report.html"
[[ ! -e "$work/f/fleet.html" ]] || { echo "FAILED: an older fleet.html is left"; failures=$((failures + 1)); }
expect 2 "--fleet needs --out" "$keepsim" run "$quickstart" --fleet
expect 2 "--time-lines must be" "$keepsim" fleet "$work/a/trace.kst" --out "$work/f.html" --time-lines -1
expect 2 "--time-lines must be" "$keepsim" fleet "$work/a/trace.kst" --out "$work/f.html" --time-lines many
expect 2 "there is no incident 1000000" "$keepsim" explain "$work/a/trace.kst" --incident 1000000
# Whoever made a trace has been warned of its scenario.
printf 'horizon: "1h"\ngroups { name: "g" keep_alive: "0s" }\n' > "$work/foolish.textproto"
expect 0 "warning: groups[0].keep_alive" "$keepsim" run "$work/foolish.textproto" --out "$work/foolish"
if "$keepsim" replay "$work/foolish/trace.kst" 2>&1 | grep -q warning; then
  echo "FAILED: replay repeats the scenario's warnings"
  failures=$((failures + 1))
fi
# For other programs. A full disk is no success, and a device is written to, not replaced.
for command in "show $work/a/trace.kst" "export $work/a/trace.kst --format csv" "check $quickstart --print" \
  "profiles" "run $quickstart --format json"; do
  expect 2 "the output cannot be written: No space left on device" sh -c "$keepsim $command > /dev/full"
done
mkfifo "$work/pipe"
# What is no file is never replaced.
expect 2 "is not a file" "$keepsim" export "$work/a/trace.kst" --format sqlite --out "$work/pipe"
expect 2 "is not a file" "$keepsim" report "$work/a" --out "$work/pipe"
[[ -p "$work/pipe" ]] || { echo "FAILED: a pipe was replaced"; failures=$((failures + 1)); }
cat "$work/pipe" > "$work/piped" &
expect 0 "" "$keepsim" export "$work/a/trace.kst" --format csv --out "$work/pipe"
wait
[[ -p "$work/pipe" && -s "$work/piped" ]] || { echo "FAILED: export to a pipe"; failures=$((failures + 1)); }
expect 0 "incident,group,client,observer,verdict,failure,cause,onset_s,declared_s,latency_s" \
  "$keepsim" export "$work/a/trace.kst" --format csv
expect 2 "--format must be csv, json, jsonl, sqlite, pcapng or perfetto" "$keepsim" export "$work/a/trace.kst" --format xml
expect 2 "has clients 0 to 4" "$keepsim" replay "$work/a/trace.kst" --client cellular/5
expect 0 "trace.kst" "$keepsim" run "$quickstart" --seed 9 --out "$work/b" "${small[@]}" "${lenient[@]}"
expect 0 "no record differs" "$keepsim" diff "$work/a/trace.kst" "$work/a/trace.kst"
expect 1 "" "$keepsim" diff "$work/a/trace.kst" "$work/b/trace.kst"

# Two results side by side: folders, summaries, traces.
expect 0 "the same digest" "$keepsim" compare "$work/a" "$work/a/trace.kst"
expect 0 "declarations.client.false_per_client_day" "$keepsim" compare "$work/a" "$work/b/summary.json" --group cellular
expect 0 '"metric": "detection.broker.p50_s"' "$keepsim" compare "$work/a" "$work/b" --format json
expect 2 "there is no group \"x\"" "$keepsim" compare "$work/a" "$work/b" --group x
expect 2 "not a run's summary" "$keepsim" compare "$work/a" "$quickstart"
expect 2 "summary.json" "$keepsim" compare "$work/a" "$work"

# A sweep in two parts, merged; then nothing is left to do (sweep_test has the rest).
for part in 1 2; do
  expect 0 "shard $part/2" "$keepsim" sweep "$sweep" --shard "$part/2" --out "$work/part$part"
done
expect 0 "39 of 39 runs, content" "$keepsim" merge "$work/part2" "$work/part1" --out "$work/all"
expect 0 "B: " "$keepsim" compare "$work/part1" "$work/all"
expect 0 "equal at every seed" "$keepsim" compare "$work/all@0" "$work/all@0"
expect 0 '"questions": ' "$keepsim" compare "$work/all" "$work/all" --format json
expect 0 "a,b,at,point_a" "$keepsim" compare "$work/all@0" "$work/all/sweep.sqlite@1" --format csv
expect 2 "there is no point 1000" "$keepsim" compare "$work/all@0" "$work/all@1000"
expect 2 "is called \"kep_alive\"" "$keepsim" compare "$work/all" --axis kep_alive
expect 2 "needs --axis" "$keepsim" compare "$work/all"
expect 2 "a sweep and a run" "$keepsim" compare "$work/all" "$work/a"
expect 0 "going on: 39 of 39 runs are there" "$keepsim" sweep "$sweep" --out "$work/all" --resume
# What build actions made in three parts has the same content.
digest="$("$keepsim" sweep --digest "$work/all")"
[[ ${#digest} == 32 ]] || { echo "FAILED: no digest"; failures=$((failures + 1)); }
expect 0 "$digest" "$keepsim" sweep --digest "$(dirname "$built")"

# Records as text.
expect 0 "host_up" "$keepsim" show "$work/a/trace.kst" --client wired/0 --to 1m
expect 2 "--from" "$keepsim" show "$work/a/trace.kst" --from 5
expect 2 "did you mean \"wired\"" "$keepsim" show "$work/a/trace.kst" --client wire/0

# Damage is recognised, and what is whole before it can be read on request.
head -c 3000 "$work/a/trace.kst" > "$work/short.kst"
expect 2 "short.kst" "$keepsim" replay "$work/short.kst"
size="$(stat -c %s "$work/a/trace.kst")"
head -c $((size - 40)) "$work/a/trace.kst" > "$work/cut.kst"
expect 2 "damaged at byte" "$keepsim" show "$work/cut.kst"
expect 0 "damaged at byte" "$keepsim" show "$work/cut.kst" --allow-damaged
expect 0 "host_up" "$keepsim" show "$work/cut.kst" --allow-damaged
expect 0 "the same as far as the trace is whole" "$keepsim" replay "$work/cut.kst" --allow-damaged
cp "$work/a/trace.kst" "$work/flipped.kst"
printf '\xff' | dd of="$work/flipped.kst" bs=1 seek=5000 conv=notrunc status=none
expect 2 "flipped.kst" "$keepsim" replay "$work/flipped.kst"
printf 'not a trace' > "$work/text.kst"
expect 2 "text.kst" "$keepsim" replay "$work/text.kst"
# Within the header, nothing is whole.
head -c 100 "$work/a/trace.kst" > "$work/headless.kst"
for command in show replay explain diff; do
  other=()
  [[ $command == diff ]] && other=("$work/a/trace.kst")
  expect 2 "; nothing of it can be read: the header" \
    "$keepsim" "$command" "$work/headless.kst" "${other[@]}" --allow-damaged
done

# Folders that are not ours are left alone.
mkdir "$work/other"
echo precious > "$work/other/file"
expect 2 "holds other files" "$keepsim" run "$quickstart" --out "$work/other" "${small[@]}"
[[ "$(ls "$work/other")" == file ]] || { echo "FAILED: wrote into a folder of others"; failures=$((failures + 1)); }
expect 2 "is not a folder" "$keepsim" run "$quickstart" --out "$work/other/file" "${small[@]}"
mkdir "$work/mine"
echo '{"mine": 1}' > "$work/mine/summary.json"
expect 2 "holds other files" "$keepsim" run "$quickstart" --out "$work/mine" "${small[@]}"
expect 2 "no digest" "$keepsim" compare "$work/mine" "$work/mine"
expect 2 "says how a run was made" "$keepsim" check "$quickstart" --set 'expectations={metric: "wall_s" at_least: 0}'
expect 2 "--set 'groups[0].keep_alive=30': error: groups[0].keep_alive" \
  "$keepsim" check "$quickstart" --set 'groups[0].keep_alive=30'
expect 2 "unknown command" "$keepsim" help nope

# A full disk and a read-only folder: said plainly, exit 2, nothing half-written, and an earlier
# result untouched.
if unshare -rm true 2> /dev/null; then
  on_disk() { # on_disk SIZE ro|rw COMMAND...: into a small disk of its own
    local size="$1" options="$2"
    shift 2
    unshare -rm sh -c '
      disk="$1" size="$2" options="$3"
      shift 3
      mkdir -p "$disk" && mount -t tmpfs -o size="$size" none "$disk" && mkdir "$disk/out" &&
        echo "{\"engine_version\": 0}" > "$disk/out/summary.json" && mount -o "remount,$options" "$disk" || exit 99
      "$@"
      status=$?
      echo "left: $(ls "$disk/out" | tr "\n" " ")$(cat "$disk/out/summary.json")"
      exit $status' sh "$work/disk" "$size" "$options" "$@"
  }
  # No room for the trace; for the trace but not the page; for both but not the summary.
  for size in 160k 400k 560k; do
    expect 2 "No space left on device" on_disk $size rw "$keepsim" run "$quickstart" --out "$work/disk/out"
    expect 2 'left: summary.json {"engine_version": 0}' on_disk $size rw "$keepsim" run "$quickstart" --out "$work/disk/out"
  done
  expect 0 "left: report.html summary.json trace.kst {" on_disk 2m rw "$keepsim" run "$quickstart" --out "$work/disk/out"
  expect 2 "Read-only file system" on_disk 160k ro "$keepsim" run "$quickstart" --out "$work/disk/out"
  expect 2 "Read-only file system" on_disk 160k ro "$keepsim" run "$quickstart" --out "$work/disk/new"
  # What shrink has found out is printed where it cannot be written.
  expect 2 "#     keepsim_replay_test(" unshare -rm sh -c '
    mkdir -p "$1" && mount -t tmpfs -o size=4k none "$1" && head -c 4096 /dev/zero > "$1/full" || exit 99
    "$2" shrink "$3" --incident 1 --runs 20 --out "$1/s.textproto"' sh "$work/disk" "$keepsim" "$work/a/trace.kst"
else
  echo "not tried: a full disk and a read-only folder (no user namespaces here)"
fi

# Stopped half-way, by either signal: exit 130, and nothing is left but the folder.
for signal in INT TERM; do
  timeout --preserve-status -s "$signal" 1 "$keepsim" run "$quickstart" --out "$work/stopped" \
    --set 'groups[0].count=1000000' > /dev/null 2>&1
  status=$?
  if [[ $status != 130 || -n "$(ls -A "$work/stopped" 2> /dev/null)" ]]; then
    echo "FAILED: stopped by $signal: exit $status, left: $(ls -A "$work/stopped")"
    failures=$((failures + 1))
  fi
done

# So too within one large cell, when every path is cut at one instant.
cat > "$work/outage.textproto" <<'EOF'
horizon: "24h"
groups { name: "fleet" count: 150000 start { spread: "1s" } path { both { latency { constant: "20ms" } } } }
broker { profile: "hivemq-ce" }
faults { at: "2s" duration: "10m" partition {} }
EOF
timeout --preserve-status -k 20 -s TERM 4 "$keepsim" run "$work/outage.textproto" --out "$work/stopped" > /dev/null 2>&1
status=$?
if [[ $status != 130 || -n "$(ls -A "$work/stopped" 2> /dev/null)" ]]; then
  echo "FAILED: stopped in a large cell: exit $status, left: $(ls -A "$work/stopped")"
  failures=$((failures + 1))
fi

# Killed outright: the next run takes the folder over.
timeout -s KILL 1 "$keepsim" run "$quickstart" --out "$work/killed" --set 'groups[0].count=1000000' > /dev/null 2>&1
expect 0 "trace.kst" "$keepsim" run "$quickstart" --out "$work/killed" "${small[@]}" "${lenient[@]}"
[[ "$(ls "$work/killed" | tr '\n' ' ')" == "report.html summary.json trace.kst " ]] ||
  { echo "FAILED: after a kill: $(ls "$work/killed")"; failures=$((failures + 1)); }

rm -rf "$work"
echo "$failures failures"
[[ $failures == 0 ]]
