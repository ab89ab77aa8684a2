#!/usr/bin/python3
"""The examples that read traces, against the program that wrote them."""

import json
import os
import re
import struct
import subprocess
import tempfile
import unittest
import zlib

KEEPSIM, CC, PY = "tools/keepsim", "tools/examples/read_trace", "tools/examples/read_trace_py"
SCENARIO = """
name: "examples" horizon: "3h"
groups {
  name: "a" count: 300 keep_alive: "20s" start { spread: "20s" }
  path { both { latency { constant: "30ms" } bursts { mean_good: "5m" mean_bad: "30s" } } }
}
groups { name: "b" count: 10 }
"""


def run(*arguments) -> str:
    return subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout.decode()


class ReadTraceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        scenario = os.path.join(cls.folder.name, "s.textproto")
        with open(scenario, "w", encoding="utf-8") as stream:
            stream.write(SCENARIO)
        cls.trace = os.path.join(cls.folder.name, "out", "trace.kst")
        run(KEEPSIM, "run", scenario, "--out", os.path.dirname(cls.trace))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def keepsim_lines(self, *arguments):
        """Time, kind and client of each record that `keepsim show` prints."""
        lines = run(KEEPSIM, "show", self.trace, *arguments).splitlines()
        return [(round(float(t) * 1e9), int(c)) for t, c in (
            re.match(r"(\d+\.\d+) +\S+/(\d+) ", line).groups() for line in lines)]

    def test_python_reads_every_record(self) -> None:
        records = [json.loads(line) for line in run(PY, self.trace).splitlines()]
        stored = run(KEEPSIM, "export", self.trace, "--format", "jsonl").splitlines()
        self.assertEqual(len(records), len(stored))
        self.assertGreater(len(records), 10000)  # several blocks
        for record, line in zip(records, stored):
            self.assertEqual(record["at_ns"], json.loads(line)["at_ns"])

    def test_python_finds_a_client_and_a_stretch(self) -> None:
        found = run(PY, self.trace, "--client", "a/17", "--from", "3600", "--to", "7200")
        records = [json.loads(line) for line in found.splitlines()]
        expected = self.keepsim_lines("--client", "a/17", "--from", "1h", "--to", "2h")
        self.assertGreater(len(expected), 0)
        self.assertEqual([(r["at_ns"], r["entity"] - 1) for r in records], expected)

    def test_python_reads_only_what_it_needs(self) -> None:
        done = subprocess.run(
            [PY, self.trace, "--from", "10790", "--to", "10791", "--verbose"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        read, size = re.match(r"(\d+) of (\d+)", done.stderr.decode()).groups()
        self.assertLess(int(read), int(size) / 2)

    def test_python_refuses_damage(self) -> None:
        with open(self.trace, "rb") as stream:
            data = bytearray(stream.read())
        path = os.path.join(self.folder.name, "damaged.kst")
        for change in (slice(len(data) - 100, None), slice(5000, 5001)):
            altered = bytearray(data)
            if change.stop is None:
                del altered[change]
            else:
                altered[change.start] ^= 0xFF
            with open(path, "wb") as stream:
                stream.write(altered)
            done = subprocess.run([PY, path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"damaged.kst: ", done.stderr)
            self.assertNotIn(b"Traceback", done.stderr)

    def test_python_refuses_another_engine_version(self) -> None:
        with open(self.trace, "rb") as stream:
            data = bytearray(stream.read())
        (length,) = struct.unpack("<I", data[12:16])
        # The header's first field: number 1, one character.
        self.assertEqual(data[21:23], b"\x0a\x01")
        data[23:24] = b"3"
        payload = bytes(data[20 : 21 + length])
        data[16:20] = struct.pack("<I", zlib.crc32(payload, zlib.crc32(bytes(data[12:16]))))
        path = os.path.join(self.folder.name, "older.kst")
        with open(path, "wb") as stream:
            stream.write(data)
        done = subprocess.run([PY, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b"older.kst: made by engine version '3'", done.stderr)

    def test_python_says_what_is_not_there(self) -> None:
        for arguments, why in ((["/nosuch/trace.kst"], b"/nosuch/trace.kst: No such file"),
                               ([self.trace, "--client", "a/300"], b"there is no client 'a/300'")):
            done = subprocess.run([PY] + arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  check=False)
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(why, done.stderr)
            self.assertNotIn(b"Traceback", done.stderr)

    def test_cc_counts_declarations(self) -> None:
        text = run(CC, self.trace)
        incidents = run(KEEPSIM, "export", self.trace, "--format", "csv").splitlines()[1:]
        self.assertEqual(sum(int(line.split()[0]) for line in text.splitlines()), len(incidents))
        self.assertGreater(len(incidents), 100)
        group, client = incidents[0].split(",")[1:3]
        one = run(CC, self.trace, f"{group}/{client}")
        mine = [i for i in incidents if i.split(",")[1:3] == [group, client]]
        self.assertEqual(sum(int(line.split()[0]) for line in one.splitlines()), len(mine))


if __name__ == "__main__":
    unittest.main()
