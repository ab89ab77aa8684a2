#!/usr/bin/python3
"""Runs the benchmarks and keeps what they measured as JSON; with --docs, docs/performance.md gets its
tables and its plot from it.

  bazel run //tests/bench:report -- [--docs] [--small] [--repetitions N] FILE"""

import argparse
import os
import subprocess
import sys

from tests.bench import results

BEGIN, END = "<!-- benchmarks: begin -->\n", "<!-- benchmarks: end -->\n"
SMALL = "^(TcpFleet|TcpFleetSkipping|DatagramFleet|EagerDatagramFleet|EagerTcpFleet|PublishingFleet|HandlingFleet|JoinedFleet|CoupledFleet)/100/|^Hold<.*>/[48]$|^OneBlock|^SkipFloor|^client spec|^messages receive QoS 0|^broker emqx 5.3"


def run(bench, path, small, repetitions):
    command = [bench, "--benchmark_out=" + path, "--benchmark_out_format=json",
               "--benchmark_repetitions=%d" % repetitions, "--benchmark_enable_random_interleaving=true"]
    if small:
        command += ["--benchmark_filter=" + SMALL, "--benchmark_min_time=0.01"]
    subprocess.run(command, check=True, stdout=sys.stderr)


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".new", path)


def write_docs(measured, page, picture):
    with open(page, encoding="utf-8") as f:
        text = f.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"{page}: wants one {BEGIN.strip()} and one {END.strip()}")
    before, rest = text.split(BEGIN)
    write(page, before + BEGIN + "\n" + results.tables(measured) + "\n" + END + rest.split(END)[1])
    write(picture, results.plot(measured))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", help="JSON of Google Benchmark")
    parser.add_argument("--docs", action="store_true", help="docs/performance.md of this tree")
    parser.add_argument("--page", help=argparse.SUPPRESS)  # another page, for the test
    parser.add_argument("--small", action="store_true", help="the smallest sizes, briefly: a try")
    parser.add_argument("--repetitions", type=int, default=3, help="of which medians are taken")
    parser.add_argument("--keep", action="store_true", help="do not measure: FILE is there")
    a = parser.parse_args()
    home = os.environ.get("BUILD_WORKING_DIRECTORY", "")
    path = os.path.join(home, a.file)
    if not a.keep:
        run("tests/bench/bench", path, a.small, a.repetitions)
    measured = results.read(path)
    print(results.tables(measured), end="")
    page = a.page
    if a.docs:
        page = os.path.join(os.environ["BUILD_WORKSPACE_DIRECTORY"], "docs/performance.md")
    if page:
        write_docs(measured, page, os.path.join(os.path.dirname(page), "images/performance.svg"))


if __name__ == "__main__":
    main()
