#!/usr/bin/python3
"""The benchmarks run, small; their report has its tables and its plot, and a comparison names what
became slower. No time is judged."""

import json
import os
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

BEGIN, END = "<!-- benchmarks: begin -->\n", "<!-- benchmarks: end -->\n"


class ReportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = os.environ.get("TEST_TMPDIR") or tempfile.mkdtemp()
        os.makedirs(os.path.join(cls.folder, "images"), exist_ok=True)
        cls.page = os.path.join(cls.folder, "performance.md")
        with open(cls.page, "w", encoding="utf-8") as f:
            f.write("before\n" + BEGIN + "stale\n" + END + "after\n")
        cls.json = os.path.join(cls.folder, "bench.json")
        subprocess.run(["tests/bench/report", "--small", "--repetitions", "1", "--page", cls.page, cls.json],
                       check=True)

    def test_tables_stand_between_the_marks(self):
        with open(self.page, encoding="utf-8") as f:
            text = f.read()
        self.assertTrue(text.startswith("before\n" + BEGIN))
        self.assertTrue(text.endswith(END + "after\n"))
        self.assertNotIn("stale", text)
        for line in ("| TCP, event by event | ", "| TCP, skipping | ", "| the same by one queue | ",
                     "| times as fast as eager timers: datagrams, event by event | ", "| radix queue | ",
                     "| one Philox block | ", "| 100 | ", "| spec | "):
            row = next(r for r in text.splitlines() if r.startswith(line))
            # Above zero, but no matter how much: a ratio of times falls below one on a busy machine.
            self.assertRegex(row, r"\| [0-9.e+]*[1-9][0-9.e+]* \|")

    def test_the_plot_is_a_picture_with_a_line_per_fleet(self):
        root = xml.etree.ElementTree.parse(os.path.join(self.folder, "images/performance.svg")).getroot()
        self.assertEqual(len(root.findall("{http://www.w3.org/2000/svg}path")), 9)

    def compare(self, old, new):
        return subprocess.run(["tests/bench/compare", old, new], capture_output=True, text=True, check=False)

    def test_a_comparison_names_what_became_slower(self):
        same = self.compare(self.json, self.json)
        self.assertEqual((same.returncode, "slower" in same.stdout), (0, False), same.stderr)
        with open(self.json, encoding="utf-8") as f:
            results = json.load(f)
        for b in results["benchmarks"]:
            if b["name"].startswith("OneBlock"):
                b["cpu_time"] *= 1.5
        slow = os.path.join(self.folder, "slow.json")
        with open(slow, "w", encoding="utf-8") as f:
            json.dump(results, f)
        slower = self.compare(self.json, slow)
        self.assertEqual(slower.returncode, 1)
        self.assertRegex(slower.stdout.splitlines()[1], r"1\.500 .* OneBlock slower")
        self.assertEqual(slower.stdout.count("slower"), 1)


if __name__ == "__main__":
    unittest.main()
