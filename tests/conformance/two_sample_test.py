"""Numbers from tables and from small cases that can be done by hand."""

import math
import unittest

import reduce
import two_sample


class TwoSampleTest(unittest.TestCase):
    def test_distance(self):
        self.assertEqual(two_sample.ks_distance([1, 2], [1, 2]), 0)
        self.assertEqual(two_sample.ks_distance([1, 2], [3, 4]), 1)
        self.assertEqual(two_sample.ks_distance([1, 2, math.inf, math.inf], [1, 2, 3, math.inf]),
                         0.25)
        self.assertAlmostEqual(two_sample.ks_critical(100, 100), 0.192, places=3)

    def test_ratio(self):
        point, low, high = two_sample.rate_ratio(10, 1.0, 10, 2.0)
        self.assertAlmostEqual(point, 2.0)
        # Clopper-Pearson of 10 in 20: 0.2720 to 0.7280.
        self.assertAlmostEqual(low, 2 * 0.2720 / 0.7280, places=3)
        self.assertAlmostEqual(high, 2 * 0.7280 / 0.2720, places=2)
        self.assertEqual(two_sample.rate_ratio(0, 1.0, 3, 1.0)[1], 0.0)
        self.assertEqual(two_sample.rate_ratio(3, 1.0, 0, 1.0)[2], math.inf)


class ReduceTest(unittest.TestCase):
    def test_round_trips(self):
        rows = [("client", "0", 1, "start", 1.0), ("client", "0", 1, "connect", 1.5),
                ("client", "0", 1, "connack", 2.0), ("client", "0", 1, "pingreq", 4.0),
                ("client", "0", 1, "pingreq", 6.0), ("client", "0", 1, "pingresp", 7.0),
                ("client", "0", 2, "start", 9.0)]
        samples = reduce.round_trips(rows)
        self.assertEqual(samples["tcp"], [0.5])
        self.assertEqual(samples[0], [3.0])
        self.assertEqual(samples[1], [math.inf])

    def test_timeouts_by_age(self):
        rows = [("broker", "0", 1, "opened", 0.0), ("broker", "0", 1, "expired", 70.0),
                ("broker", "0", 2, "opened", 80.0), ("broker", "0", 2, "expired", 90.0)]
        self.assertEqual(reduce.timeouts(rows, 100.0), {"new": (1, 70.0), "old": (1, 10.0)})

    def test_pings_of_one_connection(self):
        rows = [("client", "a-0", 1, "pingreq", 1.0), ("client", "a-0", 1, "pingreq", 3.0),
                ("client", "a-0", 2, "pingreq", 9.0), ("client", "a-0", 2, "closed", 12.0)]
        self.assertEqual(reduce.pings(rows, 10.0), {"a": ([2.0], [2.0])})


if __name__ == "__main__":
    unittest.main()
