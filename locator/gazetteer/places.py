"""Making places of divisions and house numbers, with the precision that is true."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from locator.gazetteer.divisions import is_within
from locator.gazetteer.files import IndexFile
from locator.gazetteer.numbers import HouseNumbers, Spot
from locator.gazetteer.records import Division
from locator.gazetteer.shipped import english_name
from locator.gazetteer.text import HAN
from locator.model import Place, Precision

_PRECISIONS = {
    "province": Precision.PROVINCE, "city": Precision.CITY, "district": Precision.DISTRICT,
    "zone": Precision.DISTRICT, "township": Precision.TOWNSHIP,
}  # fmt: skip


class Places:
    """The index with its divisions and numbers: what every reader of it shares."""

    def __init__(self, path: Path) -> None:
        self.file = IndexFile(path)
        self.numbers = HouseNumbers(self.file)
        self.division = lru_cache(20_000)(self._division)

    def _division(self, code: str) -> Division | None:
        found = self.file.ask("SELECT * FROM division WHERE code = ?", (code,))
        return Division._make(found[0]) if found else None

    def names_of(self, code: str) -> list[Division]:
        """Return a division and those around it, the province first."""
        found: list[Division] = []
        division = self.division(code)
        while division is not None:
            found.insert(0, division)
            division = self.division(division.parent) if division.parent else None
        return found

    def label(self, code: str) -> str:
        """Return the full name of a division: 广东省深圳市福田区."""
        return "".join(d.name for d in self.names_of(code))

    def label_en(self, code: str) -> str:
        """Return a division's names in English, the smallest first: Futian, Shenzhen, Guangdong."""
        return ", ".join(dict.fromkeys(english_name(d) for d in reversed(self.names_of(code))))

    def adcode(self, code: str) -> str:
        """Return the adcode of a division: a township's district, a zone's city."""
        return next(d.code for d in reversed(self.names_of(code)) if d.level in {"province", "city", "district"})

    def place(self, code: str, *, note: str | None = None) -> Place:
        """Return the place of a division; a township without a position lies somewhere in its district."""
        around = self.names_of(code)
        at = division = around.pop()
        while at.lon is None and at.level in {"township", "zone"} and around:
            at = around.pop()
        return Place(
            label=self.label(code), lon=at.lon, lat=at.lat, precision=_PRECISIONS[at.level], error_m=at.error_m,
            source="gazetteer", adcode=self.adcode(code), township=code if division.level == "township" else None,
            note=note,
        )  # fmt: skip

    def spot(self, street: str, number: str, spot: Spot, *, finest: str | None = None) -> Place:
        """Return the place of a house number.

        Parameters
        ----------
        finest
            The finest division that the text named; kept where the number lies in it.
        """
        code = spot.code
        if finest and (code is None or is_within(self.adcode(finest), code)):
            code = finest
        around = self.label(code) if code else ""
        if not HAN.search(street):
            town = next((w.title() for w in (spot.locality or "").split() if not w.isdigit()), "")
            label = ", ".join(filter(None, (f"{street} {number}", town, around)))
        else:
            label = f"{around}{street}{number}号" + (f"({spot.name})" if spot.name else "")
        return Place(
            label=label, lon=spot.lon, lat=spot.lat, precision=spot.precision, error_m=spot.error_m,
            source="gazetteer", adcode=self.adcode(code) if code else None,
            township=code if code and len(code) == 9 else None,
        )  # fmt: skip
