"""What the tests of pages share: keepsim, headless Chromium, and that a page which is looked at
complains of nothing and asks the network for nothing."""

import os
import subprocess
import tempfile
import unittest
from typing import Any, Iterable

from tests.tools import chromium

KEEPSIM = os.path.abspath("tools/keepsim")
DRAWN = "document.documentElement.dataset.drawn === 'yes'"

needs_chromium = unittest.skipUnless(
    os.path.exists(chromium.PROGRAM),
    "skipped: %s is missing; tools/with-deps --test installs it" % chromium.PROGRAM,
)


def keepsim(*arguments: str, codes: Iterable[int] = (0,)) -> str:
    """What it prints; its exit code must be one of those."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("TEST_")}
    done = subprocess.run(
        [KEEPSIM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )
    if done.returncode not in codes:
        raise AssertionError("exit code %d: %s" % (done.returncode, done.stderr))
    return done.stdout


def save(name: str, page: chromium.Page, whole: bool = True) -> None:
    """Keeps a picture for a person to look at, in the test's outputs."""
    folder = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR")
    if folder:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(page.screenshot(whole))


class PageCase(unittest.TestCase):
    """Tests of one page, which setUpClass() makes and whose address it sets."""

    folder: tempfile.TemporaryDirectory
    page: chromium.Page
    url: str
    also: Iterable[str] = ()  # further pages that a test goes to, without fragments

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.page = chromium.Page(cls.folder.name)
        cls.page.__enter__()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.page.__exit__()
        cls.folder.cleanup()

    def tearDown(self) -> None:
        self.assertEqual(self.page.complaints, [])
        pages = {self.url, "about:blank", *self.also}
        requests = [u for u in self.page.requests if u.partition("#")[0] not in pages]
        self.assertEqual([u for u in requests if not u.startswith("data:")], [])
        self.page.requests.clear()

    def open(self, url: str = "") -> None:
        # Another fragment alone would not load the page anew.
        self.page.open("about:blank", "true")
        self.page.open(url or self.url, DRAWN)

    def value(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def settle(self) -> None:
        self.page.frames()

    def fits_the_phone(self, picture: str) -> None:
        """Nothing is wider than the screen: tables scroll inside their own boxes."""
        self.page.size(390, 844, mobile=True)
        self.open()
        save(picture, self.page)
        self.assertLessEqual(self.value("document.documentElement.scrollWidth"), 390)
