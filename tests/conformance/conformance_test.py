"""The short version of the measurements: a minute of real programs against the model.

Skipped, with the reason, where namespaces cannot be made or a program is missing.
"""

import os
import shutil
import unittest

import measure
import netns
import reduce
import simulate
import two_sample

KEEPSIM = os.path.abspath("tools/keepsim")
SCENARIOS = "tests/conformance/scenarios"
# Two samples of one law are further apart once in ten thousand: the test is run often.
STRICT = 2.225 / 1.358


def pair_or_reason(*programs):
    missing = [p for p in ("ip", "nft", *programs) if not shutil.which(p)]
    if missing:
        return None, "missing: " + ", ".join(missing)
    try:
        return netns.NetworkPair(), None
    except Exception as error:  # no rights, no veth, no nftables in the kernel
        return None, f"no network namespaces here: {error}"


class ConformanceTest(unittest.TestCase):
    def pair(self, *programs):
        pair, reason = pair_or_reason(*programs)
        if reason:
            self.skipTest(reason)
        self.addCleanup(pair.close)
        return pair

    def test_handshake_and_first_round_trips_under_loss(self):
        rows = measure.ping_round_trips(self.pair(), loss=0.4, count=150, duration=40.0)
        real = reduce.round_trips(rows)
        simulated = reduce.round_trips(simulate.simulate(
            KEEPSIM, f"{SCENARIOS}/ping_round_trips.textproto",
            ["groups[0].count=1000", "horizon=40s"]))
        for step in ("tcp", "connack"):
            # Beyond 20 s the measurement's end would count.
            a, b = ([min(max(v, 0.002), 20.0) for v in side[step]] for side in (real, simulated))
            self.assertLess(two_sample.ks_distance(a, b),
                            STRICT * two_sample.ks_critical(len(a), len(b)), step)

    def test_mosquitto_notices_a_cut_in_its_bounds(self):
        latencies = reduce.detection(measure.broker_detection(self.pair("mosquitto"), count=20))
        self.assertEqual(len(latencies), 20)
        # Silence of 6 s, the last packet up to 4 s old; whole seconds, and a scan every 6 s.
        self.assertGreaterEqual(min(latencies), 2.0)
        self.assertLessEqual(max(latencies), 13.5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
