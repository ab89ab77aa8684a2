"""Many MQTT clients in one process, by the specification's rule: PINGREQ once silent for keepAlive.

They leave the judgement to the broker and come back a second after a connection is lost. What
happens to them is noted as (client, connection, event, seconds).
"""

import errno
import heapq
import select
import socket
import time

import mqtt
from netns import BROKER_ADDRESS


class Fleet:
    def __init__(self, count, keep_alive_s, spread_s, timeout_s=30.0, reconnect=True,
                 port_of=None):
        self.keep_alive_s = keep_alive_s
        self.timeout_s = timeout_s  # until connected, and again until CONNACK
        self.reconnect = reconnect
        self._port_of = port_of  # a client's own port, for its first connection
        self.events = []
        self._began = time.monotonic()
        self._poll = select.epoll()
        self._clients = [_Client(i) for i in range(count)]
        self._by_fd = {}
        self._timers = []
        for client in self._clients:
            self._at(self._began + spread_s * client.index / count, client, self._start)

    def run(self, duration_s):
        end = self._began + duration_s
        while (now := time.monotonic()) < end:
            while self._timers and self._timers[0][0] <= now:
                _, _, client, connection, action = heapq.heappop(self._timers)
                if client.connection == connection:
                    action(client)
            wake = min(self._timers[0][0] if self._timers else end, end)
            for fd, _ in self._poll.poll(max(0.0, wake - time.monotonic())):
                self._ready(self._by_fd[fd])
        return self.events

    def _at(self, when, client, action):
        heapq.heappush(self._timers,
                       (when, len(self.events) * 1000 + client.index, client, client.connection,
                        action))

    def _note(self, client, event):
        now = time.monotonic()
        self.events.append((client.index, client.connection, event, now - self._began))
        return now

    def _start(self, client):
        client.connection += 1
        client.state, client.rest = "connecting", b""
        client.socket = socket.socket()
        client.socket.setblocking(False)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._port_of and client.connection == 1:
            client.socket.bind(("", self._port_of(client.index)))
        now = self._note(client, "start")
        if client.socket.connect_ex((BROKER_ADDRESS, 1883)) not in (0, errno.EINPROGRESS):
            return self._close(client, "refused")
        self._by_fd[client.socket.fileno()] = client
        self._poll.register(client.socket, select.EPOLLOUT)
        self._at(now + self.timeout_s, client, self._too_long)

    def _too_long(self, client):
        if client.state == client.awaited:
            self._close(client, "timeout")

    def _ready(self, client):
        if client.state == "connecting":
            if client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0:
                return self._close(client, "refused")
            self._poll.modify(client.socket, select.EPOLLIN)
            client.state = client.awaited = "greeting"
            now = self._note(client, "connect")
            self._send(client, mqtt.connect(f"raw-{client.index}", self.keep_alive_s))
            self._at(now + self.timeout_s, client, self._too_long)
            return
        try:
            data = client.socket.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            return self._close(client, "reset")
        if not data:
            return self._close(client, "closed")
        packets, client.rest = mqtt.split(client.rest + data)
        for kind, _, _ in packets:
            now = self._note(client, mqtt.NAMES[kind].lower())
            if kind == mqtt.CONNACK:
                client.state = "open"
                self._at(client.sent + self.keep_alive_s, client, self._ping)

    def _ping(self, client):
        self._note(client, "pingreq")
        self._send(client, mqtt.PINGREQ_BYTES)
        self._at(client.sent + self.keep_alive_s, client, self._ping)

    def _send(self, client, data):
        client.sent = time.monotonic()
        try:
            client.socket.send(data)
        except OSError:
            self._close(client, "reset")

    def _close(self, client, why):
        if client.state == "down":
            return
        client.state = "down"
        now = self._note(client, why)
        self._by_fd.pop(client.socket.fileno(), None)
        client.socket.close()
        if self.reconnect:
            self._at(now + 1.0, client, self._start)


class _Client:
    def __init__(self, index):
        self.index = index
        self.connection = 0
        self.state = "down"
        self.awaited = "connecting"
        self.socket = None
        self.rest = b""
        self.sent = 0.0
