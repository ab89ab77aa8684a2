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
        reduced = reduce.ping_round_trips(rows)
        self.assertEqual(reduced["samples"]["handshake"], [0.5])
        self.assertEqual(reduced["samples"]["first ping"], [3.0])
        # The second is never answered.
        self.assertEqual(reduced["rates"]["pings answered after more than 4 s"], [1, 2])

    def test_timeouts_by_age(self):
        rows = [("broker", "0", 1, "opened", 0.0), ("broker", "0", 1, "expired", 70.0),
                ("broker", "0", 2, "opened", 80.0), ("broker", "0", 2, "expired", 90.0)]
        self.assertEqual(reduce.broker_timeouts(rows, 100.0)["rates"],
                         {"up to 60 s old": [1, 70.0], "above 60 s": [1, 10.0]})

    def test_clients_that_give_up(self):
        rows = [("client", "a-idle-0", 1, "connected", 0.0), ("client", "a-idle-0", 1, "lost", 7.0),
                ("client", "a-idle-0", 1, "lost", 8.0), ("broker", "a-idle-1", 1, "opened", 10.0)]
        self.assertEqual(reduce.library_timeouts(rows, 50.0)["rates"]["a, up to 60 s old"],
                         [1, 47.0])

    def test_pings_of_one_connection(self):
        rows = [("client", "a-x-0", 1, "connected", 0.0), ("broker", "a-x-0", 1, "pingreq", 1.0),
                ("broker", "a-x-0", 1, "pingreq", 3.0), ("broker", "a-x-0", 2, "pingreq", 9.0),
                ("client", "a-x-0", 2, "lost", 12.0), ("client", "a-x-1", 1, "connected", 0.0),
                ("client", "a-x-1", 1, "lost", 89.9)]
        samples = reduce.library_pings(rows, 90.0, 10.0)["samples"]
        self.assertEqual(samples["a, x: interval"], [2.0])
        # What happens at the end of the set-up is its end.
        self.assertEqual(samples["a, x: giving up"], [2.0, math.inf])

    def test_attempts(self):
        rows = [("network", "a-x-0", 1, "syn", 24.0), ("network", "a-x-0", 2, "syn", 26.0),
                ("network", "a-x-0", 3, "syn", 28.0), ("network", "a-x-0", 4, "syn", 28.1),
                ("network", "a-x-0", 5, "syn", 56.0)]
        self.assertEqual(reduce.reconnects(rows)["samples"],
                         {"a: attempt 2 after attempt 1": [2.0],
                          "a: first attempt after the end": [1.0]})


if __name__ == "__main__":
    unittest.main()
