#!/usr/bin/python3
"""The time line page in headless Chromium, with real clicks, wheel and keys: it shows what `keepsim
explain` and `replay` say, and keeps its place."""

import os
import re
import sys
import unittest
from typing import Dict

from tests.tools import viewer_case
from tests.tools.page_case import keepsim, needs_chromium, save


def plain(text: str) -> str:
    return " ".join(text.split())


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


@needs_chromium
class IncidentPageTest(viewer_case.ViewerCase):
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
            self.open()
            for _ in range(10):
                self.assertEqual(self.value(BAD_LABELS), [])
                self.value("keepsim.view.view.zoom(0.4, 0); 0")
                self.settle()
            self.value("keepsim.view.view.all(); 0")
            self.settle()
            save("incident-%s-%d.png" % (scheme, width), self.page)
        self.page.size(1200, 1000)

    def test_on_a_phone(self) -> None:
        self.fits_the_phone("incident-phone.png")
        self.assertEqual(self.value(BAD_LABELS), [])
        self.page.size(1200, 1000)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
