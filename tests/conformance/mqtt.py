"""The few MQTT 3.1.1 packets that the harness speaks itself."""

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1, 2, 3, 4, 8, 9, 12, 13, 14)
NAMES = {1: "CONNECT", 2: "CONNACK", 3: "PUBLISH", 4: "PUBACK", 8: "SUBSCRIBE", 9: "SUBACK",
         12: "PINGREQ", 13: "PINGRESP", 14: "DISCONNECT"}
PINGREQ_BYTES = b"\xc0\x00"
PINGRESP_BYTES = b"\xd0\x00"
CONNACK_BYTES = b"\x20\x02\x00\x00"


def connect(client_id, keep_alive_s):
    name = client_id.encode()
    body = (b"\x00\x04MQTT\x04\x02" + keep_alive_s.to_bytes(2, "big") +
            len(name).to_bytes(2, "big") + name)
    return bytes([CONNECT << 4, len(body)]) + body


def publish(topic, payload):
    body = len(topic).to_bytes(2, "big") + topic.encode() + payload
    return bytes([PUBLISH << 4, len(body)]) + body


def split(data):
    """Whole packets as (type, first byte, body), and what is left. Lengths below 128 only."""
    packets = []
    while len(data) >= 2 and len(data) >= 2 + data[1]:
        packets.append((data[0] >> 4, data[0], data[2:2 + data[1]]))
        data = data[2 + data[1]:]
    return packets, data
