#!/usr/bin/python3
"""The time line page and the fleet page in headless Chromium, with real clicks, wheel and keys: they
show what `keepsim explain`, `replay` and `export` say, keep their place, complain of nothing and ask
the network for nothing."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from typing import Any, Dict, List

from tests.tools import chromium

KEEPSIM = "tools/keepsim"
SCENARIO = "scenarios/lossy_cellular.textproto"
SETTINGS = ["--set", "groups[0].count=30", "--set", "horizon=6h", "--set", "question='<b>&\"</script>?'"]
# With a cut of 40 s, of which each client makes what it can.
FAULT = 'faults={name: "cut </script>" at: "2h" duration: "40s" partition {} }'
TIME_LINES = 12
DRAWN = "document.documentElement.dataset.drawn === 'yes'"
NARROW_NO_BREAK_SPACE = "\u202f"


def keepsim(*arguments: str) -> str:
    done = subprocess.run([KEEPSIM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # Not met expectations (1) are no matter here.
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return done.stdout


def save(name: str, page: chromium.Page, whole: bool = True) -> None:
    """Keeps a picture for a person to look at, in the test's outputs."""
    folder = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR")
    if folder:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(page.screenshot(whole))


def plain(text: str) -> str:
    return " ".join(text.split())


@unittest.skipUnless(
    os.path.exists(chromium.PROGRAM),
    "skipped: %s is missing; tools/with-deps --test installs it" % chromium.PROGRAM,
)
class ViewerTest(unittest.TestCase):
    page: chromium.Page
    url: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        out = os.path.join(cls.folder.name, "out")
        keepsim("run", SCENARIO, "--out", out, *SETTINGS, "--set", FAULT)
        cls.trace = os.path.join(out, "trace.kst")
        cls.incidents: List[Dict[str, str]] = list(
            csv.DictReader(io.StringIO(keepsim("export", cls.trace, "--format", "csv")))
        )
        cls.page = chromium.Page(cls.folder.name)
        cls.page.__enter__()
        cls.page.size(1200, 1000)
        cls.page.prefer("light")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.page.__exit__()
        cls.folder.cleanup()

    def setUp(self) -> None:
        # Glides would still be under way when the next line looks.
        self.page.call(
            "Emulation.setEmulatedMedia",
            features=[
                {"name": "prefers-color-scheme", "value": "light"},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ],
        )
        self.page.open("about:blank", "true")
        self.page.open(self.url, DRAWN)

    def tearDown(self) -> None:
        self.assertEqual(self.page.complaints, [])
        others = [u for u in self.page.requests if u not in (self.url, "about:blank")]
        self.assertEqual([u for u in others if not u.startswith("data:")], [])

    def value(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def settle(self) -> None:
        self.page.frames()

    def fits_the_phone(self) -> None:
        self.page.size(390, 844, mobile=True)
        self.page.open("about:blank", "true")
        self.page.open(self.url, DRAWN)
        self.assertLessEqual(self.value("document.documentElement.scrollWidth"), 390)


# The diagram's labels that lie over one another, or reach beyond it.
BAD_LABELS = """(() => {
  const svg = document.querySelector('.sequence svg').getBoundingClientRect();
  const boxes = [...document.querySelectorAll('.sequence .labels text, .sequence .tick-label')]
    .map((t) => ({words: t.textContent, box: t.getBoundingClientRect()}));
  const bad = boxes.filter((b) => b.box.left < svg.left - 1 || b.box.right > svg.right + 1).map((b) => b.words);
  for (let i = 0; i < boxes.length; ++i) {
    for (let j = 0; j < i; ++j) {
      const a = boxes[i].box, b = boxes[j].box;
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4) {
        bad.push(boxes[i].words + ' / ' + boxes[j].words);
      }
    }
  }
  return bad;
})()"""


class IncidentPageTest(ViewerTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        lost = [i for i in cls.incidents if i["verdict"] == "false" and i["cause"] == "packets_lost"]
        cls.incident = lost[0]
        cls.number = lost[0]["incident"]
        file = os.path.join(cls.folder.name, "incident.html")
        cls.explanation = keepsim("explain", cls.trace, "--incident", cls.number, "--page", file)
        cls.url = "file://" + file

    def view(self) -> Dict[str, float]:
        return self.value("(({from, span, min, max}) => ({from, span, min, max}))(keepsim.view.view)")

    def over_the_drawing(self) -> Dict[str, float]:
        return self.value(
            "(() => { document.querySelector('.sequence').scrollIntoView({block: 'center'});"
            " const b = document.querySelector('.sequence svg').getBoundingClientRect();"
            " return {x: b.x, y: b.y, width: b.width, height: b.height}; })()"
        )

    def test_it_says_what_explain_says(self) -> None:
        explained = plain(self.explanation)
        sentences = self.value("[...document.querySelectorAll('.sentence span')].map((s) => s.textContent)")
        self.assertGreater(len(sentences), 4)
        for sentence in sentences:
            self.assertIn(plain(sentence), explained)
        # And all of it.
        told = explained[explained.index("What happened") : explained.index("The rule")]
        told = re.sub(r"(?<![\d.])\d+\.\d{6} s(?= )", "", told.replace("What happened", "", 1))
        page = re.sub(r"(?<![\d.])\d+\.\d{6} s(?= )", "", " ".join(sentences))
        self.assertEqual(plain(page), plain(told))
        shown = plain(self.value("document.querySelector('.because').textContent"))
        for part in (r"The rule (.*?) Source:", r"The cause: \w+ (.*?) Would it"):
            self.assertIn(re.search(part, explained).group(1), shown)
        for answer in re.findall(r"^    ((?:yes|no)\b.*)$", self.explanation, re.M):
            self.assertIn(plain(answer), shown)

    def test_it_draws_what_replay_says(self) -> None:
        client = "%s/%s" % (self.incident["group"], self.incident["client"].rpartition("/")[2])
        data = self.value("(({from, to, base_ns}) => ({from, to, base_ns}))(keepsim.data)")
        base = int(data["base_ns"])
        begin, end = base + data["from"], base + data["to"]
        self.assertAlmostEqual(base / 1e9, float(self.incident["declared_s"]), places=6)
        records = keepsim("replay", self.trace, "--client", client, "--records", "--from", "%dns" % begin, "--to", "%dns" % end)
        sent = [r for r in records.splitlines() if " segment_sent " in r]
        self.assertGreater(len(sent), 5)
        lost = [r for r in sent if " lost" in r or "cut" in r]
        marks = "keepsim.view.diagram.model.marks.filter((m) => m.what === 'transmission' && m.from >= %d && m.from <= %d)" % (
            data["from"], data["to"])
        self.assertEqual(self.value(marks + ".length"), len(sent))
        self.assertEqual(self.value(marks + ".filter((m) => m.fate === 'lost').length"), len(lost))
        self.assertGreater(len(lost), 0)
        times = sorted(int(r[:7]) * 10**9 + int(r[8:17]) - base for r in sent)
        self.assertEqual(sorted(self.value(marks + ".map((m) => m.from)")), times)
        drawn = self.value("document.querySelectorAll('.sequence .wires .mark').length")
        self.assertEqual(drawn, self.value("keepsim.view.diagram.model.marks.filter((m) => m.what === 'transmission').length"))

    def test_the_wheel_zooms_where_the_pointer_is(self) -> None:
        box = self.over_the_drawing()
        # The browser's events come at whole pixels.
        x, y = round(box["x"] + box["width"] * 0.3), round(box["y"] + box["height"] / 2)
        part = (x - box["x"]) / box["width"]
        before = self.view()
        place = before["from"] + part * before["span"]
        for _ in range(12):
            self.page.wheel(x, y, -300)
        self.settle()
        after = self.view()
        self.assertLess(after["span"], before["span"] / 100)
        self.assertLess(abs(after["from"] + part * after["span"] - place), after["span"] * 1e-6)
        for _ in range(60):
            self.page.wheel(x, y, -300)
        self.settle()
        self.assertAlmostEqual(self.view()["span"], 2e4)  # 20 us across: no further
        self.assertEqual(self.value(BAD_LABELS), [])
        for _ in range(90):
            self.page.wheel(x, y, 300)
        self.settle()
        self.assertAlmostEqual(self.view()["span"], before["span"], delta=1)

    def test_dragging_and_pinching(self) -> None:
        box = self.over_the_drawing()
        y = box["y"] + box["height"] * 0.45
        for _ in range(4):
            self.page.wheel(box["x"] + box["width"] / 2, y, -200)
        self.settle()
        before = self.view()
        x = box["x"] + box["width"] / 2
        self.page.drag([(x, y), (x + 10, y), (x + 60, y), (x + 100, y)])
        self.settle()
        after = self.view()
        self.assertAlmostEqual(before["from"] - after["from"], 100 / box["width"] * before["span"], delta=before["span"] * 0.02)
        self.assertAlmostEqual(after["span"], before["span"], delta=1)
        self.page.pinch(x, y, 60, 240)
        self.settle()
        self.assertLess(self.view()["span"], before["span"] / 2)

    def test_buttons_and_keys(self) -> None:
        whole = self.view()
        self.page.click(*self.page.middle_of('[aria-label="Zoom in (+)"]'))
        self.settle()
        self.assertAlmostEqual(self.view()["span"], whole["span"] / 2, delta=2)
        self.value("document.querySelector('.sequence svg').focus(); 0")
        self.page.press("+")
        self.settle()
        half = self.view()
        self.assertAlmostEqual(half["span"], whole["span"] / 3, delta=2)
        self.page.press("ArrowRight")
        self.settle()
        self.assertGreater(self.view()["from"], half["from"])
        self.page.press("Home")
        self.settle()
        self.assertAlmostEqual(self.view()["span"], whole["span"], delta=2)
        # Packet by packet, with its details for eyes and for screen readers.
        self.page.press("]")
        self.page.press("]")
        self.settle()
        first, second = self.value("keepsim.data.transmissions.slice().sort((a, b) => a.sent - b.sent).slice(0, 2)")
        chosen = self.value("document.querySelector('.wires .chosen').dataset.key")
        self.assertEqual(chosen, "t%d" % second["id"])
        self.assertIn(second["name"], self.value("document.querySelector('.tip').textContent"))
        self.page.press("[")
        self.settle()
        self.assertEqual(self.value("document.querySelector('.wires .chosen').dataset.key"), "t%d" % first["id"])

    def test_a_step_marks_what_it_speaks_of(self) -> None:
        lost = self.value("[...document.querySelectorAll('.sentence')].findIndex((s) => s.textContent.includes('lost ('))")
        self.assertGreaterEqual(lost, 0)
        self.page.click(*self.page.middle_of(".steps li ul .sentence"))
        self.settle()
        sentence = self.value("document.querySelector('.sentence[aria-current]').textContent")
        marked = self.value("[...document.querySelectorAll('.wires .marked')].map((m) => m.dataset.key)")
        self.assertEqual(len(marked), 1)
        sent = self.value("keepsim.data.transmissions.find((t) => 't' + t.id === '%s').sent" % marked[0])
        at = int(self.value("keepsim.data.base_ns")) + sent
        self.assertTrue(sentence.startswith("%.6f s" % (at / 1e9)), (sentence, at))
        inside = self.value(
            "(() => { const m = document.querySelector('.wires .marked .line').getBoundingClientRect();"
            " const s = document.querySelector('.sequence svg').getBoundingClientRect();"
            " return m.left >= s.left - 1 && m.right <= s.right + 1 && m.width > 3; })()"
        )
        self.assertTrue(inside)
        self.page.press("n")
        self.settle()
        after = self.value("[...document.querySelectorAll('.wires .marked')].map((m) => m.dataset.key)")
        self.assertNotEqual(after, marked)
        # The last step is the declaration.
        for _ in range(40):
            self.page.press("n")
        self.settle()
        self.assertEqual(self.value("document.querySelectorAll('.events .declared.marked').length"), 1)
        save("incident-step.png", self.page)

    def test_hovering_tells(self) -> None:
        x, y = self.value(
            "(() => { const m = keepsim.view.diagram.model.marks.find((m) => m.fate === 'lost');"
            " keepsim.view.diagram.mark([m.key]); return [0, 0]; })()"
        )
        self.settle()
        x, y = self.value(
            "(() => { document.querySelector('.sequence').scrollIntoView({block: 'center'});"
            " const b = document.querySelector('.wires .marked .line').getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self.page.hover(x, y)
        self.settle()
        self.assertIn("lost:", self.value("document.querySelector('.tip:not([hidden])').textContent"))

    def test_labels_stand_apart_at_every_zoom(self) -> None:
        for scheme, width in (("light", 1200), ("dark", 1600), ("light", 700)):
            self.page.size(width, 1000)
            self.page.prefer(scheme)
            self.page.open("about:blank", "true")
            self.page.open(self.url, DRAWN)
            for _ in range(10):
                self.assertEqual(self.value(BAD_LABELS), [])
                self.value("keepsim.view.view.zoom(0.4, 0); 0")
                self.settle()
            self.value("keepsim.view.view.all(); 0")
            self.settle()
            save("incident-%s-%d.png" % (scheme, width), self.page)
        self.page.size(1200, 1000)

    def test_on_a_phone(self) -> None:
        self.fits_the_phone()
        self.assertEqual(self.value(BAD_LABELS), [])
        save("incident-phone.png", self.page)
        self.page.size(1200, 1000)


class FleetPageTest(ViewerTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        file = os.path.join(cls.folder.name, "fleet.html")
        keepsim("fleet", cls.trace, "--out", file, "--time-lines", str(TIME_LINES))
        cls.url = "file://" + file

    def count(self) -> int:
        words = self.value("document.getElementById('count').textContent")
        return int(words.split(" ")[0].replace(NARROW_NO_BREAK_SPACE, ""))

    def number_of(self, **wanted: str) -> int:
        return sum(all(i[k] == v for k, v in wanted.items()) for i in self.incidents)

    def test_columns_are_those_of_the_csv_export(self) -> None:
        rows = self.value(
            "Array.from(keepsim.fleet.client, (c, i) => [i + 1, keepsim.fleet.clientName(c), keepsim.fleet.observerName(i),"
            " keepsim.fleet.verdictName(i), keepsim.fleet.causeName(i), keepsim.fleet.declared[i]])"
        )
        self.assertEqual(len(rows), len(self.incidents))
        for row, i in zip(rows, self.incidents):
            name = i["client"] if "/" in i["client"] else "%s/%s" % (i["group"], i["client"])
            self.assertEqual(row[:5], [int(i["incident"]), name, i["observer"], i["verdict"], i["cause"]])
            self.assertEqual(row[5], round(float(i["declared_s"]) * 1e9))

    def test_states_are_those_of_the_records(self) -> None:
        records = [json.loads(line) for line in keepsim("export", self.trace, "--format", "json", "--client", "modems/3").splitlines()]
        held = {"client": 0, "broker": 0}
        checked = 0
        for record, after in zip(records, records[1:] + [None]):
            if record["kind"] == "connected":
                held["client"] = record["conn"]
            elif record["kind"] == "session_opened":
                held["broker"] = record["conn"]
            elif record["kind"] == "closed" and held[record["end"]] == record["conn"]:
                held[record["end"]] = 0
            if after is None or after["at_ns"] - record["at_ns"] < 10**9 or record["kind"] not in ("connected", "session_opened", "closed"):
                continue
            middle = (after["at_ns"] + record["at_ns"]) // 2
            state = self.value("fleetModel.STATES[keepsim.fleet.stateAt(3, %d).state]" % middle)
            wanted = (
                "connected" if held["client"] and held["client"] == held["broker"]
                else "one end holds a connection" if any(held.values()) else "not connected"
            )
            if 7200 * 10**9 <= middle <= 7240 * 10**9:
                wanted = "path cut"
            self.assertEqual(state, wanted, record)
            checked += 1
        self.assertGreater(checked, 5)
        self.assertEqual(self.value("fleetModel.STATES[keepsim.fleet.stateAt(3, 7220e9).state]"), "path cut")

    def test_filters(self) -> None:
        self.assertEqual(self.count(), len(self.incidents))
        self.page.click(*self.page.middle_of("[data-verdict=false]"))
        self.assertEqual(self.count(), self.number_of(verdict="false"))
        self.assertGreater(self.count(), 0)
        cause = self.value("keepsim.fleet.raw.causes.indexOf('packets_lost')")
        self.value("(() => { const s = document.querySelector('[name=cause]'); s.value = '%d'; s.dispatchEvent(new Event('change')); })()" % cause)
        self.assertEqual(self.count(), self.number_of(verdict="false", cause="packets_lost"))
        rows = self.value("[...document.querySelectorAll('#incidents tbody td:nth-child(5)')].map((c) => c.textContent)")
        self.assertEqual(set(rows), {"false"})
        self.page.click(*self.page.middle_of("#filters [title='All incidents']"))
        self.assertEqual(self.count(), len(self.incidents))

    def test_brushing_chooses_by_time(self) -> None:
        self.page.middle_of("#histogram")
        box = self.value("(() => { const b = document.getElementById('histogram').getBoundingClientRect(); return [b.x, b.y + 40]; })()")
        x = lambda ns: box[0] + self.value("keepsim.picture.x(%d)" % ns)  # noqa: E731
        self.page.drag([(x(3600e9), box[1]), (x(5000e9), box[1]), (x(9000e9), box[1])])
        chosen = self.value("(({from, to}) => [from, to])(keepsim.fleet.filter)")
        self.assertAlmostEqual(chosen[0] / 1e9, 3600, delta=25)
        self.assertAlmostEqual(chosen[1] / 1e9, 9000, delta=25)
        within = sum(chosen[0] <= float(i["declared_s"]) * 1e9 <= chosen[1] for i in self.incidents)
        self.assertEqual(self.count(), within)
        self.assertLess(within, len(self.incidents))
        save("fleet-brush.png", self.page)
        self.page.click(x(3000e9), box[1])
        self.assertEqual(self.count(), len(self.incidents))
        # The same with the keyboard.
        self.value("document.querySelector('input[name=from]').focus(); 0")
        self.page.call("Input.insertText", text="1h")
        self.page.press("Enter")
        self.value("document.querySelector('input[name=from]').dispatchEvent(new Event('change')); 0")
        self.assertEqual(self.count(), sum(float(i["declared_s"]) >= 3600 for i in self.incidents))

    def test_clicking_a_mark_opens_its_incident(self) -> None:
        number = self.value("[...keepsim.embedded.keys()][3]")
        self.page.middle_of("#rows")
        place = (
            "(() => { const i = %d - 1; const f = keepsim.fleet; const b = document.getElementById('rows').getBoundingClientRect();"
            " return [b.x + keepsim.picture.x(f.declared[i]), b.y + keepsim.picture.y(f.client[i])]; })()" % number
        )
        # Neighbours in time may lie on the same pixels: zoomed in, they do not.
        for _ in range(8):
            x, y = (round(v) for v in self.value(place))
            self.page.wheel(x, y, -500)
            self.settle()
        x, y = self.value(place)
        self.page.click(x, y)
        self.page.wait("document.getElementById('dialog').open")
        self.assertEqual(self.value("keepsim.shown.diagram.data.number"), number)
        self.assertIn("#incident=%d" % number, self.value("location.hash"))
        self.page.press("n")
        self.settle()
        self.assertEqual(self.value("keepsim.shown.step"), 0)
        save("fleet-opened.png", self.page, whole=False)
        self.value("keepsim.shown.diagram.choose(null); 0")
        self.page.press("Escape")
        self.page.wait("!document.getElementById('dialog').open")

    def test_the_table_opens_and_sorts(self) -> None:
        others = self.value("(() => { for (let i = 1; i <= 50; ++i) if (!keepsim.embedded.has(i)) return i; })()")
        self.page.click(*self.page.middle_of("tr[data-number='%d'] .open" % others))
        self.page.wait("document.getElementById('dialog').open")
        self.assertIn("--incident %d --page" % others, self.value("document.querySelector('#opened pre').textContent"))
        self.page.click(*self.page.middle_of("#close"))
        self.page.click(*self.page.middle_of("[data-by=silence]"))
        shown = self.value("document.querySelector('#incidents tbody tr').dataset.number")
        silence = self.value("Array.from(keepsim.fleet.silence)")
        self.assertEqual(silence[int(shown) - 1], max(silence))
        self.assertEqual(self.value("keepsim.embedded.size"), TIME_LINES)

    def test_zoom_keeps_place_and_rows_zoom(self) -> None:
        self.page.middle_of("#rows")
        box = self.value("(() => { const b = document.getElementById('rows').getBoundingClientRect(); return [b.x, b.y]; })()")
        at = self.value("keepsim.picture.timeAt(500)")
        for _ in range(6):
            self.page.wheel(box[0] + 500, box[1] + 200, -300)
        self.settle()
        self.assertAlmostEqual(self.value("keepsim.picture.timeAt(500)") / 1e9, at / 1e9, delta=5)
        self.assertLess(self.value("keepsim.picture.view.span"), 6 * 3600e9 / 20)
        client = self.value("keepsim.picture.clientAt(200)")
        self.page.wheel(box[0] + 500, box[1] + 200, -400, modifiers=1)
        self.settle()
        self.assertLess(self.value("keepsim.picture.many"), 30)
        self.assertEqual(self.value("keepsim.picture.clientAt(200)"), client)
        self.value("document.getElementById('rows').focus(); 0")
        self.page.press("Home")
        self.settle()
        self.assertEqual(self.value("keepsim.picture.many"), 30)

    def test_the_colour_of_a_pixel_is_the_clients_state(self) -> None:
        x, y = self.value("[Math.round(keepsim.picture.x(7220e9) - keepsim.picture.left), Math.round(keepsim.picture.y(3))]")
        self.value("(keepsim.picture.view.set(7100e9, 300e9), 0)")
        self.settle()
        pixel = self.value(
            "(() => { const p = keepsim.picture; return [...p.cell.getContext('2d').getImageData(Math.round(p.x(7220e9) - p.left), Math.round(p.y(3)), 1, 1).data]; })()"
        )
        self.assertEqual(pixel[:3], self.value("keepsim.picture.states[4]"))

    def test_pictures_and_phone(self) -> None:
        for scheme in ("light", "dark"):
            self.page.prefer(scheme)
            self.page.open("about:blank", "true")
            self.page.open(self.url, DRAWN)
            save("fleet-%s.png" % scheme, self.page)
        self.fits_the_phone()
        save("fleet-phone.png", self.page)
        self.page.size(1200, 1000)


del ViewerTest  # not a test of its own


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
