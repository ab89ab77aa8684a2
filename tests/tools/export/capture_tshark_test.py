#!/usr/bin/python3
"""A capture that keepsim exports, as tshark understands it, against the same run's records: every
MQTT packet with its type, at its time, at both ends of the path; sequence numbers and comments."""

import collections
import json
import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

TSHARK = "/usr/bin/tshark"
KEEPSIM = "tools/keepsim"

SCENARIO = """
name: "capture"
horizon: "20m"
groups {
  name: "old" count: 2 keep_alive: "20s" subscribe: "orders/{index}" subscribe_qos: 1
  start { spread: "20s" }
  path { both { latency { lognormal { median: "40ms" sigma: 0.5 } } loss: 0.08 } }
  connect { user_name: "u{index}" password: "p" will { topic: "lost/{group}" message: "x" qos: 1 } }
  publish { poisson { mean_gap: "15s" } qos: 1 payload_bytes: 300 topic: "state/{index}" }
  publish { poisson { mean_gap: "25s" } qos: 0 payload_bytes: 20 topic: "noise" }
  receive { poisson { mean_gap: "30s" } qos: 2 payload_bytes: 90 topic: "orders/{index}" }
  random_faults { fault: CRASH gap { exponential { mean: "4m" } } length { constant: "30s" } }
}
groups {
  name: "new" count: 2 keep_alive: "30s" mqtt_version: V5
  start { spread: "20s" }
  path { both { latency { constant: "25ms" } bursts { mean_good: "2m" mean_bad: "6s" } } }
  connect { clean_start: false session_expiry: "10m" user_properties { key: "a" value: "b" } }
  publish { periodic { period: "11s" } qos: 2 payload_bytes: 5000 topic: "big" }
}
"""

TYPES = (
    "RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE"
    " UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH"
).split()


def values(element, name):
    return [f.get("show") for f in element.iter("field") if f.get("name") == name]


def nanoseconds(text):
    seconds, fraction = text.split(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


class Frame:
    def __init__(self, element):
        self.interface = values(element, "frame.interface_name")[0]
        self.at_ns = nanoseconds(values(element, "frame.time_epoch")[0])
        self.comment = " ".join(values(element, "frame.comment"))
        self.up = values(element, "ip.dst")[0] == "192.0.2.1"
        client = values(element, "ip.src" if self.up else "ip.dst")[0]
        self.client = int(client.split(".")[3])
        port = int(values(element, "tcp.srcport" if self.up else "tcp.dstport")[0])
        self.conn = port % 4096
        self.seq = int(values(element, "tcp.seq_raw")[0])
        self.ack = int(values(element, "tcp.ack_raw")[0])
        self.length = int(values(element, "tcp.len")[0])
        self.flags = int(values(element, "tcp.flags")[0], 16)
        self.types = [
            TYPES[int(v)]
            for proto in element.findall("proto")
            if proto.get("name") == "mqtt"
            for v in values(proto, "mqtt.msgtype")
        ]
        self.topics = values(element, "mqtt.topic")
        self.names = [p.get("name") for p in element]
        self.ip_checksum = values(element, "ip.checksum.status")
        self.tcp_checksum = values(element, "tcp.checksum.status")


@unittest.skipUnless(
    os.path.exists(TSHARK),
    "SKIPPED: %s is missing; tools/with-deps --test installs it" % TSHARK,
)
class CaptureTsharkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            scenario = os.path.join(folder, "capture.textproto")
            with open(scenario, "w", encoding="utf-8") as stream:
                stream.write(SCENARIO)
            result = os.path.join(folder, "result")
            subprocess.run(
                [KEEPSIM, "run", scenario, "--packets", "all", "--out", result],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            trace = os.path.join(result, "trace.kst")
            lines = subprocess.run(
                [KEEPSIM, "export", trace, "--format", "json"],
                check=True,
                stdout=subprocess.PIPE,
            ).stdout.decode()
            cls.records = [json.loads(line) for line in lines.splitlines()]
            capture = os.path.join(folder, "capture.pcapng")
            subprocess.run(
                [KEEPSIM, "export", trace, "--format", "pcapng", "--out", capture], check=True
            )
            # Neither a user's settings nor the machine's time zone.
            environment = {"HOME": folder, "PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"}
            run = subprocess.run(
                [TSHARK, "-n", "-r", capture, "-T", "pdml"]
                + ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
                + ["-o", "tcp.reassemble_out_of_order:TRUE"],
                check=True,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        cls.frames = [
            Frame(e) for e in ElementTree.fromstring(run.stdout).findall("packet")
        ]
        cls.clients = {"old/0": 1, "old/1": 2, "new/0": 3, "new/1": 4}

    def of(self, client, conn, up, kind):
        return [
            r
            for r in self.records
            if r["kind"] == kind
            and r["client"] == client
            and r["conn"] == conn
            and (r["direction"] == "up") == up
        ]

    def streams(self):
        """(client, connection, upwards) of everything that was written."""
        return sorted(
            {
                (r["client"], r["conn"], r["direction"] == "up")
                for r in self.records
                if r["kind"] == "packet_sent"
            }
        )

    def mqtt(self, interface, client, conn, up):
        return [
            (f.at_ns, name)
            for f in self.frames
            if f.interface == interface
            and f.client == self.clients[client]
            and f.conn == conn
            and f.up == up
            and not f.comment.startswith("ignored")
            for name in f.types
        ]

    def test_what_is_read_has_its_type_and_time(self) -> None:
        compared = 0
        for client, conn, up in self.streams():
            with self.subTest(client=client, conn=conn, up=up):
                reader = "broker" if up else client
                end = "broker" if up else "client"
                # What arrives after the reader has left is not read.
                left = [
                    r["at_ns"]
                    for r in self.records
                    if r["kind"] == "closed"
                    and r["client"] == client
                    and r["conn"] == conn
                    and r["end"] == end
                ]
                until = left[0] if left else 10**18
                got = [m for m in self.mqtt(reader, client, conn, up) if m[0] <= until]
                want = [
                    (r["at_ns"], r["packet"]) for r in self.of(client, conn, up, "packet_received")
                ]
                self.assertEqual(got, want)
                compared += len(want)
        self.assertGreater(compared, 1000)

    def test_what_is_sent_has_its_type_and_time(self) -> None:
        compared = 0
        for client, conn, up in self.streams():
            with self.subTest(client=client, conn=conn, up=up):
                segments = self.of(client, conn, up, "segment_sent")
                want = []
                end = 1
                for packet in self.of(client, conn, up, "packet_sent"):
                    end += packet["size_bytes"]
                    # The segment that had its last byte on board for the first time.
                    carried = [
                        s["at_ns"]
                        for s in segments
                        if s["seq"] < end <= s["seq"] + s["length_bytes"]
                    ]
                    if carried:
                        want.append((carried[0], packet["packet"]))
                self.assertEqual(self.mqtt(client if up else "broker", client, conn, up), want)
                compared += len(want)
        self.assertGreater(compared, 1000)

    def test_segments_have_their_numbers(self) -> None:
        """Each segment that was sent is in the capture of its sender's end, and no other is."""
        want = collections.Counter()
        for r in self.records:
            if r["kind"] != "segment_sent":
                continue
            up = r["direction"] == "up"
            where = r["client"] if up else "broker"
            ack = r["ack"] if r["has_ack"] else 0
            flags = r["fin"] | r["syn"] << 1 | r["rst"] << 2 | r["has_ack"] << 4
            want[(where, r["at_ns"], up, r["seq"], ack, r["length_bytes"], flags)] += 1
        got = collections.Counter()
        for f in self.frames:
            if (f.interface == "broker") != f.up:
                key = (f.interface, f.at_ns, f.up, f.seq, f.ack, f.length, f.flags & ~8)
                got[key] += 1
        self.assertEqual(got, want)

    def test_lost_and_repeated_segments_say_so(self) -> None:
        sent = [r for r in self.records if r["kind"] == "segment_sent"]
        lost = [r for r in sent if r["fate"] != "delivered"]
        again = [r for r in sent if r["retransmission"]]
        self.assertGreater(len(lost), 50)
        self.assertEqual(sum("lost on the way: " in f.comment for f in self.frames), len(lost))
        repeated = ("retransmission", "tail loss probe")
        self.assertEqual(sum(f.comment.startswith(repeated) for f in self.frames), len(again))

    def test_nothing_is_malformed(self) -> None:
        self.assertGreater(len(self.frames), 2000)
        for number, frame in enumerate(self.frames, 1):
            with self.subTest(frame=number):
                self.assertNotIn("_ws.malformed", frame.names)
                self.assertEqual(frame.ip_checksum, ["1"])
                self.assertEqual(frame.tcp_checksum, ["1"])

    def test_topics_are_the_scenarios(self) -> None:
        topics = {t for f in self.frames for t in f.topics}
        self.assertEqual(
            topics, {"state/0", "state/1", "noise", "orders/0", "orders/1", "big"}
        )


if __name__ == "__main__":
    unittest.main()
