"""The short version of the measurements: a minute of real programs against the model, all side by side.

Skipped, with the reason, where namespaces cannot be made or a program is missing.
"""

import concurrent.futures
import math
import os
import shutil
import unittest

import measure
import netns
import programs
import reduce
import simulate
import two_sample

KEEPSIM = os.path.abspath("tools/keepsim")
SCENARIOS = "tests/conformance/scenarios"
# Two samples of one law are further apart once in ten thousand: the test is run often.
STRICT = 2.225 / 1.358
LATE_S = 0.5  # of a machine that is busy with other tests
GIVING_UP = {"duration": 42.0, "silent_from": 25.0, "count": 2}
# What is measured, with which programs; each in namespaces and a process of its own.
MEASURED = {
    "loss": ("ping_round_trips", (), {"loss": 0.4, "count": 150, "duration": 40.0}),
    "mosquitto": ("broker_detection", ("mosquitto",), {"broker": "mosquitto", "count": 20}),
    "aedes": ("broker_detection", ("node",), {"broker": "aedes", "count": 20}),
    "libraries": ("library_pings", ("gcc", "node"),
                  {"kinds": tuple(programs.BOUNDS), "loads": ("idle",), **GIVING_UP}),
}


def prefer():
    """Before other programs: the machine's load is not what is measured. Children inherit it."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))
    except OSError:
        pass  # no rights; then there will be no namespaces either


def pair_or_reason(*needed):
    missing = [p for p in ("ip", "nft", *needed) if not shutil.which(p)]
    if "node" in needed and not os.path.exists(f"{programs.HERE}/npm/node_modules/aedes"):
        missing.append("the packages from npm (tools/with-deps --test)")
    if missing:
        return None, "missing: " + ", ".join(missing)
    try:
        return netns.NetworkPair(), None
    except Exception as error:  # no rights, no veth, no nftables in the kernel
        return None, f"no network namespaces here: {error}"


def measured(name):
    """The rows; a reason why there are none."""
    set_up, needed, settings = MEASURED[name]
    prefer()
    pair, reason = pair_or_reason(*needed)
    if reason:
        return None, reason
    try:
        return getattr(measure, set_up)(pair, **settings), None
    finally:
        pair.close()


class ConformanceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pool = concurrent.futures.ProcessPoolExecutor(len(MEASURED))
        cls.addClassCleanup(pool.shutdown)
        cls.running = {name: pool.submit(measured, name) for name in MEASURED}

    def rows(self, name):
        rows, reason = self.running[name].result()
        if reason:
            self.skipTest(reason)
        return rows

    def test_handshake_and_first_round_trips_under_loss(self):
        real = reduce.ping_round_trips(self.rows("loss"))["samples"]
        simulated = reduce.ping_round_trips(simulate.simulate(
            KEEPSIM, f"{SCENARIOS}/ping_round_trips.textproto",
            ["groups[0].count=1000", "horizon=40s"]))["samples"]
        for step in ("handshake", "CONNECT to CONNACK"):
            # Beyond 20 s the measurement's end would count.
            a, b = ([min(max(v, 0.002), 20.0) for v in side[step]] for side in (real, simulated))
            self.assertLess(two_sample.ks_distance(a, b),
                            STRICT * two_sample.ks_critical(len(a), len(b)), step)

    def check_cut(self, broker, low, high):
        latencies = reduce.broker_detection(self.rows(broker))["samples"]["cut to session closed"]
        self.assertEqual(len(latencies), 20)
        self.assertGreaterEqual(min(latencies), low)
        self.assertLessEqual(max(latencies), high + LATE_S)

    def test_mosquitto_notices_a_cut_in_its_bounds(self):
        # Silence of 6 s, the last packet up to 4 s old; whole seconds, and a scan every 6 s.
        self.check_cut("mosquitto", 2.0, 13.0)

    def test_aedes_notices_a_cut_in_its_bounds(self):
        self.check_cut("aedes", 2.0, 6.001)

    def test_libraries_ping_and_give_up_in_their_bounds(self):
        samples = reduce.library_pings(self.rows("libraries"), **GIVING_UP)["samples"]
        for kind, (interval, giving_up) in programs.BOUNDS.items():
            for name, (low, high) in (("interval", interval), ("giving up", giving_up)):
                values = samples[f"{kind}, idle: {name}"]
                self.assertGreaterEqual(min(values), low - 0.02, (kind, name))
                self.assertLessEqual(max(values), high + LATE_S, (kind, name))
                self.assertFalse(math.inf in values)


if __name__ == "__main__":
    unittest.main(verbosity=2)
