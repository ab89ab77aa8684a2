"""A broker that answers and notes every packet; it judges nobody.

It can fall silent, go away and come back, and can send clients messages at random times. It
notes who asks for a connection at which of its ports, also while nobody listens there.
"""

import random
import select
import socket
import time

import mqtt
from netns import BROKER_ADDRESS


class RawBroker:
    def __init__(self, ports=(1883,), began=None):
        self.events = []  # (client id, connection, event, seconds since `began`)
        self.began = began or time.monotonic()
        self._ports = ports
        self._poll = select.epoll()
        self._listeners = {}
        self._peers = {}
        self._connections = {}
        self._listen()

    def run(self, duration_s, silent_from_s=None, deliver_every_s=None, deliver_to="-receive-",
            away_s=None):
        """`deliver_every_s`: the mean of exponential gaps. `away_s`: (from, to)."""
        end = self.began + duration_s
        self._silent_from_s = silent_from_s or 2 * duration_s
        away = [self.began + at for at in away_s or ()]
        while (now := time.monotonic()) < end:
            if away and now >= away[0]:
                (self._listen if self._listeners == {} else self._go)()
                away.pop(0)
            due = [p.deliver_at for p in self._peers.values()] if deliver_every_s else []
            wake = min([end, *away, *due])
            for fd, _ in self._poll.poll(max(0.0, wake - time.monotonic())):
                if fd in self._listeners:
                    self._accept(self._listeners[fd])
                elif fd in self._peers:
                    self._ready(self._peers[fd])
            now = time.monotonic()
            for peer in self._peers.values() if deliver_every_s else ():
                if now >= peer.deliver_at:
                    peer.deliver_at += random.expovariate(1 / deliver_every_s)
                    if deliver_to in peer.name and not self._silent():
                        _send(peer, mqtt.publish("t", b"x"))
        return self.events

    def _listen(self):
        for port in self._ports:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((BROKER_ADDRESS, port))
            listener.listen(1000)
            listener.setblocking(False)
            self._listeners[listener.fileno()] = listener
            self._poll.register(listener, select.EPOLLIN)

    def _go(self):
        """As when the process dies: the kernel ends its connections and refuses new ones."""
        for listener in self._listeners.values():
            listener.close()
        self._listeners = {}
        for peer in self._peers.values():
            self._note(peer, "gone")
            peer.socket.close()
        self._peers = {}

    def _now(self):
        return time.monotonic() - self.began

    def _silent(self):
        return self._now() >= self._silent_from_s

    def _note(self, peer, event):
        self.events.append((peer.name, peer.connection, event, self._now()))

    def _accept(self, listener):
        peer = _Peer(listener.accept()[0])
        self._peers[peer.socket.fileno()] = peer
        self._poll.register(peer.socket, select.EPOLLIN)

    def _ready(self, peer):
        try:
            data = peer.socket.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._note(peer, "closed")
            del self._peers[peer.socket.fileno()]
            peer.socket.close()
            return
        packets, peer.rest = mqtt.split(peer.rest + data)
        for kind, first, body in packets:
            if kind == mqtt.CONNECT:
                # Protocol name ("MQTT", or MQTT 3.1's "MQIsdp"), level, flags, keepAlive, client id.
                begin = 8 + int.from_bytes(body[:2], "big")
                length = int.from_bytes(body[begin - 2:begin], "big")
                peer.name = body[begin:begin + length].decode()
                peer.connection = self._connections.get(peer.name, 0) + 1
                self._connections[peer.name] = peer.connection
            self._note(peer, mqtt.NAMES[kind].lower())
            answer = _answer(kind, first, body)
            if answer and not self._silent():
                _send(peer, answer)


class _Peer:
    def __init__(self, connected):
        self.socket = connected
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name = "?"
        self.connection = 0
        self.rest = b""
        self.deliver_at = time.monotonic() + random.random()


def _send(peer, data):
    try:
        peer.socket.send(data)
    except OSError:
        pass  # the next read says so


def _answer(kind, first, body):
    if kind == mqtt.CONNECT:
        return mqtt.CONNACK_BYTES
    if kind == mqtt.PINGREQ:
        return mqtt.PINGRESP_BYTES
    if kind == mqtt.SUBSCRIBE:
        return bytes([mqtt.SUBACK << 4, 3]) + body[:2] + b"\x00"
    if kind == mqtt.PUBLISH and first & 6 == 2:
        topic = int.from_bytes(body[:2], "big")
        return bytes([mqtt.PUBACK << 4, 2]) + body[2 + topic:4 + topic]
    return None
