#!/usr/bin/python3
"""The page of a sweep in headless Chromium, clicked through: its numbers against the store's, which
SQL reads here; sorting, filtering, other axes, choosing, A against B, copying, the address."""

import json
import math
import os
import sqlite3
import subprocess
import sys
import unittest
from typing import Dict, List, Tuple

from tests.tools.page_case import KEEPSIM, PageCase, keepsim, needs_chromium, save

BASE = """
horizon: "2h"
groups {
  name: "g" count: 10 start { spread: "60s" }
  path { both { latency { lognormal { median: "80ms" sigma: 0.6 } }
                bursts { mean_good: "15m" mean_bad: "10s" } } }
  random_faults { fault: CRASH gap { exponential { mean: "30m" } } length { constant: "9m" } }
}
"""
SWEEP = """
name: "it's <b>a</b> test"
question: "<i>&</i></script>?"
scenario: "base.textproto"
axes { fields { path: "groups[g].keep_alive" values: ["10s", "30s", "1m", "2m"] } }
axes { given: true fields { path: "groups[g].path.both.loss" values: ["0", "0.02", "0.1"] } }
axes { fields { path: "broker.profile" values: ["spec", "vernemq"] } }
replications: 3
metrics { metric: "detection.broker.p50_s" }
metrics { metric: "declarations.client.false_per_client_day" }
metrics { metric: "cost.packets_per_client_day" better: NEITHER }
"""
P50, FALSE, PACKETS = (
    "detection.broker.p50_s",
    "declarations.client.false_per_client_day",
    "cost.packets_per_client_day",
)
STUDENT_2 = 4.302652729911275  # 0.975 quantile, two degrees of freedom


@needs_chromium
class SweepPageTest(PageCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.file = os.path.join(cls.folder.name, "sweep.textproto")
        for name, content in (("base.textproto", BASE), ("sweep.textproto", SWEEP)):
            with open(os.path.join(cls.folder.name, name), "w", encoding="utf-8") as file:
                file.write(content)
        cls.out = os.path.join(cls.folder.name, "out")
        keepsim("sweep", cls.file, "--out", cls.out)
        cls.db = sqlite3.connect(cls.out + "/sweep.sqlite")
        cls.url = "file://" + os.path.join(cls.out, "report.html")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.db.close()
        super().tearDownClass()

    def setUp(self) -> None:
        self.page.size(1100, 900)
        self.page.prefer("light")
        self.open()

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.page.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    def click_on(self, selector: str) -> None:
        place = self.value(
            "(() => {const e = document.querySelector(%s); e.scrollIntoView({block: 'center'});"
            "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]})()"
            % json.dumps(selector)
        )
        self.click(*place)

    def key(self, key: str) -> None:
        text = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        code = {"Enter": 13, "ArrowDown": 40, "ArrowRight": 39}.get(key, 0)
        self.page.call(
            "Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text
        )
        self.page.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def choose(self, label: str, option: str) -> None:
        """In the select of that label, the option that reads so."""
        self.value(
            "(() => {const s = document.querySelector('select[aria-label=%s]');"
            "s.value = [...s.options].find((o) => o.textContent === %s).value;"
            "s.dispatchEvent(new Event('change'))})()" % (json.dumps(label), json.dumps(option))
        )

    def rows(self) -> List[str]:
        """First columns of the rows that are there, without the letter."""
        return self.value(
            "[...document.querySelectorAll('#points tbody tr[data-point]')]"
            ".map((r) => [...r.cells].slice(1, 5).map((c) => c.textContent).join(' '))"
        )

    def chosen(self) -> List[int]:
        return self.value("window.keepsim.state.chosen")

    # ---- what the store says

    def values(self, metric: str) -> Dict[int, List[float]]:
        out: Dict[int, List[float]] = {}
        for point, value in self.db.execute(
            "SELECT point, value FROM value JOIN metric USING (metric) "
            "WHERE name = ? AND of_group = '' ORDER BY point, seed",
            (metric,),
        ):
            out.setdefault(point, []).append(value)
        return out

    def mean(self, metric: str) -> Dict[int, float]:
        return {p: sum(v) / len(v) for p, v in self.values(metric).items()}

    def false_rate(self) -> Dict[int, float]:
        count = self.values("declarations.client.false_count")
        days = self.values("declarations.client.client_days")
        return {p: sum(count[p]) / sum(days[p]) for p in count}

    def points(self) -> Dict[int, Dict[str, str]]:
        out: Dict[int, Dict[str, str]] = {}
        for point, name, value in self.db.execute("SELECT point, name, value FROM point"):
            out.setdefault(point, {})[name] = value
        return out

    def shown(self, metric: str, what: str = "value") -> List[float]:
        return self.value("window.keepsim.model.metrics.find((m) => m.key === '%s').%s" % (metric, what))

    # ---- the tests

    def test_it_holds_the_stores_numbers(self) -> None:
        self.assertEqual(self.value("window.keepsim.model.n"), 24)
        for metric, expected in ((P50, self.mean(P50)), (PACKETS, self.mean(PACKETS)),
                                 (FALSE, self.false_rate())):
            for point, value in enumerate(self.shown(metric)):
                self.assertAlmostEqual(value, expected[point], delta=1e-4 * abs(value), msg=metric)
        self.assertGreater(max(self.false_rate().values()), 0)

    def test_the_users_text_is_text(self) -> None:
        self.assertEqual(self.value("document.getElementById('name').textContent"), "it's <b>a</b> test")
        self.assertEqual(self.value("document.getElementById('question').textContent"), "<i>&</i></script>?")

    def test_every_picture_is_drawn(self) -> None:
        for canvas in ("heat", "curves", "pareto", "pareto-top", "cdf"):
            inked = self.value(
                "(() => {const c = document.getElementById('%s');"
                "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
                "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n})()" % canvas
            )
            self.assertGreater(inked, 100, canvas)

    def cell(self, i: int, j: int, columns: int, rows: int) -> Tuple[float, float]:
        """The middle of a cell of the heat map, from the left and from below, on the screen."""
        self.value("document.getElementById('heat').scrollIntoView({block: 'center'})")
        # A cell is found by what the page says is under the pointer.
        r = self.value("(() => {const r = document.getElementById('heat').getBoundingClientRect();"
                    "return [r.x, r.y, r.width, r.height]})()")
        wanted = self.value("window.keepsim.model.at(window.keepsim.state.fixed, window.keepsim.state.x,"
                         "%d, window.keepsim.state.y, %d)" % (i, j))
        hits = []
        for a in range(0, int(r[2]), 4):
            for b in range(0, int(r[3]), 4):
                hits.append((a, b))
        inside = self.value("%s.filter(([a, b]) => plots.heatCell(a, b) === %d)" % (json.dumps(hits), wanted))
        x = sum(a for a, _ in inside) / len(inside)
        y = sum(b for _, b in inside) / len(inside)
        # Columns go to the right and rows up, as the axes say.
        self.assertLess(abs(y - (rows - j - 0.5) * max(b for _, b in hits) / rows), 40)
        self.assertGreater(x, r[2] * (i + 0.3) / columns * 0.5)
        return r[0] + x, r[1] + y

    def test_a_cell_chooses_its_point_and_lets_go(self) -> None:
        before = self.chosen()
        p = self.value("window.keepsim.model.at([0, 0, 0], 0, 2, 1, 1)")
        self.assertEqual(self.points()[p], {"keep_alive": "1m", "loss": "0.02", "profile": "spec"})
        self.assertNotIn(p, before)
        x, y = self.cell(2, 1, 4, 3)
        self.click(x, y)
        self.assertEqual(self.chosen(), before + [p])
        names = self.value("[...document.querySelectorAll('#chosen .what')].map((e) => e.textContent)")
        self.assertEqual(names[-1], "point %d: keep_alive=1m, loss=0.02, profile=spec" % p)
        self.click(x, y)
        self.assertEqual(self.chosen(), before)

    def test_the_tip_says_what_is_under_the_pointer(self) -> None:
        x, y = self.cell(3, 0, 4, 3)
        self.page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        tip = self.value("document.getElementById('tip').textContent")
        self.assertIn("keep_alive=2m, loss=0, profile=spec", tip)
        p = self.value("window.keepsim.model.at([0, 0, 0], 0, 3, 1, 0)")
        self.assertIn("%.3g s" % self.mean(P50)[p], tip)

    def test_axes_and_metric_can_be_changed(self) -> None:
        self.choose("up", "profile")
        self.choose("at loss", "0.1")
        self.choose("metric", "False declarations per client-day by the client")
        lines = self.value(
            "window.keepsim.charts.curves.data.datasets.filter((d) => d.label)"
            ".map((d) => [d.label, d.data.map((q) => [q.p, q.x, q.y])])"
        )
        self.assertEqual([label for label, _ in lines], ["spec", "vernemq"])
        points = self.points()
        rates = self.false_rate()
        for label, line in lines:
            self.assertEqual([x for _, x, _ in line], [10, 30, 60, 120])
            for p, _, y in line:
                self.assertEqual((points[p]["profile"], points[p]["loss"]), (label, "0.1"))
                if rates[p] > 0:
                    self.assertAlmostEqual(y, rates[p], delta=1e-4 * y)
        self.choose("across", "loss")
        self.assertIn("loss across, profile up", self.value("document.getElementById('heat-title').textContent"))

    def test_columns_sort(self) -> None:
        means = self.mean(P50)
        for clicks, order in ((1, sorted(means, key=lambda p: (means[p], p))),
                              (2, sorted(means, key=lambda p: (-means[p], p)))):
            self.click_on("[data-sort='broker.p50_s']")
            self.assertEqual([int(r.split()[0]) for r in self.rows()][:12], order[:12], clicks)
        self.click_on("[data-sort='keep_alive']")
        self.assertEqual([r.split()[1] for r in self.rows()][:12], ["10s"] * 6 + ["30s"] * 6)

    def test_the_filter_leaves_what_passes(self) -> None:
        means = self.mean(P50)
        points = self.points()
        for query, passes in (
            ("keep_alive>30s loss<=0.02", lambda p: points[p]["keep_alive"] in ("1m", "2m") and points[p]["loss"] != "0.1"),
            ("broker.p50_s<40", lambda p: means[p] < 40),
            ("vernemq", lambda p: points[p]["profile"] == "vernemq"),
            ("profile!=vernemq point>=20", lambda p: points[p]["profile"] == "spec" and p >= 20),
        ):
            self.type_filter(query)
            wanted = [p for p in sorted(points) if passes(p)]
            self.assertEqual(self.value("table.order()"), wanted, query)
            title = self.value("document.getElementById('table-title').textContent")
            self.assertEqual(title, "%d of 24 points" % len(wanted))
        self.type_filter("kepalive>1")
        self.assertIn('nothing is called "kepalive"', self.value("document.getElementById('filter-note').textContent"))

    def type_filter(self, query: str) -> None:
        self.value("document.getElementById('filter').value = ''; document.getElementById('filter').focus()")
        self.page.call("Input.insertText", text=query)

    def test_the_front_is_what_nothing_beats(self) -> None:
        means, rates, points = self.mean(P50), self.false_rate(), self.points()
        for loss in ("0", "0.02", "0.1"):
            some = [p for p in points if points[p]["loss"] == loss]
            front = [p for p in some if not any(
                means[q] <= means[p] and rates[q] <= rates[p] and (means[q], rates[q]) != (means[p], rates[p])
                for q in some)]
            drawn = self.value(
                "window.keepsim.charts.pareto.data.datasets.find((d) => d.label === 'loss=%s').data"
                ".map((q) => q.p)" % loss
            )
            self.assertEqual(sorted(drawn), sorted(front), loss)

    def test_a_against_b_is_paired(self) -> None:
        self.open(self.url + "#chosen=1.13&ab=0.1")
        values = self.values(PACKETS)
        d = [y - x for x, y in zip(values[1], values[13])]
        mean = sum(d) / 3
        half = STUDENT_2 * math.sqrt(sum((x - mean) ** 2 for x in d) / 2 / 3)
        self.assertGreater(half, 0)
        difference = self.value(
            "window.keepsim.model.difference(window.keepsim.model.metrics.find((m) => m.key === '%s'), 1, 13)"
            % PACKETS
        )
        self.assertAlmostEqual(difference["value"], mean, delta=1e-3 * abs(mean))
        self.assertAlmostEqual(difference["low"], mean - half, delta=1e-3 * abs(mean))
        self.assertAlmostEqual(difference["high"], mean + half, delta=1e-3 * abs(mean))
        words = lambda key: self.value(  # noqa: E731
            "document.querySelector('#ab tr[data-metric=\"%s\"]').cells[1].textContent" % key
        )
        self.assertEqual(words(PACKETS), "B is lower")  # neither is better, by the sweep file
        self.assertEqual(words(P50), "B is worse (higher)")
        self.choose("B", "A: " + self.value("window.keepsim.model.describe(1)"))
        self.assertEqual(words(P50), "the same")

    def test_the_distribution_is_that_of_all_seeds(self) -> None:
        self.open(self.url + "#chosen=5")
        samples: List[Tuple[float, int]] = []
        for (text,) in self.db.execute(
            "SELECT value_count FROM distribution WHERE point = 5 AND name = 'detection.broker'"
        ):
            samples += [tuple(pair) for pair in json.loads(text)]
        samples.sort()
        n = sum(c for _, c in samples)
        self.assertEqual(n, sum(self.values("detection.broker.count")[5]))
        drawn = self.value("window.keepsim.charts.cdf.data.datasets[0].data.map((q) => [q.x, q.y])")
        self.assertGreater(len(drawn), 40)
        for x, share in drawn:
            rank = max(1, math.ceil(share / 100 * n - 1e-9))
            below = sum(c for v, c in samples if v < x - 1e-9)
            upto = sum(c for v, c in samples if v <= x + 1e-9)
            self.assertTrue(below < rank <= upto, (x, share))
        lows = self.values("detection.broker.min_s")[5]
        self.assertAlmostEqual(drawn[0][0], min(lows), delta=0.02 * min(lows))

    def test_the_command_repeats_the_run(self) -> None:
        self.click_on("[data-copy='7']")
        command = self.value("window.keepsim.copied")
        self.assertIn("--set 'groups[g].keep_alive=30s'", command)
        path = os.path.dirname(KEEPSIM) + ":" + os.environ["PATH"]
        env = {k: v for k, v in os.environ.items() if not k.startswith("TEST_")}
        run = subprocess.run(command + " --format json", shell=True, cwd=self.folder.name, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**env, "PATH": path})
        self.assertEqual(run.returncode, 0, run.stderr)
        digest = self.db.execute("SELECT digest FROM run WHERE point = 7 AND seed = 1").fetchone()[0]
        self.assertEqual(json.loads(run.stdout)["digest"], digest)

    def test_the_address_keeps_the_state(self) -> None:
        self.choose("metric", "MQTT packets per client-day")
        self.choose("up", "profile")
        self.choose("at loss", "0.02")
        self.click_on("[data-sort='loss']")
        self.type_filter("keep_alive>=30s")
        self.click_on("#points tbody tr[data-point='9']")
        state = "JSON.stringify([...['metric', 'x', 'y', 'fixed', 'chosen', 'sort', 'down', 'query']].map((k) => window.keepsim.state[k]))"
        before = self.value(state)
        self.assertIn(9, self.chosen())
        self.open(self.value("location.href"))
        self.assertEqual(self.value(state), before)
        self.assertEqual(self.value("document.getElementById('filter').value"), "keep_alive>=30s")
        # Nonsense is passed over.
        self.open(self.url + "#metric=x&x=no&y=&at=9.9.9&chosen=99.a&ab=7.7&trade=~&only=%C3%A4")
        self.assertEqual(self.value("window.keepsim.state.metric"), 0)

    def test_the_keyboard_suffices(self) -> None:
        before = self.chosen()
        self.value("document.getElementById('rows').focus()")
        for _ in range(4):
            self.key("ArrowDown")
        self.key("Enter")
        self.assertEqual(self.chosen(), [p for p in before if p != 4] + ([] if 4 in before else [4]))
        self.key("c")
        self.assertEqual(self.value("window.keepsim.copied"), self.value("window.keepsim.model.command(4)"))
        before = self.chosen()
        self.value("document.getElementById('heat').focus()")
        for _ in range(2):
            self.key("ArrowRight")
        at = self.value("window.keepsim.state.cursor")
        self.assertEqual(at, self.value("window.keepsim.model.at([0, 0, 0], 0, 2, 1, 0)"))
        self.key("Enter")
        self.assertEqual(at in self.chosen(), at not in before)
        self.value("document.getElementById('pareto-top').focus()")
        self.key("ArrowRight")
        self.assertFalse(self.value("document.getElementById('tip').hidden"))

    def test_dark_light_and_phone(self) -> None:
        back = "getComputedStyle(document.body).backgroundColor"
        light = self.value(back)
        save("light.png", self.page)
        self.page.prefer("dark")
        dark = self.value(back)
        self.assertNotEqual(light, dark)
        save("dark.png", self.page)
        self.click_on("#theme")
        self.assertEqual(self.value(back), light)
        self.fits_the_phone("phone.png")

    def test_report_makes_the_same_page_and_merged_stores_have_one(self) -> None:
        with open(self.out + "/report.html", encoding="utf-8") as file:
            page = file.read()
        again = os.path.join(self.folder.name, "again.html")
        keepsim("report", self.out, "--out", again)
        with open(again, encoding="utf-8") as file:
            self.assertEqual(file.read(), page)
        for i in (1, 2):
            keepsim("sweep", self.file, "--shard", "%d/2" % i, "--out", "%s%d" % (self.out, i))
        self.assertFalse(os.path.exists(self.out + "1/report.html"))
        keepsim("merge", self.out + "2", self.out + "1", "--out", self.out + "m")
        with open(self.out + "m/report.html", encoding="utf-8") as file:
            self.assertEqual(file.read(), page)

    def test_report_of_a_run_and_of_nothing(self) -> None:
        run = os.path.join(self.folder.name, "run")
        keepsim("run", os.path.join(self.folder.name, "base.textproto"), "--out", run)
        with open(run + "/report.html", encoding="utf-8") as file:
            page = file.read()
        os.remove(run + "/report.html")
        keepsim("report", run)
        with open(run + "/report.html", encoding="utf-8") as file:
            self.assertEqual(file.read(), page)
        none = subprocess.run([KEEPSIM, "report", self.folder.name], stderr=subprocess.PIPE, text=True)
        self.assertEqual(none.returncode, 2)
        self.assertIn("holds no results", none.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
