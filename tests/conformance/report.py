"""Compares the measured files with keepsim and writes docs/conformance.md.

    bazel run //tests/conformance:report                 compare the files in tests/conformance/data
    bazel run //tests/conformance:report -- --measure    measure them anew first (root, 20 minutes)
    bazel run //tests/conformance:report -- --measure reconnects library_cut      these alone
"""

import inspect
import math
import os
import platform
import subprocess
import sys
import tempfile
import typing

import cdf_plot
import measure
import programs
import reduce
import simulate
import two_sample

# Finer differences of times measure the machine's load, not the program.
RESOLUTION_S = 0.05
# Round trips are told apart down to this.
FLOOR_S = 0.002
BATCHES = 3  # measured one after another: what needs an undisturbed machine comes first


class Job(typing.NamedTuple):
    name: str  # of the file in data/
    set_up: str
    section: str
    label: str  # within the section
    scenario: str
    measured_with: dict = {}
    simulated_with: tuple = ()
    batch: int = 0
    packets: bool = True


def _loss(loss, count):
    return (f"groups[0].path.both.loss={loss / 100}", f"groups[0].count={count}")


TCP, THROWN, CUT, PINGS, HALF, GIVEN_UP, AGAIN = (
    "TCP under loss in both directions", "Brokers throw out living clients",
    "Brokers notice a silent cut", "Client libraries at a broker that falls silent",
    "Client libraries on a half-open connection", "Client libraries give up a living broker",
    "Client libraries try again while the broker is away")
KINDS_UNDER_LOSS = ("paho_python", "libmosquitto", "paho_c_async", "mqttjs")
JOBS = [
    *(Job(f"ping_round_trips_{loss}", "ping_round_trips", TCP, f"{loss} %", "ping_round_trips",
          {"loss": loss / 100, "count": 600 if loss == 20 else 200}, _loss(loss, 1000), 2)
      for loss in (20, 40, 60)),
    Job("broker_timeouts_20", "broker_timeouts", THROWN, "mosquitto, 20 %", "broker_timeouts",
        {"loss": 0.2, "count": 800, "duration": 400}, (*_loss(20, 3000), "horizon=400s"), 2, False),
    *(Job(f"broker_timeouts_{loss}", "broker_timeouts", THROWN, f"mosquitto, {loss} %",
          "broker_timeouts", {"loss": loss / 100}, _loss(loss, 1000), 2, False)
      for loss in (40, 60)),
    Job("aedes_timeouts_40", "broker_timeouts", THROWN, "aedes, 40 %", "broker_timeouts",
        {"loss": 0.4, "broker": "aedes"}, (*_loss(40, 1000), "broker.profile=aedes 1.1"), 2, False),
    Job("broker_detection_both", "broker_detection", CUT, "mosquitto, both directions",
        "broker_detection", {"direction": "both"}),
    Job("broker_detection_up", "broker_detection", CUT, "mosquitto, client to broker",
        "broker_detection", {"direction": "up"}, ("faults[0].partition.directions=UP",)),
    Job("broker_detection_down", "broker_detection", CUT, "mosquitto, broker to client",
        "broker_detection", {"direction": "down"}, ("faults[0].partition.directions=DOWN",)),
    Job("aedes_detection", "broker_detection", CUT, "aedes, both directions", "broker_detection",
        {"broker": "aedes"}, ("broker.profile=aedes 1.1",)),
    Job("library_pings", "library_pings", PINGS, "", "library_pings"),
    Job("library_cut", "library_pings", HALF, "", "library_cut",
        {"cut": "down", "duration": 100, "silent_from": 50, "count": 15}, (), 1),
    Job("reconnects", "reconnects", AGAIN, "", "reconnects", {}, (), 1),
    *(Job(f"library_timeouts_{loss}", "library_timeouts", GIVEN_UP, f"{loss} %",
          "library_timeouts", {"loss": loss / 100, "count": 60, "duration": 480},
          tuple(f"groups[{i}].path.both.loss={loss / 100}" for i in range(len(KINDS_UNDER_LOSS))),
          2, False) for loss in (20, 40, 60)),
]
# (times, as seconds by name; rates, as events and exposure by name) of both arms.
Case = typing.NamedTuple("Case", [("job", Job), ("real", dict), ("simulated", dict)])

INTRODUCTION = """# Conformance with the real programs

Written by `bazel run //tests/conformance:report`; `-- --measure` measures anew (root on Linux, gcc, the packages of
`tools/debian-packages-test.txt`, and those from npm that `tools/with-deps --test` installs). Each set-up exists twice:
`tests/conformance/measure.py` runs the real programs and the real kernel's TCP in network namespaces, where nftables drops
segments at random at the receiving end; `tests/conformance/scenarios` says the same to KeepSim. `reduce.py` turns what
happened on either side into the same numbers; the measured ones are kept, with the settings they were measured with, in
`tests/conformance/data` (all samples, to the millisecond; of the round trips only the rows below, the rest as counts). The
namespaces' kernel is set to what the model follows (`netns.py`): SYN repeated as before Linux 6.5, no cache of earlier
round trips. `bazel test //tests/conformance:conformance_test` is the short version.

KS is the Kolmogorov-Smirnov distance of the two samples; of two samples of one law 5 % are further apart than the limit
in brackets (for laws with steps, fewer). Times are compared to the nearest {resolution:.0f} ms, round trips down to
{floor:.0f} ms: below that the machine's load is measured. Samples of one client are not independent, nor are events of one
connection, so the true limits and intervals are wider than those given. Ratios are simulated over measured, with exact
95 % intervals; those of fewer than ten measured events are shown and not counted.
""".format(resolution=RESOLUTION_S * 1000, floor=FLOOR_S * 1000)


def settle(job, values):
    if job.set_up == "ping_round_trips":
        return [max(v, FLOOR_S) for v in values]
    return [v if math.isinf(v) else round(v / RESOLUTION_S) * RESOLUTION_S for v in values]


def number(value):
    return "never" if math.isinf(value) else f"{value:.3g}" if value < 10 else f"{value:.4g}"


def quantiles(values):
    shares = (0, .5, .9, 1) if len(values) < 400 else (.01, .5, .9, .99)
    return " / ".join(number(two_sample.quantile(values, share)) for share in shares)


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def sample_rows(case):
    """(name, n / m, KS, limit, real, simulated), both settled."""
    for name, values in case.real["samples"].items():
        a = settle(case.job, values)
        b = settle(case.job, case.simulated["samples"].get(name, []))
        # A handful of intervals (a publisher that hardly ever pings) is no sample of a law.
        if len(a) < 10 or not b:
            continue
        yield name, two_sample.ks_distance(a, b), two_sample.ks_critical(len(a), len(b)), a, b


def rate_rows(case):
    for name, (n, s) in case.real["rates"].items():
        m, t = case.simulated["rates"].get(name, (0, 0.0))
        if s > 0 and t > 0 and n + m > 0:
            yield name, (n, s), (m, t), two_sample.rate_ratio(m, t, n, s)


def exposure(job, value):
    return f"{value:.0f}" if job.set_up == "ping_round_trips" else f"{value / 3600:.1f} h"


def section(title, cases, pictures):
    parts, panels, rows, rates = [f"\n## {title}\n"], [], [], []
    for case in cases:
        for name, distance, limit, a, b in sample_rows(case):
            label = ", ".join(word for word in (case.job.label, name) if word)
            mark = "" if distance <= limit else " **"
            rows.append((label, f"{len(a)} / {len(b)}", f"{distance:.3f} ({limit:.3f}){mark}",
                         quantiles(a), quantiles(b)))
            panels.append((label, a, b))
        for name, (n, s), (m, t), ratio in rate_rows(case):
            label = ", ".join(word for word in (case.job.label, name) if word)
            rates.append((label, f"{n} in {exposure(case.job, s)}", f"{m} in {exposure(case.job, t)}",
                          "{:.2f} ({:.2f} to {:.2f})".format(*ratio)))
    if rows:
        parts.append(table(("times, s", "measured / simulated", "KS (limit)", "measured",
                            "simulated"), rows))
        parts.append("\nQuantiles: least, 50 %, 90 %, most; of 400 and more 1, 50, 90, 99 %.\n")
    if rates:
        parts.append(table(("events", "measured", "simulated", "ratio"), rates) + "\n")
    if panels:
        name = title.lower().replace(" ", "-")
        pictures[f"conformance-{name}.svg"] = cdf_plot.svg(panels)
        parts.append(f"![{title}: distribution functions](images/conformance-{name}.svg)")
    return "\n".join(parts)


def outside_bounds(cases):
    """(of the measured values, of the simulated ones): how many are outside the hard bounds of their
    library, and how many there are."""
    def count(arm):
        outside = everything = 0
        for case in cases:
            for kind, bounds in programs.BOUNDS.items():
                for name, (low, high) in zip(("interval", "giving up"), bounds):
                    values = getattr(case, arm)["samples"].get(f"{kind}, idle: {name}", [])
                    outside += sum(not low - RESOLUTION_S <= v <= high + RESOLUTION_S for v in values)
                    everything += len(values)
        return outside, everything
    return count("real"), count("simulated")


def targets(cases):
    """The table at the top: what was aimed at, and what is reached."""
    within = lambda chosen: [d <= limit for case in chosen for _, d, limit, _, _ in
                             sample_rows(case)]
    by = lambda *sections: [c for c in cases if c.job.section in sections]
    rows = []
    for label, chosen in (("broker detection", by(CUT)),
                          ("intervals of PINGREQ and client detection", by(PINGS, HALF)),
                          ("attempts to connect again", by(AGAIN)), ("TCP round trips", by(TCP))):
        met = within(chosen)
        rows.append((f"KS below its limit: {label}", "95 %", f"{sum(met)} of {len(met)}"))
    # A handful of events is no rate.
    for low, high, chosen in ((0.8, 1.25, lambda c: "20 %" not in c.job.label),
                              (0.5, 2.0, lambda c: "20 %" in c.job.label)):
        found = [ratio[0] for case in by(TCP, THROWN, GIVEN_UP) if chosen(case)
                 for _, (events, _), _, ratio in rate_rows(case) if events >= 10]
        met = [low <= r <= high for r in found]
        rows.append((f"rate ratio {'at 40 % loss and more' if low > 0.5 else 'at 20 % loss'}",
                     f"{low} to {high}", f"{sum(met)} of {len(met)}" + (
                         f" ({min(found):.2f} to {max(found):.2f})" if found else "")))
    (real, measured), (simulated, drawn) = outside_bounds(by(PINGS))
    rows.append(("hard bounds of idle libraries: PINGREQ intervals and giving up, outside", "none",
                 f"{real} of {measured} measured, {simulated} of {drawn} simulated"))
    gaps = [abs(two_sample.quantile(a, .5) - two_sample.quantile(b, .5))
            for case in by(AGAIN) for name, _, _, a, b in sample_rows(case)
            if not name.startswith("paho_c")]
    if gaps:
        rows.append(("attempts to connect, libraries without jitter: medians apart", "50 ms",
                     f"at most {1000 * max(gaps):.0f} ms"))
    return table(("figure", "target", "reached"), rows)


def load_cases(data, keepsim, scenarios):
    for job in JOBS:
        real = reduce.load(f"{data}/{job.name}.json")
        settings = real["configuration"]["settings"]
        rows = simulate.simulate(keepsim, f"{scenarios}/{job.scenario}.textproto",
                                 job.simulated_with, packets=job.packets)
        yield Case(job, real, reduce.SET_UPS[job.set_up](rows, **settings))


def write_report(data, keepsim, scenarios, docs):
    cases = list(load_cases(data, keepsim, scenarios))
    pictures = {}
    versions = list(dict.fromkeys(case.real["configuration"]["versions"] for case in cases))
    with open(f"{data}/../known_differences.md", encoding="utf-8") as file:
        known = file.read().strip()
    parts = [INTRODUCTION, targets(cases), "\n" + known, "\nMeasured with: " + "; ".join(versions) + "."]
    for title in dict.fromkeys(job.section for job in JOBS):
        parts.append(section(title, [c for c in cases if c.job.section == title], pictures))
    with open(f"{docs}/conformance.md", "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n")
    for name, picture in pictures.items():
        with open(f"{docs}/images/{name}", "w", encoding="utf-8") as file:
            file.write(picture)


def measure_all(here, jobs):
    """Each job has namespaces of its own; those of a batch run at the same time. They go before
    everything else on the machine, so that its load is not what is measured."""
    program = f"{here}/measure.py"
    with tempfile.TemporaryDirectory() as folder:
        for batch in range(BATCHES):
            running = []
            for job in jobs:
                if job.batch == batch:
                    sets = [f"{key}={value}" for key, value in job.measured_with.items()]
                    running.append(subprocess.Popen(
                        ["chrt", "-r", "5", sys.executable, program, job.set_up,
                         f"{folder}/{job.name}.csv", *sets]))
            if any([job.wait() for job in running]):
                raise SystemExit("a measurement failed")
        keep_all(folder, f"{here}/data", jobs)


def keep_all(folder, data, jobs):
    for job in jobs:
        settings = settings_of(job)
        reduced = reduce.SET_UPS[job.set_up](measure.read(f"{folder}/{job.name}.csv"), **settings)
        reduce.save(f"{data}/{job.name}.json", {"set_up": job.set_up, "settings": settings,
                                                "versions": versions_here()}, reduced)


def settings_of(job):
    """All of them, those that are measure.py's defaults too."""
    defaults = {name: parameter.default for name, parameter in
                inspect.signature(measure.SET_UPS[job.set_up]).parameters.items() if name != "pair"}
    return {**defaults, **job.measured_with}


def versions_here():
    packages = ("mosquitto", "libmosquitto1", "libpaho-mqtt1.3", "python3-paho-mqtt", "nftables",
                "nodejs")
    text = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *packages],
                          check=True, capture_output=True, text=True).stdout
    return (f"{platform.machine()} machine of {os.cpu_count()} cores, Linux "
            f"{platform.release().split('-')[0]}, {text.rstrip(', ')}, MQTT.js 5.14.1, 5.5.4 and "
            "4.3.7, aedes 1.1.1")


def main(arguments):
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY", os.getcwd())
    here = f"{root}/tests/conformance"
    if "--measure" in arguments:
        named = arguments[arguments.index("--measure") + 1:]
        if unknown := set(named) - {job.name for job in JOBS}:
            raise SystemExit("there is no measurement " + ", ".join(sorted(unknown)) + "; there are "
                             + ", ".join(job.name for job in JOBS))
        measure_all(here, [job for job in JOBS if not named or job.name in named])
    keepsim = os.environ.get("KEEPSIM", "tools/keepsim")
    write_report(f"{here}/data", os.path.abspath(keepsim), f"{here}/scenarios", f"{root}/docs")


if __name__ == "__main__":
    main(sys.argv[1:])
