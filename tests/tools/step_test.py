#!/usr/bin/python3
"""keepsim replay --step, driven through a pipe."""

import os
import struct
import subprocess
import tempfile
import unittest
import zlib

KEEPSIM = "tools/keepsim"
# Everything at once and without luck: attempt and answers take 100 ms each way.
SCENARIO = """
name: "steps"
horizon: "2h"
groups { name: "a" count: 2 keep_alive: "60s" path { both { latency { constant: "100ms" } } } }
faults { at: "1h" client: FREEZE duration: "10m" select { first: 0 last: 0 } }
"""
# The client gives up at 90.2 s and is back at 94.8 s; kernels still repeat what belongs to #1, and
# its end reaches the broker at 100.552 s.
TWO_CONNECTIONS = """
name: "two" horizon: "10m"
groups { name: "g" keep_alive: "60s" path { both { latency { constant: "100ms" } } } }
faults { at: "60s" duration: "33s" partition { directions: DOWN } }
"""


class StepTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        scenario = os.path.join(cls.folder.name, "steps.textproto")
        with open(scenario, "w", encoding="utf-8") as stream:
            stream.write(SCENARIO)
        cls.trace = os.path.join(cls.folder.name, "out", "trace.kst")
        subprocess.run([KEEPSIM, "run", scenario, "--out", os.path.dirname(cls.trace)],
                       stdout=subprocess.DEVNULL, check=True)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def steps(self, commands: str, *flags, code=0) -> str:
        run = subprocess.run([KEEPSIM, "replay", self.trace, "--step"] + list(flags),
                             input=commands.encode(), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=False)
        self.assertEqual(run.returncode, code, run.stderr.decode())
        return (run.stdout + run.stderr).decode()

    def test_events_packets_timers(self) -> None:
        out = self.steps("n\np\nt\nq\nn\n", "--client", "a/0").splitlines()[2:]
        self.assertIn("starts", out[0])
        self.assertTrue(any("SYN" in line for line in out))
        self.assertTrue(any("timer" in line for line in out))

    def test_state_of_both_ends(self) -> None:
        out = self.steps("goto 5m\nstate\n", "--client", "a/1")
        self.assertIn("state at 300.000000 s", out)
        self.assertIn("client  a/1 runs; #1 connected since", out)
        self.assertIn("closes after 90s without a packet (keepAlive 60 s)", out)
        self.assertIn("timer: PINGREQ at ", out)
        self.assertIn("path    up", out)

    def test_state_is_that_of_the_newer_connection(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            scenario = os.path.join(folder, "two.textproto")
            with open(scenario, "w", encoding="utf-8") as stream:
                stream.write(TWO_CONNECTIONS)
            subprocess.run([KEEPSIM, "run", scenario, "--out", os.path.join(folder, "out")],
                           stdout=subprocess.DEVNULL, check=True)
            run = subprocess.run([KEEPSIM, "replay", os.path.join(folder, "out"), "--step",
                                  "--client", "g/0"], input=b"g 92s\ns\ng 110s\ns\n",
                                 stdout=subprocess.PIPE, check=True)
        early, late = run.stdout.decode().split("state at ")[1:]
        # The client is at its second handshake while the broker still holds the first session.
        self.assertIn("client  g/0 runs; #2 connecting since 91.", early)
        self.assertIn("broker  runs; #1 connected since ", early)
        self.assertIn("timer: looks at 150.300000 s", early)
        # What comes late of #1 says nothing of #2.
        self.assertIn("client  g/0 runs; #2 connected since 94.796000 s", late)
        self.assertIn("broker  runs; #2 connected since 94.696000 s", late)
        self.assertIn("wrote CONNACK at 94.696000 s", late)
        self.assertIn("closes after 90s", late)

    def test_back_is_exact(self) -> None:
        # Forth and back again, over the border of a window too: the same state as before.
        here = self.steps("goto 9m59s\nn\ns\n", "--client", "a/1").split("state at")[1]
        there = self.steps("goto 9m59s\nn\nn 40\nb 40\ns\n", "--client", "a/1")
        self.assertEqual(there.split("state at")[1], here)
        self.assertIn("the run begins here", self.steps("n 3\nb 10\n", "--client", "a/1"))

    def test_faults_and_declarations_are_found_far_away(self) -> None:
        out = self.steps("f\nf\ns\n", "--client", "a/0")
        self.assertIn("the client's process freezes", out)
        self.assertIn("client  a/0 frozen", out)
        out = self.steps("d\ns\nd\n", "--client", "a/0")
        self.assertIn("DECLARES CLIENT DEAD", out)
        self.assertIn("no further declaration", out)
        self.assertIn("no further declaration", self.steps("d\n", "--client", "a/1"))

    def test_from_an_incident(self) -> None:
        out = self.steps("d\n", "--incident", "1")
        self.assertIn("incident 1: at ", out)
        self.assertIn("verdict true, cause peer_stalled", out)

    def test_the_end_of_the_run_and_of_the_input(self) -> None:
        self.assertIn("the run ends here", self.steps("goto 1h59m59s\nn 100000\n", "--client", "a/1"))
        self.assertNotIn("ends", self.steps("", "--client", "a/1"))

    def test_what_it_does_not_understand(self) -> None:
        out = self.steps("jump\nnext x\ngoto\ngoto 3h\nh\n", "--client", "a/1")
        self.assertIn('"jump" is no command', out)
        self.assertIn('"x" is no number', out)
        self.assertEqual(out.count("goto takes a time of the run, up to 2h"), 2)
        self.assertIn("q, quit", out)
        self.assertIn("--step goes with", self.steps("", code=2))

    def test_an_altered_scenario_is_refused(self) -> None:
        with open(self.trace, "rb") as stream:
            data = bytearray(stream.read())
        # In the header, with a checksum that is right again.
        (length,) = struct.unpack("<I", data[12:16])
        end = 21 + length
        place = data.index(b"60s", 21, end)
        data[place : place + 3] = b"61s"
        crc = zlib.crc32(data[21:end], zlib.crc32(data[20:21], zlib.crc32(data[12:16])))
        data[16:20] = struct.pack("<I", crc)
        altered = os.path.join(self.folder.name, "altered.kst")
        with open(altered, "wb") as stream:
            stream.write(data)
        for flags in (["--step", "--client", "a/0"], ["--incident", "1"], []):
            run = subprocess.run([KEEPSIM, "replay", altered] + flags, input=b"",
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            self.assertEqual(run.returncode, 2)
            self.assertIn(b"the scenario inside was altered", run.stderr)

    def test_another_run_is_recognised(self) -> None:
        with open(self.trace, "rb") as stream:
            data = stream.read()
        damaged = os.path.join(self.folder.name, "cut.kst")
        with open(damaged, "wb") as stream:
            stream.write(data[:-50])
        run = subprocess.run([KEEPSIM, "replay", damaged, "--step", "--client", "a/0"],
                             input=b"n\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"damaged at byte", run.stderr)


if __name__ == "__main__":
    unittest.main()
