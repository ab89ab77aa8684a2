#!/usr/bin/python3
"""Traces whose header says something else than the scenario inside, with a checksum that is right."""

import os
import struct
import subprocess
import tempfile
import unittest
import zlib

from sim.trace import trace_pb2

KEEPSIM = "tools/keepsim"
SCENARIO = """
name: "altered" horizon: "2h" seed: 7
groups { name: "a" count: 2 keep_alive: "60s" }
faults { name: "frost" at: "1h" client: FREEZE duration: "10m" select { first: 0 last: 0 } }
watchers { name: "w" }
"""


class AlteredHeaderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        scenario = os.path.join(cls.folder.name, "s.textproto")
        with open(scenario, "w", encoding="utf-8") as stream:
            stream.write(SCENARIO)
        subprocess.run([KEEPSIM, "run", scenario, "--out", os.path.join(cls.folder.name, "out")],
                       stdout=subprocess.DEVNULL, check=True)
        with open(os.path.join(cls.folder.name, "out", "trace.kst"), "rb") as stream:
            cls.bytes = stream.read()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def altered(self, change) -> str:
        """The trace after `change` of its header, as long as it was: all offsets stay true."""
        (length,) = struct.unpack("<I", self.bytes[12:16])
        header = trace_pb2.Header.FromString(self.bytes[21 : 21 + length])
        change(header)
        missing = length - len(header.SerializeToString())
        if missing > 0:  # it costs two bytes of its own where there was none
            header.packet_selector = "x" * (missing - 2)
        payload = header.SerializeToString()
        self.assertEqual(len(payload), length)
        size, kind = self.bytes[12:16], self.bytes[20:21]
        crc = struct.pack("<I", zlib.crc32(payload, zlib.crc32(kind, zlib.crc32(size))))
        path = os.path.join(self.folder.name, "altered.kst")
        with open(path, "wb") as stream:
            stream.write(self.bytes[:16] + crc + kind + payload + self.bytes[21 + length :])
        return path

    def refused(self, change, why: bytes) -> None:
        path = self.altered(change)
        for arguments in (["replay", path], ["replay", path, "--client", "a/0"],
                          ["explain", path, "--incident", "1"], ["fleet", path, "--out", "-"]):
            run = subprocess.run([KEEPSIM] + arguments, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, check=False)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertIn(why, run.stderr)
            self.assertEqual(run.stdout, b"")
            self.assertNotIn(b"\x1b", run.stderr)

    def test_the_harness_itself_is_right(self) -> None:
        run = subprocess.run([KEEPSIM, "replay", self.altered(lambda h: None)],
                             stdout=subprocess.PIPE, check=True)
        self.assertIn(b"the same", run.stdout)

    def test_each_part_that_the_scenario_determines(self) -> None:
        def horizon(h):
            h.horizon_ns += 1

        for change, what in (
            (lambda h: setattr(h, "seed", 8), b"seed is"),
            (horizon, b"horizon is"),
            (lambda h: setattr(h.groups[0], "name", "b"), b"groups are"),
            (lambda h: setattr(h.groups[0], "count", 3), b"groups are"),
            (lambda h: setattr(h, "scenario_name", "alterec"), b"scenario_name is"),
            (lambda h: h.faults.__setitem__(0, "forst"), b"faults are"),
            (lambda h: h.watchers.__setitem__(0, "v"), b"watchers are"),
        ):
            self.refused(change, b"the header was altered: its " + what)

    def test_no_digest_is_no_way_round_it(self) -> None:
        self.refused(lambda h: h.ClearField("scenario_digest"),
                     b"the trace was made of one without a digest")

    def test_a_name_that_steers_the_terminal(self) -> None:
        self.refused(lambda h: setattr(h.groups[0], "name", "\x1b"),
                     b"\"\\x1b\" is no name of a group")


if __name__ == "__main__":
    unittest.main()
