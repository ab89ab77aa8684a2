#!/usr/bin/python3
"""Makes the tables and pictures of the worked examples anew, from the sweeps of scenarios/.

    bazel run //docs/examples:update

What the pages say in words is written by hand, and held to the results by //docs/examples:examples_test.
"""

import base64
import os
import sys
import tempfile

from docs.examples import examples
from tests.tools import chromium

DRAWN = "document.documentElement.dataset.drawn === 'yes'"
MARGIN = 10


def take(page: chromium.Page, report: str, picture: examples.Picture, path: str) -> None:
    page.call("Page.navigate", url="about:blank")
    page.open("file://%s#%s" % (report, picture.address), DRAWN)
    box = page.evaluate(
        "(() => {const r = document.querySelector('%s').getBoundingClientRect();"
        "return [r.x + scrollX, r.y + scrollY, r.width, r.height]})()" % picture.section
    )
    clip = {"x": box[0] - MARGIN, "y": box[1] - MARGIN, "width": box[2] + 2 * MARGIN,
            "height": box[3] + 2 * MARGIN, "scale": 1}
    shot = page.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    with open(path, "wb") as file:
        file.write(base64.b64decode(shot["data"]))


def take_top(page: chromium.Page, report: str, path: str) -> None:
    """What docs/sweeps.md shows: the page as a tall screen has it."""
    page.size(1000, 1330)
    page.open("file://" + report, DRAWN)
    with open(path, "wb") as file:
        file.write(page.screenshot(whole=False))
    page.size(1000, 900)


def update_tuning(page: chromium.Page, scratch: str, docs: str) -> None:
    """The answer and the picture of docs/tuning.md."""
    out, answer = examples.tuning(scratch)
    picture = examples.Picture("front", "trade=cost.packets_per_client_day~detection.broker.p99_s",
                               examples.TRADE)
    take(page, out + "/report.html", picture, docs + "/images/tuning_front.png")
    with open(docs + "/tuning.md", encoding="utf-8") as file:
        old = file.read()
    with open(docs + "/tuning.md", "w", encoding="utf-8") as file:
        file.write(examples.page_with_answer(old, answer))
    print("tuning: 1 picture")


def main() -> None:
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not root:
        sys.exit(__doc__)
    docs = os.path.join(root, "docs/examples")
    with tempfile.TemporaryDirectory() as scratch, chromium.Page(scratch) as page:
        page.size(1000, 900)
        page.prefer("light")
        update_tuning(page, scratch, root + "/docs")
        for name, pictures in examples.EXAMPLES.items():
            out, table = examples.results(name, scratch)
            for picture in pictures:
                path = "%s/images/%s_%s.png" % (docs, name, picture.name)
                take(page, out + "/report.html", picture, path)
            if name == "keepalive_sweep":
                take_top(page, out + "/report.html", root + "/docs/images/sweep_report.png")
            path = os.path.join(docs, name + ".md")
            with open(path, encoding="utf-8") as file:
                old = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(examples.page_with_table(old, table))
            broken = examples.broken_claims(old, out + "/sweep.sqlite")
            print("%s: %d pictures%s" % (name, len(pictures), "; no longer true: %s" % broken if broken else ""))


if __name__ == "__main__":
    main()
