"""Measures the real programs and writes what happened as CSV: kind of client, client, connection,
event, seconds.

    python3 tests/conformance/measure.py SET-UP FILE [NAME=VALUE]...
"""

import csv
import os
import subprocess
import sys
import threading
import time

import netns
import raw_broker
import raw_client

MOSQUITTO = """listener 1883 {address}
allow_anonymous true
log_type all
log_dest stderr
"""
PAHO = """
import sys, time, paho.mqtt.client as mqtt
name, keep_alive, period, qos = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
client = mqtt.Client(name)
client.connect("{address}", 1883, keep_alive)
client.loop_start()
while True:
    time.sleep(period or 3600)
    client.publish("t", b"x", qos)
"""


def ping_round_trips(pair, loss=0.4, count=200, duration=180.0):
    """Raw clients against a broker that never closes."""
    pair.set_loss(loss * 100, "client")
    pair.set_loss(loss * 100, "broker")
    broker = netns.fork(pair, "broker", lambda: raw_broker.RawBroker().run(duration + 5))
    try:
        time.sleep(0.5)
        pair.enter("client")
        fleet = raw_client.Fleet(int(count), 2, 2.0, timeout_s=1e6, reconnect=False)
        return [("client", *event) for event in fleet.run(duration)]
    finally:
        pair.leave()
        netns.end(broker)


def broker_timeouts(pair, loss=0.4, count=200, duration=240.0):
    """Raw clients against mosquitto; its own log says whom it throws out."""
    pair.set_loss(loss * 100, "client")
    pair.set_loss(loss * 100, "broker")
    with Mosquitto(pair) as broker:
        pair.enter("client")
        fleet = raw_client.Fleet(int(count), 4, 4.0)
        began = time.monotonic()
        events = [("client", *event) for event in fleet.run(duration)]
        pair.leave()
    return events + broker.events(began)


def broker_detection(pair, count=200, keep_alive=4):
    """Clients are cut off one after another, at instants spread over twice the broker's scan."""
    count, keep_alive = int(count), int(keep_alive)
    with Mosquitto(pair) as broker:
        fleet_pid = netns.fork(pair, "client", lambda: raw_client.Fleet(
            count, keep_alive, float(keep_alive)).run(120))
        try:
            time.sleep(12)
            ports = broker.ports()
            began = time.monotonic()
            events = []
            # A set that the rule looks up: the cut takes effect at once and costs one command.
            for side, word in (("client", "dport"), ("broker", "sport")):
                pair.enter(side)
                netns.run("nft", "add set inet loss cut { type inet_service; }; "
                          f"add rule inet loss input tcp {word} @cut drop")
            for name, port in sorted(ports.items()):
                time.sleep(0.08)
                for side in ("client", "broker"):
                    pair.enter(side)
                    netns.run("nft", f"add element inet loss cut {{ {port} }}")
                events.append(("cut", name.removeprefix("raw-"), 1, "cut",
                               time.monotonic() - began))
            pair.leave()
            time.sleep(keep_alive * 1.5 + 8)
        finally:
            netns.end(fleet_pid)
    return events + broker.events(began)


def library_pings(pair, duration=90.0, keep_alive=5, silent_from=60.0, count=10):
    """Real libraries against a broker that notes every packet; it falls silent near the end."""
    keep_alive = int(keep_alive)
    paho_c = compile_paho_c()
    broker_file = f"/tmp/keepsim-conformance-{os.getpid()}"

    def broker():
        events = raw_broker.RawBroker().run(duration, silent_from_s=silent_from,
                                            deliver_every_s=1.0)
        write(broker_file, [("broker", *event) for event in events])

    broker_pid = netns.fork(pair, "broker", broker)
    time.sleep(0.5)
    programs = []
    try:
        pair.enter("client")
        for index in range(int(count)):
            for load, period, qos in (("idle", 0, 0), ("receive", 0, 0), ("publish0", 1.0, 0),
                                      ("publish1", 1.0, 1)):
                programs.append(start(
                    ["/usr/bin/python3", "-c", PAHO.format(address=netns.BROKER_ADDRESS),
                     f"paho_python-{load}-{index}", str(keep_alive), str(period), str(qos)]))
                for flavour, program in paho_c.items():
                    programs.append(start(
                        [program, netns.BROKER_ADDRESS, f"paho_c_{flavour}-{load}-{index}",
                         str(keep_alive), str(int(period)), str(qos)]))
            for load in ("idle", "receive"):
                programs.append(start(
                    ["mosquitto_sub", "-h", netns.BROKER_ADDRESS, "-k", str(keep_alive),
                     "-i", f"libmosquitto-{load}-{index}", "-t", "t"]))
            time.sleep(0.37)  # other phases of whole seconds
        pair.leave()
        os.waitpid(broker_pid, 0)
    finally:
        pair.leave()
        for program in programs:
            program.kill()
            program.wait()
        for program in paho_c.values():
            os.unlink(program)
    rows = read(broker_file)
    os.unlink(broker_file)
    return rows


def compile_paho_c():
    """{flavour: program}"""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "paho_c.c")
    programs = {}
    for flavour, options in (("async", ("-DASYNC", "-lpaho-mqtt3a")), ("sync", ("-lpaho-mqtt3c",))):
        programs[flavour] = f"/tmp/keepsim-paho-c-{flavour}-{os.getpid()}"
        subprocess.run(["gcc", "-O1", "-o", programs[flavour], source, *options], check=True)
    return programs


class Mosquitto:
    """The real broker on the broker's side; its log lines carry the harness's own time."""

    def __init__(self, pair):
        self._pair = pair
        self._lines = []

    def __enter__(self):
        self._pair.enter("broker")
        self._config = f"/tmp/keepsim-mosquitto-{os.getpid()}.conf"
        with open(self._config, "w", encoding="ascii") as file:
            file.write(MOSQUITTO.format(address=netns.BROKER_ADDRESS))
        self._process = subprocess.Popen(["mosquitto", "-c", self._config],
                                         stderr=subprocess.PIPE, text=True)
        self._pair.leave()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        time.sleep(1.0)
        return self

    def _read(self):
        for line in self._process.stderr:
            self._lines.append((time.monotonic(), line))

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stderr.close()
        os.unlink(self._config)

    def ports(self):
        """Client id to port, of whoever is connected for the first time."""
        ports = {}
        for _, line in list(self._lines):
            if "New client connected from" in line:
                words = line.split()
                ports[words[7]] = int(words[5].rsplit(":", 1)[1])
        return ports

    def events(self, began):
        events, connections = [], {}
        for at, line in list(self._lines):
            words = line.split()
            if "New client connected from" in line:
                name, event = words[7], "opened"
                connections[name] = connections.get(name, 0) + 1
            elif "has exceeded timeout" in line:
                name, event = words[2], "expired"
            elif line.split(": ", 1)[-1].startswith("Client ") and "closed" in line:
                name, event = words[2], "ended"
            else:
                continue
            events.append(("broker", name.removeprefix("raw-"), connections.get(name, 0), event,
                           at - began))
        return events


def start(command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def write(path, rows):
    with open(path, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("where", "client", "connection", "event", "at_s"))
        for *words, at in rows:
            writer.writerow((*words, f"{at:.4f}"))


def read(path):
    with open(path, newline="", encoding="ascii") as file:
        rows = csv.reader(file)
        next(rows)
        return [(where, client, int(connection), event, float(at))
                for where, client, connection, event, at in rows]


SET_UPS = {f.__name__: f for f in (ping_round_trips, broker_timeouts, broker_detection,
                                   library_pings)}


def main(arguments):
    name, path, *settings = arguments
    values = {key: float(value) for key, value in (s.split("=") for s in settings)}
    with netns.NetworkPair() as pair:
        write(path, SET_UPS[name](pair, **values))


if __name__ == "__main__":
    main(sys.argv[1:])
