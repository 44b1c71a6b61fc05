"""The one check: raw records in, points or reasons out. Nothing else makes points from what others wrote.

Three severities: a fault that refuses the row (no name, a wrong position, mark-up …), a fault that
leaves a value out (a telephone number, hours nobody can read …), and a doubt, which is told only.
Codes, limits and reasons are listed in ``docs/DATA_FORMAT.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import batched
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from locator.adcode import MUNICIPALITIES, is_inside
from locator.datum import Datum, distance_m, to_wgs84
from locator.ingest import Checked, Draft, Issue, RawRecord, open_source
from locator.ingest.fields import check_fields, make_id
from locator.ingest.positions import (
    CHINA,
    DatumDoubt,
    PositionFault,
    doubt_datum,
    find_overlaps,
    read_datum,
    read_position,
)
from locator.ingest.values import clean_text
from locator.layer import COLUMNS, Layer
from locator.model import EXACT, Precision, ServicePoint
from locator.stores.files import read_layer

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from locator.gazetteer.districts import DistrictIndex

CHUNK = 4096
NEAR_BORDER_M = 500.0
"""This near to a border the outlines and a source's positions do not say on which side an office is."""
FAR_M: Mapping[str, float] = {"district": 120_000, "city": 350_000, "province": 1_500_000, "township": 60_000}
"""How far from the centre of the region it names a position may be before it is a doubt, by level."""


class Centre(NamedTuple):
    """The known centre of a division (WGS-84 degrees) and its level."""

    lon: float
    lat: float
    level: str


def _is_abroad(lon: float, lat: float) -> bool:
    west, south, east, north = CHINA
    return not (west <= lon <= east and south <= lat <= north)


def holders_of(code: str) -> tuple[str, ...]:
    """Return a code, its city's and that of the municipality it may lie in: zones (370171) have none of their own."""
    return code, f"{code[:4]}00", *([f"{code[:2]}0000"] if code[:2] in MUNICIPALITIES else [])


class Checker:
    """Checks records as they come, and remembers the faults.

    Parameters
    ----------
    datum
        What positions are measured against where a record does not say.
    centre_of
        Gives the centre of an adcode, for the doubt of far positions; None leaves that doubt out.
    adcode_of
        Gives the adcode of names of divisions (province, city, district), for rows without one.
    boundaries
        Areas by adcode (WGS-84) that the operator supplies: outside its own, a position is a fault.
    country
        The country of the telephone numbers (``JP``), when that is not China.
    districts
        Outlines of the districts: an exact position gives a row without an adcode its district; that it lies
        in another district than the row says is a doubt.
    """

    def __init__(
        self,
        *,
        datum: Datum = Datum.WGS84,
        centre_of: Callable[[str], Centre | None] | None = None,
        adcode_of: Callable[[str | None, str | None, str | None], str | None] | None = None,
        boundaries: Mapping[str, BaseGeometry] | None = None,
        country: str | None = None,
        districts: DistrictIndex | None = None,
    ) -> None:
        self.country = country
        self.districts = districts
        self.datum = datum
        self.centre_of = centre_of
        self.adcode_of = adcode_of
        self.boundaries = boundaries or {}
        self.rejects: list[Issue] = []
        self.read = 0
        """How many records were read."""
        self.refused = 0
        """How many of them gave no point."""
        self.given: dict[str, tuple[float, float]] = {}
        """The positions that are in the declared datum, as the source has them, by point id."""
        self._seen: dict[str, tuple[int, int]] = {}

    def check(self, records: Iterable[RawRecord]) -> Iterator[ServicePoint]:
        """Yield a point for every record that gives one."""
        for chunk in batched(records, CHUNK):
            drafts = [self._draft(record) for record in chunk]
            yield from self._place(drafts)

    def forget(self) -> None:
        """Forget what was kept of single rows except the faults: a million rows take a third of a gigabyte."""
        self.given.clear()
        self._seen.clear()

    def _draft(self, record: RawRecord) -> Draft:
        draft = Draft(record=record, country=self.country)
        found = read_position(clean_text(draft.text("lon")), clean_text(draft.text("lat")))
        draft.abroad = found is not None and not isinstance(found, PositionFault) and _is_abroad(*found)
        check_fields(draft)
        if not draft.refused:
            self._take_position(draft, found)
        if not draft.refused:
            self._settle_id(draft)
        code = None if draft.refused else draft.values["adcode"]
        if code and self.centre_of is not None and not any(map(self.centre_of, holders_of(str(code)))):
            draft.add_issue("adcode", "adcode_unknown", str(code), "no division has this code")
            draft.values["adcode"] = None
        if self.adcode_of is not None and not draft.refused and draft.values["adcode"] is None:
            names = [str(draft.values[name] or "") or None for name in ("province", "city", "district")]
            draft.values["adcode"] = self.adcode_of(names[0], names[1], names[2]) if any(names) else None
        return draft

    def _take_position(self, draft: Draft, found: tuple[float, float] | PositionFault | None) -> None:
        word = clean_text(draft.text("datum"))
        draft.values["datum"] = read_datum(word) if word else draft.record.datum or self.datum
        if draft.values["datum"] is None:
            draft.add_issue("datum", "word_unknown", word, "expected one of " + ", ".join(Datum))
            found = None
        if isinstance(found, PositionFault):
            draft.add_issue(*found)
            draft.values["position"] = None
        elif found is not None:
            draft.values["lon"], draft.values["lat"] = found
            draft.values["position"] = draft.values["position"] or Precision.POI
        elif draft.values["position"] is not None:
            draft.add_issue(
                "position", "position_without_pair", str(draft.values["position"]), "a precision but no position"
            )
            draft.values["position"] = None

    def _settle_id(self, draft: Draft) -> None:
        made, fields = str(draft.values["id"]), draft.record.fields
        content = hash(
            frozenset((name, text.strip()) for name, text in fields.items())
        )  # not the fields: a million rows would hold them all
        earlier = self._seen.get(made)
        if earlier is None:
            self._seen[made] = draft.record.row, content
            return
        if earlier[1] == content:
            draft.add_issue("id", "duplicate_row", made, f"the same row as row {earlier[0]}", "row")
            return
        if draft.own_id:
            draft.add_issue("id", "duplicate_id", made, f"the same id as row {earlier[0]}; another one was made")
            draft.own_id = False
            draft.values["id"] = make_id(draft.record.source, {k: clean_text(v) for k, v in fields.items()})
            self._settle_id(draft)
            return
        number = next(n for n in range(2, len(self._seen) + 3) if f"{made}-{n}" not in self._seen)
        draft.values["id"] = f"{made}-{number}"
        self._seen[f"{made}-{number}"] = draft.record.row, content

    def _place(self, drafts: list[Draft]) -> Iterator[ServicePoint]:
        """Bring positions to WGS-84, a chunk at once, and yield the points."""
        placed = [draft for draft in drafts if not draft.refused and "lon" in draft.values]
        for datum in Datum:
            group = [draft for draft in placed if draft.values["datum"] is datum]
            if not group:
                continue
            raw = np.array([(draft.values["lon"], draft.values["lat"]) for draft in group], dtype=float)
            lon, lat = to_wgs84(raw[:, 0], raw[:, 1], datum)
            for draft, pair, x, y in zip(group, raw.tolist(), lon.tolist(), lat.tolist(), strict=True):
                if datum is self.datum:
                    self.given[str(draft.values["id"])] = (pair[0], pair[1])
                draft.values["lon"], draft.values["lat"] = x, y
        self._check_regions(placed)
        near = [draft for draft in placed if not any(issue.column == "lon" for issue in draft.rejects)]
        self._compare_districts([draft for draft in near if draft.values["position"] in EXACT])
        for draft in drafts:
            self.read += 1
            self.rejects.extend(draft.rejects)
            if draft.refused:
                self.refused += 1
            else:
                values: dict[str, Any] = {key: value for key, value in draft.values.items() if key != "datum"}
                yield ServicePoint(**values)

    def _compare_districts(self, exact: list[Draft]) -> None:
        """Give rows without an adcode the district of their position; doubt rows that lie in another's."""
        if self.districts is None or not exact:
            return
        pairs = [(float(str(d.values["lon"])), float(str(d.values["lat"]))) for d in exact]
        found = self.districts.districts_of(*np.array(pairs).T)
        doubtful: dict[str, list[int]] = defaultdict(list)
        for row, (draft, code) in enumerate(zip(exact, found.tolist(), strict=True)):
            own = draft.values["adcode"]
            if not code or str(code) == own or str(own) in self.boundaries:
                continue
            if not own or is_inside(str(code), str(own)):
                draft.values["adcode"] = str(code)
            else:
                doubtful[str(own)].append(row)
        for own, rows in doubtful.items():
            lon_lat = np.array([pairs[row] for row in rows])
            near = self.districts.near_division(lon_lat[:, 0], lon_lat[:, 1], own, reach_m=NEAR_BORDER_M)
            for row in np.asarray(rows)[~near].tolist():
                lon, lat = pairs[row]
                reason = intern(f"lies in {found[row]}, the row says {own}")  # many rows say the same
                exact[row].add_issue("lon", "other_district", f"{lon:.5f},{lat:.5f}", reason, "doubt")

    def _check_regions(self, placed: list[Draft]) -> None:
        for draft in placed:
            adcode = draft.values.get("adcode")
            area = self.boundaries.get(str(adcode)) if adcode else None
            if area is not None:
                self._check_inside(draft, area)
        if self.centre_of is None:
            return
        known = [(d, self.centre_of(str(d.values["adcode"]))) for d in placed if d.values.get("adcode")]
        pairs = [(draft, centre) for draft, centre in known if centre is not None]
        if not pairs:
            return
        metres = distance_m(
            [float(str(d.values["lon"])) for d, _ in pairs],
            [float(str(d.values["lat"])) for d, _ in pairs],
            [c.lon for _, c in pairs],
            [c.lat for _, c in pairs],
        )
        for (draft, centre), far in zip(pairs, metres.tolist(), strict=True):
            if far > FAR_M.get(centre.level, float("inf")):
                value = f"{draft.values['lon']:.5f},{draft.values['lat']:.5f}"
                reason = f"{far / 1000:.0f} km from the centre of {draft.values['adcode']}"
                draft.add_issue("lon", "far_from_region", value, reason, "doubt")

    def _check_inside(self, draft: Draft, area: BaseGeometry) -> None:
        import shapely

        lon, lat = float(str(draft.values["lon"])), float(str(draft.values["lat"]))
        if not shapely.intersects_xy(area, lon, lat):
            reason = f"outside the boundary of {draft.values['adcode']}"
            draft.add_issue("lon", "outside_boundary", f"{lon:.5f},{lat:.5f}", reason, "row")


def check_records(
    records: Iterable[RawRecord],
    *,
    datum: Datum = Datum.WGS84,
    centre_of: Callable[[str], Centre | None] | None = None,
    boundaries: Mapping[str, BaseGeometry] | None = None,
    districts: DistrictIndex | None = None,
) -> Checked:
    """Return the points of some records, and every fault and doubt; see :class:`Checker`.

    Returns
    -------
    points
        In the records' order, WGS-84, without those refused.
    rejects
        In the records' order.
    """
    checker = Checker(datum=datum, centre_of=centre_of, boundaries=boundaries, districts=districts)
    points = list(checker.check(records))
    return Checked(points, checker.rejects)


# --- a whole file, a whole layer


class CheckReport(NamedTuple):
    """What a check found."""

    rows: int
    rejects: tuple[Issue, ...]
    """Every fault and doubt, in the order of the rows."""

    @property
    def faults(self) -> tuple[Issue, ...]:
        """What makes ``locator check`` exit 1; a doubt does not."""
        return tuple(reject for reject in self.rejects if reject.severity != "doubt")


def check_file(
    path: str | Path,
    *,
    datum: Datum | None = None,
    centre_of: Callable[[str], Centre | None] | None = None,
    adcode_of: Callable[[str | None, str | None, str | None], str | None] | None = None,
    districts: DistrictIndex | None = None,
    known: Mapping[str, Layer] | None = None,
    **options: object,
) -> CheckReport:
    """Check a table, a file of features or a GeoParquet layer without changing anything.

    Parameters
    ----------
    datum
        What positions are measured against, when that is not what the file declares.
    centre_of, adcode_of
        Centres of divisions and adcodes of their names, for the doubt of far positions; None leaves it out.
    districts
        Outlines of the districts, for the doubt of another district's position; None leaves it out.
    known
        What other sources gave, by name (:meth:`locator.stores.Store.parts`), for the doubt of the datum.
    options
        The source kind's own: ``mapping``, ``encoding`` …

    Raises
    ------
    InvalidInput
        There is no such file.
    SourceError, DataError
        It cannot be read at all.
    """
    path = Path(path)
    if path.suffix.lower() == ".parquet":
        return check_layer(read_layer(path)[0], file=path.name, centre_of=centre_of, districts=districts)
    source = open_source("table", str(path), **options)
    declared = datum or source.datum
    checker = Checker(datum=declared, centre_of=centre_of, adcode_of=adcode_of, districts=districts)
    points = list(checker.check(source.records()))
    doubt = doubt_datum(find_overlaps(Layer.from_points(points), checker.given, known or {}), checker.datum)
    rejects = [*checker.rejects, *([_tell_datum(doubt, path.name)] if doubt else [])]
    return CheckReport(checker.read, tuple(rejects))


def _tell_datum(doubt: DatumDoubt, file: str) -> Issue:
    reason = (
        f"{doubt.overlaps} known offices are {doubt.declared_m:.0f} m off as {doubt.declared}, "
        f"{doubt.likely_m:.0f} m as {doubt.likely}"
    )
    return Issue(file, 0, "datum", "datum_doubt", str(doubt.declared), reason, "doubt")


def check_layer(
    layer: Layer,
    *,
    file: str = "layer",
    centre_of: Callable[[str], Centre | None] | None = None,
    districts: DistrictIndex | None = None,
) -> CheckReport:
    """Check every point of a layer as if it came from a file; the row is its place in the layer, from 1."""
    checker = Checker(datum=Datum.WGS84, centre_of=centre_of, districts=districts)
    for _ in checker.check(_records_of(layer, file)):
        pass
    return CheckReport(checker.read, tuple(checker.rejects))


def _records_of(layer: Layer, file: str) -> Iterator[RawRecord]:
    row = 0
    for batch in layer.table.to_batches(max_chunksize=4096):
        for values in batch.to_pylist():
            row += 1
            fields = {name: _text(values[name]) for name in COLUMNS if name not in ("status", "origins")}
            yield RawRecord(source=fields["source"] or "layer", file=file, row=row, fields=fields)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value) if isinstance(value, float) else str(value)
