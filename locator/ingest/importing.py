"""One import: read, check, place, store; and everything that was left out, told."""

from __future__ import annotations

import contextlib
import csv
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from locator.datum import Datum
from locator.disk import write_atomically
from locator.errors import InvalidInput, NotFound, SourceError
from locator.files.text_files import escape_formula
from locator.gazetteer.districts import DistrictIndex
from locator.geocode.fallback import FallbackGeocoder
from locator.geocode.index_files import GAZETTEER_FILE, note_pending, open_data_gazetteer
from locator.ingest import Issue, RawRecord, Source, open_progress, open_source
from locator.ingest.place import Placer, Places
from locator.ingest.positions import doubt_datum, doubt_places, find_overlaps, load_boundaries
from locator.ingest.shipped import SHIPPED, ensure_data, index_offices, open_own_store
from locator.ingest.validate import Checker
from locator.layer import Layer
from locator.model import EXACT, Place, Provenance, ServicePoint
from locator.settings import Settings
from locator.stores import BY_ITSELF, Near, Store, Summary
from locator.stores.contents import count_lost, find_twins
from locator.stores.merge import OWN

if TYPE_CHECKING:
    from locator.ingest.extracts import Notice

LOST_SHARE = 1 / 3
"""An update that takes away more of a source than this needs somebody to be sure."""
MOST_PAIRS = 20
"""How many pairs of offices that may be one an import names; ``locator same`` lists all."""
REJECT_COLUMNS = ("file", "row", "column", "code", "value", "reason", "severity")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What an import read and what became of it."""

    source: str
    read: int
    kept: int
    """Rows that became points."""
    refused: int
    values_left_out: int
    """Faulty values of rows that were kept without them."""
    doubts: int
    placed: Mapping[str, int]
    """How many points have a position of each precision; ``none``: no position."""
    geocoded: int
    """How many of them brought no position and were given one."""
    stored: Summary | None
    """What changed in the store; None for a dry run."""
    rejects: tuple[Issue, ...]
    notices: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=())
    """What the operator should know: codes of the ``import`` catalogue and their parameters."""
    seconds: float = 0.0


def import_source(
    kind: str,
    location: str,
    settings: Settings,
    *,
    name: str | None = None,
    datum: Datum | None = None,
    rejects: Path | None = None,
    dry_run: bool = False,
    boundaries: Path | None = None,
    defaults: Mapping[str, str] | None = None,
    show_progress: bool = False,
    download: bool = False,
    roads: bool = True,
    country: str | None = None,
    append: bool = False,
    sure: bool = False,
    **options: object,
) -> ImportSummary:
    """Bring a source into the layer, whole or not at all.

    Parameters
    ----------
    kind, location
        What to read; see :data:`locator.ingest.SOURCES`.
    name
        What the layer calls the source; importing under the same name again replaces its points, and
        those no longer there are marked ``vanished``.
    datum
        What its positions are measured against, when that is not what the source declares.
    rejects
        A CSV file to write every fault and doubt into.
    dry_run
        True reads, checks and places, and changes nothing.
    boundaries
        A GeoJSON file of areas with a property ``adcode`` (WGS-84): outside its own, a position is a fault.
    defaults
        Values by column for rows that leave them blank, such as ``source_date`` or ``licence``.
    show_progress
        Draw a progress bar on stderr.
    download
        For ``osm``: ``location`` is a region whose extract is fetched first.
    roads
        For ``osm``: build the road tiles too.
    country
        The country of its telephone numbers (``JP``), when that is not China.
    append
        Keep the points the source gave before and does not name now, as they are.
    sure
        Go on where the source would lose more than a third of its points.
    options
        The source kind's own.

    Raises
    ------
    InvalidInput
        The kind, an option or a file name is wrong, the program itself has a source of that name, or more than a
        third of the source's points would vanish and nobody is ``sure``.
    SourceError
        The source cannot be read; the layer is as it was.
    DataError
        The layer cannot be written; it is as it was.
    """
    started = time.perf_counter()
    _check_country(country)
    if download:
        location = _download(kind, location, settings, show_progress)
    source = open_source(kind, location, settings=settings, name=name, datum=datum, **options)
    if source.name in OWN or source.name.startswith(BY_ITSELF):
        raise InvalidInput(f"{source.name} is a source of the program", code="source_reserved", source=source.name)
    ensure_data(settings)
    store = open_own_store(settings, fresh=True)
    gazetteer = open_data_gazetteer(settings)
    placer = Placer(gazetteer, _ask(FallbackGeocoder(settings, gazetteer)))
    checker = Checker(
        datum=datum or source.datum,
        centre_of=placer.centre_of,
        adcode_of=placer.adcode_of,
        boundaries=load_boundaries(boundaries) if boundaries else None,
        country=country,
        districts=DistrictIndex.open(settings.data),
    )
    rows = open_progress(source.records(), total=source.total, desc=source.name, unit=" rows", show=show_progress)
    records = _with_defaults(rows, source, defaults or {})
    gathered = _gather(checker.check(records), placer)
    if checker.read == 0 and kind != "osm":  # an extract without an office still has streets and roads
        raise SourceError(f"{location} holds no rows", code="source_empty", file=Path(location).name)
    known = store.parts()
    notices = [*_notices(source, gathered, checker, known)]
    if not append:
        _guard(source.name, gathered.layer, known, sure=sure or dry_run)
    checker.forget()
    stored = None
    if not dry_run:
        extract = Path(location) if kind == "osm" else None
        stamp = Path(location).name if Path(location).is_file() else location
        how = {"roads": roads, "show": show_progress}
        stored, told = _store(source.name, gathered, store, settings, extract, append=append, stamp=stamp, **how)
        notices += told
    if rejects is not None:
        write_rejects(rejects, checker.rejects)
    seconds = time.perf_counter() - started
    return _summarise(source.name, checker, gathered, stored=stored, notices=tuple(notices), seconds=seconds)


def _check_country(country: str | None) -> None:
    """Refuse a country that has no telephone numbers, with InvalidInput."""
    if country is not None:
        from phonenumbers import SUPPORTED_REGIONS

        if country.upper() not in SUPPORTED_REGIONS:
            raise InvalidInput(f"no country {country!r}; expected such as JP", code="country_unknown", given=country)


class _Gathered(NamedTuple):
    """The points of a source, as columns, and what is told of them."""

    layer: Layer
    placed: Counter[str]
    """How many have a position of each precision; ``none``: no position."""
    geocoded: int
    provenances: frozenset[Provenance]


def _summarise(name: str, checker: Checker, gathered: _Gathered, **told: Any) -> ImportSummary:
    severities = Counter(reject.severity for reject in checker.rejects)
    return ImportSummary(
        source=name, read=checker.read, kept=len(gathered.layer), refused=checker.refused,
        values_left_out=severities["value"], doubts=severities["doubt"], placed=gathered.placed,
        geocoded=gathered.geocoded, rejects=tuple(checker.rejects), **told,
    )  # fmt: skip


def _gather(checked: Iterator[ServicePoint], placer: Placer) -> _Gathered:
    """Place points and put them into columns, some thousand at a time: a million records would not fit."""
    placed: Counter[str] = Counter()
    provenances: set[Provenance] = set()
    geocoded = 0

    def points() -> Iterator[ServicePoint]:
        nonlocal geocoded
        for before in checked:
            point = placer.place(before)
            placed[str(point.position or "none")] += 1
            geocoded += before.lon is None and point.lon is not None
            provenances.add(point.provenance)
            yield point

    layer = Layer.from_points(points())
    return _Gathered(layer, placed, geocoded, frozenset(provenances))


def _download(kind: str, region: str, settings: Settings, show: bool) -> str:
    if kind != "osm":
        raise InvalidInput(f"--download is for osm, not for {kind}", code="download_kind", kind=kind)
    from locator.ingest.extracts import fetch_extract

    return str(fetch_extract(region, settings, show=show))


def _store(
    name: str,
    gathered: _Gathered,
    store: Store,
    settings: Settings,
    extract: Path | None,
    *,
    append: bool,
    stamp: str,
    **how: bool,
) -> tuple[Summary, list[Notice]]:
    """Put points in, and what else an extract holds: its roads first, its names when all else has gone well."""
    with note_pending(settings):
        with contextlib.ExitStack() as stack:
            taken = None
            if extract is not None:
                from locator.ingest.extracts import import_extract

                taken = stack.enter_context(
                    import_extract(extract, name, settings, settings.data / GAZETTEER_FILE, **how)
                )
            stored = store.replace(name, gathered.layer, stamp=stamp, partial=append)
        if stored.added or stored.changed or stored.vanished or (taken and taken.changed):
            index_offices(settings, store, anew=bool(taken and taken.changed))
    told = taken.notices if taken else ()
    return stored, [*told, *_licence_notices(stored, gathered.provenances), *_near_notices(stored.near)]


def _guard(name: str, new: Layer, known: Mapping[str, Layer], *, sure: bool) -> None:
    """Refuse an update that takes more than a third of a source's points away; a cut file is no update.

    Raises
    ------
    InvalidInput
        It does, and nobody is ``sure``.
    """
    lost, listed = (0, 0) if sure or name not in known else count_lost(known[name], new)
    if lost > listed * LOST_SHARE and lost > 1:
        raise InvalidInput(
            f"{lost} of the {listed} offices of {name} would vanish; go on with --yes, or --append",
            code="import_drops", source=name, lost=lost, total=listed,
        )  # fmt: skip


def _ask(chain: FallbackGeocoder) -> Places:
    """Return the chain as a look-up of single places; the same text is asked once."""
    known: dict[tuple[str, str | None], Place | None] = {}

    def find(text: str, *, region: str | None) -> Place | None:
        key = (text, region)
        if key not in known:
            try:
                known[key] = chain.locate(text, lang="zh", region=region, online=True).place
            except InvalidInput:
                known[key] = None  # too long, or no text at all
        return known[key]

    return find


def _with_defaults(records: Iterable[RawRecord], source: Source, defaults: Mapping[str, str]) -> Iterator[RawRecord]:
    from dataclasses import replace

    given = {**({"licence": source.licence} if source.licence else {}), **defaults}
    for record in records:
        if given:
            fields = {**record.fields, **{k: v for k, v in given.items() if not record.fields.get(k, "").strip()}}
            yield replace(record, fields=fields)
        else:
            yield record


_LISTED = (
    ("columns_ignored", "ignored", "columns"), ("columns_hidden", "hidden_columns", "columns"),
    ("sheets_hidden", "hidden_sheets", "sheets"), ("sheets_read", "sheets_read", "sheets"),
    ("layers_left", "left_layers", "layers"),
)  # fmt: skip
"""Notices that list names, the attribute of a source that holds them, and the parameter."""


def _notices(source: Source, gathered: _Gathered, checker: Checker, known: Mapping[str, Layer]) -> Iterator[Notice]:
    guessed: Mapping[str, str] = getattr(source, "guessed", {})
    if told := ", ".join(f"{theirs} → {ours.partition(':')[0]}" for theirs, ours in guessed.items()):
        yield "columns_guessed", {"columns": told}
    for code, attribute, listed in _LISTED:
        if names := getattr(source, attribute, ()):
            yield code, {listed: ", ".join(names)}
    codes = ("rows_hidden", "formulas_blank", "comments_unread", "cells_struck")
    for code, count in zip(codes, getattr(source, "unseen", ()), strict=False):
        if count:
            yield code, {"count": count}
    yield from doubt_places(gathered.layer, checker.given)
    others = {name: layer for name, layer in known.items() if name != source.name}
    doubt = doubt_datum(find_overlaps(gathered.layer, checker.given, others), checker.datum)
    if doubt is not None:
        shown = {"declared_m": round(doubt.declared_m), "likely_m": round(doubt.likely_m)}
        yield "datum_doubt", {**doubt._asdict(), "declared": str(doubt.declared), "likely": str(doubt.likely), **shown}
    if unplaced := gathered.placed["none"]:
        yield "unplaced", {"count": unplaced}
    exact = sum(gathered.placed[str(precision)] for precision in EXACT)
    if coarse := len(gathered.layer) - unplaced - exact:
        yield "placed_coarsely", {"count": coarse}
    if source.name not in known:
        for other, count, total in find_twins(gathered.layer, others, leave=(SHIPPED, *OWN)):
            yield "source_twin", {"other": other, "count": count, "total": total, "source": source.name}


def _near_notices(near: Sequence[Near]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Tell of offices that may be one, with the commands that say so or not."""
    yield from (("near_duplicate", pair.describe()) for pair in near[:MOST_PAIRS])
    if len(near) > MOST_PAIRS:
        yield "near_duplicates_more", {"count": len(near) - MOST_PAIRS}


def _licence_notices(stored: Summary, imported: Set[Provenance]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Tell of points in which an imported row and another source's meet under different licences."""
    licences: Counter[str] = Counter()
    for point in stored.several.points() if stored.several is not None else ():
        sources = {point.provenance, *point.origins.values()}
        met = {source.licence for source in sources if source.licence}
        if len(met) > 1 and not imported.isdisjoint(sources):
            licences[" + ".join(sorted(met))] += 1
    for names, count in licences.items():
        yield "licences_mixed", {"count": count, "licences": names}


def remove_source(settings: Settings, name: str) -> int:
    """Take a source and every office that only it gave out of the layer; return how many rows it had.

    Of an OpenStreetMap extract the names and the map's tiles go too.

    Raises
    ------
    NotFound
        There is no source of this name.
    InvalidInput
        It is the one that ships with the program, which comes back at the next start.
    """
    from locator.ingest.extracts import set_extract

    ensure_data(settings)
    store = open_own_store(settings)
    part = store.parts().get(name)
    if part is None:
        raise NotFound(f"no source is called {name[:80]}", code="source_missing", source=name[:80] or "–")
    if name == SHIPPED and settings.layer is None:
        raise InvalidInput("the shipped offices come back by themselves", code="source_shipped", source=name)
    with note_pending(settings):
        store.remove(name)
        index_offices(settings, store, anew=set_extract(settings.data, name, in_use=False))
    return len(part)


def undo_change(settings: Settings) -> str | None:
    """Undo the last change of the layer, and return the source that had changed; None: nothing to undo."""
    from locator.ingest.extracts import set_extract

    ensure_data(settings)
    store = open_own_store(settings)
    with note_pending(settings):
        source = store.undo()
        if source is not None:
            known = source in store.parts()
            index_offices(settings, store, anew=set_extract(settings.data, source, in_use=known))
    return source


def write_rejects(path: Path, rejects: Iterable[Issue]) -> None:
    """Write faults and doubts as a CSV file that opens right in a spreadsheet."""
    with write_atomically(path) as draft, draft.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(REJECT_COLUMNS)
        for reject in rejects:
            writer.writerow([escape_formula(str(value)) for value in reject])
