"""What Google Benchmark measured, as tables, a plot and comparisons. Times are CPU times."""

import itertools
import json
import math
import re
import statistics

NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}

# (title, what one line is about, [(column, benchmark family)]); a line per argument of the family.
FLEETS = [
    ("TCP, event by event", "TcpFleet"),
    ("TCP, skipping", "TcpFleetSkipping"),
    ("datagrams, event by event", "DatagramFleet"),
    ("datagrams, skipping", "DatagramFleetSkipping"),
    ("clients that a limit joins, skipping", "JoinedFleet"),
    ("the same by one queue", "CoupledFleet"),
    ("TCP, a message every 20 s, skipping", "PublishingFleet"),
    ("a broker that handles one after another", "HandlingFleet"),
    ("the same by one queue, too", "HandlingFleetOneQueue"),
    ("`std::priority_queue`, eager timers, TCP", "EagerTcpFleet"),
    ("the same over datagrams", "EagerDatagramFleet"),
]
# What is held against which of them.
YARDSTICKS = [
    ("TcpFleet", "EagerTcpFleet"),
    ("TcpFleetSkipping", "EagerTcpFleet"),
    ("JoinedFleet", "EagerTcpFleet"),
    ("HandlingFleet", "EagerTcpFleet"),
    ("DatagramFleet", "EagerDatagramFleet"),
    ("DatagramFleetSkipping", "EagerDatagramFleet"),
]
QUEUES = [
    ("as cells use it", "Hold<EventQueue>"),
    ("radix queue", "Hold<RadixQueue>"),
    ("4-ary heap", "Hold<HeapQueue>"),
    ("`std::priority_queue`", "Hold<StdQueue>"),
]
PARTS = [
    ("one Philox block", "OneBlock", 1),
    ("four at once", "FourBlocks", 1),
    ("latency from the quantile table", "LatencySample", 1),
    ("both sessions, one exchange", "SessionExchange", 1),
    ("draws and look-ups of 32 exchanges over TCP: the floor of skipping", "SkipFloor", 1),
    ("quantile table, exponential", "QuantileTables/2", 1),
    ("quantile table, lognormal", "QuantileTables/3", 1),
    ("quantile table, Weibull", "QuantileTables/4", 1),
]


def read(path):
    with open(path, encoding="utf-8") as f:
        return medians(json.load(f))


def medians(results):
    """By name without the suffixes: {"ns": of one iteration, any counters}."""
    runs = {}
    for b in results["benchmarks"]:
        if b.get("run_type") == "aggregate" or b.get("error_occurred"):
            continue
        name = re.split("/(?:process_time|repeats:|iterations:)", b["name"])[0]
        values = {"ns": b["cpu_time"] * NS[b["time_unit"]]}
        values.update({k: b[k] for k in ("per_event", "events", "bytes_per_client") if k in b})
        runs.setdefault(name, []).append(values)
    return {name: {k: statistics.median(v[k] for v in values) for k in values[0]}
            for name, values in runs.items()}


def per_event_ns(m, family):
    """(clients, ns per event), by number of clients."""
    found = [(int(name.split("/")[1]), v["per_event"] * 1e9) for name, v in m.items()
             if name.split("/")[0] == family and "per_event" in v]
    return sorted(found)


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def _ns(value):
    return "" if value is None else "%.3g" % value


def fleet_table(m):
    columns = [(title, dict(per_event_ns(m, family))) for title, family in FLEETS]
    sizes = sorted({n for _, values in columns for n in values})
    head = ["ns per event, clients:"] + [f"{n:,}".replace(",", " ") for n in sizes]
    rows = [[title] + [_ns(values.get(n)) for n in sizes] for title, values in columns if values]
    titles = {family: title for title, family in FLEETS}
    for family, yardstick in YARDSTICKS:
        values, eager = dict(per_event_ns(m, family)), dict(per_event_ns(m, yardstick))
        if values.keys() & eager.keys():
            rows.append([f"times as fast as eager timers: {titles[family]}"] +
                        ["%.1f" % (eager[n] / values[n]) if n in values and n in eager else "" for n in sizes])
    return _table(head, rows)


def memory_table(m):
    sizes = sorted((int(name.split("/")[1]), v["bytes_per_client"])
                   for name, v in m.items() if "bytes_per_client" in v)
    rows = [[f"{n:,}".replace(",", " "), "%.0f" % size] for n, size in sizes]
    return _table(["clients by one queue", "bytes per client"], rows)


def queue_table(m):
    sizes = sorted({int(n.split("/")[1]) for n in m if n.startswith("Hold<")})
    head = ["ns per hold, pending:"] + [f"{n:,}".replace(",", " ") for n in sizes]
    rows = [[title] + [_ns(m.get(f"{family}/{n}", {}).get("ns")) for n in sizes]
            for title, family in QUEUES]
    return _table(head, rows)


def part_table(m):
    return _table(["part", "ns"], [[title, _ns(m[name]["ns"])] for title, name, _ in PARTS if name in m])


BY_EVENTS = ", event by event"


def profile_table(m):
    """Clients at the specification's broker beside brokers with its client."""
    columns = [[(name.split(" ", 1)[1], _ns(v["per_event"] * 1e9)) for name, v in sorted(m.items()) if name.startswith(who)]
               for who in ("client ", "broker ")]
    rows = [c + b for c, b in itertools.zip_longest(*columns, fillvalue=("", ""))]
    return _table(["client", "ns per event", "broker", "ns per event"], rows)


def message_table(m):
    """Both engines with a message every 100 s, by direction and QoS."""
    what = "messages "
    rows = [(name[len(what):], _ns(v["per_event"] * 1e9), _ns(m[name + BY_EVENTS]["per_event"] * 1e9))
            for name, v in sorted(m.items()) if name.startswith(what) and name + BY_EVENTS in m]
    return _table(["messages over TCP", "ns per event", "event by event"], rows)


def tables(m):
    return "\n".join([fleet_table(m), profile_table(m), message_table(m), memory_table(m), queue_table(m), part_table(m)])


COLOURS = ["#1b6ca8", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d", "#777777", "#bbbbbb", "#4d2d8f"]
STYLE = """<style>
text { font: 11px sans-serif; fill: #333 } .grid { stroke: #ddd } .back { fill: #fff }
@media (prefers-color-scheme: dark) { text { fill: #ccc } .grid { stroke: #444 } .back { fill: #161616 } }
</style>"""


def plot(m):
    """ns per event against the number of clients, both logarithmic."""
    lines = [(title.replace("`", ""), per_event_ns(m, family)) for title, family in FLEETS]
    lines = [(title, points) for title, points in lines if points]
    width, height, left, top, w, h = 640, 300, 46, 14, 360, 240
    xs = [n for _, points in lines for n, _ in points]
    ys = [v for _, points in lines for _, v in points]
    x0, x1 = math.floor(math.log10(min(xs))), max(math.ceil(math.log10(max(xs))), math.floor(math.log10(min(xs))) + 1)
    y0, y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)) + 1e-9)
    x = lambda n: left + w * (math.log10(n) - x0) / (x1 - x0)
    y = lambda v: top + h * (1 - (math.log10(v) - y0) / max(y1 - y0, 1))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">', STYLE,
           f'<rect class="back" width="{width}" height="{height}"/>']
    for e in range(x0, x1 + 1):
        out.append(f'<line class="grid" x1="{x(10 ** e):.1f}" x2="{x(10 ** e):.1f}" y1="{top}" y2="{top + h}"/>'
                   f'<text x="{x(10 ** e):.1f}" y="{top + h + 15}" text-anchor="middle">{10 ** e:,}</text>'.replace(",", " "))
    for e in range(y0, y1 + 1):
        out.append(f'<line class="grid" x1="{left}" x2="{left + w}" y1="{y(10.0 ** e):.1f}" y2="{y(10.0 ** e):.1f}"/>'
                   f'<text x="{left - 6}" y="{y(10.0 ** e) + 4:.1f}" text-anchor="end">{10.0 ** e:g}</text>')
    out.append(f'<text x="{left + w / 2}" y="{height - 8}" text-anchor="middle">clients</text>'
               f'<text x="{left + 4}" y="{top + 11}">ns per event</text>')
    for i, (title, points) in enumerate(lines):
        path = "M" + "L".join(f"{x(n):.1f},{y(v):.1f}" for n, v in points)
        dots = "".join(f'<circle cx="{x(n):.1f}" cy="{y(v):.1f}" r="2.5" fill="{COLOURS[i]}"/>' for n, v in points)
        out.append(f'<path d="{path}" fill="none" stroke="{COLOURS[i]}" stroke-width="1.8"/>{dots}'
                   f'<line x1="{left + w + 14}" x2="{left + w + 34}" y1="{top + 8 + 18 * i}" y2="{top + 8 + 18 * i}"'
                   f' stroke="{COLOURS[i]}" stroke-width="1.8"/>'
                   f'<text x="{left + w + 40}" y="{top + 12 + 18 * i}">{title}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def compare(old, new, threshold):
    """(text, names that became slower by more than `threshold`), the worst first."""
    ratios = sorted(((new[n]["ns"] / old[n]["ns"], n) for n in old if n in new), reverse=True)
    lines = ["%8s  %12s  %12s  benchmark" % ("new/old", "old ns", "new ns")]
    for ratio, name in ratios:
        mark = " slower" if ratio > threshold else ""
        lines.append("%8.3f  %12.4g  %12.4g  %s%s" % (ratio, old[name]["ns"], new[name]["ns"], name, mark))
    for name in sorted(set(old) ^ set(new)):
        lines.append("%8s  only in the %s: %s" % ("", "old" if name in old else "new", name))
    return "\n".join(lines) + "\n", [name for ratio, name in ratios if ratio > threshold]
