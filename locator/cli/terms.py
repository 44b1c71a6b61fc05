"""What several commands share: reading positions and choices, the clock, writing JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from enum import StrEnum

from locator.datum import Datum
from locator.i18n import text
from locator.model import Mode, Notice


def add_choice(parser: argparse.ArgumentParser, flag: str, choices: type[StrEnum], **options: object) -> None:
    """Add an option whose values are the members of a StrEnum."""
    parser.add_argument(flag, choices=[str(choice) for choice in choices], **options)  # type: ignore[arg-type]


def add_position(parser: argparse.ArgumentParser) -> None:
    """Add ``--at LON,LAT --datum``."""
    parser.add_argument("--at", metavar="LON,LAT", help="a position instead of a text, longitude first")
    add_choice(parser, "--datum", Datum, default="wgs84", help="what --at is measured against (default: wgs84)")


def add_mode(parser: argparse.ArgumentParser, **options: object) -> None:
    """Add ``--mode``."""
    add_choice(parser, "--mode", Mode, **options)


def write_json(value: object) -> None:
    """Write one JSON document to stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def tell(notices: Iterable[Notice], lang: str) -> None:
    """Write notices for people to stderr."""
    from locator.outputs.shapes import say_notice

    for notice in notices:
        print(say_notice(notice, lang), file=sys.stderr)


def say(code: str, lang: str, **params: object) -> str:
    """Return a text of the ``cli`` catalogue."""
    return text(f"cli.{code}", lang, **params)
