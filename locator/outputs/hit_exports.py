"""An answer's hits as files: CSV, GeoJSON, KML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from locator.hours import describe, week_of, week_text
from locator.i18n import choose, text
from locator.layer import to_row
from locator.model import EXACT, Hit, ServicePoint
from locator.outputs.exports import Feature, licences_of, to_csv_text, to_geojson_text, to_kml_text

HIT_COLUMNS = (
    "rank", "tier", "id", "name", "name_en", "kind", "province", "city", "district", "township", "address", "phones",
    "distance_m", "approximate", "duration_s", "state", "state_text", "until", "hours", "week", "can_do", "services",
    "lon", "lat", "position", "error_m", "notes", "source", "source_url", "source_date", "verified", "confidence",
    "licence",
)  # fmt: skip
"""What a hit's row holds, in order; the names are the same in every language."""
PEOPLE_COLUMNS = (
    "rank", "name", "name_en", "kind", "address", "phones", "distance_m", "state_text", "week", "hours_text",
    "services", "province", "city", "district", "township", "lon", "lat", "position", "notes", "source", "source_url",
    "source_date", "verified", "licence", "id",
)  # fmt: skip
"""What a person's file holds; the heads are in the person's language."""


def _row(hit: Hit, at: datetime, lang: str) -> dict[str, Any]:
    """Return a hit's values by column."""
    return to_row(hit.point) | {
        "rank": hit.rank,
        "tier": hit.tier,
        "distance_m": None if hit.distance_m is None else round(hit.distance_m, 1),
        "approximate": hit.approximate,
        "duration_s": None if hit.duration_s is None else round(hit.duration_s),
        "state": hit.status.state,
        "state_text": describe(hit.status, at, lang),
        "until": hit.status.until.isoformat() if hit.status.until else None,
        "week": _say_week(hit.point, at, lang),
        "can_do": hit.can_do,
        "notes": choose({"zh": hit.point.notes, "en": hit.point.notes_en}, lang),
    }


def _say_week(point: ServicePoint, at: datetime, lang: str) -> str | None:
    """Return the week's hours and the exceptions after it, in one cell; None where none are known."""
    lines = week_of(point, at, lang)
    return None if not lines else "; ".join(line.strip("▸ ") for line in week_text(lines, lang).split("\n"))


def _in_words(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    words = {"kind": text(f"names.kind.{row['kind']}", lang)}
    if row["position"]:
        words["position"] = text(f"names.precision.{row['position']}", lang)
    return {**row, **words}


def hits_to_csv(hits: Iterable[Hit], *, at: datetime, lang: str = "zh") -> str:
    """Return hits as CSV with stable column names, for programs; see :data:`HIT_COLUMNS`."""
    rows = (_row(hit, at, lang) for hit in hits)
    return to_csv_text(HIT_COLUMNS, ([row[name] for name in HIT_COLUMNS] for row in rows))


def hits_to_spreadsheet(hits: Iterable[Hit], *, at: datetime, lang: str = "zh") -> str:
    """Return hits as CSV for people and their spreadsheets: heads and words in their language.

    Parameters
    ----------
    at
        The moment at which open and closed were told (aware).
    """
    rows = (_in_words(_row(hit, at, lang), lang) for hit in hits)
    return to_csv_text(
        [text(f"import.column.{name}", lang) for name in PEOPLE_COLUMNS],
        ([row[name] for name in PEOPLE_COLUMNS] for row in rows),
    )


def _features(hits: Sequence[Hit], at: datetime, lang: str) -> list[Feature]:
    """Return hits for a map; one placed by township or coarser gets no pin."""
    found = []
    for hit in hits:
        row = _row(hit, at, lang)
        lon, lat = row.pop("lon"), row.pop("lat")
        properties = {name: row[name] for name in HIT_COLUMNS if name in row and row[name] is not None}
        pin = (lon, lat) if hit.point.position in EXACT else None
        found.append(Feature(pin, f"{hit.rank}. {hit.point.name}", properties))
    return found


def hits_to_geojson(hits: Iterable[Hit], *, at: datetime, lang: str = "zh") -> str:
    """Return hits as a GeoJSON FeatureCollection; one placed by township or coarser has a null geometry."""
    listed = list(hits)
    return to_geojson_text(_features(listed, at, lang), licences=licences_of(hit.point for hit in listed))


def hits_to_kml(hits: Iterable[Hit], *, at: datetime, lang: str = "zh") -> str:
    """Return hits as KML, each name with its rank before it."""
    listed = list(hits)
    title = text("import.export_title", lang)
    return to_kml_text(_features(listed, at, lang), title=title, licences=licences_of(hit.point for hit in listed))
