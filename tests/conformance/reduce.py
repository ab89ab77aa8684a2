"""From what happened to the numbers that are compared. The same for real rows and simulated ones."""

import math
from collections import defaultdict

PINGS = 40  # per connection; later ones add nothing new
OLD_S = 60.0  # a connection of this age is an old one


def round_trips(rows):
    """(step, seconds) in order: "tcp", "connack", then pings 0, 1, ...; never: infinite. Only the
    first connection of each client."""
    first = defaultdict(lambda: defaultdict(list))
    for where, client, connection, event, at in rows:
        if where == "client" and connection == 1:
            first[client][event].append(at)
    samples = defaultdict(list)
    for events in first.values():
        steps = [("tcp", "start", "connect"), ("connack", "connect", "connack")]
        for step, begin, end in steps:
            if events[begin]:
                samples[step].append(
                    (events[end][0] if events[end] else math.inf) - events[begin][0])
        for i, sent in enumerate(events["pingreq"][:PINGS]):
            answers = events["pingresp"]
            samples[i].append(answers[i] - sent if i < len(answers) else math.inf)
    return samples


def timeouts(rows, horizon_s):
    """{"new": (timeouts, connected seconds), "old": ...}, by the age of the connection."""
    opened, result = {}, {"new": [0, 0.0], "old": [0, 0.0]}

    def end(client, at, expired):
        if client not in opened:
            return
        age = at - opened.pop(client)
        result["new"][1] += min(age, OLD_S)
        result["old"][1] += max(age - OLD_S, 0.0)
        result["old" if age > OLD_S else "new"][0] += expired

    for where, client, _, event, at in sorted(rows, key=lambda row: row[4]):
        if where != "broker" or at > horizon_s:
            continue
        end(client, at, event == "expired")
        if event == "opened":
            opened[client] = at
    for client in list(opened):
        end(client, horizon_s, False)
    return {age: tuple(values) for age, values in result.items()}


def detection(rows):
    """Seconds from the cut to the broker's decision."""
    cut = {client: at for where, client, _, _, at in rows if where == "cut"}
    return [at - cut[client] for where, client, _, event, at in rows
            if where == "broker" and event == "expired" and client in cut]


def pings(rows, silent_s):
    """{library and load: (intervals of PINGREQ, seconds from the silence to giving up)}."""
    last, given_up, result = {}, set(), defaultdict(lambda: ([], []))
    for _, client, connection, event, at in sorted(rows, key=lambda row: row[4]):
        kind = client.rpartition("-")[0]
        if event == "pingreq" and at < silent_s:
            if client in last and last[client][0] == connection:
                result[kind][0].append(at - last[client][1])
            last[client] = (connection, at)
        if event in ("closed", "ended") and at > silent_s and client not in given_up:
            given_up.add(client)
            result[kind][1].append(at - silent_s)
    return dict(sorted(result.items()))
