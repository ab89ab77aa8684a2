#!/usr/bin/python3
"""The worked examples say what their sweeps found: tables, and claims in words."""

import os
import sys
import tempfile
import unittest

from docs.examples import examples


class ExamplesTest(unittest.TestCase):
    def test_tables_and_claims_are_those_of_the_results(self) -> None:
        for name, pictures in examples.EXAMPLES.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as scratch:
                with open("docs/examples/%s.md" % name, encoding="utf-8") as file:
                    page = file.read()
                out, table = examples.results(name, scratch)
                self.assertEqual(page, examples.page_with_table(page, table),
                                 "bazel run //docs/examples:update makes the table anew")
                self.assertEqual(examples.broken_claims(page, out + "/sweep.sqlite"), [])
                self.assertGreaterEqual(len(examples.CLAIM.findall(page)), 2)
                for picture in pictures:
                    image = "images/%s_%s.png" % (name, picture.name)
                    self.assertIn("(%s)" % image, page)
                    self.assertTrue(os.path.exists("docs/examples/" + image))

    def test_the_answer_of_tuning_is_that_of_a_search(self) -> None:
        with tempfile.TemporaryDirectory() as scratch, open("docs/tuning.md", encoding="utf-8") as file:
            page = file.read()
            self.assertEqual(page, examples.page_with_answer(page, examples.tuning(scratch)[1]),
                             "bazel run //docs/examples:update makes the answer anew")

    def test_a_wrong_claim_is_found(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            out, _ = examples.results("broker_comparison", scratch)
            page = "<!-- holds: SELECT count(*) = 1 FROM mean -->\n<!-- holds: SELECT 1 -->"
            broken = examples.broken_claims(page, out + "/sweep.sqlite")
            self.assertEqual(broken, ["SELECT count(*) = 1 FROM mean"])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
