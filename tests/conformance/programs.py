"""The real programs: brokers whose logs become events, and clients of the libraries."""

import os
import shutil
import subprocess
import tempfile
import threading
import time

import netns

HERE = os.path.dirname(os.path.abspath(__file__))
MOSQUITTO = """listener 1883 {address}
allow_anonymous true
log_type all
log_dest stderr
"""
LOADS = {"idle": (0, 0), "receive": (0, 0), "publish0": (1.0, 0), "publish1": (1.0, 1)}
# Kind: (how it is made or run, package of MQTT.js). Versions are those of Debian and of npm's lock
# file.
C_KINDS = {
    "libmosquitto": ("libmosquitto.c", ("-lmosquitto", "-lpthread")),
    "paho_c_async": ("paho_c.c", ("-DASYNC", "-lpaho-mqtt3a")),
    "paho_c_sync": ("paho_c.c", ("-lpaho-mqtt3c",)),
}
NPM_KINDS = {"mqttjs": "mqtt", "mqttjs_55": "mqtt-5.5", "mqttjs_4": "mqtt-4"}
# Idle, keepAlive 5 s: least and most from one PINGREQ to the next when idle, and from the broker's silence
# to giving up (facts of the libraries: sim/mqtt/client_profiles.cc).
BOUNDS = {
    "libmosquitto": ((4, 6), (4, 11)),
    "paho_python": ((5, 6), (5, 12)),
    "paho_c_async": ((5, 6.6), (7.5, 15.2)),
    "paho_c_sync": ((5, 5.6), (7.5, 13.7)),
    "mqttjs": ((5, 5), (2.5, 7.5)),
    "mqttjs_4": ((5, 5), (5, 10)),
}


class Clients:
    """`count` clients of every kind and load on the client's side; ended by close(). Names are
    KIND-LOAD-INDEX. `port_of` gives each its broker's port."""

    def __init__(self, pair, keep_alive, count, kinds, loads=LOADS, port_of=lambda name: 1883):
        self._folder = tempfile.mkdtemp(prefix="keepsim-conformance-")
        self._log = open(f"{self._folder}/log", "ab")
        self._running = []
        made = {kind: [self._make(kind)] for kind in kinds if kind in C_KINDS}
        if "paho_python" in kinds:
            made["paho_python"] = ["/usr/bin/python3", f"{HERE}/paho_python.py"]
        pair.enter("client")
        try:
            for kind in kinds:
                if kind in NPM_KINDS:
                    names = [f"{kind}-{load}-{i}" for i in range(int(count)) for load in loads]
                    fours = [str(w) for name in names
                             for w in (name, port_of(name), *LOADS[name.split("-")[1]])]
                    self._run("node", f"{HERE}/npm/mqttjs.mjs", NPM_KINDS[kind],
                              netns.BROKER_ADDRESS, str(int(keep_alive)), *fours)
            # Programs of one client each, at other phases of a second.
            for i in range(int(count)):
                for load in loads:
                    gap, qos = LOADS[load]
                    for kind, program in made.items():
                        name = f"{kind}-{load}-{i}"
                        self._run(*program, netns.BROKER_ADDRESS, str(int(keep_alive)), str(gap),
                                  str(qos), name, str(port_of(name)))
                time.sleep(0.37)
        finally:
            pair.leave()

    def _make(self, kind):
        source, options = C_KINDS[kind]
        program = f"{self._folder}/{kind}"
        subprocess.run(["gcc", "-O1", "-o", program, f"{HERE}/{source}", *options, "-lm"],
                       check=True)
        return program

    def _run(self, *command):
        self._running.append(subprocess.Popen(command, stdout=self._log,
                                              stderr=subprocess.DEVNULL))

    def close(self, began):
        """What the programs said, as rows of where "client"."""
        for program in self._running:
            program.kill()
            program.wait()
        self._log.close()
        rows, connections = [], {}
        with open(f"{self._folder}/log", encoding="utf-8") as log:
            for line in log:
                words = line.split()
                if len(words) != 3:
                    continue
                name, event, at = words
                if event == "connected":
                    connections[name] = connections.get(name, 0) + 1
                rows.append(("client", name, connections.get(name, 0), event, float(at) - began))
        shutil.rmtree(self._folder)
        return rows


class Broker:
    """A real broker on the broker's side; its log becomes events."""

    def __init__(self, pair, began=None):
        self._pair = pair
        self._lines = []
        self.began = began or time.monotonic()

    def __enter__(self):
        self._pair.enter("broker")
        try:
            self._process = subprocess.Popen(self._command(), stdout=subprocess.PIPE,
                                             stderr=subprocess.STDOUT, text=True)
        finally:
            self._pair.leave()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        time.sleep(1.5)
        return self

    def _read(self):
        for line in self._process.stdout:
            self._lines.append((time.monotonic(), line))

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def events(self):
        """("broker", client, connection, opened|expired|ended, seconds)."""
        events, connections = [], {}
        for heard, line in list(self._lines):
            at, name, event = self._event(heard, line)
            if event == "opened":
                connections[name] = connections.get(name, 0) + 1
            if event:
                events.append(("broker", name.removeprefix("raw-"), connections.get(name, 0),
                               event, at - self.began))
        return events


class Mosquitto(Broker):
    def _command(self):
        self._config = f"/tmp/keepsim-mosquitto-{os.getpid()}-{id(self)}.conf"
        with open(self._config, "w", encoding="ascii") as file:
            file.write(MOSQUITTO.format(address=netns.BROKER_ADDRESS))
        return ["mosquitto", "-c", self._config]

    def __exit__(self, *exception):
        super().__exit__(*exception)
        os.unlink(self._config)

    @staticmethod
    def _event(heard, line):
        words = line.split()
        if "New client connected from" in line:
            return heard, words[7], "opened"
        if "has exceeded timeout" in line:
            return heard, words[2], "expired"
        if line.split(": ", 1)[-1].startswith("Client ") and "closed" in line:
            return heard, words[2], "ended"
        return heard, "", None


class Aedes(Broker):
    EVENTS = {"client": "opened", "keepaliveTimeout": "expired", "clientDisconnect": "ended"}

    def _command(self):
        return ["node", f"{HERE}/npm/aedes.mjs", "--address", netns.BROKER_ADDRESS, "--port",
                "1883"]

    def _event(self, heard, line):
        words = line.split()
        if len(words) != 3 or words[1] not in self.EVENTS:
            return heard, "", None
        return float(words[0]), words[2], self.EVENTS[words[1]]


BROKERS = {"mosquitto": Mosquitto, "aedes": Aedes}
