"""Compares the measured files with keepsim and writes docs/conformance.md.

    bazel run //tests/conformance:report                 compare the files in tests/conformance/data
    bazel run //tests/conformance:report -- --measure    measure them anew first (root, 10 minutes)
"""

import math
import os
import platform
import subprocess
import sys
import tempfile

import measure
import reduce
import simulate
import two_sample

LOSSES = (20, 40, 60)
CLIENTS = 1000  # simulated, where the set-up leaves it open
HORIZON_S = {"ping_round_trips": 180, "broker_timeouts": 240}
SILENT_S = 60.0
INTRODUCTION = """# Conformance with the real programs

Written by `bazel run //tests/conformance:report`; `-- --measure` measures anew (root on Linux, gcc, packages mosquitto,
mosquitto-clients, nftables, libpaho-mqtt-dev, python3-paho-mqtt). Each set-up exists twice: `tests/conformance/measure.py`
runs the real programs and the real kernel's TCP in network namespaces, where nftables drops segments at random at the
receiving end; `tests/conformance/scenarios` says the same to KeepSim. The measured files are in `tests/conformance/data`. The namespaces'
kernel is set to what the model follows (`netns.py`): SYN repeated as before Linux 6.5, no cache of earlier round trips.

KS is the Kolmogorov-Smirnov distance of the two samples; of two samples of one law 5 % are further apart than the limit
in brackets. Ratios are simulated over measured, with exact 95 % intervals of independent events; events of one
connection are not independent, so the true intervals are wider.

**Known to differ.** The profiles of libmosquitto and Paho Python let every look at the clock be late by a uniform draw of up
to 1 s (the period of their loops). An idle loop is more regular: its wait begins anew with the last packet, so pings are
5.00 s apart; the bounds hold, the law within them does not. Paho C looks every keepAlive / 10, but not exactly: its looks
drift against its own last packet, so an idle client pings after 1.1 keepAlive where the profile says 1.0. libmosquitto's
Debian version is 2.0.11, whose rule is that of the profile "2.0". Not measured: reconnecting after a broker's restart,
Paho Java, MQTT.js and other brokers.
"""


def settle(value):
    """Below 2 ms a round trip measures the machine's load, not TCP."""
    return max(value, 0.002)


def ks(real, simulated):
    if not real or not simulated:
        return "-"
    return (f"{two_sample.ks_distance(real, simulated):.3f} "
            f"({two_sample.ks_critical(len(real), len(simulated)):.3f})")


def number(value):
    return "never" if math.isinf(value) else f"{value:.3g}"


def quantiles(values):
    return " / ".join(number(two_sample.quantile(values, share)) for share in (.5, .9, .99))


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def loss_settings(loss):
    return (f"groups[0].path.both.loss={loss / 100}", f"groups[0].count={CLIENTS}")


def round_trip_rows(real, simulated, loss):
    for step, label in (("tcp", "handshake"), ("connack", "CONNECT to CONNACK"), (0, "first ping"),
                        (9, "10th ping"), (39, "40th ping")):
        a, b = ([settle(v) for v in side[step]] for side in (real, simulated))
        yield (f"{loss} %", label, f"{len(a)} / {len(b)}", ks(a, b), quantiles(a), quantiles(b))


def late_rows(real, simulated, loss):
    for limit in (2, 4, 8):
        late = [[v > limit for i in range(reduce.PINGS) for v in side[i]]
                for side in (real, simulated)]
        ratio = two_sample.rate_ratio(sum(late[1]), len(late[1]), sum(late[0]), len(late[0]))
        yield (f"{loss} %", f"{limit} s", *(f"{sum(x)} of {len(x)}" for x in late),
               "{:.2f} ({:.2f} to {:.2f})".format(*ratio))


def timeout_rows(real, simulated, loss):
    for age in ("new", "old"):
        (n, s), (m, t) = real[age], simulated[age]
        if s == 0 or t == 0:
            continue
        ratio = two_sample.rate_ratio(m, t, n, s)
        yield (f"{loss} %", {"new": "up to 60 s", "old": "above 60 s"}[age],
               f"{n} in {s / 3600:.1f} h", f"{m} in {t / 3600:.1f} h",
               "{:.2f} ({:.2f} to {:.2f})".format(*ratio))


def write_report(data, keepsim, scenarios, target):
    run = lambda name, sets=(): simulate.simulate(keepsim, f"{scenarios}/{name}.textproto", sets)
    trips, late, timeouts = [], [], []
    for loss in LOSSES:
        real = reduce.round_trips(measure.read(f"{data}/ping_round_trips_{loss}.csv"))
        simulated = reduce.round_trips(run("ping_round_trips", loss_settings(loss)))
        trips += round_trip_rows(real, simulated, loss)
        late += late_rows(real, simulated, loss)
        horizon = HORIZON_S["broker_timeouts"]
        timeouts += timeout_rows(
            reduce.timeouts(measure.read(f"{data}/broker_timeouts_{loss}.csv"), horizon),
            reduce.timeouts(run("broker_timeouts", loss_settings(loss)), horizon), loss)
    real = reduce.detection(measure.read(f"{data}/broker_detection.csv"))
    simulated = reduce.detection(run("broker_detection"))
    libraries_real = reduce.pings(measure.read(f"{data}/library_pings.csv"), SILENT_S)
    libraries = reduce.pings([row for row in run("library_pings") if row[0] == "client"], SILENT_S)
    intervals, verdicts = [], []
    for kind, (gaps, given_up) in libraries_real.items():
        other = libraries.get(kind, ([], []))
        for lines, a, b in ((intervals, gaps, other[0]), (verdicts, given_up, other[1])):
            lines.append((kind, f"{len(a)} / {len(b)}", *(
                f"{min(x):.2f} / {two_sample.quantile(x, .5):.2f} / {max(x):.2f}" if x else "none"
                for x in (a, b)), ks(a, b)))
    with open(f"{data}/versions.txt", encoding="utf-8") as file:
        versions = file.read().strip()
    both = ("measured: 50 / 90 / 99 %, s", "simulated")
    spread = ("measured: min / median / max, s", "simulated", "KS")
    parts = [
        INTRODUCTION, "Measured with: " + versions + ".\n",
        "## TCP under loss in both directions\n\nPINGREQ every 2 s, whatever is unanswered.\n",
        table(("loss", "round trip", "connections", "KS", *both), trips),
        "\nPings answered later than:\n",
        table(("loss", "limit", "measured", "simulated", "ratio"), late),
        "\n## mosquitto throws out living clients\n\nkeepAlive 4 s, by the connection's age.\n",
        table(("loss", "age", "measured", "simulated", "ratio"), timeouts),
        "\n## mosquitto notices a silent cut\n\nkeepAlive 4 s; the bounds are 2 s and 12 s.\n",
        table(("cuts", *spread), [(f"{len(real)} / {len(simulated)}", *(
            f"{min(x):.2f} / {two_sample.quantile(x, .5):.2f} / {max(x):.2f}"
            for x in (real, simulated)), ks(real, simulated))]),
        "\n## Client libraries: intervals of PINGREQ\n\nkeepAlive 5 s; messages every 1 s.\n",
        table(("library and load", "intervals", *spread), intervals),
        "\n## Client libraries: from the broker's silence to giving up\n",
        table(("library and load", "clients", *spread), verdicts)]
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n")


def measure_all(data):
    """In the order of their length, at the same time; each has namespaces of its own."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "measure.py")
    jobs = [("broker_detection", "broker_detection", ()), ("library_pings", "library_pings", ())]
    for name, duration in HORIZON_S.items():
        jobs += [(name, f"{name}_{loss}", (f"loss={loss / 100}", f"duration={duration}"))
                 for loss in LOSSES]
    with tempfile.TemporaryDirectory() as folder:
        running = [subprocess.Popen([sys.executable, program, name, f"{folder}/{file}.csv", *sets])
                   for name, file, sets in jobs]
        if any([job.wait() for job in running]):
            raise SystemExit("a measurement failed")
        for _, file, _ in jobs:
            keep(f"{folder}/{file}.csv", f"{data}/{file}.csv")
    with open(f"{data}/versions.txt", "w", encoding="utf-8") as file:
        file.write(versions_here() + "\n")


def keep(source, target):
    """What the comparison needs: the first connection's round trips, the broker's log, the cuts."""
    rows = measure.read(source)
    if "ping_round_trips" in target:
        seen, kept = {}, []
        for row in rows:
            seen[row[1], row[3]] = seen.get((row[1], row[3]), 0) + 1
            if seen[row[1], row[3]] <= reduce.PINGS:
                kept.append(row)
        rows = kept
    elif "broker_timeouts" in target:
        rows = [row for row in rows if row[0] == "broker"]
    measure.write(target, rows)


def versions_here():
    packages = ("mosquitto", "libmosquitto1", "libpaho-mqtt1.3", "python3-paho-mqtt", "nftables")
    text = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *packages],
                          check=True, capture_output=True, text=True).stdout
    return f"Linux {platform.release().split('-')[0]}, {text.rstrip(', ')}"


def main(arguments):
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY", os.getcwd())
    here = f"{root}/tests/conformance"
    if "--measure" in arguments:
        measure_all(f"{here}/data")
    keepsim = os.environ.get("KEEPSIM", "tools/keepsim")
    write_report(f"{here}/data", os.path.abspath(keepsim), f"{here}/scenarios",
                 f"{root}/docs/conformance.md")


if __name__ == "__main__":
    main(sys.argv[1:])
