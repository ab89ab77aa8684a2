#!/usr/bin/python3
"""What keepsim exports as csv and json, against what the other commands say of the same trace."""

import csv
import io
import json
import os
import subprocess
import tempfile
import unittest

KEEPSIM = "tools/keepsim"
HEADER = "incident,group,client,observer,verdict,failure,cause,onset_s,declared_s,latency_s"

SCENARIO = """
name: "tables"
horizon: "2h"
groups {
  name: "a" count: 5 keep_alive: "20s" start { spread: "20s" }
  path { both { latency { constant: "30ms" } bursts { mean_good: "5m" mean_bad: "8s" } } }
  random_faults { fault: CRASH gap { exponential { mean: "30m" } } length { constant: "2m" } }
  connect { will { topic: "w" } }
}
groups { name: "b-2" count: 5 keep_alive: "20s" }
watchers { name: "quote \\" and \\\\" }
faults { name: "tunnel" at: "1h" duration: "5m" partition {} }
"""


def keepsim(*arguments):
    run = subprocess.run([KEEPSIM] + list(arguments), stdout=subprocess.PIPE, check=False)
    return run.returncode, run.stdout.decode()


class TablesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        scenario = os.path.join(cls.folder.name, "tables.textproto")
        with open(scenario, "w", encoding="utf-8") as stream:
            stream.write(SCENARIO)
        result = os.path.join(cls.folder.name, "result")
        cls.trace = os.path.join(result, "trace.kst")
        code, _ = keepsim("run", scenario, "--packets", "a/1", "--out", result)
        assert code == 0
        with open(os.path.join(result, "summary.json"), encoding="utf-8") as stream:
            cls.summary = json.load(stream)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def test_csv_has_the_incidents_of_the_summary(self) -> None:
        code, text = keepsim("export", self.trace, "--format", "csv")
        self.assertEqual(code, 0)
        self.assertEqual(text.splitlines()[0], HEADER)
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([int(r["incident"]) for r in rows], list(range(1, len(rows) + 1)))
        for observer in ("broker", "client"):
            declared = self.summary["declarations"][observer]
            for verdict in ("true", "transient", "false"):
                count = sum(r["observer"] == observer and r["verdict"] == verdict for r in rows)
                self.assertEqual(count, int(declared.get(verdict + "_count", 0)))
        self.assertGreater(len(rows), 20)
        for r in rows:
            self.assertEqual(r["onset_s"] == "", r["latency_s"] == "")
            self.assertEqual(r["verdict"] == "false", r["onset_s"] == "")
            if r["onset_s"]:
                latency = float(r["declared_s"]) - float(r["onset_s"])
                self.assertAlmostEqual(latency, float(r["latency_s"]), 6)
        kinds = {(r["observer"], r["verdict"], r["failure"]) for r in rows}
        self.assertIn(("broker", "true", "crash"), kinds)

    def test_csv_of_some_clients_keeps_the_numbers(self) -> None:
        _, everything = keepsim("export", self.trace, "--format", "csv")
        _, some = keepsim("export", self.trace, "--format", "csv", "--client", "a/2,b-2")
        want = [
            line
            for line in everything.splitlines()
            if line == HEADER or line.split(",")[1:3] == ["a", "2"] or ",b-2," in line
        ]
        self.assertEqual(some.splitlines(), want)
        self.assertGreater(len(want), 3)

    def test_json_has_every_record(self) -> None:
        code, text = keepsim("export", self.trace, "--format", "json")
        self.assertEqual(code, 0)
        _, shown = keepsim("show", self.trace)
        records = [json.loads(line) for line in text.splitlines()]
        lines = shown.splitlines()
        self.assertEqual(len(records), len(lines))
        for record, line in zip(records, lines):
            at, client, conn, kind = line.split()[:4]
            self.assertEqual(record["at_ns"], int(at.replace(".", "")))
            self.assertEqual((record["client"], record["kind"]), (client, kind))
            self.assertEqual(conn, "#%d" % record["conn"] if "conn" in record else "-")
        by_kind = {}
        for record in records:
            by_kind.setdefault(record["kind"], record)
        # Packet-level records are there for the client that was selected, and for no other.
        self.assertIn("segment_sent", by_kind)
        self.assertEqual({r["client"] for r in records if r["kind"] == "segment_sent"}, {"a/1"})
        self.assertEqual(by_kind["path_down"]["fault_name"], "tunnel")
        self.assertEqual(by_kind["will_delivered"]["watcher"], 'quote " and \\')
        self.assertEqual(by_kind["session_opened"]["limit_ns"], 30 * 10**9)
        self.assertEqual(by_kind["declared"]["observer"], "client")
        self.assertIn("path_was_cut", by_kind["declared"])

    def test_a_file_is_whole_or_not_there(self) -> None:
        out = os.path.join(self.folder.name, "incidents.csv")
        code, text = keepsim("export", self.trace, "--format", "csv", "--out", out)
        self.assertEqual((code, text), (0, ""))
        _, want = keepsim("export", self.trace, "--format", "csv")
        with open(out, encoding="utf-8") as stream:
            self.assertEqual(stream.read(), want)
        self.assertFalse(os.path.exists(out + ".tmp"))
        # A trace with damage in its middle.
        with open(self.trace, "rb") as stream:
            damaged = bytearray(stream.read())
        damaged[len(damaged) // 2] ^= 0xFF
        path = os.path.join(self.folder.name, "damaged.kst")
        with open(path, "wb") as stream:
            stream.write(damaged)
        for form in ("csv", "json", "pcapng", "perfetto"):
            target = os.path.join(self.folder.name, "damaged." + form)
            code, _ = keepsim("export", path, "--format", form, "--out", target)
            self.assertEqual(code, 2, form)
            self.assertFalse(os.path.exists(target))
            self.assertFalse(os.path.exists(target + ".tmp"))

    def test_bad_input(self) -> None:
        self.assertEqual(keepsim("export", self.trace)[0], 2)
        self.assertEqual(keepsim("export", self.trace, "--format", "xml")[0], 2)
        self.assertEqual(keepsim("export", self.trace, "--format", "csv", "--client", "c")[0], 2)
        nowhere = os.path.join(self.folder.name, "missing", "x.csv")
        self.assertEqual(keepsim("export", self.trace, "--format", "csv", "--out", nowhere)[0], 2)


if __name__ == "__main__":
    unittest.main()
