#!/usr/bin/python3
"""A Perfetto export byte by byte, by the field numbers that Perfetto publishes (trace_packet.proto,
track_descriptor.proto, track_event.proto, debug_annotation.proto): nothing here knows perfetto.proto.
"""

import collections
import os
import subprocess
import tempfile
import unittest

KEEPSIM = "tools/keepsim"
SCENARIO = """
name: "wire" horizon: "1h"
groups {
  name: "a" count: 3 keep_alive: "20s" start { spread: "20s" }
  path { both { latency { constant: "30ms" } bursts { mean_good: "3m" mean_bad: "10s" } } }
  random_faults { fault: CRASH gap { exponential { mean: "15m" } } length { constant: "2m" } }
}
groups { name: "at_once" keep_alive: "20s" path { both { latency { constant: "30ms" } } } }
faults { at: "30m" duration: "20s" partition {} }
"""
PACKET, TIMESTAMP, SEQUENCE, TRACK_EVENT, SEQUENCE_FLAGS, TRACK_DESCRIPTOR = 1, 8, 10, 11, 13, 60
UUID, TRACK_NAME, PARENT = 1, 2, 5
ANNOTATION, TYPE, TRACK, CATEGORY, NAME, FLOW, ENDING_FLOW = 4, 9, 11, 22, 23, 47, 48
BEGIN, END, INSTANT = 1, 2, 3


def varint(data: bytes, at: int):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data: bytes):
    """{number: [values]}; varints and fixed64 as numbers, the rest as bytes."""
    found, at = collections.defaultdict(list), 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            value, at = int.from_bytes(data[at : at + 8], "little"), at + 8
        elif wire == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            raise AssertionError(f"wire type {wire}")
        found[key >> 3].append(value)
    return found


def flows(values) -> list:
    """Repeated fixed64, packed or not."""
    out = []
    for value in values:
        if isinstance(value, int):
            out.append(value)
        else:
            out += [int.from_bytes(value[i : i + 8], "little") for i in range(0, len(value), 8)]
    return out


class PerfettoWireTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            scenario, result = os.path.join(folder, "s.textproto"), os.path.join(folder, "out")
            with open(scenario, "w", encoding="utf-8") as stream:
                stream.write(SCENARIO)
            subprocess.run([KEEPSIM, "run", scenario, "--out", result],
                           stdout=subprocess.DEVNULL, check=True)
            data = subprocess.run(
                [KEEPSIM, "export", os.path.join(result, "trace.kst"), "--format", "perfetto"],
                stdout=subprocess.PIPE, check=True).stdout
        whole = fields(data)
        assert list(whole) == [PACKET]
        cls.packets = [fields(p) for p in whole[PACKET]]
        cls.tracks = [fields(p[TRACK_DESCRIPTOR][0]) for p in cls.packets if p[TRACK_DESCRIPTOR]]
        cls.events = [(p[TIMESTAMP][0] if p[TIMESTAMP] else None, fields(p[TRACK_EVENT][0]))
                      for p in cls.packets if p[TRACK_EVENT]]

    def test_every_packet_is_one_thing_of_one_sequence(self) -> None:
        for p in self.packets:
            self.assertEqual(p[SEQUENCE], [1])
            self.assertEqual(len(p[TRACK_DESCRIPTOR]) + len(p[TRACK_EVENT]), 1)
        self.assertEqual(self.packets[0][SEQUENCE_FLAGS], [1])
        self.assertTrue(all(not p[SEQUENCE_FLAGS] for p in self.packets[1:]))

    def test_every_event_has_a_time(self) -> None:
        # Perfetto drops an event without one, also where it would be 0 (track_event_tokenizer.cc).
        times = [at for at, _ in self.events]
        self.assertNotIn(None, times)
        self.assertIn(0, times)
        self.assertEqual(times, sorted(times))

    def test_tracks_are_unique_named_and_nested(self) -> None:
        ids = [t[UUID][0] for t in self.tracks]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertNotIn(0, ids)
        for t in self.tracks:
            self.assertTrue(t[TRACK_NAME][0])
            for parent in t[PARENT]:
                self.assertIn(parent, ids)
                self.assertLess(ids.index(parent), ids.index(t[UUID][0]))

    def test_events_are_on_known_tracks_and_slices_close(self) -> None:
        ids = {t[UUID][0] for t in self.tracks}
        depth, last = collections.Counter(), collections.Counter()
        kinds = collections.Counter()
        for at, e in self.events:
            track, kind = e[TRACK][0], e[TYPE][0]
            kinds[kind] += 1
            self.assertIn(track, ids)
            self.assertIn(kind, (BEGIN, END, INSTANT))
            self.assertGreaterEqual(at, last[track])
            last[track] = at
            depth[track] += {BEGIN: 1, END: -1, INSTANT: 0}[kind]
            self.assertGreaterEqual(depth[track], 0)
            self.assertEqual(bool(e[NAME]), kind != END)
        self.assertEqual(kinds[BEGIN], kinds[END])
        self.assertGreater(kinds[INSTANT], 1000)

    def test_each_arrow_begins_once_and_ends_at_most_once_later(self) -> None:
        begun, ended = {}, {}
        for at, e in self.events:
            for flow in flows(e[FLOW]):
                self.assertNotIn(flow, begun)
                begun[flow] = (at, e[TRACK][0])
            for flow in flows(e[ENDING_FLOW]):
                self.assertIn(flow, begun)
                self.assertNotIn(flow, ended)
                ended[flow] = at
                self.assertGreaterEqual(at, begun[flow][0])
                self.assertNotEqual(e[TRACK][0], begun[flow][1])
        # What was lost has no arrow.
        self.assertEqual(len(ended), len(begun))
        self.assertGreater(len(ended), 100)


if __name__ == "__main__":
    unittest.main()
