"""Runs keepsim for the tests of the probe."""

import os
import subprocess

KEEPSIM = os.path.abspath("tools/keepsim")


def probe(port, *flags):
    """Starts one; no measured result is awaited yet."""
    command = [KEEPSIM, "probe", "--broker", f"127.0.0.1:{port}", *map(str, flags)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, limit_s=120):
    out, err = process.communicate(timeout=limit_s)
    return process.returncode, out, err


def run(port, *flags):
    return finish(probe(port, *flags))


def keepsim(*arguments):
    done = subprocess.run([KEEPSIM, *arguments], capture_output=True, text=True, timeout=120,
                          check=False)
    return done.returncode, done.stdout, done.stderr
