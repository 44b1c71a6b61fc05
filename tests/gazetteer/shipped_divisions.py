"""The shipped divisions as rows, for tests that go through all of them."""

from __future__ import annotations

import csv
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "data" / "gazetteer"
DIVISIONS = list(csv.DictReader((SHIPPED / "divisions.csv").read_text("utf-8").splitlines()))
