#!/usr/bin/python3
"""Two files of //tests/bench:report side by side: what became slower, the worst first. Exit code 1 if
something did by more than --by; only files of one machine and hour are worth it."""

import argparse
import os
import sys

from tests.bench import results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--by", type=float, default=1.1, help="ratio beyond which it counts (1.1)")
    a = parser.parse_args()
    home = os.environ.get("BUILD_WORKING_DIRECTORY", "")
    text, slower = results.compare(results.read(os.path.join(home, a.old)),
                                   results.read(os.path.join(home, a.new)), a.by)
    print(text, end="")
    sys.exit(1 if slower else 0)


if __name__ == "__main__":
    main()
