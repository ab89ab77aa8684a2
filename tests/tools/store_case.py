"""What the tests of commands with a store share: keepsim without a scheduler's words, and what a store
has while somebody writes it."""

import os
import sqlite3
import subprocess

KEEPSIM = os.path.abspath("tools/keepsim")

# What a scheduler around a test says is not meant for the sweeps in it.
_SCHEDULER = ("SLURM_", "JOB_COMPLETION", "TEST_SHARD", "TEST_TOTAL", "BUILD_WORKING")
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(_SCHEDULER)}


def keepsim(*args, env=None, **kwargs):
    return subprocess.run(
        [KEEPSIM, *args], capture_output=True, text=True, env={**ENVIRONMENT, **(env or {})}, **kwargs
    )


def written(folder):
    """Runs in a store that somebody may be writing."""
    try:
        db = sqlite3.connect(f"file:{folder}/sweep.sqlite?mode=ro", uri=True)
        try:
            return db.execute("SELECT count(*) FROM run").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error:
        return 0
