#!/usr/bin/python3
"""Takes the picture of a report page that the README shows.

    bazel run //tests/tools:screenshot -- REPORT.html PICTURE.png
"""

import os
import sys
import tempfile

from tests.tools import chromium


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = os.environ.get("BUILD_WORKING_DIRECTORY", ".")
    report, picture = (os.path.abspath(os.path.join(folder, name)) for name in sys.argv[1:])
    with tempfile.TemporaryDirectory() as scratch, chromium.Page(scratch) as page:
        page.size(1000, 1140)
        page.prefer("light")
        page.open("file://" + report, "document.documentElement.dataset.drawn === 'yes'")
        with open(picture, "wb") as file:
            file.write(page.screenshot(whole=False))


if __name__ == "__main__":
    main()
