"""Measures the real programs and writes what happened as CSV: kind of observer, client,
connection, event, seconds.

    python3 tests/conformance/measure.py SET-UP FILE [NAME=VALUE]...
"""

import csv
import os
import random
import socket
import subprocess
import sys
import tempfile
import time

import netns
import programs
import raw_broker
import raw_client

ALL_KINDS = ("paho_python", *programs.C_KINDS, *programs.NPM_KINDS)


def ping_round_trips(pair, loss=0.4, count=200, duration=180.0):
    """Raw clients against a broker that never closes."""
    set_loss(pair, loss)
    broker = netns.fork(pair, "broker", lambda: raw_broker.RawBroker().run(duration + 5))
    try:
        time.sleep(0.5)
        pair.enter("client")
        fleet = raw_client.Fleet(int(count), 2, 2.0, timeout_s=1e6, reconnect=False)
        return [("client", *event) for event in fleet.run(duration)]
    finally:
        pair.leave()
        netns.end(broker)


def broker_timeouts(pair, broker="mosquitto", loss=0.4, count=200, duration=240.0):
    """Raw clients against a real broker; its own log says whom it throws out."""
    set_loss(pair, loss)
    with programs.BROKERS[broker](pair) as real:
        pair.enter("client")
        fleet = raw_client.Fleet(int(count), 4, 4.0)
        real.began = time.monotonic()
        events = [("client", *event) for event in fleet.run(duration)]
        pair.leave()
    return events + real.events()


def broker_detection(pair, broker="mosquitto", direction="both", count=200, keep_alive=4):
    """Clients are cut off, in both directions or in one, at instants drawn from three of mosquitto's
    scans."""
    count, keep_alive = int(count), int(keep_alive)
    sides = {"both": ("client", "broker"), "up": ("broker",), "down": ("client",)}[direction]
    with programs.BROKERS[broker](pair) as real:
        fleet_pid = netns.fork(pair, "client", lambda: raw_client.Fleet(
            count, keep_alive, float(keep_alive), port_of=lambda i: 20000 + i).run(120))
        try:
            time.sleep(12)
            real.began = time.monotonic()
            events = []
            # A set that the rule looks up: the cut takes effect at once and costs one command.
            for side, word in (("client", "dport"), ("broker", "sport")):
                pair.enter(side)
                netns.run("nft", "add set inet loss cut { type inet_service; }; "
                          f"add rule inet loss input tcp {word} @cut drop")
            cuts = sorted((random.uniform(0, 18), name) for name in range(count))
            for at, name in cuts:
                time.sleep(max(0.0, real.began + at - time.monotonic()))
                for side in sides:
                    pair.enter(side)
                    netns.run("nft", f"add element inet loss cut {{ {20000 + name} }}")
                events.append(("cut", str(name), 1, "cut", time.monotonic() - real.began))
            pair.leave()
            time.sleep(keep_alive * 2.5 + 8)
        finally:
            netns.end(fleet_pid)
    return events + real.events()


def library_pings(pair, duration=90.0, keep_alive=5, silent_from=60.0, count=20, cut="",
                  kinds=ALL_KINDS, loads=tuple(programs.LOADS)):
    """Real libraries against a broker that notes every packet. Near the end it falls silent; or,
    with `cut` "down", what it sends gets lost from then on."""
    began, broker = fork_broker(pair, duration, 1883, silent_from_s=None if cut else silent_from,
                                deliver_every_s=1.0)
    clients = programs.Clients(pair, keep_alive, count, kinds, loads)
    rows = []
    try:
        time.sleep(max(0.0, began + silent_from - time.monotonic()))
        if cut:
            pair.set_loss(100, "client")
            rows.append(("cut", "-", 0, "cut", time.monotonic() - began))
        time.sleep(max(0.0, began + duration - time.monotonic()))
    finally:
        rows += clients.close(began)
    return rows + broker()


def library_timeouts(pair, loss=0.4, keep_alive=5, count=30, duration=240.0,
                     kinds=("paho_python", "libmosquitto", "paho_c_async", "mqttjs")):
    """Idle libraries against a broker that never closes: how often they give up living brokers."""
    began, broker = fork_broker(pair, duration, 1883)
    set_loss(pair, loss)
    clients = programs.Clients(pair, keep_alive, count, kinds, ("idle",))
    try:
        time.sleep(max(0.0, began + duration - time.monotonic()))
    finally:
        rows = clients.close(began)
        pair.set_loss(0, "client"), pair.set_loss(0, "broker")
    return rows + broker()


def reconnects(pair, away_from=25.0, away_to=55.0, duration=70.0, keep_alive=5, count=20,
               kinds=("paho_python", "libmosquitto", "paho_c_async", "mqttjs", "mqttjs_4")):
    """The broker dies and comes back; what is noted is every first SYN of a connection, by the
    port, of which each client has one of its own."""
    names = [f"{kind}-idle-{i}" for kind in kinds for i in range(int(count))]
    ports = {name: 10000 + i for i, name in enumerate(names)}
    began, broker = fork_broker(pair, duration, *ports.values(), away_s=(away_from, away_to))
    syns_file = tempfile.mktemp(prefix="keepsim-syns-")
    by_port = {port: name for name, port in ports.items()}
    watcher = netns.fork(pair, "broker", lambda: write(
        syns_file, watch_syns(by_port, began, duration)))
    clients = programs.Clients(pair, keep_alive, count, kinds, ("idle",), ports.get)
    try:
        os.waitpid(watcher, 0)
    finally:
        rows = clients.close(began)
    rows += broker() + read(syns_file)
    os.unlink(syns_file)
    return rows


def watch_syns(by_port, began, duration):
    """("network", client, number, "syn", seconds): what knocks at the broker's side."""
    rows, seen, source = [], {}, set()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as wire:
        wire.settimeout(0.2)
        while time.monotonic() < began + duration:
            try:
                packet = wire.recv(2048)
            except TimeoutError:
                continue
            at = time.monotonic() - began
            tcp = packet[4 * (packet[0] & 15):]
            name = by_port.get(int.from_bytes(tcp[2:4], "big"))
            # SYN alone; the same source port again is a repetition by TCP.
            if packet[9] != 6 or tcp[13] & 0x12 != 2 or not name or (name, tcp[:2]) in source:
                continue
            source.add((name, tcp[:2]))
            seen[name] = seen.get(name, 0) + 1
            rows.append(("network", name, seen[name], "syn", at))
    return rows


def fork_broker(pair, duration, *ports, **run):
    """Starts a raw broker. Returns when it began, and a function that ends it and gives its rows."""
    began = time.monotonic()
    path = tempfile.mktemp(prefix="keepsim-broker-")

    def broker():
        events = raw_broker.RawBroker(ports, began).run(duration, **run)
        write(path, [("broker", *event) for event in events])

    pid = netns.fork(pair, "broker", broker)
    time.sleep(0.5)

    def rows():
        os.waitpid(pid, 0)
        result = read(path)
        os.unlink(path)
        return result

    return began, rows


def set_loss(pair, loss):
    for side in ("client", "broker"):
        pair.set_loss(loss * 100, side)


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
                                   library_pings, library_timeouts, reconnects)}


def main(arguments):
    name, path, *settings = arguments
    values = dict(s.split("=") for s in settings)
    values = {key: float(v) if v[:1].isdigit() else v for key, v in values.items()}
    with netns.NetworkPair() as pair:
        write(path, SET_UPS[name](pair, **values))


if __name__ == "__main__":
    main(sys.argv[1:])
