#!/usr/bin/python3
"""keepsim hunt and shrink as a user meets them: what is kept, exit codes, going on, Ctrl-C."""

import filecmp
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

KEEPSIM = "tools/keepsim"
SCENARIO = """
# Nothing goes wrong in here by itself.
name: "calm"
horizon: "10m"
groups { name: "a" count: 3 keep_alive: "30s" path { both { latency { constant: "50ms" } } } }
"""


def keepsim(*arguments):
    run = subprocess.run([KEEPSIM] + list(arguments), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


class HuntTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.scenario = cls.path("calm.textproto")
        with open(cls.scenario, "w", encoding="utf-8") as stream:
            stream.write(SCENARIO)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    @classmethod
    def path(cls, name: str) -> str:
        return os.path.join(cls.folder.name, name)

    def test_nothing_is_found_where_nothing_is(self) -> None:
        code, out, _ = keepsim("hunt", self.scenario, "--seeds-only", "--runs", "5")
        self.assertEqual(code, 0)
        self.assertIn("5 runs, 0 kinds of failure", out)

    def test_what_is_found_is_kept_and_can_be_explained(self) -> None:
        out_dir = self.path("kept")
        code, out, _ = keepsim("hunt", self.scenario, "--for", "false", "--runs", "40",
                               "--out", out_dir)
        self.assertEqual(code, 1)
        names = sorted(n for n in os.listdir(out_dir) if n.endswith(".kst"))
        self.assertGreater(len(names), 1)
        self.assertFalse([n for n in os.listdir(out_dir) if n.endswith(".tmp")])
        for name in names:
            signature = name[:-4].replace("-", "/")
            self.assertIn(signature, out)
            trace = os.path.join(out_dir, name)
            self.assertEqual(keepsim("replay", trace)[0], 0)
            self.assertEqual(keepsim("explain", trace, "--expect", signature)[0], 0)
            self.assertEqual(keepsim("explain", trace, "--expect-not", signature)[0], 1)
            # The scenario beside it is the same run.
            again = self.path("again_" + name[:-4])
            keepsim("run", trace[:-4] + ".textproto", "--out", again)
            code, _, _ = keepsim("diff", trace, os.path.join(again, "trace.kst"))
            self.assertEqual(code, 0)

    def test_it_goes_on_where_it_was_stopped(self) -> None:
        whole, parts = self.path("whole"), self.path("parts")
        hunt = ["hunt", self.scenario, "--for", "false", "--runs", "30"]
        keepsim(*hunt, "--out", whole)
        keepsim(*hunt, "--out", parts, "--runs", "11", "--threads", "1")
        code, _, err = keepsim(*hunt, "--out", parts)
        self.assertEqual(code, 1)
        self.assertIn("going on after run 10", err)
        self.assertEqual(filecmp.dircmp(whole, parts).diff_files, [])
        self.assertEqual(sorted(os.listdir(whole)), sorted(os.listdir(parts)))
        code, _, err = keepsim(*hunt, "--out", parts, "--hunt-seed", "2")
        self.assertEqual(code, 2)
        self.assertIn("holds another hunt", err)

    def test_ctrl_c_keeps_what_is_complete(self) -> None:
        out_dir = self.path("stopped")
        hunt = subprocess.Popen([KEEPSIM, "hunt", self.scenario, "--for", "false", "--runs",
                                 "1000000", "--out", out_dir], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        while not os.path.exists(os.path.join(out_dir, "hunt.textproto")):
            self.assertIsNone(hunt.poll())
            time.sleep(0.05)
        hunt.send_signal(signal.SIGINT)
        _, err = hunt.communicate()
        self.assertEqual(hunt.returncode, 130)
        self.assertIn(b"the same command goes on", err)
        with open(os.path.join(out_dir, "hunt.textproto"), encoding="utf-8") as stream:
            self.assertIn("runs: ", stream.read())

    def test_time_ends_it_like_runs_do(self) -> None:
        code, out, _ = keepsim("hunt", self.scenario, "--for", "false", "--for-time", "1s",
                               "--format", "json")
        self.assertIn(code, (0, 1))
        self.assertGreater(int(json.loads(out)["runs"]), 0)

    def test_one_run_can_be_seen(self) -> None:
        code, out, _ = keepsim("hunt", self.scenario, "--run", "3")
        self.assertEqual(code, 0)
        self.assertIn("# Run 3 of a hunt in", out)
        self.assertIn("seed: 4", out)
        code, out, _ = keepsim("hunt", self.scenario, "--print")
        self.assertEqual(code, 0)
        self.assertIn("broker.profile: spec", out)

    def test_bad_input_is_said(self) -> None:
        for flags, text in (
            (["--for", "flase"], 'did you mean "false"'),
            (["--vary", "groups[0].keep_alive"], "neither PATH=LOW..HIGH nor"),
            (["--vary", "groups[0].lss=0..1"], 'unknown field "lss"'),
            (["--bounds", self.path("none")], "cannot be opened"),
            (["--runs", "0"], "--runs must be"),
            (["--for-time", "5"], "--for-time"),
            (["--seeds-only", "--vary", "x=1,2"], "--seeds-only"),
        ):
            code, _, err = keepsim("hunt", self.scenario, *flags)
            self.assertEqual(code, 2, flags)
            self.assertIn(text, err)
        bounds = self.path("bounds.textproto")
        with open(bounds, "w", encoding="utf-8") as stream:
            stream.write('bounds { path: "groups[*].path.both.loss" low: "0.1" high: "0.2" }')
        code, out, _ = keepsim("hunt", self.scenario, "--bounds", bounds, "--print")
        self.assertEqual(code, 0)
        self.assertIn("groups[0].path.both.loss: 0.1, 0.12", out)

    def test_shrinking(self) -> None:
        out_dir = self.path("to_shrink")
        keepsim("hunt", self.scenario, "--for", "false/*/client", "--runs", "40", "--out", out_dir)
        name = [n for n in sorted(os.listdir(out_dir)) if n.endswith(".kst")][0]
        signature = name[:-4].replace("-", "/")
        small = self.path("small.textproto")
        code, _, err = keepsim("shrink", os.path.join(out_dir, name), "--for", signature,
                               "--out", small)
        self.assertEqual(code, 0, err)
        self.assertIn("to 1 client, ", err)
        with open(small, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn("keepsim_replay_test(", text)
        result = self.path("small")
        self.assertEqual(keepsim("run", small, "--out", result)[0], 0)
        trace = os.path.join(result, "trace.kst")
        self.assertEqual(keepsim("explain", trace, "--expect", signature)[0], 0)
        # Again, from the trace of what came out.
        code, out, _ = keepsim("shrink", trace, "--for", signature)
        self.assertEqual(code, 0)
        plain = [[line for line in t.splitlines() if not line.startswith("#")]
                 for t in (text, out)]
        self.assertEqual(plain[0], plain[1])
        for flags, code, message in (
            (["--for", "false/clock_drift"], 1, "shows nothing of the kind"),
            (["--incident", "1000"], 2, "there is no incident 1000"),
            (["--incident", "1", "--for", "false"], 2, "not both"),
            (["--runs", "x"], 2, "--runs must be"),
        ):
            got, _, err = keepsim("shrink", trace, *flags)
            self.assertEqual(got, code, flags)
            self.assertIn(message, err)


if __name__ == "__main__":
    unittest.main()
