#!/usr/bin/python3
"""How many instructions a simulated event takes. A count does not depend on the hour or on who else
uses the machine, so that a step back is seen where a time would say nothing."""

import json
import os
import subprocess
import tempfile
import unittest

KEEPSIM = "tools/keepsim"
FLEET = "scenarios/reference_fleet.textproto"
VALGRIND = "/usr/bin/valgrind"

# Counted once, on x86-64 with Debian 12's compiler, and a tenth more. Lower them when a change does.
BOUND = 1700  # each event through the queue
SKIPPING_BOUND = 140  # quiet stretches skipped, with AVX2


def Count(engine, clients, folder):
    """Instructions and simulated events of a run with so many clients."""
    counts = os.path.join(folder, "counts")
    run = subprocess.run(
        [
            VALGRIND, "--tool=callgrind", "--callgrind-out-file=" + counts,
            KEEPSIM, "run", FLEET, "--engine", engine, "--threads", "1", "--format", "json",
            "--set", "groups[0].count=%d" % clients,
        ],
        capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):  # 1: so few clients miss the expectations
        raise RuntimeError(run.stderr)
    with open(counts, encoding="utf-8") as f:
        total = next(line for line in f if line.startswith(("summary:", "totals:")))
    return int(total.split()[1]), json.loads(run.stdout)["events"]


class InstructionsTest(unittest.TestCase):
    def Measure(self, engine, bound):
        if not os.path.exists(VALGRIND):
            self.skipTest(VALGRIND + " is missing: apt-get install valgrind")
        if os.uname().machine != "x86_64":
            self.skipTest("the bound was counted on x86-64, this is " + os.uname().machine)
        folder = os.environ.get("TEST_TMPDIR") or tempfile.mkdtemp()
        # The difference leaves out what every run does once: tables, summary, page.
        few, events_of_few = Count(engine, 10, folder)
        many, events_of_many = Count(engine, 30, folder)
        per_event = (many - few) / (events_of_many - events_of_few)
        print("--engine %s: %.0f instructions per simulated event" % (engine, per_event))
        self.assertGreater(per_event, 10)  # the count itself works
        self.assertLess(per_event, bound)

    def test_event_by_event(self):
        self.Measure("events", BOUND)

    def test_skipping(self):
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            if " avx2" not in f.read():
                self.skipTest("the bound was counted with AVX2, which this processor lacks")
        self.Measure("auto", SKIPPING_BOUND)


if __name__ == "__main__":
    unittest.main()
