"""Answers as files: hits as CSV, GeoJSON, KML; the guide's as one HTML page that needs nothing else.

The page has no script and no outside parts. Whatever an operator writes into the guide's files stays text; only
``http`` and ``https`` addresses become links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from locator.guide.render import field_of, list_parts, say_date, say_heading, say_no_local, say_source
from locator.hours.clock import HoursClock
from locator.hours.telling import describe, week_of, week_text
from locator.i18n import choose, text
from locator.layer import to_row
from locator.model import Hit, ServicePoint
from locator.outputs.exports import Feature, licences_of, to_csv_text, to_geojson_text, to_kml_text
from locator.outputs.html_document import Markup, join, tag, write_document

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
Report = Callable[[str, str], str | None]
"""Gives the address where an error in the line with this id, in this field, is reported; None: nowhere."""
_STYLE = """
:root{color-scheme:light dark;--ink:#16202b;--soft:#566270;--brand:#0b5cad;--paper:#fff;--line:#c9d1d9;--note:#fdf3df}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#a9b4bf;--brand:#7fb8f0;--paper:#14191f;--line:#3a444e;
--note:#3a2f14}}
body{font:16px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);
background:var(--paper);max-width:46rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.3}h2{font-size:1.15rem;margin:1.4rem 0 .3rem}h3{font-size:1rem;margin:.8rem 0 .2rem}
ul,ol{margin:.2rem 0;padding-left:1.4rem}li{margin:.25rem 0}small,.soft{color:var(--soft);font-size:.875rem}
a{color:var(--brand)}.note{background:var(--note);padding:.5rem .8rem;border-radius:.4rem}
.check{list-style:none;padding:0}.check label{display:flex;gap:.6rem;min-height:44px;align-items:flex-start}
.check input{width:22px;height:22px;flex:none;margin:.1rem 0}
@media print{body{font-size:11pt;max-width:none;padding:0}a{color:inherit;text-decoration:none}}
"""


def _row(hit: Hit, at: datetime, lang: str, clock: HoursClock | None) -> dict[str, Any]:
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
        "week": _say_week(hit.point, at, lang, clock),
        "can_do": hit.can_do,
        "notes": choose({"zh": hit.point.notes, "en": hit.point.notes_en}, lang),
    }


def _say_week(point: ServicePoint, at: datetime, lang: str, clock: HoursClock | None) -> str | None:
    """Return the week's hours and the exceptions after it, in one cell; None where none are known."""
    lines = week_of(point, at, lang, clock)
    return None if not lines else "; ".join(line.strip("▸ ") for line in week_text(lines, lang).split("\n"))


def _in_words(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    words = {"kind": text(f"names.kind.{row['kind']}", lang)}
    if row["position"]:
        words["position"] = text(f"names.precision.{row['position']}", lang)
    return {**row, **words}


def hits_to_csv(hits: Iterable[Hit], *, at: datetime, lang: str = "zh", clock: HoursClock | None = None) -> str:
    """Return hits as CSV with stable column names, for programs; see :data:`HIT_COLUMNS`."""
    rows = (_row(hit, at, lang, clock) for hit in hits)
    return to_csv_text(HIT_COLUMNS, ([row[name] for name in HIT_COLUMNS] for row in rows))


def hits_to_spreadsheet(hits: Iterable[Hit], *, at: datetime, lang: str = "zh", clock: HoursClock | None = None) -> str:
    """Return hits as CSV for people and their spreadsheets: heads and words in their language.

    Parameters
    ----------
    at
        The moment at which open and closed were told (aware).
    clock
        Whose calendar the week's hours go by; the shipped one when None.
    """
    rows = (_in_words(_row(hit, at, lang, clock), lang) for hit in hits)
    return to_csv_text(
        [text(f"import.column.{name}", lang) for name in PEOPLE_COLUMNS],
        ([row[name] for name in PEOPLE_COLUMNS] for row in rows),
    )


def _features(hits: Sequence[Hit], at: datetime, lang: str, clock: HoursClock | None) -> list[Feature]:
    """Return hits for a map; one placed by township or coarser gets no pin."""
    found = []
    for hit in hits:
        row = _row(hit, at, lang, clock)
        names = (name for name in HIT_COLUMNS if name not in ("lon", "lat") and row[name] is not None)
        properties = {name: row[name] for name in names}
        found.append(Feature(hit.point.pin, f"{hit.rank}. {hit.point.name}", properties))
    return found


def hits_to_geojson(hits: Iterable[Hit], *, at: datetime, lang: str = "zh", clock: HoursClock | None = None) -> str:
    """Return hits as a GeoJSON FeatureCollection; one placed by township or coarser has a null geometry."""
    listed = list(hits)
    return to_geojson_text(_features(listed, at, lang, clock), licences=licences_of(hit.point for hit in listed))


def hits_to_kml(hits: Iterable[Hit], *, at: datetime, lang: str = "zh", clock: HoursClock | None = None) -> str:
    """Return hits as KML, each name with its rank before it."""
    listed = list(hits)
    title = text("import.export_title", lang)
    return to_kml_text(
        _features(listed, at, lang, clock), title=title, licences=licences_of(hit.point for hit in listed)
    )


def write_guide_page(answer: Mapping[str, Any], lang: str, *, report: Report | None = None) -> str:
    """Return the answer as a whole HTML page without scripts or outside parts.

    Parameters
    ----------
    answer
        What :meth:`locator.guide.book.Guide.answer` returned in the same language.
    report
        Where errors are reported, see :mod:`locator.ingest.corrections`; None: nowhere.
    """
    heading = say_heading(answer, lang)
    body = [tag("h1", heading)]
    if not answer["local"]:
        body.append(tag("p", say_no_local(answer, lang), class_="note"))
    for title, lines in list_parts(answer, lang):
        check = title == text("guide.materials", lang)
        rows = [_write_row(line, item, lang, report, check=check) for line, item in lines]
        body += [tag("h2", title), tag("ul", rows, class_="check" if check else None)]
    sources = [tag("li", _link(say_source(source, lang), source["url"])) for source in answer["sources"]]
    body += [tag("h2", text("guide.sources", lang)), tag("ul", sources)]
    return write_document(join(body), title=heading, lang=lang, style=_STYLE)


def _write_row(line: str, item: Mapping[str, Any], lang: str, report: Report | None, *, check: bool) -> Markup:
    parts = [_link(line, item.get("url"))]
    if "source" in item:
        date = say_date(item, lang)
        trust = text(f"guide.trust.{item['confidence']}", lang)
        parts.append(join(" ", tag("small", _link(item["source"], item["source_url"]), f" · {date} · {trust}")))
    address = report(item["id"], field_of(item)) if report and "id" in item else None
    if address:
        parts.append(join(" ", tag("small", _link(text("guide.report", lang), address))))
    words = tag("span", *parts)
    if check:
        words = tag("label", tag("input", type="checkbox"), " ", words)
    return tag("li", words)


def _link(words: str, address: str | None) -> Markup:
    if address and address.startswith(("https://", "http://", "mailto:")):
        return tag("a", words, href=address, rel="noopener noreferrer")
    return join(words)
