"""keepsim tune as a user meets it: the answer, its forms, killed and resumed, and two runs compared."""

import csv
import io
import json
import os
import re
import tempfile
import unittest

from tests.tools.store_case import Killed, keepsim

# No loss: detection takes at most 1.5 keepAlive and some milliseconds, and packets fall with it. So 45 s
# of detection allow keepAlive 29 s of those from 10 s to 60 s: the known answer.
TUNE = """
question: "Which keepAlive notices within 45 s?"
inline_scenario {
  horizon: "3h"
  groups {
    name: "g" count: 30 start { spread: "60s" }
    path { both { latency { constant: "80ms" } } }
    random_faults { fault: CRASH gap { exponential { mean: "30m" } } length { constant: "9m" } }
  }
}
parameters { fields { path: "groups[g].keep_alive" range { from: "10s" to: "60s" step: "1s" } } }
wishes { metric: "detection.broker.max_s" at_most: 45 }
wishes { metric: "declarations.broker.false_per_client_day" at_most: 0.2 }
most_replications: 12
fresh_replications: 8
"""


class TuneTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        cls.file = cls.path("tune.textproto")
        with open(cls.file, "w") as file:
            file.write(TUNE)
        cls.done = keepsim("tune", cls.file, "--out", cls.path("whole"))
        assert cls.done.returncode == 0, cls.done.stdout + cls.done.stderr
        cls.digest = keepsim("sweep", "--digest", cls.path("whole")).stdout

    @classmethod
    def path(cls, name):
        return os.path.join(cls.work, name)

    def test_finds_the_known_answer_and_shows_how_sure_it_is(self):
        text = self.done.stdout
        self.assertRegex(text, r"Recommended: keep_alive=29s\n")
        self.assertIn("All wishes are met, on fresh seeds too.", text)
        self.assertIn("Checked on fresh seeds 13 to 20, which the search (seeds 1 to 12) has not seen", text)
        self.assertRegex(text, r"(?s)detection.broker.max_s at most 45: [^:]* It is the binding one")
        self.assertIn("Pareto front", text)
        self.assertRegex(text, r"\d+ of 51 points tried")
        with open(self.path("whole/report.html")) as page:
            html = page.read()
        # Points that were not tried are not on the page, and keep their numbers.
        self.assertIn('"numbers":[', html)
        self.assertIn("keepsim tune", html)
        self.assertLess(len(json.loads(re.search(r'"numbers":(\[[0-9,]*\])', html).group(1))), 51)

    def test_forms_for_machines(self):
        whole = self.path("whole")
        result = json.loads(keepsim("tune", self.file, "--out", whole, "--format", "json").stdout)
        self.assertEqual(result["verdict"], "MET")
        self.assertEqual(result["recommended"]["choices"], [{"name": "keep_alive", "value": "29s"}])
        evidence = result["check"]["evidence"][1]
        self.assertEqual((evidence["standing"], evidence["method"]), ("MET", "exact"))
        self.assertEqual(keepsim("sweep", "--digest", whole).stdout, self.digest)  # nothing was run
        rows = list(csv.DictReader(io.StringIO(
            keepsim("tune", self.file, "--out", whole, "--format", "csv").stdout)))
        found = [r for r in rows if r["role"] == "recommended"]
        self.assertEqual([r["metric"] for r in found],
                         ["detection.broker.max_s", "declarations.broker.false_per_client_day",
                          "cost.packets_per_client_day"])
        self.assertEqual(found[0]["keep_alive"], "29s")
        # What the recommended point is can be run on its own.
        point = keepsim("tune", self.file, "--print", str(result["recommended"]["point"]))
        self.assertIn('keep_alive: "29s"', point.stdout)

    def test_killed_at_any_moment_it_goes_on_and_answers_the_same(self):
        killed = Killed(self.path("killed"), "tune", self.file)
        out, _ = killed.to_the_end(25)
        self.assertGreaterEqual(killed.kills, 2)
        self.assertEqual(out.replace(self.path("killed"), self.path("whole")), self.done.stdout)
        self.assertEqual(keepsim("sweep", "--digest", self.path("killed")).stdout, self.digest)

    def test_what_cannot_be_is_said(self):
        file = self.path("no.textproto")
        with open(file, "w") as out:
            out.write(TUNE.replace("at_most: 45", "at_most: 12"))
        run = keepsim("tune", file)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("No point was found that meets all wishes.", run.stdout)
        self.assertRegex(run.stdout, r"max_s at most 12: 0 of \d+ tried points meet it; the best is")

    def test_bad_input(self):
        bad = self.path("bad.textproto")
        with open(bad, "w") as out:
            out.write(TUNE + "wishes { metric: 'detection.broker.p98_s' at_most: 1 }\n")
        for args, said in (
            (("tune",), "tune needs one tune file"),
            (("tune", bad), "bad.textproto:16:10"),
            (("tune", self.file, "--format", "xml"), "--format must be"),
            (("tune", self.file, "--print", "51"), "a point from 0 to 50"),
            (("tune", self.file, "--resume"), "--resume needs --out"),
            (("tune", self.file, "--out", "/proc/nowhere"), "cannot be made"),
            (("tune", self.path("nothing.textproto")), "cannot be opened"),
        ):
            run = keepsim(*args)
            self.assertEqual(run.returncode, 2, (args, run.stdout, run.stderr))
            self.assertIn(said, run.stderr, args)


if __name__ == "__main__":
    unittest.main()
