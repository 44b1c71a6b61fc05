"""``locator hours``, ``locator calendar`` and ``locator guide``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from locator.cli.terms import add_choice, now_of, write_json
from locator.errors import InvalidInput
from locator.i18n import text
from locator.model import Person, Task
from locator.settings import Settings, parse_moment, shipped_dir


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
    from locator.hours import describe, open_clock, read_hours
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
    from locator.guide import load_guide, render_text

    adcode = args.region
    if adcode:
        from locator.service import Locator

        adcode = Locator(settings).one_region(adcode, args.lang)
    answer = load_guide(shipped_dir() / "guide").answer(Task(args.task), Person(args.person), adcode, args.lang)
    if args.format == "json":
        write_json(answer)
    elif args.format == "html":
        from locator.ingest.corrections import report_link
        from locator.outputs.guide_page import write_guide_page

        sys.stdout.write(write_guide_page(answer, args.lang, report=partial(report_link, settings)))
    else:
        sys.stdout.write(render_text(answer, args.lang))
