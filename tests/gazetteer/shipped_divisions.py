"""The shipped divisions as rows, for tests that go through all of them."""

from __future__ import annotations

import csv
from pathlib import Path

from locator.gazetteer.schema import FORMER_FILES

SHIPPED = Path(__file__).parents[2] / "data" / "gazetteer"
DIVISIONS = list(csv.DictReader((SHIPPED / "divisions.csv").read_text("utf-8").splitlines()))


def write_small(folder: Path) -> Path:
    """Write the shipped files without townships: an index of them is built in a second."""
    folder.mkdir()
    with (folder / "divisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, DIVISIONS[0].keys())
        writer.writeheader()
        writer.writerows(row for row in DIVISIONS if len(row["code"]) == 6)
    for name in ("aliases.csv", *FORMER_FILES, "new_areas.csv", "parts.csv"):
        (folder / name).write_text((SHIPPED / name).read_text("utf-8"), "utf-8")
    return folder
