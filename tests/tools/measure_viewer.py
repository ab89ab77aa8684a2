#!/usr/bin/python3
"""How fluid the fleet page is: times of frames and interactions in headless Chromium.

    bazel run //tests/tools:measure_viewer -- FLEET.html

Wall times are the page's script in a frame; "CPU" is all that the page's thread did meanwhile, for each
frame or call (script, layout, painting; not the raster threads). On a busy machine only CPU says much.
"""

import os
import sys
import tempfile
import time

from tests.tools import chromium

DRAWN = "document.documentElement.dataset.drawn === 'yes'"


def cpu_s(page: chromium.Page) -> float:
    metrics = page.call("Performance.getMetrics")["metrics"]
    return next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def line(name: str, values: list, cpu: float) -> None:
    values = sorted(values)
    share = lambda p: values[min(len(values) - 1, int(p * len(values)))]  # noqa: E731
    print(
        "%-34s %4d  wall: median %6.1f ms  p95 %6.1f ms  max %6.1f ms   CPU %6.1f ms each"
        % (name, len(values), share(0.5), share(0.95), values[-1], cpu * 1e3 / len(values))
    )


class Measured:
    """What the page's frames take within a `with`, or what is put into `values`."""

    def __init__(self, page: chromium.Page, name: str):
        self.page, self.name, self.values = page, name, []

    def __enter__(self) -> list:
        self.page.frames()
        self.page.evaluate("keepsim.picture.times.length = 0; 0")
        self.began = cpu_s(self.page)
        return self.values

    def __exit__(self, *_: object) -> None:
        self.page.frames()
        spent = cpu_s(self.page) - self.began
        line(self.name, self.values or self.page.evaluate("keepsim.picture.times"), spent)


def timed(page: chromium.Page, expression: str) -> float:
    return page.evaluate("(() => { const t = performance.now(); %s; return performance.now() - t; })()" % expression)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = os.path.abspath(os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", "."), sys.argv[1]))
    with tempfile.TemporaryDirectory() as scratch, chromium.Page(scratch) as page:
        page.size(1400, 1000)
        page.call("Performance.enable", timeDomain="threadTicks")
        began = time.monotonic()
        page.open("file://" + path, DRAWN)
        print("%-44s %.2f s, %.1f MB" % ("opened and drawn", time.monotonic() - began, os.path.getsize(path) / 1e6))
        print("%-44s %d clients, %d incidents, %d changes" % ("holds", *page.evaluate(
            "[keepsim.fleet.clients, keepsim.fleet.count, keepsim.fleet.at.length]")))
        x, y = page.middle_of("#rows")
        with Measured(page, "a frame while the wheel zooms"):
            for down in [-120] * 40 + [120] * 40:
                page.wheel(x, y, down)
        for _ in range(8):  # where all is in view, there is nothing to move
            page.wheel(x, y, -120)
        with Measured(page, "a frame while a drag moves"):
            page.drag([(x, y)] + [(x + 3 * i, y + i) for i in range(60)])
        page.evaluate("keepsim.picture.view.all(); 0")
        with Measured(page, "the whole fleet, drawn anew") as values:
            values += [timed(page, "keepsim.picture.painted = ''; keepsim.picture.draw()") for _ in range(20)]
        with Measured(page, "a filter, with table and picture") as values:
            for i in range(21):
                values.append(timed(page, "keepsim.choose({verdict: %d})" % (i % 3)))
                page.frames()
        with Measured(page, "sorting by silence") as values:
            values += [timed(page, "keepsim.fleet.sorted('silence', false)") for _ in range(10)]
        page.evaluate("keepsim.choose({verdict: null}); 0")
        x, y = page.middle_of("#histogram")
        with Measured(page, "a frame while brushing"):
            page.drag([(x - 200, y)] + [(x - 200 + 6 * i, y) for i in range(1, 60)])
        with Measured(page, "what is under the pointer") as values:
            values += [timed(page, "keepsim.picture.incidentAt(%d, 200)" % (200 + 20 * i)) for i in range(40)]


if __name__ == "__main__":
    main()
