"""From what happened to the numbers that are compared. The same for real rows and simulated ones.

Every function gives {"samples": {name: seconds}, "rates": {name: [events, exposure]}}; what never
happened before the end is infinite.
"""

import json
import math
from collections import defaultdict

PINGS = 40  # per connection; later ones add nothing new
OLD_S = 60.0  # a connection of this age is an old one
ROUND_TRIPS = {0: "first ping", 9: "10th ping", 39: "40th ping"}
ATTEMPTS = 6
UP = ("connected", "connack")  # of a client, in the programs' words and in the model's
DOWN = ("lost", "ended")


def ping_round_trips(rows, loss=0.4, **_):
    """Only the first connection of each client."""
    first = defaultdict(lambda: defaultdict(list))
    for where, client, connection, event, at in rows:
        if where == "client" and connection == 1:
            first[client][event].append(at)
    samples, late, pings = defaultdict(list), defaultdict(int), 0
    for events in first.values():
        for step, begin, end in (("handshake", "start", "connect"),
                                 ("CONNECT to CONNACK", "connect", "connack")):
            if events[begin]:
                samples[step].append(
                    (events[end][0] if events[end] else math.inf) - events[begin][0])
        for i, sent in enumerate(events["pingreq"][:PINGS]):
            answers = events["pingresp"]
            took = answers[i] - sent if i < len(answers) else math.inf
            pings += 1
            for limit in (2, 4, 8):
                late[limit] += took > limit
            if i in ROUND_TRIPS:
                samples[ROUND_TRIPS[i]].append(took)
    return {"samples": dict(samples),
            "rates": {f"pings answered after more than {limit} s": [late[limit], pings]
                      for limit in (2, 4, 8)}}


def _by_age(intervals):
    """Rates from (age in seconds, whether it ended by a declaration)."""
    rates = {"up to 60 s old": [0, 0.0], "above 60 s": [0, 0.0]}
    for age, declared in intervals:
        rates["up to 60 s old"][1] += min(age, OLD_S)
        rates["above 60 s"][1] += max(age - OLD_S, 0.0)
        rates["above 60 s" if age > OLD_S else "up to 60 s old"][0] += declared
    return rates


def broker_timeouts(rows, duration=240.0, **_):
    """Sessions that the broker declares dead, by their age."""
    opened, intervals = {}, []
    for where, client, _, event, at in sorted(rows, key=lambda row: row[4]):
        if where != "broker" or at > duration:
            continue
        if client in opened and event in ("opened", "expired", "ended"):
            intervals.append((at - opened.pop(client), event == "expired"))
        if event == "opened":
            opened[client] = at
    intervals += [(duration - at, False) for at in opened.values()]
    return {"samples": {}, "rates": _by_age(intervals)}


def library_timeouts(rows, duration=240.0, **_):
    """Connections that each kind of client gives up, by their age."""
    opened, intervals = {}, defaultdict(list)
    for where, client, _, event, at in sorted(rows, key=lambda row: row[4]):
        if at > duration:
            continue
        kind = client.split("-")[0]
        if (where == "client" and event in UP) or (where == "broker" and event == "opened"):
            opened[client] = at
        elif where == "client" and event in DOWN and client in opened:
            intervals[kind].append((at - opened.pop(client), True))
    for client, at in opened.items():
        intervals[client.split("-")[0]].append((duration - at, False))
    return {"samples": {}, "rates": {f"{kind}, {age}": rate for kind in sorted(intervals)
                                     for age, rate in _by_age(intervals[kind]).items()}}


def broker_detection(rows, **_):
    """Seconds from the cut to the broker's decision."""
    cut = {client: at for where, client, _, _, at in rows if where == "cut"}
    expired = {}
    for where, client, _, event, at in rows:
        if where == "broker" and event == "expired" and client in cut:
            expired.setdefault(client, at)
    return {"samples": {"cut to session closed": [
        expired.get(client, math.inf) - at for client, at in cut.items()]}, "rates": {}}


def library_pings(rows, duration=90.0, silent_from=60.0, **_):
    """Intervals of PINGREQ at the broker's end; from the silence to the client's giving up, unless
    the end of the set-up comes first."""
    last, up, result = {}, set(), defaultdict(list)
    lost = {}
    for where, client, connection, event, at in sorted(rows, key=lambda row: row[4]):
        kind = client.rpartition("-")[0].replace("-", ", ")
        if where == "broker" and event == "pingreq" and at < silent_from:
            if client in last and last[client][0] == connection:
                result[f"{kind}: interval"].append(at - last[client][1])
            last[client] = (connection, at)
        if where != "client":
            continue
        if event in UP and at < silent_from:
            up.add(client)
        if event in DOWN and client in up:
            if at < silent_from:
                up.discard(client)
            elif at < duration - 0.5:
                lost.setdefault(client, at - silent_from)
    for client in sorted(up):
        kind = client.rpartition("-")[0].replace("-", ", ")
        result[f"{kind}: giving up"].append(lost.get(client, math.inf))
    return {"samples": {name: result[name] for name in sorted(result)}, "rates": {}}


def reconnects(rows, away_from=25.0, away_to=55.0, **_):
    """From the end of its connection (the real broker's process takes a while to close all of them)
    to a client's first attempt, and between later ones while the broker is away. Of two attempts
    within 0.3 s the second is the same one with an older MQTT (Paho C)."""
    attempts = defaultdict(list)
    ended = {client: at for where, client, _, event, at in rows if event == "gone"}
    for where, client, _, event, at in sorted(rows, key=lambda row: row[4]):
        if event in ("syn", "start") and where in ("network", "client") and (
                away_from <= at < away_to):
            times = attempts[client]
            if len(times) < 2 or at - times[-1] > 0.3:
                times.append(at)
    samples = defaultdict(list)
    for client, times in sorted(attempts.items()):
        kind = client.split("-")[0]
        for i, at in enumerate(times[:ATTEMPTS]):
            what = f"attempt {i + 1} after attempt {i}" if i else "first attempt after the end"
            samples[f"{kind}: {what}"].append(
                at - (times[i - 1] if i else ended.get(client, away_from)))
    return {"samples": {name: samples[name] for name in sorted(samples)}, "rates": {}}


SET_UPS = {f.__name__: f for f in (ping_round_trips, broker_timeouts, broker_detection,
                                   library_pings, library_timeouts, reconnects)}


def save(path, configuration, reduced):
    """Milliseconds are kept, which the comparison (report.RESOLUTION_S) does not tell apart."""
    samples = {name: [None if math.isinf(v) else round(v, 3) for v in sorted(values)]
               for name, values in reduced["samples"].items()}
    text = json.dumps({"configuration": configuration, "rates": reduced["rates"],
                       "samples": samples}, separators=(",", ":"))
    with open(path, "w", encoding="ascii") as file:
        file.write(text.replace('],"', '],\n"').replace('{"', '{\n"') + "\n")


def load(path):
    with open(path, encoding="ascii") as file:
        data = json.load(file)
    data["samples"] = {name: [math.inf if v is None else v for v in values]
                       for name, values in data["samples"].items()}
    return data
