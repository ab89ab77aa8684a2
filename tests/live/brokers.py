"""Brokers for tests of the live arm: real ones, and small ones that misbehave. All listen on loopback
only, at a port of the system's choice, and are ended by their process id.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time

os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # mosquitto
AEDES = "tests/conformance/npm/aedes.mjs"
AEDES_PACKAGE = "tests/conformance/npm/node_modules/aedes/package.json"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, limit_s=20):
    """Until something listens."""
    end = time.monotonic() + limit_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class Mosquitto:
    """`config`: further lines of its configuration, {folder} replaced by `folder`."""

    def __init__(self, config="allow_anonymous true", folder=None):
        self.port = free_port()
        self._folder = tempfile.mkdtemp(prefix="mosquitto-", dir=os.environ.get("TEST_TMPDIR"))
        path = os.path.join(self._folder, "mosquitto.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"listener {self.port} 127.0.0.1\n")
            # As root it would change to a user who cannot read this folder.
            file.write("user root\npersistence false\nlog_type error\n")
            file.write(config.format(folder=folder) + "\n")
        self._process = subprocess.Popen(["mosquitto", "-c", path], stderr=subprocess.DEVNULL)
        wait_for(self.port)

    def pause(self):
        os.kill(self._process.pid, 19)  # SIGSTOP

    def close(self):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class Aedes:
    def __init__(self, *flags):
        self._process = subprocess.Popen(["node", AEDES, *flags], stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        self.port = int(line.split()[1])

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


class FakeBroker:
    """Runs `behave(connection)` in a thread of its own for each connection, at most 100."""

    def __init__(self, behave):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self._behave = behave
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self.connections < 100:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(60)
        with connection:
            try:
                self._behave(connection)
            except OSError:
                pass

    def close(self):
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)  # ends a waiting accept(), which close() does not
        self._listener.close()


def read_packet(connection):
    """Type and body of the next packet; (0, b"") at the end."""
    head = connection.recv(1)
    if not head:
        return 0, b""
    length, shift = 0, 0
    while True:
        byte = connection.recv(1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return head[0] >> 4, body


CONNACK = bytes([0x20, 2, 0, 0])
PINGRESP = bytes([0xD0, 0])


def serve_one(connection):
    """Answers the next packet as a broker should; its type, 0 at the end."""
    kind, _ = read_packet(connection)
    if kind in (1, 12):
        connection.sendall(CONNACK if kind == 1 else PINGRESP)
    return kind


def serve_pings(connection, pings=10**9):
    """As a broker should, but for `pings` pings only; never closes."""
    while pings > 0:
        kind = serve_one(connection)
        if kind == 0:
            return
        pings -= kind == 12
    while read_packet(connection)[0]:
        pass


def missing(*programs):
    """Why a test cannot run here, or None."""
    absent = [p for p in programs if not shutil.which(p)]
    if absent:
        return "missing: " + ", ".join(absent) + " (tools/with-deps --test installs them)"
    return None


def aedes_missing():
    if not os.path.exists(AEDES_PACKAGE):
        return "aedes is not installed: tools/with-deps --test runs npm in tests/conformance/npm"
    return missing("node")
