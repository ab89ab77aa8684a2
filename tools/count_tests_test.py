"""tools/count_tests.py: what counts as passed, failed and skipped."""

import json
import os
import tempfile
import unittest

from tools import count_tests

_GTEST = """<?xml version="1.0"?><testsuites><testsuite name="A">
<testcase name="Good" status="run" classname="A"/>
<testcase name="Bad" status="run" classname="A"><failure message="no"/></testcase>
<testcase name="Off" status="notrun" classname="A"/>
<testcase name="Skips" status="run" classname="A"><skipped message="why"/></testcase>
</testsuite></testsuites>"""
_GOOD = '<testsuites><testsuite><testcase name="x"/></testsuite></testsuites>'
_EMPTY = '<testsuites><testsuite name="A"/></testsuites>'


class CountTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.files = 0

    def result(self, label, status, xml=None, **at):
        outputs = []
        if xml is not None:
            self.files += 1
            path = os.path.join(self.folder.name, f"{self.files}%.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(xml)
            outputs = [{"name": "test.xml", "uri": "file://" + path.replace("%", "%25")}]
        return json.dumps({
            "id": {"testResult": {"label": label, **at}},
            "testResult": {"status": status, "testActionOutput": outputs},
        })

    def count(self, lines, status=0):
        return tuple(len(part) for part in count_tests.count_events(lines, status))

    def test_each_case_counts(self):
        self.assertEqual(self.count([self.result("//a", "FAILED", _GTEST)], 3), (1, 1, 2))

    def test_a_target_without_cases_counts_as_one(self):
        self.assertEqual(self.count([self.result("//a", "PASSED", _EMPTY)]), (1, 0, 0))
        self.assertEqual(self.count([self.result("//a", "PASSED")]), (1, 0, 0))

    def test_death_outside_of_the_cases_is_a_failure(self):
        for status in ("FAILED", "TIMEOUT", "REMOTE_FAILURE", "INCOMPLETE"):
            self.assertEqual(self.count([self.result("//a", status, _GOOD)], 3), (1, 1, 0), status)
        self.assertEqual(self.count([self.result("//a", "FAILED", "<test")], 3), (0, 1, 0))

    def test_shards_add_up_and_the_last_attempt_decides(self):
        lines = [
            self.result("//a", "PASSED", _GOOD, shard=1),
            self.result("//a", "FAILED", _GTEST, shard=2, attempt=1),
            self.result("//a", "PASSED", _GOOD, shard=2, attempt=2),
        ]
        self.assertEqual(self.count(lines), (2, 0, 0))

    def test_what_was_not_built_or_run_failed(self):
        broken = json.dumps({"id": {"targetCompleted": {"label": "//b"}}, "completed": {}})
        fine = json.dumps(
            {"id": {"targetCompleted": {"label": "//a"}}, "completed": {"success": True}})
        aborted = json.dumps({"id": {"targetCompleted": {"label": "//c"}}, "aborted": {}})
        summary = json.dumps({"id": {"testSummary": {"label": "//d"}}, "testSummary": {}})
        lines = [self.result("//a", "PASSED", _GOOD), fine, broken, aborted, summary]
        self.assertEqual(self.count(lines, 1), (1, 3, 0))

    def test_a_command_without_results_failed(self):
        self.assertEqual(self.count([], 1), (0, 1, 0))
        self.assertEqual(self.count([], 0), (0, 1, 0))
        self.assertEqual(self.count([self.result("//a", "PASSED", _GOOD)], 37), (1, 1, 0))


if __name__ == "__main__":
    unittest.main()
