"""What the macros build, as a test that has it as data finds it."""

import json
import os
import sqlite3
import subprocess
import tempfile
import unittest

KEEPSIM = os.path.abspath("tools/keepsim")
HERE = "tests/macros"


def keepsim(*args):
    return subprocess.run([KEEPSIM, *args], check=True, capture_output=True, text=True).stdout


class MacrosTest(unittest.TestCase):
    def test_a_scenario_is_built_into_trace_summary_and_report(self):
        with open(f"{HERE}/my_fleet_result/summary.json", encoding="utf-8") as file:
            summary = json.load(file)
        self.assertEqual(summary["clients"], 3)  # the override of the BUILD file
        self.assertIn(f"digest {summary['digest']}", keepsim("replay", f"{HERE}/my_fleet_result/trace.kst"))
        with open(f"{HERE}/my_fleet_result/report.html", encoding="utf-8") as file:
            self.assertIn(summary["digest"], file.read())

    def test_a_sweep_until_a_number_is_known_is_the_same_in_shards(self):
        merged = keepsim("sweep", "--digest", f"{HERE}/my_sweep_result")
        with tempfile.TemporaryDirectory() as folder:
            keepsim("sweep", f"{HERE}/my_sweep.textproto", "--out", f"{folder}/whole")
            self.assertEqual(merged, keepsim("sweep", "--digest", f"{folder}/whole"))

    def test_a_point_that_fails_leaves_the_others_their_result(self):
        db = sqlite3.connect(f"file:{HERE}/failing_sweep_result/sweep.sqlite?mode=ro&immutable=1", uri=True)
        runs = db.execute("SELECT status FROM run ORDER BY point").fetchall()
        db.close()
        self.assertEqual(runs, [("ok",), ("ok",), ("ok",), ("error",)])
        self.assertTrue(os.path.exists(f"{HERE}/failing_sweep_result/report.html"))


if __name__ == "__main__":
    unittest.main()
