"""``locator find``, ``geocode``, ``suggest`` and ``batch``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from locator.cli import add_choice, add_mode, add_position, say, tell, write_json
from locator.datum import Datum
from locator.errors import InvalidInput
from locator.geocode.coordinates import parse_lon_lat
from locator.i18n import text
from locator.model import EXACT, Answer, Hit, Kind, Mode, Person, Phone, Place, Query, Task
from locator.outputs.shapes import (
    group_of,
    hotline_of,
    order_phones,
    say_fallback,
    say_hit_distance,
    shape_answer,
    shape_place,
)
from locator.settings import Settings, now_of, parse_moment


def add_find(parser: argparse.ArgumentParser) -> None:
    """Add ``locator find``."""
    parser.description = "The nearest points that may handle a task."
    parser.epilog = "example: locator find 济南市槐荫区经四路478号 --task apply"
    parser.add_argument("text", nargs="?", help="an address, a place or a pair of coordinates")
    add_position(parser)
    add_choice(parser, "--task", Task, help="what the person came for")
    add_choice(parser, "--person", Person, default="adult", help="for whom (default: adult)")
    add_choice(parser, "--kind", Kind, nargs="+", action="extend", help="only these kinds of points")
    parser.add_argument("--open-now", action="store_true", help="leave out what is closed now")
    parser.add_argument("--open-at", metavar="ISO", help="leave out what is closed at that moment")
    parser.add_argument("--region", metavar="NAME_OR_ADCODE", help="stay in this province, city or district")
    parser.add_argument("--wheelchair", action="store_true", help="only points known to be accessible")
    parser.add_argument("--limit", type=int, default=5, help="how many under each heading (default: 5)")
    parser.add_argument("--within-m", type=float, metavar="M", help="no farther than this (default: 50 km, same city)")
    add_mode(parser, help="rank by travel time")
    parser.add_argument("--format", choices=["text", "json", "csv", "geojson", "kml"], default="text")


def query_of(args: argparse.Namespace) -> Query:
    """Return the query that the arguments of ``find`` make."""
    return Query(
        text=args.text if args.at is None else None,
        at=parse_lon_lat(args.at) if args.at is not None else None,
        datum=Datum(args.datum),
        task=Task(args.task) if args.task else None,
        person=Person(args.person),
        kinds=frozenset(map(Kind, args.kind)) if args.kind else None,
        open_now=args.open_now,
        open_at=parse_moment(args.open_at) if args.open_at else None,
        region=args.region,
        wheelchair=True if args.wheelchair else None,
        limit=args.limit,
        within_m=args.within_m,
        mode=Mode(args.mode) if args.mode else None,
        online=True,  # whoever runs the command switched the services on
        lang=args.lang,
    )


def run_find(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator find``."""
    from locator.service import Locator

    query = query_of(args)
    now = now_of(settings)
    locator = Locator(settings)
    answer = locator.find(query, now)
    at = query.open_at or now
    if args.format == "json":
        write_json(shape_answer(answer, at))
        return
    tell(answer.notices, args.lang)
    if args.format == "text":
        sys.stdout.writelines(line + "\n" for line in _lines(answer, args.lang, at))
    else:
        from locator.outputs.answer_files import hits_to_csv, hits_to_geojson, hits_to_kml

        write = {"csv": hits_to_csv, "geojson": hits_to_geojson, "kml": hits_to_kml}[args.format]
        sys.stdout.write(write(answer.hits, at=at, lang=args.lang, clock=locator.engines.clock))


def place_line(place: Place, lang: str) -> str:
    """Return a place with its precision, in words."""
    from locator.outputs.shapes import say_label

    precision, label = text(f"names.precision.{place.precision}", lang), say_label(place, lang)
    if place.error_m is None:
        return say("place", lang, label=label, precision=precision)
    return say("place_error", lang, label=label, precision=precision, error=f"{place.error_m:,.0f}")


def _lines(answer: Answer, lang: str, at: object) -> list[str]:
    """Return an answer for a terminal."""
    if answer.place is None:
        return [f"  {place_line(place, lang)}" for place in answer.candidates]
    lines = [say("understood", lang, place=place_line(answer.place, lang))]
    if urgent := (answer.guide or {}).get("first"):
        lines.append(f"!! {urgent['text']}")
    heading, open_only = "", answer.query.open_only
    for hit in answer.hits:
        new = f"{group_of(hit, open_only=open_only)}_{hit.tier}"
        if new != heading:
            lines += ["", text(f"cli.heading_{new}", lang)]
            heading = new
        lines += _hit_lines(hit, lang, at, hotline_of(answer))
    return lines + _fallback_lines(answer, lang)


def _fallback_lines(answer: Answer, lang: str) -> list[str]:
    """Return what helps where no office is near."""
    if answer.fallback is None or answer.place is None:
        return []
    lines = ["", text("fallback.heading_beside" if answer.hits else "fallback.heading", lang)]
    for title, advice in say_fallback(answer.fallback, lang, exact=answer.place.precision in EXACT):
        lines += ["", f"■ {title}"]
        for line in advice:
            web = f"  {line.href}" if line.href and line.href.startswith("https:") else ""
            lines += [f"  - {line.text}{web}", *([f"    {line.remark}"] if line.remark else [])]
    return lines


def _area_of(hit: Hit) -> str:
    return (hit.point.district or hit.point.city or "") if hit.area else ""


def _hit_lines(hit: Hit, lang: str, at: Any, hotline: Phone) -> list[str]:
    from locator.hours.telling import describe, say_usual

    point, usual = hit.point, say_usual(hit.status, lang)
    phone = "; ".join(f"{p.number} {p.label or ''}".strip() for p in order_phones(point.phones, hotline))
    date = point.provenance.date or say("date_unknown", lang)
    facts = [text(f"names.kind.{point.kind}", lang), point.address, phone]
    return [
        f"{hit.rank:>2}. {point.name}  {say_hit_distance(hit, lang) or _area_of(hit)}".rstrip(),
        "    " + " · ".join(fact for fact in facts if fact),
        *(["    " + text(f"serving.{hit.serves_why}", lang)] if hit.serves_why else []),
        *(["    " + text("fallback.may_not_handle", lang)] if hit.may_not_handle else []),
        "    " + describe(hit.status, at, lang),
        *([f"    {usual}"] if usual else []),
        "    " + say("data_of", lang, date=date, source=point.provenance.source),
    ]


def add_geocode(parser: argparse.ArgumentParser) -> None:
    """Add ``locator geocode``."""
    parser.description = "Places for a text, best first."
    parser.epilog = "example: locator geocode 中山"
    parser.add_argument("text")
    _add_place_options(parser)


def _add_place_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=5)
    parser.add_argument("--near", metavar="LON,LAT", help="prefer what is near this position (WGS-84)")
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_geocode(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator geocode``."""
    from locator.service import Locator

    located = Locator(settings).engines.geocoder.locate(
        args.text, lang=args.lang, near=parse_lon_lat(args.near) if args.near else None, online=True
    )
    places = ([located.place] if located.place else []) + list(located.candidates)
    places = places[: max(args.limit, 1)]
    if args.format == "json":
        write_json({"places": [shape_place(place) for place in places]})
        return
    tell(located.notices, args.lang)
    sys.stdout.writelines(place_line(place, args.lang) + "\n" for place in places)


def add_suggest(parser: argparse.ArgumentParser) -> None:
    """Add ``locator suggest``."""
    parser.description = "Suggestions for what is being typed: Chinese, pinyin, initials. Never asks a service."
    parser.epilog = "example: locator suggest jinan"
    parser.add_argument("text", metavar="PREFIX")
    _add_place_options(parser)


def run_suggest(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator suggest``."""
    from locator.service import Locator

    near = parse_lon_lat(args.near) if args.near else None
    suggestions = Locator(settings).suggest(args.text, near=near, limit=max(args.limit, 1))
    if args.format == "json":
        write_json({"suggestions": [{"text": s.text, "place": shape_place(s.place)} for s in suggestions]})
    else:
        sys.stdout.writelines(f"{s.text}  ({place_line(s.place, args.lang)})\n" for s in suggestions)


def add_batch(parser: argparse.ArgumentParser) -> None:
    """Add ``locator batch``."""
    parser.description = "The nearest points for every row of a CSV. Killed and started again, it goes on where it was."
    parser.epilog = (
        "example: locator batch docs/examples/addresses.csv -o /tmp/locator-nearest.csv --address 地址 --fresh"
    )
    parser.add_argument("input", type=Path, metavar="IN.csv")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.csv", required=True)
    parser.add_argument("--address", metavar="COLUMN", help="the column of addresses")
    parser.add_argument("--lon", metavar="COLUMN", help="the column of longitudes")
    parser.add_argument("--lat", metavar="COLUMN", help="the column of latitudes")
    add_choice(parser, "--datum", Datum, default="wgs84", help="what the columns are measured against")
    parser.add_argument("--limit", type=int, default=5, metavar="K", help="how many points a row (default: 5)")
    parser.add_argument("--within-m", type=float, metavar="M", help="no farther than this (default: 50 km)")
    parser.add_argument(
        "--rejects", type=Path, metavar="FILE", help="rows not understood (default: OUT.csv.rejects.csv)"
    )
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="that many Dask processes on this machine")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a running Dask cluster, as tcp://host:8786")
    parser.add_argument("--encoding", help="of the input, if it is neither UTF-8 nor GB18030")
    parser.add_argument("--fresh", action="store_true", help="start anew over an unfinished run")


def run_batch(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator batch``.

    Raises
    ------
    InvalidInput
        Neither an address nor a position is named, or both.
    """
    from locator.batch import run_batch as answer_file

    if bool(args.address) == bool(args.lon and args.lat):
        raise InvalidInput("give either --address, or --lon and --lat", code="batch_columns")
    done = answer_file(
        settings,
        args.input,
        args.output,
        address=args.address,
        lon=args.lon,
        lat=args.lat,
        datum=Datum(args.datum),
        limit=args.limit,
        **({} if args.within_m is None else {"within_m": args.within_m}),
        rejects=args.rejects,
        workers=args.workers,
        scheduler=args.scheduler,
        fresh=args.fresh,
        encoding=args.encoding,
    )
    summary = say(
        "batch_done",
        args.lang,
        rows=done.rows,
        answered=done.answered,
        refused=done.refused,
        seconds=f"{done.seconds:.1f}",
        output=done.output,
        rejects=done.rejects,
    )
    print(summary, file=sys.stderr)
