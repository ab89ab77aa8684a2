#!/usr/bin/python3
"""How long the page of a sweep takes to open and to answer, in headless Chromium on this machine.

    bazel run //tests/tools:measure_sweep_page -- DIR/report.html

Each figure is the time from the input to the end of the frame that shows it, median and longest.
"""

import os
import sys
import tempfile

from tests.tools import chromium

# Runs `steps` one after the other, each followed by a whole frame; [name, median ms, longest ms].
MEASURE = """
(async () => {
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
  const out = [];
  for (const [name, times, work] of steps) {
    const taken = [];
    for (let i = 0; i < times; ++i) {
      await frame();
      const start = performance.now();
      work(i);
      await frame();
      taken.push(performance.now() - start);
    }
    taken.sort((a, b) => a - b);
    out.push([name, taken[taken.length >> 1], taken[taken.length - 1]]);
  }
  window.measured = out;
})()
"""


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    report = os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", "."), sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch, chromium.Page(scratch) as page:
        page.size(1100, 900)
        page.open("file://" + os.path.abspath(report), "document.documentElement.dataset.drawn === 'yes'")
        print("points: %d, page: %.1f MB" % (page.evaluate("keepsim.model.n"), os.path.getsize(report) / 1e6))
        loaded = "performance.getEntriesByType('navigation')[0].loadEventEnd"
        print("%-32s %6.0f ms" % ("opening", page.evaluate(loaded)))
        page.evaluate(MEASURE + ".catch((e) => { window.measured = [['failed: ' + e, 0, 0]]; })")
        while page.evaluate("window.measured !== undefined") is not True:
            pass
        print("%-32s %9s %10s" % ("", "median", "longest"))
        for name, median, longest in page.evaluate("window.measured"):
            print("%-32s %6.0f ms %7.0f ms" % (name, median, longest))


if __name__ == "__main__":
    main()
