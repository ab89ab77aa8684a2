"""Comparing two samples: Kolmogorov-Smirnov distance, quantiles, rate ratios with exact intervals."""

import bisect
import math


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else math.nan


def ks_distance(a, b):
    """The largest distance of the two distribution functions."""
    a, b = sorted(a), sorted(b)
    return max(abs(bisect.bisect_right(a, x) / len(a) - bisect.bisect_right(b, x) / len(b))
               for x in set(a + b))


def ks_critical(n, m):
    """Of two samples of one continuous distribution, 5 % are further apart (asymptotic)."""
    return 1.358 * math.sqrt((n + m) / (n * m))


def _binomial_tail(k, n, p):
    """P(X >= k)."""
    if k <= 0:
        return 1.0
    if p <= 0.0 or p >= 1.0:
        return float(p >= 1.0)
    terms = (math.exp(math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) +
                      i * math.log(p) + (n - i) * math.log(1 - p)) for i in range(k, n + 1))
    return min(1.0, math.fsum(terms))


def _solve(function, target):
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return (low + high) / 2


def rate_ratio(count_a, time_a, count_b, time_b):
    """Rate a over rate b of two Poisson counts, with the exact 95 % interval (Clopper-Pearson of
    the share of a in all events)."""
    if count_a + count_b == 0:
        return math.nan, 0.0, math.inf
    n = count_a + count_b
    low = _solve(lambda p: _binomial_tail(count_a, n, p), 0.025) if count_a else 0.0
    high = _solve(lambda p: _binomial_tail(count_a + 1, n, p), 0.975) if count_b else 1.0
    scale = time_b / time_a
    odds = lambda p: math.inf if p >= 1 else p / (1 - p) * scale
    point = count_a / time_a / (count_b / time_b) if count_b else math.inf
    return point, odds(low), odds(high)
