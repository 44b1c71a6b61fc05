"""The ``locator`` command: the same answers as the page, for terminals, scripts and checks.

Exit 0: answered (also "nothing found"); 2: misuse or invalid input, one line on stderr; 1: anything
else, one line. ``--format json`` writes one JSON document to stdout; notices go to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from dataclasses import replace
from typing import NoReturn

from locator.errors import InvalidInput, LocatorError
from locator.i18n import LANGS, explain, text
from locator.settings import load_settings, parse_moment

COMMANDS = {
    "find": "locator.cli.places",
    "geocode": "locator.cli.places",
    "suggest": "locator.cli.places",
    "hours": "locator.cli.answers",
    "guide": "locator.cli.answers",
    "route": "locator.cli.ways",
    "links": "locator.cli.ways",
    "import": "locator.cli.data",
    "check": "locator.cli.data",
    "export": "locator.cli.data",
    "info": "locator.cli.data",
    "batch": "locator.cli.batches",
}
"""Each command and the module that adds its arguments (``add_<command>``) and runs it (``run_<command>``)."""


class _Parser(argparse.ArgumentParser):
    """Misuse is one line on stderr and exit 2."""

    def error(self, message: str) -> NoReturn:
        raise InvalidInput(f"{message} (see: {self.prog} --help)", code="usage", fault=message, prog=self.prog)


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the command's parser; ``only`` loads the arguments of one command, for a quick start."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--now", metavar="ISO", help="set the clock, e.g. 2026-11-23T10:00 (China's time)")
    common.add_argument("--lang", choices=LANGS, help="language of the texts (default: LOCATOR_LANG, zh)")
    parser = _Parser(prog="locator", description="Find where to collect, replace or activate a social security card.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for name, module in COMMANDS.items():
        if only in (None, name):
            add = getattr(importlib.import_module(module), f"add_{name}")
            add(subparsers, common)
        else:
            subparsers.add_parser(name)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    lang = "en"
    try:
        with contextlib.suppress(AttributeError, ValueError):
            sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
            sys.stderr.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        settings = load_settings()
        lang = settings.lang
        args = build_parser(argv[0] if argv and argv[0] in COMMANDS else None).parse_args(argv)
        lang = args.lang = args.lang or settings.lang
        if args.now:
            settings = replace(settings, now=parse_moment(args.now))
        run = getattr(importlib.import_module(COMMANDS[args.command]), f"run_{args.command}")
        code = int(run(args, settings) or 0)
        sys.stdout.flush()
    except LocatorError as error:
        print(_one_line(explain(error, lang)), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # a fault of ours is one line too; the trace is there for who asks
        if os.environ.get("LOCATOR_TRACE", "").lower() == "true":
            raise
        print(_one_line(f"{text('errors.internal', lang)} ({type(error).__name__})"), file=sys.stderr)
        return 1
    else:
        return code


def _one_line(message: str) -> str:
    return "locator: " + " ".join("".join(c if c.isprintable() else " " for c in message).split())
