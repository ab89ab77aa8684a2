"""A small part of the grid of docs/validation.md, and what the page says of all of it."""

import os
import re
import sys
import unittest

import grid
import report

KEEPSIM = os.path.abspath("tools/keepsim")
FARTHEST = 4.0  # standard errors; the seeds are fixed


class ValidationTest(unittest.TestCase):
    def test_runs_meet_theory(self):
        points = list(grid.points(KEEPSIM, clients=20, horizon="8d", losses=(0.1, 0.5)))
        self.assertEqual(len(points), 3 * 2 * len(grid.FACTORS) * len(grid.LAWS))
        for p in points:
            self.assertLess(abs(p.z), FARTHEST, p)

    def test_theory_is_that_of_the_books(self):
        for p in grid.points(KEEPSIM, clients=5, horizon="8d", losses=(0.3, 0.5), laws=["constant 50 ms"]):
            self.assertAlmostEqual(p.expected, grid.closed_form(p.figure, p.factor, p.loss), 6, p)

    def test_detection_keeps_its_bound(self):
        for b in grid.bounds(KEEPSIM, clients=20, horizon="8d"):
            self.assertGreaterEqual(b.least, b.low - 0.001, b)
            self.assertLessEqual(b.most, b.high + 0.001, b)
            self.assertLess(abs(b.mean.z), FARTHEST, b)

    def test_the_page_has_the_whole_grid(self):
        with open("docs/validation.md", encoding="utf-8") as file:
            page = file.read().split(report.BEGIN)[1].split(report.END)[0]
        rows = [line for line in page.splitlines() if line.startswith(tuple("| " + law for law in grid.LAWS))]
        expected = len(grid.LAWS) * (len(grid.FACTORS) * len(grid.LOSSES) + len(grid.FACTORS) - 1)
        self.assertEqual(len(rows), expected)
        for z in re.findall(r"\| ([+-]\d+\.\d) ", page):
            self.assertLess(abs(float(z)), FARTHEST)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
