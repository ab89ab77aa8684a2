"""keepsim probe against small brokers that misbehave, each in a way of its own; and bad flags."""

import json
import os
import signal
import socket
import tempfile
import time
import unittest

import brokers
import probing


def read_all(connection):
    brokers.read_packet(connection)


class Misbehaving(unittest.TestCase):
    SHORT = ("--keep-alive", 1, "--clients", 1, "--for", 2, "--format", "json")

    def fake(self, behave):
        broker = brokers.FakeBroker(behave)
        self.addCleanup(broker.close)
        return broker

    def no_session(self, behave, *words):
        broker = self.fake(behave)
        code, out, err = probing.run(broker.port, *self.SHORT)
        self.assertEqual((code, out), (2, ""), err)
        for word in words:
            self.assertIn(word, err)
        self.assertLessEqual(broker.connections, 3)  # whoever refuses is not hammered
        return broker

    def test_nobody_listens(self):
        code, out, err = probing.run(brokers.free_port(), *self.SHORT)
        self.assertEqual((code, out), (2, ""))
        self.assertIn("Connection refused", err)

    def test_no_answer(self):
        self.no_session(lambda c: time.sleep(30), "no CONNACK came within 10s")

    def test_garbage(self):
        self.no_session(lambda c: c.sendall(b"\xff\xff\xff\xff\xff\xff"), "malformed MQTT packet")

    def test_a_web_server(self):
        self.no_session(lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
                        "looks like a web server")

    def test_half_a_connack(self):
        self.no_session(lambda c: (read_all(c), c.sendall(b"\x20\x02\x00")),
                        "in the middle of a packet (3 bytes of it)", "before CONNACK")

    def test_refused(self):
        broker = self.no_session(lambda c: (read_all(c), c.sendall(b"\x20\x02\x00\x03")),
                                 "server unavailable (0x03)")
        self.assertEqual(broker.connections, 1)

    def test_a_broker_that_does_not_speak_5_0(self):
        broker = self.fake(lambda c: (read_all(c), c.sendall(b"\x20\x02\x00\x01")))
        code, out, err = probing.run(broker.port, *self.SHORT, "--mqtt", 5)
        self.assertEqual((code, out), (2, ""))
        self.assertIn("use --mqtt 3.1.1", err)

    def test_a_malformed_packet_later(self):
        def behave(connection):
            brokers.read_packet(connection)
            connection.sendall(brokers.CONNACK)
            brokers.read_packet(connection)
            connection.sendall(b"\xd0\x01\x00")  # a PINGRESP with a body
            connection.recv(1)

        code, out, err = probing.run(self.fake(behave).port, *self.SHORT)
        self.assertEqual(code, 1, err)
        r = json.loads(out)
        self.assertFalse(r["complete"])
        self.assertIn("no PINGREQ was answered", r["missing"])
        self.assertIn("malformed MQTT packet", r["incidents"][0]["text"])

    def test_a_broker_that_stops_answering(self):
        broker = self.fake(lambda c: brokers.serve_pings(c, 1))
        code, out, err = probing.run(broker.port, "--keep-alive", 1, "--clients", 1, "--for", 5,
                             "--format", "json")
        r = json.loads(out)
        self.assertEqual((code, r["pings"]["round_trip"]["count"] >= 1), (0, True), err)  # each new session has an answer
        self.assertEqual(r["incidents"][0]["text"], "PINGRESP timeout")
        self.assertGreaterEqual(r["pings"]["unanswered"], 1)

    def test_a_broker_that_falls_mute(self):
        began = time.monotonic()

        def behave(connection):
            while time.monotonic() < began + 3.5:
                if not brokers.serve_one(connection):
                    return
            while connection.recv(4096):  # TCP stays open, and nothing comes back
                pass

        code, out, err = probing.run(self.fake(behave).port, "--keep-alive", 1, "--clients", 1, "--for", 8,
                                     "--format", "json")
        self.assertEqual(code, 1, err)
        self.assertRegex(" ".join(json.loads(out)["missing"]),
                         r"no PINGREQ was answered after the first [1-4]\.\d s")

    def test_a_broker_that_dies(self):
        connections = []

        def behave(connection):
            connections.append(connection)
            brokers.serve_pings(connection)

        broker = self.fake(behave)
        process = probing.probe(broker.port, "--keep-alive", 1, "--clients", 6, "--silent", 2,
                                "--dropped", 0, "--for", 8, "--no-publish", "--format", "json")
        time.sleep(3.5)
        broker.close()
        for connection in connections:
            connection.shutdown(socket.SHUT_RDWR)
        code, out, err = probing.finish(process)
        r = json.loads(out)
        self.assertEqual((code, r["complete"]), (1, False), err)
        missing = " ".join(r["missing"])
        self.assertRegex(missing, r"no PINGREQ was answered after the first [1-5]\.\d s")
        self.assertRegex(missing, "[12] of [12] silences ended when living clients were closed too")
        self.assertEqual(r["broker_fit"], [])

    def test_a_broker_that_tolerates_everything(self):
        broker = self.fake(brokers.serve_pings)
        folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        path = os.path.join(folder, "probed.textproto")
        code, out, err = probing.run(broker.port, "--keep-alive", 1, "--clients", 4, "--silent", 2,
                             "--dropped", 0, "--for", 5, "--no-publish", "--format", "json",
                             "--out", path)
        self.assertEqual(code, 1, err)
        r = json.loads(out)
        self.assertIn("silent connections were still open", " ".join(r["missing"]))
        self.assertEqual(r["broker_fit"], [])
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("# PARTIAL:", text)
        self.assertIn("was not measured", text)
        self.assertEqual(probing.keepsim("check", path)[0], 0)

    def test_interrupted(self):
        goodbye = []

        def behave(connection):
            while True:
                kind, _ = brokers.read_packet(connection)
                goodbye.append(kind)
                if kind == 0:
                    return
                if kind in (1, 12):
                    connection.sendall(brokers.CONNACK if kind == 1 else brokers.PINGRESP)

        broker = self.fake(behave)
        process = probing.probe(broker.port, "--keep-alive", 1, "--clients", 1, "--for", 60, "--format",
                        "json")
        while 12 not in goodbye:
            time.sleep(0.05)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        code, out, err = probing.finish(process)
        self.assertEqual(code, 130, err)
        r = json.loads(out)
        self.assertIn("it was stopped", r["missing"][0])
        self.assertGreaterEqual(r["pings"]["round_trip"]["count"], 1)
        while 0 not in goodbye:
            time.sleep(0.05)
        self.assertEqual(goodbye[-2:], [14, 0])  # DISCONNECT, then the end

    def test_flags(self):
        for flags, words in (
                ((), "needs --broker"),
                (("--broker", "a:b"), "no port from 1 to 65535"),
                (("--broker", "::1"), "brackets"),
                (("--broker", "x", "--keep-alive", "0"), "from 1s to 18h12m15s"),
                (("--broker", "x", "--keep-alive", "1500ms"), "whole seconds"),
                (("--broker", "x", "--clients", "1001"), "from 1 to 1000"),
                (("--broker", "x", "--clients", "2", "--silent", "2"), "leave none to ping"),
                (("--broker", "x", "--client", "mosquito"), "did you mean"),
                (("--broker", "x", "--password", "y"), "needs a --user"),
                (("--broker", "x", "--ca", "y"), "needs --tls"),
                (("--broker", "x", "--tls", "--ca", "/none"), "/none"),
                (("--broker", "x", "--out", "/dev/null/x.textproto"), "not a folder"),
                (("--broker", "name.invalid"), "cannot be found"),
                (("--broker", "x", "--tsl"), "did you mean"),
        ):
            code, out, err = probing.keepsim("probe", *flags)
            self.assertEqual((code, out), (2, ""), flags)
            self.assertIn(words, err, flags)

if __name__ == "__main__":
    unittest.main()
