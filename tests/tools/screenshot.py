#!/usr/bin/python3
"""Takes the picture of a page (report.html, a time line, a fleet) as README and docs show it.

    bazel run //tests/tools:screenshot -- PAGE.html[#incident=N] PICTURE.png [--size WIDTHxHEIGHT]
        [--dark] [--press KEY]...

`--press`: keys that are pressed first, by their DOM names: n is the next step of an explanation.
"""

import argparse
import os
import tempfile

from tests.tools import chromium


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("page")
    parser.add_argument("picture")
    parser.add_argument("--size", default="1000x1140")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--press", action="append", default=[])
    args = parser.parse_args()
    folder = os.environ.get("BUILD_WORKING_DIRECTORY", ".")
    report, picture = (os.path.abspath(os.path.join(folder, n)) for n in (args.page, args.picture))
    width, height = (int(n) for n in args.size.split("x"))
    with tempfile.TemporaryDirectory() as scratch, chromium.Page(scratch) as page:
        page.size(width, height)
        features = {
            "prefers-color-scheme": "dark" if args.dark else "light",
            "prefers-reduced-motion": "reduce",
        }
        page.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )
        page.open("file://" + report, "document.documentElement.dataset.drawn === 'yes'")
        for key in args.press:
            page.press(key)
        page.frames()
        with open(picture, "wb") as file:
            file.write(page.screenshot(whole=False))


if __name__ == "__main__":
    main()
