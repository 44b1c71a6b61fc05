"""``locator hours`` and ``locator guide``."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from locator.adcode import is_adcode
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
    if adcode and not is_adcode(adcode):
        from locator.service import Locator

        codes = Locator(settings).regions_of(adcode) or ()
        if len(codes) != 1:
            raise InvalidInput(
                f"{adcode[:40]!r} is more than one region: {', '.join(codes)}",
                code="region_ambiguous",
                name=adcode[:40],
                codes=", ".join(codes),
            )
        adcode = codes[0]
    answer = load_guide(shipped_dir() / "guide").answer(Task(args.task), Person(args.person), adcode, args.lang)
    if args.format == "json":
        write_json(answer)
    elif args.format == "html":
        from locator.ingest.corrections import report_link
        from locator.outputs.guide_page import write_guide_page

        sys.stdout.write(write_guide_page(answer, args.lang, report=partial(report_link, settings)))
    else:
        sys.stdout.write(render_text(answer, args.lang))
