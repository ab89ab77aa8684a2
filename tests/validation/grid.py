"""The textbook failure detector over a grid of parameters: what KeepSim measures, and what theory says."""

import json
import math
import subprocess
import tempfile
import typing
import zlib

ETA_S = 60.0
LOSSES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
FACTORS = (1.1, 1.5, 2.5)  # time-out over eta; at the first, delays alone make mistakes
LAWS = {  # name: (latency, mean, least, most)
    "constant 50 ms": ('constant: "50ms"', 0.05, 0.05, 0.05),
    "uniform 0.1 to 20 s": ('uniform { low: "100ms" high: "20s" }', 10.05, 0.1, 20.0),
    "exponential, mean 4 s": ('exponential { mean: "4s" } max: "50s"', 4.0, 0.0, 50.0),
}
FIGURES = {"mistakes per client-day": "lambda_M", "mean duration of a mistake, s": "E(T_M)",
           "query accuracy": "P_A"}

DETECTOR = """name: "validation" horizon: "%s"
groups { name: "g" count: %d keep_alive: "60s" client: "patient" start { spread: "60s" }
         path { transport: DATAGRAM up { latency { %s } loss: %s } down {} } %s }
broker { profile: "simple" grace_factor: %s }
broker_profiles { name: "simple" recovers: true }
client_profiles { name: "patient" pingresp_rule: NEVER one_ping_at_a_time: false }
"""
CRASHES = 'random_faults { fault: CRASH gap { exponential { mean: "4h" } } length { constant: "20m" } }'


class Point(typing.NamedTuple):
    law: str
    factor: float
    loss: float
    figure: str
    expected: float
    simulated: float
    error: float
    samples: int

    @property
    def z(self):
        return (self.simulated - self.expected) / self.error


class Bound(typing.NamedTuple):
    """Detection of crashes with no loss: T_D in [time-out - eta + D_min, time-out + D_max]."""
    law: str
    factor: float
    low: float
    high: float
    least: float
    most: float
    mean: Point


def run(keepsim, text):
    """With a seed of its own: no two points have the same luck."""
    seed = str(zlib.crc32(text.encode()) or 1)
    with tempfile.NamedTemporaryFile("w", suffix=".textproto") as file:
        file.write(text)
        file.flush()
        return json.loads(subprocess.run([keepsim, "run", file.name, "--seed", seed, "--format", "json"],
                                         check=True, capture_output=True, text=True).stdout)


def points(keepsim, clients=200, horizon="20d", losses=LOSSES, factors=FACTORS, laws=LAWS):
    for law in laws:
        for factor in factors:
            for loss in losses:
                text = DETECTOR % (horizon, clients, LAWS[law][0], loss, "", factor)
                for t in run(keepsim, text).get("theory", []):
                    yield Point(law, factor, loss, FIGURES[t["quantity"]], t["expected"],
                                t["simulated"], t["standard_error"], int(t["samples"]))


def bounds(keepsim, clients=200, horizon="20d", factors=FACTORS[1:], laws=LAWS):
    for law in laws:
        latency, _, least, most = LAWS[law]
        for factor in factors:
            text = DETECTOR % (horizon, clients, latency, 0, CRASHES, factor)
            result = run(keepsim, text)
            seen = result["detection"]["broker"]
            (t,) = [t for t in result["theory"] if "detection" in t["quantity"]]
            limit = factor * ETA_S
            # Where one delay may be longer than another by limit - eta, the last mistake before the
            # end of a late heartbeat's way may be the crash's first detection: no lower bound.
            low = limit - ETA_S + least if most - least < limit - ETA_S else 0.0
            yield Bound(law, factor, low, limit + most, seen["min_s"], seen["max_s"],
                        Point(law, factor, 0, "E(T_D)", t["expected"], t["simulated"],
                              t["standard_error"], int(t["samples"])))


def closed_form(figure, factor, loss):
    """For a constant delay, written down apart from keepsim's own sums (k whole intervals fit into
    the time-out)."""
    k, q = math.floor(factor), 1 - loss
    return {"lambda_M": q * loss ** k / ETA_S * 86400,
            "E(T_M)": (k + 1 / q) * ETA_S - factor * ETA_S,
            "P_A": 1 - loss ** k * (1 + q * (k - factor))}[figure]
