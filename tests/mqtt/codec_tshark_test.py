#!/usr/bin/python3
"""The codec's bytes as tshark's MQTT dissector, which is not ours, understands them: every field of
every packet type, in 3.1.1 and in 5.0. codec_capture.cc writes what is expected here."""

import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

TSHARK = "/usr/bin/tshark"
CAPTURE = "tests/mqtt/codec_capture"
WARNING = 0x600000  # severity of a Wireshark expert's remark; chats and notes are below

# The dissector's fields that others imply.
IMPLIED = {
    "mqtt.hdrflags",
    "mqtt.len",
    "mqtt.conflags",
    "mqtt.conack.flags",
    "mqtt.properties",
    "mqtt.will_properties",
    "mqtt.property_len",
    "mqtt.prop_key_len",
    "mqtt.prop_value_len",
    "mqtt.proto_len",
    "mqtt.clientid_len",
    "mqtt.topic_len",
    "mqtt.willtopic_len",
    "mqtt.willmsg_len",
    "mqtt.username_len",
    "mqtt.passwd_len",
    "mqtt.subscription_options",
}

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = range(8, 16)
REASON = {
    PUBACK: "puback",
    PUBREC: "pubrec",
    PUBREL: "pubrel",
    PUBCOMP: "pubcomp",
    SUBACK: "suback",
    UNSUBACK: "unsuback",
    DISCONNECT: "disconnect",
    AUTH: "auth",
}

# Who says it.
CLIENT, BROKER = "client", "broker"


def hexadecimal(data):
    return ":".join("%02x" % byte for byte in data)


def packet(kind, **fields):
    """The fields by the dissector's names less "mqtt."; "__" stands for a dot."""
    expected = {"mqtt.msgtype": [str(kind)]}
    if kind != PUBLISH:
        # Bits that the standard fixes: 2 in three packet types, 0 in the others.
        fixed = "2" if kind in (PUBREL, SUBSCRIBE, UNSUBSCRIBE) else "0"
        expected["mqtt.hdr_reserved"] = [fixed]
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        expected["mqtt." + name.replace("__", ".")] = [str(v) for v in values]
    return expected


def connect(version, clean, keep_alive, client_id, user=None, password=None, will=None, **more):
    topic, qos, message, retain = will or (None, 0, None, 0)
    fields = {
        "protoname": "MQTT",
        "ver": version,
        "conflag__uname": int(user is not None),
        "conflag__passwd": int(password is not None),
        "conflag__retain": retain,
        "conflag__qos": qos,
        "conflag__willflag": int(will is not None),
        "conflag__cleansess": clean,
        "conflag__reserved": 0,
        "kalive": keep_alive,
        "clientid": client_id,
    }
    if user is not None:
        fields["username"] = user
    if password is not None:
        fields["passwd"] = password
    if will is not None:
        fields["willtopic"] = topic
        fields["willmsg"] = hexadecimal(message)
    return packet(CONNECT, **fields, **more)


def connack(v5, code, session_present, server_keep_alive=None):
    code_name = "connack__reason_code" if v5 else "conack__val"
    fields = {
        "conack__flags__reserved": 0,
        "conack__flags__sp": session_present,
        code_name: code,
    }
    if server_keep_alive is not None:
        fields["property_id"] = "0x13"
        fields["prop_number"] = server_keep_alive
    return packet(CONNACK, **fields)


def publish(topic, payload, qos, dup, retain, packet_id=None):
    fields = {"topic": topic, "qos": qos, "dupflag": dup, "retain": retain}
    if packet_id is not None:
        fields["msgid"] = packet_id
    return packet(PUBLISH, **fields, msg=hexadecimal(payload))


def answer(kind, packet_id, reason=None):
    fields = {"msgid": packet_id}
    if reason is not None:
        fields[REASON[kind] + "__reason_code"] = reason
    return packet(kind, **fields)


def subscribe(v5, packet_id, topic, qos):
    if not v5:
        return packet(SUBSCRIBE, msgid=packet_id, topic=topic, sub__qos=qos)
    return packet(
        SUBSCRIBE,
        msgid=packet_id,
        topic=topic,
        subscription_options_qos=qos,
        subscription_options_nl=0,
        subscription_options_rap=0,
        subscription_options_retain=0,
        subscription_options_reserved="0x00",
    )


def suback(v5, packet_id, code):
    if not v5:
        return packet(SUBACK, msgid=packet_id, suback__qos=code)
    return answer(SUBACK, packet_id, code)


def everything(v5):
    """What Everything() of codec_capture.cc says: (who, packet), in order of completion."""

    def only5(reason):
        return reason if v5 else None

    who = ("client-1", "toby", "secret")
    if v5:
        first = connect(
            5, 0, 60, *who, will=("/hans/will", 2, b"unexpected exit", 1),
            # Session Expiry, Receive Maximum, Maximum Packet Size, Topic Alias Maximum, Request
            # Response and Problem Information, two User Properties; Will Delay Interval.
            property_id=[
                "0x11", "0x21", "0x27", "0x22", "0x19", "0x17", "0x26", "0x26", "0x18"
            ],
            prop_number=[3600, 10, 100000, 7, 1, 0, 5],
            prop_key=["site", "rack"],
            prop_value=["north", "4"],
        )
    else:
        first = connect(4, 1, 60, *who, will=("/hans/will", 2, b"unexpected exit", 0))
    yield CLIENT, first
    yield BROKER, connack(v5, 0, 1, 45) if v5 else connack(v5, 0, 0)
    yield CLIENT, subscribe(v5, 1, "/hans/#", 0)
    yield BROKER, suback(v5, 1, 0)
    yield CLIENT, subscribe(v5, 2, "a/+/b", 1)
    yield BROKER, suback(v5, 2, 1)
    yield CLIENT, subscribe(v5, 3, "a/+/b", 2)
    yield BROKER, suback(v5, 3, 0x80)
    yield CLIENT, publish("sensors/1", b"21.5", 0, dup=0, retain=0)
    yield CLIENT, publish("sensors/1", b"21.6", 0, dup=0, retain=1)
    yield CLIENT, publish("sensors/2", b"on", 1, dup=0, retain=1, packet_id=10)
    yield BROKER, answer(PUBACK, 10)
    yield CLIENT, publish("sensors/2", b"off", 1, dup=1, retain=0, packet_id=11)
    yield BROKER, answer(PUBACK, 11, only5(0x10))
    yield BROKER, publish("doors/3", b"shut", 2, dup=1, retain=1, packet_id=65535)
    yield CLIENT, answer(PUBREC, 65535)
    yield BROKER, answer(PUBREL, 65535)
    yield CLIENT, answer(PUBCOMP, 65535)
    yield CLIENT, publish("doors/4", b"", 2, dup=0, retain=0, packet_id=12)
    yield BROKER, answer(PUBREC, 12, only5(0x10))
    yield CLIENT, answer(PUBREL, 12, only5(0x92))
    yield BROKER, answer(PUBCOMP, 12, only5(0x92))
    yield CLIENT, packet(PINGREQ)
    yield BROKER, packet(PINGRESP)
    yield CLIENT, packet(UNSUBSCRIBE, msgid=20, topic="/hans/#")
    yield BROKER, answer(UNSUBACK, 20, only5(0x11))
    if v5:
        yield CLIENT, packet(AUTH, auth__reason_code=0x18)
    # Three in one segment, then two.
    yield CLIENT, publish("x", b"1", 0, dup=0, retain=0)
    yield CLIENT, publish("y", b"2", 1, dup=0, retain=0, packet_id=30)
    yield CLIENT, packet(PINGREQ)
    yield BROKER, answer(PUBACK, 30)
    yield BROKER, packet(PINGRESP)
    # One in two segments, then three packets in two.
    yield CLIENT, publish("long", b"z" * 300, 1, dup=0, retain=0, packet_id=31)
    yield BROKER, answer(PUBACK, 31)
    yield BROKER, publish("cut", b"in two", 0, dup=0, retain=0)
    yield BROKER, packet(PINGRESP)
    # Padded by the codec; the second in three segments.
    yield BROKER, publish("t", bytes(96), 0, dup=0, retain=0)
    yield BROKER, publish("t", bytes(20000), 0, dup=0, retain=0)
    yield CLIENT, packet(DISCONNECT, **({"disconnect__reason_code": 4} if v5 else {}))


EXPECTED = {
    "everything-3.1.1": list(everything(v5=False)),
    "everything-5.0": list(everything(v5=True)),
    "resumed-3.1.1": [
        (CLIENT, connect(4, 0, 65535, "old", user="")),
        (BROKER, connack(False, 0, 1)),
        (CLIENT, packet(DISCONNECT)),
    ],
    "refused-3.1.1": [
        (CLIENT, connect(4, 1, 0, "", will=("w", 1, b"", 1))),
        (BROKER, connack(False, 2, 0)),
    ],
    "thrown-out-5.0": [
        (CLIENT, connect(5, 1, 60, "new", property_id="0x11", prop_number=0xFFFFFFFF)),
        (BROKER, connack(True, 0, 0)),
        (BROKER, packet(DISCONNECT, disconnect__reason_code=0x8D)),
    ],
    "refused-5.0": [
        (CLIENT, connect(5, 1, 60, "new")),
        (BROKER, connack(True, 0x88, 0)),
    ],
    "left-5.0": [
        (CLIENT, connect(5, 1, 60, "new")),
        (BROKER, connack(True, 0, 0)),
        (CLIENT, packet(DISCONNECT)),
    ],
}


def values(element, name):
    return [f.get("show") for f in element.iter("field") if f.get("name") == name]


@unittest.skipUnless(
    os.path.exists(TSHARK),
    "SKIPPED: %s is missing; tools/with-deps --test installs it" % TSHARK,
)
class CodecTsharkTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "codec.pcapng")
            subprocess.run([CAPTURE, file], check=True)
            with open(file, "rb") as stream:
                cls.bytes = stream.read()
            # Neither a user's settings nor the machine's time zone.
            environment = {"HOME": folder, "PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"}
            checks = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
            run = subprocess.run(
                [TSHARK, "-n", "-r", file, "-T", "pdml"] + checks,
                check=True,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        cls.frames = ElementTree.fromstring(run.stdout).findall("packet")
        cls.conversations = {}
        for frame in cls.frames:
            name = values(frame, "frame.interface_name")[0]
            sender = BROKER if values(frame, "ip.src")[0] == "192.0.2.1" else CLIENT
            said = cls.conversations.setdefault(name, [])
            for proto in frame.findall("proto"):
                if proto.get("name") != "mqtt":
                    continue
                fields = {}
                for field in proto.iter("field"):
                    if field.get("name") not in IMPLIED:
                        fields.setdefault(field.get("name"), []).append(field.get("show"))
                said.append((sender, fields))

    def test_every_field_of_every_packet(self) -> None:
        self.assertEqual(list(self.conversations), list(EXPECTED))
        for name, expected in EXPECTED.items():
            said = self.conversations[name]
            for number, (want, got) in enumerate(zip(expected, said)):
                with self.subTest(conversation=name, packet=number):
                    self.assertEqual(got, want)
            self.assertEqual(len(said), len(expected), name)

    def test_every_packet_type_is_there(self) -> None:
        for name, first_absent in (("everything-3.1.1", AUTH), ("everything-5.0", 16)):
            kinds = {int(f["mqtt.msgtype"][0]) for _, f in self.conversations[name]}
            self.assertEqual(kinds, set(range(1, first_absent)))

    def test_nothing_is_malformed(self) -> None:
        for frame in self.frames:
            number = values(frame, "frame.number")[0]
            with self.subTest(frame=number):
                self.assertNotIn("_ws.malformed", [p.get("name") for p in frame])
                self.assertEqual(values(frame, "ip.checksum.status"), ["1"])
                self.assertEqual(values(frame, "tcp.checksum.status"), ["1"])
                severities = [int(s) for s in values(frame, "_ws.expert.severity")]
                remarks = values(frame, "_ws.expert.message")
                self.assertLess(max(severities), WARNING, remarks)

    def test_interfaces_times_and_comments(self) -> None:
        last = None
        for frame in self.frames:
            self.assertEqual(
                values(frame, "frame.interface_description"), ["MQTT bytes of the codec"]
            )
            sender = values(frame, "ip.src")[0]
            comment = "to client" if sender == "192.0.2.1" else "to broker"
            self.assertEqual(values(frame, "frame.comment"), [comment])
            interface = int(values(frame, "frame.interface_id")[0])
            index = last[1] + 1 if last and last[0] == interface else 0
            last = (interface, index)
            # Each conversation starts at a second of its own, a segment each 1.000001 ms.
            self.assertEqual(
                values(frame, "frame.time_epoch"), ["%d.%09d" % (interface, index * 1000001)]
            )
            client = sender if comment == "to broker" else values(frame, "ip.dst")[0]
            self.assertEqual(client, "10.0.0.%d" % (interface + 1))

    def test_the_same_bytes_come_again(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "again.pcapng")
            subprocess.run([CAPTURE, file], check=True)
            with open(file, "rb") as stream:
                self.assertEqual(stream.read(), self.bytes)


if __name__ == "__main__":
    unittest.main()
