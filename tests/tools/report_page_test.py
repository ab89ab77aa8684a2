#!/usr/bin/python3
"""The report page of a run in headless Chromium: it draws, shows the summary's numbers, complains
of nothing and asks the network for nothing."""

import json
import os
import sys
import tempfile
import unittest

from tests.tools import chromium
from tests.tools.page_case import DRAWN, PageCase, keepsim, needs_chromium, save

SCENARIO = "scenarios/quickstart.textproto"
CHARTS = ["cdf", "histogram", "timeline", "cost"]


# The share of a canvas's pixels that something was drawn on.
INKED = """(() => {
  const c = document.getElementById('%s');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let n = 0;
  for (let i = 3; i < d.length; i += 4) n += d[i] > 0;
  return n / (d.length / 4);
})()"""


@needs_chromium
class ReportPageTest(PageCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        out = os.path.join(cls.folder.name, "out")
        keepsim("run", SCENARIO, "--out", out, "--set", "question='<b>&\"</script>?'")
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            cls.summary = json.load(file)
        cls.url = "file://" + os.path.join(out, "report.html")
        cls.page.size(1100, 900)
        cls.page.open(cls.url, DRAWN)

    def test_it_complains_of_nothing_and_requests_nothing_else(self) -> None:
        # tearDown() sees to it; here, that the page's own request is among those that it sees.
        self.open()
        self.assertIn(self.url, self.page.requests)

    def test_a_request_would_have_been_seen(self) -> None:
        """The two lists above can fail: a page that misbehaves fills them."""
        with chromium.Page(tempfile.mkdtemp(dir=self.folder.name)) as page:
            bad = os.path.join(self.folder.name, "bad.html")
            with open(bad, "w", encoding="utf-8") as file:
                file.write(
                    "<script>fetch('http://127.0.0.1:9/x').catch(() => {"
                    "console.error('no'); document.title = 'done'})</script>"
                )
            page.open("file://" + bad, "document.title === 'done'")
            self.assertIn("http://127.0.0.1:9/x", page.requests)
            self.assertNotEqual(page.complaints, [])

    def test_every_chart_is_drawn(self) -> None:
        for chart in CHARTS:
            self.assertGreater(self.page.evaluate(INKED % chart), 0.02, chart)

    def test_charts_hold_the_summarys_numbers(self) -> None:
        broker = self.summary["detection"]["broker"]
        data = "window.keepsim.charts.%s.data.datasets"
        cdf = self.page.evaluate(data % "cdf" + "[0].data")
        self.assertEqual([p["x"] for p in cdf], [p["value_s"] for p in broker["cdf"]])
        bins = self.page.evaluate(data % "histogram" + "[0].data")
        self.assertEqual(sum(bins), broker["count"])
        chosen = self.page.evaluate(
            "document.querySelector('#declarer [aria-pressed=true]').dataset.name"
        )
        of = self.summary["declarations"][chosen]
        for verdict in ("true", "transient", "false"):
            drawn = self.page.evaluate(
                "window.keepsim.charts.timeline.data.datasets"
                ".find((d) => d.label === '%s').data.reduce((x, y) => x + y, 0)" % verdict
            )
            self.assertEqual(drawn, of[verdict + "_count"])

    def test_tables_show_the_summarys_numbers(self) -> None:
        broker = self.summary["detection"]["broker"]
        self.assertGreater(broker["count"], 100)
        shown = lambda metric: self.page.evaluate(  # noqa: E731
            "document.querySelector('td[data-metric=\"%s\"]').textContent" % metric
        )
        self.assertEqual(shown("detection.broker.count"), str(broker["count"]))
        self.assertEqual(shown("detection.broker.p99_s"), "%.2f s" % broker["p99_s"])
        self.assertEqual(
            shown("declarations.client.false_count").replace("\u202f", ""),
            str(self.summary["declarations"]["client"]["false_count"]),
        )
        rows = self.page.evaluate("document.querySelectorAll('#incidents tbody tr').length")
        self.assertEqual(rows, len(self.summary["incidents"]))

    def test_buttons_choose(self) -> None:
        self.page.evaluate("document.querySelector('#declarer [data-name=client]').click()")
        drawn = self.page.evaluate("window.keepsim.charts.timeline.data.datasets[2].data")
        self.assertEqual(drawn, self.summary["time_line"]["client_false"])
        self.page.evaluate("document.querySelector('#declarer [data-name=broker]').click()")

    def test_the_users_text_is_text(self) -> None:
        self.assertEqual(
            self.page.evaluate("document.getElementById('question').textContent"),
            '<b>&"</script>?',
        )

    def test_dark_light_and_phone(self) -> None:
        self.page.prefer("light")
        light = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        save("light.png", self.page)
        self.page.prefer("dark")
        dark = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        save("dark.png", self.page)
        self.assertNotEqual(light, dark)
        self.page.evaluate("document.getElementById('theme').click()")
        toggled = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        self.assertEqual(toggled, light)
        self.fits_the_phone("phone.png")
        self.page.size(1100, 900)
        self.open()


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
