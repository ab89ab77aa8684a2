"""What the tests of commands with a store share: keepsim without a scheduler's words, and what a store
has while somebody writes it."""

import os
import signal
import sqlite3
import subprocess
import time

KEEPSIM = os.path.abspath("tools/keepsim")

# What a scheduler around a test says is not meant for the sweeps in it.
_SCHEDULER = ("SLURM_", "JOB_COMPLETION", "TEST_SHARD", "TEST_TOTAL", "GTEST_SHARD",
              "GTEST_TOTAL", "BUILD_WORKING")
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


class Killed:
    """A command that writes a store, killed again and again until it ends by itself."""

    def __init__(self, folder, *args):
        self.folder = folder
        self.kills = 0
        # One thread: so that some runs are still to be done when it is killed.
        self.command = [KEEPSIM, *args, "--threads", "1", "--out", folder]

    def once(self, until):
        """Killed once `until(process)` returns. Its output if it ended before that, else None."""
        process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=ENVIRONMENT)
        until(process)
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        if process.returncode == 0:
            return out, err
        if process.returncode != -signal.SIGKILL:
            raise AssertionError(f"ended with {process.returncode}: {err}")
        self.kills += 1
        return None

    def after(self, runs):
        """Until so many more runs are there than now."""
        wanted = written(self.folder) + runs

        def until(process):
            while process.poll() is None and written(self.folder) < wanted:
                time.sleep(0.003)

        return until

    def to_the_end(self, runs):
        """Killed after every `runs` runs; the output of the last."""
        while True:
            done = self.once(self.after(runs))
            if done is not None:
                return done
