"""Runs a scenario with keepsim and tells what happened in the words of measure.py."""

import subprocess
import tempfile


def simulate(keepsim, scenario, settings=(), seed=1, packets=True):
    """Rows (where, client, connection, event, seconds). A client is GROUP-INDEX, or INDEX in the
    group "raw"."""
    with tempfile.TemporaryDirectory() as folder:
        sets = [word for setting in settings for word in ("--set", setting)]
        wanted = ["--packets", ",".join(_clients(keepsim, scenario, sets))] if packets else []
        subprocess.run([keepsim, "run", scenario, *sets, "--seed", str(seed), *wanted, "--out",
                        folder, "--force"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        text = subprocess.run([keepsim, "show", f"{folder}/trace.kst"], check=True,
                              capture_output=True, text=True).stdout
    return [row for line in text.splitlines() if (row := _row(line.split()))]


def _clients(keepsim, scenario, sets):
    text = subprocess.run([keepsim, "check", scenario, *sets, "--print"], check=True,
                          capture_output=True, text=True).stdout
    names, counts, inside = [], [], False
    for line in text.splitlines():
        if not line.startswith(" "):
            inside = line.startswith("groups")
        elif inside and line.startswith("  name:"):
            names.append(line.split('"')[1])
            counts.append(1)
        elif inside and line.startswith("  count:"):
            counts[-1] = int(line.split()[1])
    return [f"{name}/{i}" for name, count in zip(names, counts) for i in range(count)]


def _row(words):
    at, client, connection, kind = float(words[0]), words[1], words[2], words[3]
    group, _, index = client.partition("/")
    name = index if group == "raw" else f"{group}-{index}"
    number = int(connection[1:]) if connection.startswith("#") else 0
    row = lambda where, event: (where, name, number, event, at)
    if kind == "connect_attempt":
        return row("client", "start")
    if kind == "packet_sent" and words[4] == "up":
        return row("client", "connect" if words[5] == "CONNECT" else words[5].lower())
    if kind == "packet_received" and words[4] == "down":
        return row("client", words[5].lower())
    if kind == "packet_received" and words[4] == "up":
        return row("broker", words[5].lower())
    if kind == "session_opened":
        return row("broker", "opened")
    if kind == "declared":
        return row(words[4], "expired")
    if kind == "closed":
        return row(words[4], "ended")
    if kind == "path_down":
        return row("cut", "cut")
    return None
