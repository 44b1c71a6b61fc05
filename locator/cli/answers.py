"""``locator hours``, ``calendar``, ``guide``, ``route`` and ``links``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from locator.cli import add_choice, add_mode, say, write_json
from locator.errors import InvalidInput
from locator.geocode.coordinates import parse_lon_lat
from locator.i18n import text
from locator.model import Mode, Person, Task
from locator.routing.route import Route
from locator.settings import Settings, now_of, parse_moment, shipped_dir


def add_hours(parser: argparse.ArgumentParser) -> None:
    """Add ``locator hours``."""
    parser.description = "Evaluate opening hours (an OSM expression or Chinese words) by China's working calendar."
    parser.epilog = 'example: locator hours "Mo-Fr 09:00-12:00,13:30-17:00; PH off" --at 2026-10-10T10:00'
    parser.add_argument("expression", metavar="EXPR")
    parser.add_argument("--at", metavar="ISO", help="the moment (default: now)")
    parser.add_argument("--province", metavar="ADCODE", help="for provincial holidays, as 450000")
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_hours(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator hours``."""
    from locator.hours.clock import open_clock
    from locator.hours.reader import read_hours
    from locator.hours.telling import describe
    from locator.outputs.shapes import shape_state

    at = parse_moment(args.at) if args.at else now_of(settings)
    expr, note = read_hours(args.expression)
    state = open_clock(settings.data).evaluate(expr, at, province=args.province)
    if args.format == "json":
        write_json({**shape_state(state, at, args.lang), "expression": expr, "note": note})
        return
    print(describe(state, at, args.lang))
    if expr != args.expression:
        print(text("cli.hours_read_as", args.lang, expr=expr or note or ""))


def add_calendar(parser: argparse.ArgumentParser) -> None:
    """Add ``locator calendar``."""
    parser.description = "Read a holiday notice of the State Council (its text or a table of it) into the calendar."
    parser.epilog = "example: locator calendar docs/examples/notice-2026.txt --year 2026 --source https://www.gov.cn/zhengce/zhengceku/202511/content_7047091.htm"
    parser.add_argument("file", type=Path, help="a text file with the notice's seven paragraphs, or a table of them")
    parser.add_argument("--year", type=int, required=True, help="the year it announces")
    parser.add_argument("--source", required=True, help="the notice's number and address")
    parser.add_argument("--save", action="store_true", help="put it over the calendar of LOCATOR_DATA, from now on")
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_calendar(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator calendar``.

    Raises
    ------
    InvalidInput
        The file cannot be read as text.
    """
    from locator.disk import write_whole
    from locator.hours.calendar import read_notice

    try:
        content = args.file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{args.file} cannot be read", code="calendar_notice", why=str(args.file)) from error
    made = read_notice(content, args.year, args.source)
    saved = settings.data / "calendar" / "overrides" / f"{args.year}.yaml" if args.save else None
    if saved is not None:
        saved.parent.mkdir(parents=True, exist_ok=True)
        write_whole(saved, made)
    if args.format == "json":
        write_json({"year": args.year, "override": made, "saved": str(saved) if saved else None})
        return
    sys.stdout.write(made)
    if saved is not None:
        sys.stderr.write(text("cli.calendar_saved", args.lang, path=saved) + "\n")


def add_guide(parser: argparse.ArgumentParser) -> None:
    """Add ``locator guide``."""
    parser.description = "What to bring, where, and by which rule."
    parser.epilog = "example: locator guide apply --person child --region 济南"
    parser.add_argument("task", choices=[str(task) for task in Task])
    add_choice(parser, "--person", Person, default="adult")
    parser.add_argument("--region", metavar="NAME_OR_ADCODE", help="the city where one is insured")
    parser.add_argument("--format", choices=["text", "json", "html"], default="text")


def run_guide(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator guide``."""
    from locator.engines import GUIDE_FILE
    from locator.guide.book import load_guide
    from locator.guide.render import render_text

    adcode = args.region
    if adcode:
        from locator.service import Locator

        adcode = Locator(settings).one_region(adcode, args.lang)
    guide = load_guide(shipped_dir() / "guide", kept=settings.data / GUIDE_FILE if settings.data.is_dir() else None)
    answer = guide.answer(Task(args.task), Person(args.person), adcode, args.lang)
    if args.format == "json":
        write_json(answer)
    elif args.format == "html":
        from locator.ingest.corrections import report_link
        from locator.outputs.answer_files import write_guide_page

        sys.stdout.write(write_guide_page(answer, args.lang, report=partial(report_link, settings)))
    else:
        sys.stdout.write(render_text(answer, args.lang))


def add_route(parser: argparse.ArgumentParser) -> None:
    """Add ``locator route``."""
    parser.description = "Line, distance, duration and steps; without road data the straight line, as an estimate."
    parser.epilog = "example: locator route --from 116.974,36.658 --to 117.0,36.66 --mode walk"
    _add_ends(parser)
    parser.add_argument("--format", choices=["text", "json", "geojson"], default="text")


def _add_ends(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="origin", metavar="LON,LAT", required=True, help="WGS-84, longitude first")
    parser.add_argument("--to", dest="target", metavar="POINT_ID_OR_LON,LAT", required=True)
    add_mode(parser, default="walk", help="default: walk")


def _target(value: str) -> tuple[float, float] | str:
    return parse_lon_lat(value) if "," in value else value


def run_route(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator route``."""
    from locator.outputs.shapes import shape_route, shape_route_feature
    from locator.service import Locator

    route = Locator(settings).route(parse_lon_lat(args.origin), _target(args.target), Mode(args.mode), args.lang)
    if args.format == "json":
        write_json(shape_route(route))
    elif args.format == "geojson":
        write_json(shape_route_feature(route))
    else:
        sys.stdout.writelines(line + "\n" for line in _route_lines(route, args.lang))


def _route_lines(route: Route, lang: str) -> list[str]:
    from locator.wording import say_duration, say_rough_length

    mode = text(f"names.mode.{route.mode}", lang)
    distance = say_rough_length(route.distance_m, lang)
    if route.duration_s is None:
        head = say("route_untimed", lang, mode=mode, distance=distance)
    else:
        head = say("route", lang, mode=mode, distance=distance, duration=say_duration(route.duration_s, lang))
    return [head, *(f"{number:>2}. {step.text}" for number, step in enumerate(route.steps, 1))]


def add_links(parser: argparse.ArgumentParser) -> None:
    """Add ``locator links``."""
    parser.description = "Links into AMap, Baidu, Tencent, Apple, OsmAnd and Google, each in the datum it expects."
    parser.epilog = "example: locator links --from 116.974,36.658 --to 117.0,36.66 --mode walk"
    _add_ends(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_links(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator links``."""
    from locator.service import Locator

    links = Locator(settings).links_to(parse_lon_lat(args.origin), _target(args.target), args.mode, args.lang)
    if args.format == "json":
        write_json({"links": [{"app": str(link.app), "url": link.url} for link in links]})
    else:
        sys.stdout.writelines(f"{link.app}: {link.url}\n" for link in links)
