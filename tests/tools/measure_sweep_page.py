#!/usr/bin/python3
"""How long the page of a sweep takes to open and to answer, in headless Chromium on this machine.

    bazel run //tests/tools:measure_sweep_page -- DIR/report.html

From the input to the end of the frame that shows it, median and longest; and how long the page's
thread had a core for it in the mean, which does not depend on what else the machine does.
"""

import os
import sys
import tempfile
import time

from tests.tools import chromium

# window.measure(i) does step i several times, each followed by a whole frame, and leaves [name,
# times, median ms, longest ms] in window.measured.
MEASURE = """
(() => {
  const frame = () => new Promise((r) => requestAnimationFrame(() => setTimeout(r, 0)));
  const $ = (id) => document.getElementById(id);
  const k = window.keepsim;
  const change = (label, pick) => () => {
    const s = [...document.querySelectorAll('select')].find((e) => e.getAttribute('aria-label') === label);
    s.selectedIndex = pick(s);
    s.dispatchEvent(new Event('change'));
  };
  const next = (s) => (s.selectedIndex + 1) % s.options.length;
  const move = (id, n) => (i) => {
    const r = $(id).getBoundingClientRect();
    $(id).dispatchEvent(new PointerEvent('pointermove', {clientX: r.x + r.width * (0.1 + 0.8 * i / n), clientY: r.y + r.height * (0.1 + 0.8 * i / n)}));
  };
  const click = (i) => {
    const r = $('heat').getBoundingClientRect();
    $('heat').dispatchEvent(new MouseEvent('click', {clientX: r.x + r.width * (0.3 + 0.05 * i), clientY: r.y + r.height * 0.4}));
  };
  const filters = ['l', 'loss', 'loss>', 'loss>0', 'loss>0.1', 'loss>0.15', ''];
  const steps = [
    ['another metric', 7, change('metric', next)],
    ['another Pareto front', 7, change('against', next)],
    ['pointer over the heat map', 60, move('heat', 60)],
    ['pointer over the Pareto front', 60, move('pareto-top', 60)],
    ['choosing a point', 7, click],
    ['sorting by another column', 6, (i) => document.querySelectorAll('thead button[data-sort]')[i % 5].click()],
    ['a letter more in the filter', filters.length, (i) => { $('filter').value = filters[i]; $('filter').dispatchEvent(new Event('input')); }],
    ['scrolling the table', 60, (i) => { $('rows').scrollTop = i * 977; }],
    ['dark / light', 4, () => $('theme').click()],
  ];
  window.measure = async (step) => {
    const [name, times, work] = steps[step];
    const taken = [];
    for (let i = 0; i < times; ++i) {
      await frame();
      const start = performance.now();
      work(i);
      await frame();
      taken.push(performance.now() - start);
    }
    taken.sort((a, b) => a - b);
    window.measured = [name, times, taken[taken.length >> 1], taken[taken.length - 1]];
  };
  return steps.length;
})()
"""


def cpu_ms(page: chromium.Page) -> float:
    """What the page's main thread has had of a core so far."""
    metrics = page.call("Performance.getMetrics")["metrics"]
    return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    report = os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", "."), sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch, chromium.Page(scratch) as page:
        page.size(1100, 900)
        page.call("Performance.enable", timeDomain="threadTicks")
        page.open("file://" + os.path.abspath(report), "document.documentElement.dataset.drawn === 'yes'")
        print("points: %d, page: %.1f MB" % (page.evaluate("keepsim.model.n"), os.path.getsize(report) / 1e6))
        loaded = "performance.getEntriesByType('navigation')[0].loadEventEnd"
        print("%-30s %9s %9s %9s" % ("", "median", "longest", "core"))
        print("%-30s %6.0f ms %9s %6.0f ms" % ("opening", page.evaluate(loaded), "", cpu_ms(page)))
        for step in range(page.evaluate(MEASURE)):
            page.evaluate("window.measured = undefined; void window.measure(%d)" % step)
            before = cpu_ms(page)
            while page.evaluate("window.measured !== undefined") is not True:
                time.sleep(0.05)
            name, times, median, longest = page.evaluate("window.measured")
            took = (cpu_ms(page) - before) / times
            print("%-30s %6.0f ms %6.0f ms %6.0f ms" % (name, median, longest, took))


if __name__ == "__main__":
    main()
