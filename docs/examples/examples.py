"""The worked examples: what each page takes from its sweep's results."""

import os
import re
import shutil
import sqlite3
import subprocess
from typing import Dict, List, NamedTuple, Tuple

KEEPSIM = os.path.abspath("tools/keepsim")


class Picture(NamedTuple):
    name: str  # behind the example's
    address: str  # the state of the report, behind its #
    section: str  # a selector


MAP, TRADE, CDF = "#map-section", "#trade-section", "#cdf-part"
EXAMPLES: Dict[str, List[Picture]] = {
    "keepalive_sweep": [
        Picture("false", "metric=declarations.client.false_per_client_day", MAP),
        Picture("front", "", TRADE),
    ],
    "grace_factor_sweep": [
        Picture("false", "metric=declarations.broker.false_per_client_day", MAP),
        Picture("front", "", TRADE),
    ],
    "nat_sweep": [
        Picture("sessions", "metric=qos.session_share", MAP),
        Picture("radio", "metric=cost.radio_wakeups_per_client_day", MAP),
    ],
    "broker_comparison": [
        Picture("detection", "chosen=0.1.4.6", CDF),
    ],
    "client_comparison": [
        Picture("front", "trade=detection.client.p50_s~declarations.client.false_per_client_day&chosen=0.2.10.16", TRADE),
        Picture("detection", "by=client&chosen=0.2.10.16", CDF),
    ],
}

TABLE = re.compile(r"(<!-- table -->\n```\n)(.*?)(\n```\n<!-- end of table -->)", re.S)
CLAIM = re.compile(r"<!-- holds: (.*?) -->", re.S)


def sweep_file(name: str) -> str:
    return "scenarios/%s/sweep.textproto" % name


def results(name: str, folder: str) -> Tuple[str, str]:
    """The sweep's results in a folder of one's own, and its table. Runs nothing that Bazel ran."""
    out = os.path.join(folder, name)
    os.makedirs(out)
    shutil.copy("scenarios/%s/%s_result/sweep.sqlite" % (name, name), out)
    os.chmod(out + "/sweep.sqlite", 0o644)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TEST_", "BUILD_WORKING"))}
    done = subprocess.run(
        [KEEPSIM, "sweep", sweep_file(name), "--out", out],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
    )
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (name, done.stderr))
    table = re.search(r"^point .*?(?=\n\n)", done.stdout, re.S | re.M)
    assert table, done.stdout
    return out, table.group(0)


ANSWER = re.compile(r"(<!-- answer -->\n```\n)(.*?)(```\n<!-- end of answer -->)", re.S)
TUNING = "scenarios/keepalive_tuning/tune.textproto"


def tuning(folder: str) -> Tuple[str, str]:
    """The worked question of docs/tuning.md in a folder of one's own, and what is printed."""
    out = os.path.join(folder, "tuning")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TEST_", "BUILD_WORKING"))}
    done = subprocess.run(
        [KEEPSIM, "tune", TUNING, "--out", out],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return out, done.stdout.replace(out, "DIR")


def page_with_answer(page: str, answer: str) -> str:
    found = ANSWER.search(page)
    if not found:
        raise ValueError("has no place for its answer")
    return page[: found.start(2)] + answer + page[found.end(2) :]


def page_with_table(page: str, table: str) -> str:
    found = TABLE.search(page)
    if not found:
        raise ValueError("has no place for its table")
    return page[: found.start(2)] + table + page[found.end(2) :]


def broken_claims(page: str, store: str) -> List[str]:
    """The conditions of the page, in SQL over its sweep's store, that do not hold."""
    db = sqlite3.connect("file:%s?mode=ro" % store, uri=True)
    try:
        # A mean over the seeds, by point.
        db.execute(
            "CREATE TEMP VIEW mean AS SELECT *, avg(result) AS value FROM results "
            "WHERE of_group = '' GROUP BY point, metric"
        )
        return [c for c in CLAIM.findall(page) if db.execute(c).fetchone() != (1,)]
    finally:
        db.close()
