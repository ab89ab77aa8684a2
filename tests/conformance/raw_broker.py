"""A broker that answers and notes every packet; it judges nobody.

It can fall silent (`silent_from_s`), and can send clients a message at intervals.
"""

import select
import socket
import time

import mqtt
from netns import BROKER_ADDRESS


class RawBroker:
    def __init__(self):
        self.events = []  # (client id, connection, event, seconds)
        self._began = time.monotonic()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((BROKER_ADDRESS, 1883))
        self._listener.listen(1000)
        self._listener.setblocking(False)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self._peers = {}
        self._connections = {}

    def run(self, duration_s, silent_from_s=None, deliver_every_s=None, deliver_to="receive"):
        end = self._began + duration_s
        self._silent_from_s = silent_from_s or 2 * duration_s
        deliver_at = self._began + (deliver_every_s or 2 * duration_s)
        while (now := time.monotonic()) < end:
            for fd, _ in self._poll.poll(max(0.0, min(end, deliver_at) - now)):
                if fd == self._listener.fileno():
                    self._accept()
                else:
                    self._ready(self._peers[fd])
            if time.monotonic() >= deliver_at:
                deliver_at += deliver_every_s
                for peer in self._peers.values():
                    if deliver_to in peer.name and not self._silent():
                        peer.socket.send(mqtt.publish("t", b"x"))
        return self.events

    def _now(self):
        return time.monotonic() - self._began

    def _silent(self):
        return self._now() >= self._silent_from_s

    def _note(self, peer, event):
        self.events.append((peer.name, peer.connection, event, self._now()))

    def _accept(self):
        peer = _Peer(self._listener.accept()[0])
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
                peer.socket.send(answer)


class _Peer:
    def __init__(self, connected):
        self.socket = connected
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name = "?"
        self.connection = 0
        self.rest = b""


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
