#!/usr/bin/python3
"""What keepsim exports to SQLite, against csv, jsonl and the summary of the same trace."""

import csv
import io
import json
import os
import sqlite3
import subprocess
import tempfile
import unittest

KEEPSIM = "tools/keepsim"
SCENARIO = """
name: "tables" horizon: "2h"
groups {
  name: "a" count: 5 keep_alive: "20s" start { spread: "20s" }
  path { both { latency { constant: "30ms" } bursts { mean_good: "5m" mean_bad: "8s" } } }
  random_faults { fault: CRASH gap { exponential { mean: "30m" } } length { constant: "2m" } }
}
groups { name: "b" count: 5 keep_alive: "20s" }
faults { at: "1h" duration: "5m" partition {} }
"""


def keepsim(*arguments):
    run = subprocess.run([KEEPSIM] + list(arguments), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


class SqliteTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        scenario = os.path.join(cls.folder.name, "s.textproto")
        with open(scenario, "w", encoding="utf-8") as stream:
            stream.write(SCENARIO)
        result = os.path.join(cls.folder.name, "out")
        cls.trace = os.path.join(result, "trace.kst")
        assert keepsim("run", scenario, "--out", result)[0] == 0
        with open(os.path.join(result, "summary.json"), encoding="utf-8") as stream:
            cls.summary = json.load(stream)
        cls.path = cls.export("all.sqlite")
        cls.db = sqlite3.connect(cls.path)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.db.close()
        cls.folder.cleanup()

    @classmethod
    def export(cls, name: str, *flags) -> str:
        path = os.path.join(cls.folder.name, name)
        code, _, err = keepsim("export", cls.trace, "--format", "sqlite", "--out", path, *flags)
        assert code == 0, err
        assert not os.path.exists(path + ".tmp")
        return path

    def rows(self, sql: str):
        return self.db.execute(sql).fetchall()

    def test_incidents_are_those_of_the_csv(self) -> None:
        text = keepsim("export", self.trace, "--format", "csv")[1]
        expected = [(int(r["incident"]), r["group"], int(r["client"]), r["observer"], r["verdict"],
                     r["cause"], round(float(r["declared_s"]), 6))
                    for r in csv.DictReader(io.StringIO(text))]
        found = self.rows('SELECT incident, "group", client, observer, verdict, cause, '
                          "round(declared_s, 6) FROM incident_list ORDER BY incident")
        self.assertEqual(found, expected)
        self.assertGreater(len(found), 20)
        self.assertEqual(
            self.rows("SELECT count(*) FROM incidents WHERE onset_ns IS NULL AND latency_ns NOT NULL"),
            [(0,)])

    def test_records_are_those_of_the_trace(self) -> None:
        lines = keepsim("export", self.trace, "--format", "jsonl")[1].splitlines()
        self.assertEqual(lines, keepsim("export", self.trace, "--format", "json")[1].splitlines())
        found = self.rows("SELECT at_ns, kind FROM records ORDER BY record")
        self.assertEqual(found, [(r["at_ns"], r["kind"]) for r in map(json.loads, lines)])

    def test_clients_add_up(self) -> None:
        self.assertEqual(self.rows("SELECT name, clients FROM groups ORDER BY group_id"),
                         [("a", 5), ("b", 5)])
        self.assertEqual(self.rows("SELECT count(*), sum(incidents) FROM clients"),
                         self.rows("SELECT 10, count(*) FROM incidents"))
        self.assertEqual(self.rows("SELECT sum(records) FROM clients"),
                         self.rows("SELECT count(*) FROM records WHERE entity > 0"))

    def test_the_run_says_what_it_is(self) -> None:
        run = dict(self.rows("SELECT key, value FROM run"))
        self.assertEqual(run["schema_version"], "1")
        self.assertEqual(run["digest"], self.summary["digest"])
        self.assertEqual(json.loads(run["summary_json"])["scenario"], "tables")

    def test_the_same_trace_gives_the_same_contents(self) -> None:
        def dump(path):
            with sqlite3.connect(path) as db:
                return list(db.iterdump())
        self.assertEqual(dump(self.path), dump(self.export("again.sqlite")))

    def test_some_clients(self) -> None:
        with sqlite3.connect(self.export("some.sqlite", "--client", "a/1,b")) as db:
            self.assertEqual(db.execute("SELECT count(*) FROM clients").fetchone(), (6,))
            self.assertEqual(
                db.execute("SELECT DISTINCT entity FROM incidents WHERE entity <= 5").fetchall(),
                [(2,)])

    def test_a_database_needs_a_place(self) -> None:
        code, _, err = keepsim("export", self.trace, "--format", "sqlite")
        self.assertEqual(code, 2)
        self.assertIn("--out FILE", err)
        missing = os.path.join(self.folder.name, "none", "x.sqlite")
        code, _, err = keepsim("export", self.trace, "--format", "sqlite", "--out", missing)
        self.assertEqual(code, 2)
        self.assertIn("cannot be written", err)


if __name__ == "__main__":
    unittest.main()
