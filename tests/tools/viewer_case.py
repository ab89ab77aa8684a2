"""A run with false, transient and true incidents, for the pages that show it."""

import csv
import io
import os
from typing import Dict, List

from tests.tools.page_case import PageCase, keepsim

SCENARIO = "scenarios/lossy_cellular.textproto"
SETTINGS = ["--set", "groups[0].count=30", "--set", "horizon=6h", "--set", "question='<b>&\"</script>?'"]
# With a cut of 40 s, of which each client makes what it can.
FAULT = 'faults={name: "cut </script>" at: "2h" duration: "40s" partition {} }'


class ViewerCase(PageCase):
    trace: str
    incidents: List[Dict[str, str]]  # as exported

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        out = os.path.join(cls.folder.name, "out")
        # That expectations are not met is no matter here.
        keepsim("run", SCENARIO, "--out", out, *SETTINGS, "--set", FAULT, codes=(0, 1))
        cls.trace = os.path.join(out, "trace.kst")
        exported = keepsim("export", cls.trace, "--format", "csv")
        cls.incidents = list(csv.DictReader(io.StringIO(exported)))
        cls.page.size(1200, 1000)
        cls.page.prefer("light")

    def setUp(self) -> None:
        # Glides would still be under way when the next line looks.
        self.page.call(
            "Emulation.setEmulatedMedia",
            features=[
                {"name": "prefers-color-scheme", "value": "light"},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ],
        )
        self.open()
