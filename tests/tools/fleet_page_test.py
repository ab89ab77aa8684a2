#!/usr/bin/python3
"""The fleet page in headless Chromium, with real clicks, wheel and keys: it shows what `keepsim
export` says, and opens time lines; the report links to it."""

import array
import base64
import json
import os
import sys
import unittest

from tests.tools import viewer_case
from tests.tools.page_case import DRAWN, keepsim, needs_chromium, save

TIME_LINES = 12
NARROW_NO_BREAK_SPACE = "\u202f"


@needs_chromium
class FleetPageTest(viewer_case.ViewerCase):
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

    def test_a_filter_draws_what_drawing_anew_draws(self) -> None:
        # The states are kept from the frame before.
        same = (
            "(() => { const p = keepsim.picture; keepsim.choose({%s}); p.draw(); const kept = p.pixels.slice();"
            " p.painted = ''; p.draw(); return kept.every((v, i) => v === p.pixels[i]); })()"
        )
        for change in ("verdict: 2", "verdict: null, from: 3600e9, to: 7200e9", "from: null, to: null"):
            self.assertTrue(self.value(same % change), change)
        self.value("(keepsim.picture.view.set(7100e9, 300e9), keepsim.picture.draw(), 0)")
        self.assertTrue(self.value(same % "verdict: 0"))
        self.assertTrue(self.value("keepsim.picture.pixels.some((v) => v !== 0)"))

    def test_pictures_and_phone(self) -> None:
        for scheme in ("light", "dark"):
            self.page.prefer(scheme)
            self.open()
            save("fleet-%s.png" % scheme, self.page)
        self.assertEqual(self.value("keepsim.picture.named"), ["modems"])
        self.fits_the_phone("fleet-phone.png")
        self.assertEqual(self.value("[keepsim.picture.left, keepsim.picture.named]"), [0, ["modems"]])
        self.page.size(1200, 1000)

    def test_an_address_with_an_incident_that_is_not_there(self) -> None:
        notice = "(() => { const n = document.getElementById('notice'); return n.hidden ? '' : n.textContent; })()"
        self.assertEqual(self.value(notice), "")
        for wanted in ("99999", "0", "first"):
            self.open(self.url + "#incident=" + wanted)
            words = self.value(notice)
            self.assertIn("There is no incident \u201c%s\u201d" % wanted, words)
            self.assertIn("the incidents 1 to %d" % len(self.incidents), words.replace(NARROW_NO_BREAK_SPACE, ""))
            self.assertFalse(self.value("document.getElementById('dialog').open"))
        # Typed into the address of a page that is open.
        self.value("(location.hash = '#incident=2', 0)")
        self.page.wait("document.getElementById('dialog').open")
        self.assertEqual(self.value(notice), "")

    def page_with(self, incidents: int) -> str:
        """The page with so many incidents of 3000 clients, evenly over time and of every kind."""
        clients = 3000
        with open(self.url[len("file://"):], encoding="utf-8") as stream:
            page = stream.read()
        begin = page.index(">", page.index('<script id="fleet-data"')) + 1
        end = page.index("</script>", begin)
        data = json.loads(page[begin:end])
        column = lambda code, values: base64.b64encode(array.array(code, values).tobytes()).decode()  # noqa: E731
        horizon = data["horizon"]
        data.update(clients=clients, incidents=incidents, groups=[{"name": "many", "first": 0, "count": clients}])
        data.update(first=column("I", range(clients + 1)), at=column("I", [0] * clients), state=column("B", [0] * clients))
        data.update(client=column("I", (i * 7 % clients for i in range(incidents))))
        data.update(declared=column("d", (horizon * (i + 0.5) / incidents for i in range(incidents))))
        for name in ("silence", "latency"):
            data[name] = column("d", [90e9] * incidents)
        for name, kinds in (("verdict", 3), ("cause", 4), ("failure", 3)):
            data[name] = column("B", (i % kinds for i in range(incidents)))
        data["observer"] = column("B", (1 + i % 2 for i in range(incidents)))
        path = os.path.join(self.folder.name, "fleet-%d.html" % incidents)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(page[:begin] + json.dumps(data).replace("<", "\\u003c") + page[end:])
        return "file://" + path

    def test_a_frame_costs_what_is_in_view(self) -> None:
        # Counted, not timed: calls that draw, and elements of the page.
        many, few = self.page_with(100000), self.page_with(1000)
        self.also = [many, few]
        count = (
            "(() => { const counts = {}; const of = CanvasRenderingContext2D.prototype;"
            " for (const name of ['arc', 'fillRect', 'strokeRect', 'fillText', 'stroke', 'fill', 'putImageData', 'drawImage']) {"
            " const was = of[name]; counts[name] = 0;"
            " of[name] = function(...a) { ++counts[name]; return was.apply(this, a); }; }"
            " window.drawn = () => { for (const n in counts) counts[n] = 0; keepsim.picture.draw(); return {...counts}; }; })()"
        )
        elements = {}
        for url, number in ((few, 1000), (many, 100000)):
            self.open(url)
            self.assertEqual(self.count(), number)
            elements[number] = self.value("document.querySelectorAll('*').length")
        self.assertEqual(elements[1000], elements[100000])
        self.value(count)
        bars = self.value("keepsim.picture.plot") / 3
        # More marks than can be told apart are pixels of one image.
        whole = self.value("drawn()")
        self.assertEqual((whole["arc"], whole["putImageData"], whole["drawImage"]), (0, 1, 1))
        self.assertLess(sum(whole.values()), 3 * bars + 100)
        # Zoomed in, circles are drawn of what is in view alone.
        horizon = self.value("keepsim.fleet.horizon")
        for part in (50, 1000):
            self.value("(keepsim.picture.view.set(%d, %d), 0)" % (horizon // 3, horizon // part))
            seen = self.value("drawn()")
            self.assertAlmostEqual(seen["arc"], 100000 / part, delta=2)
            self.assertLess(sum(seen.values()), 3 * 100000 / part + 3 * bars + 100)
        self.value("(keepsim.picture.view.all(), keepsim.choose({verdict: 0}), 0)")
        self.assertLess(sum(self.value("drawn()").values()), 3 * bars + 100)
        self.assertLessEqual(self.value("document.querySelectorAll('*').length"), elements[1000])

    def test_the_report_links_to_it(self) -> None:
        # Beside the trace: keepsim makes the links.
        keepsim("fleet", self.trace, "--time-lines", str(TIME_LINES))
        folder = os.path.dirname(self.trace)
        report = "file://%s/report.html" % folder
        self.also = [report, "file://%s/fleet.html" % folder]
        self.open(report)
        links = self.value("[...document.querySelectorAll('#incidents a')].map((a) => a.getAttribute('href'))")
        self.assertEqual(len(links), self.value("keepsim.summary.incidents.length"))
        number = self.value("keepsim.summary.incidents[0].incident")
        self.assertEqual(links[0], "fleet.html#incident=%d" % number)
        self.page.click(*self.page.middle_of("#incidents a"))
        self.page.wait(
            "location.pathname.endsWith('/fleet.html') && document.readyState === 'complete' && %s" % DRAWN
        )
        self.page.wait("document.getElementById('dialog').open")
        self.assertIn("incident %d" % number, self.value("document.getElementById('opened').textContent"))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
