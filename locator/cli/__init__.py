"""The ``locator`` command: the same answers as the page, for terminals, scripts and checks.

Exit 0: answered (also "nothing found"); 2: misuse or invalid input, one line on stderr; 1: anything
else, one line. ``--format json`` writes one JSON document to stdout; notices go to stderr.

A command is a line of :data:`COMMANDS` and two functions in the module named there: ``add_<command>(parser)``
adds its arguments, description and example, ``run_<command>(args, settings)`` runs it and may return an exit code.
Only the module of the command that runs is imported, and it imports what answers when it runs: ``--help`` and
completion stay quick.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from locator import __version__
from locator.errors import InvalidInput, LocatorError

if TYPE_CHECKING:
    from enum import StrEnum

    from locator.model import Notice
    from locator.settings import Settings


class Command(NamedTuple):
    """Where a command is written, and what it is for."""

    module: str
    help: str
    """One line of ``locator --help``."""
    brief: bool = False
    """Whether it answers one question and ends, so that the garbage collector is never worth its walks."""
    changes: bool = False
    """Whether it changes the layer."""


NO_MEMORY = "locator: 内存不足，没有做完。Not enough memory: it was not finished."
"""In both languages at once: to read the texts there is no memory either."""
COMMANDS = {
    "find": Command("locator.cli.places", "the nearest points to a place", brief=True),
    "geocode": Command("locator.cli.places", "where a text is", brief=True),
    "suggest": Command("locator.cli.places", "what a beginning may become", brief=True),
    "hours": Command("locator.cli.answers", "open, closed or unknown, by China's working calendar", brief=True),
    "calendar": Command("locator.cli.answers", "read a year's holiday notice of the State Council"),
    "guide": Command("locator.cli.answers", "steps, materials, where, by which rule", brief=True),
    "route": Command("locator.cli.answers", "the way to a point, step by step", brief=True),
    "links": Command("locator.cli.answers", "links into navigation apps", brief=True),
    "serve": Command("locator.cli.server", "open the page"),
    "import": Command("locator.cli.data", "bring offices into the layer", changes=True),
    "check": Command("locator.cli.data", "what is wrong in a file, a folder or the layer"),
    "export": Command("locator.cli.data", "write points to a file"),
    "info": Command("locator.cli.data", "what the layer holds"),
    "sources": Command("locator.cli.layer", "the sources of the layer"),
    "edit": Command("locator.cli.layer", "correct one office", changes=True),
    "same": Command("locator.cli.layer", "make two offices one, or keep them apart", changes=True),
    "remove": Command("locator.cli.layer", "take a source, or one office, out of the layer", changes=True),
    "undo": Command("locator.cli.layer", "undo the last change of the layer", changes=True),
    "reports": Command("locator.cli.layer", "what people reported: list, accept, reject", changes=True),
    "batch": Command("locator.cli.places", "a file of addresses in, the nearest points out"),
    "completion": Command("locator.cli.server", "completion of this command for bash, zsh or fish"),
}
"""Every command, in the order of ``locator --help``."""


_MISUSES = (
    (re.compile("the following arguments are required: (?P<what>.*)"), "usage_required"),
    (
        re.compile(r"argument (?P<name>\S+): invalid choice: '(?P<given>.*)' \(choose from (?P<choices>.*)\)"),
        "usage_choice",
    ),
    (re.compile("unrecognized arguments: (?P<what>.*)"), "usage_unknown"),
    (re.compile(r"argument (?P<name>\S+): expected .*"), "usage_value"),
    (re.compile(r"argument (?P<name>\S+): invalid \S+ value: '(?P<given>.*)'"), "usage_invalid"),
)
"""What argparse says of misuse, and our sentences for it; any other word of its is repeated as it is."""


class _Parser(argparse.ArgumentParser):
    """Misuse is one line on stderr and exit 2."""

    def error(self, message: str) -> NoReturn:
        for form, code in _MISUSES:
            if match := form.fullmatch(message):
                said = f"{message} (see: {self.prog} --help)"
                raise InvalidInput(said, code=code, prog=self.prog, **match.groupdict())
        raise InvalidInput(f"{message} (see: {self.prog} --help)", code="usage", fault=message, prog=self.prog)


def build_parser(*names: str) -> argparse.ArgumentParser:
    """Return the command's parser; the commands in ``names`` with their arguments, the others by name only."""
    parser = _Parser(prog="locator", description="Find where to collect, replace or activate a social security card.")
    parser.add_argument("--version", action="version", version=f"locator {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=command.help)
        if name in names:
            _add_common(subparser)
            _load(f"add_{name}", command)(subparser)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    from locator.i18n import LANGS

    parser.add_argument("--now", metavar="ISO", help="set the clock, e.g. 2026-11-23T10:00 (China's time)")
    parser.add_argument("--lang", choices=LANGS, help="language of the texts (default: LOCATOR_LANG, zh)")


def _load(function: str, command: Command) -> Callable[..., object]:
    found: Callable[..., object] = getattr(importlib.import_module(command.module), function)
    return found


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Without ``argv`` it is the command of this process, which ends with it.
    """
    if argv is None:
        argv = sys.argv[1:]
        if argv and argv[0] in COMMANDS and COMMANDS[argv[0]].brief:
            _leave_garbage()
        if argv and argv[0] in COMMANDS and COMMANDS[argv[0]].changes:
            _leave_pandas()
    try:
        with contextlib.suppress(AttributeError, ValueError):
            sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
            sys.stderr.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        code = _run(argv)
        sys.stdout.flush()
    except LocatorError as error:
        _complain(argv, error)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except MemoryError:
        print(NO_MEMORY, file=sys.stderr)
        return 1
    except Exception as error:  # a fault of ours is one line too; the trace is there for who asks
        if os.environ.get("LOCATOR_TRACE", "").lower() == "true":
            raise
        _complain(argv, error)
        return 1
    else:
        return code


def _leave_garbage() -> None:
    """Keep the garbage collector from walking over all that was imported, while the process runs and when it ends.

    That is a fifth of the time of a short command, and its memory goes back as a whole a moment later.
    """
    gc.disable()
    atexit.register(gc.freeze)


class _NoPandas:
    """Answers for pandas that it is not installed."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _leave_pandas() -> None:
    """Keep Arrow from loading pandas, as it does where that is installed: half a second, and no command asks for it."""
    import pyarrow as pa

    sys.meta_path.insert(0, _NoPandas)
    pa.scalar("")  # here it looks for pandas, once
    sys.meta_path.remove(_NoPandas)


def _run(argv: list[str]) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no command does linear algebra: its threads only cost a start
    args = build_parser(*argv[:1]).parse_args(argv)
    from locator.settings import load_settings, parse_moment

    settings = load_settings()
    if args.command is None:
        _welcome(settings)
        return 0
    args.lang = args.lang or settings.lang
    if args.now:
        settings = replace(settings, now=parse_moment(args.now))
    code = _load(f"run_{args.command}", COMMANDS[args.command])(args, settings)
    return code if isinstance(code, int) else 0


def _welcome(settings: Settings) -> None:
    """Say the three things that a newcomer wants, and where the rest is."""
    from locator.i18n import text

    print(text("cli.welcome", settings.lang).rstrip())


def _complain(argv: list[str], error: Exception) -> None:
    """Write an error as one line on stderr, in the language asked for."""
    from locator.i18n import explain, text

    try:
        lang = _language(argv)
        internal = f"{text('errors.internal', lang)} ({type(error).__name__})"
        said = _one_line(explain(error, lang) if isinstance(error, LocatorError) else internal)
    except MemoryError:
        said = NO_MEMORY
    print(said, file=sys.stderr)


def _language(argv: list[str]) -> str:
    """Return the language of the command line, else that of the settings, else English."""
    from locator.i18n import LANGS
    from locator.settings import load_settings

    for place, word in enumerate(argv):
        asked = word.removeprefix("--lang=") if word.startswith("--lang=") else "".join(argv[place + 1 : place + 2])
        if word.startswith("--lang") and asked in LANGS:
            return asked
    try:
        return load_settings().lang
    except LocatorError:
        return "en"


def _one_line(message: str) -> str:
    return "locator: " + " ".join("".join(c if c.isprintable() else " " for c in message).split())


# --- what several commands share


def add_choice(parser: argparse.ArgumentParser, flag: str, choices: type[StrEnum], **options: object) -> None:
    """Add an option whose values are the members of a StrEnum."""
    parser.add_argument(flag, choices=[str(choice) for choice in choices], **options)  # type: ignore[arg-type]


def add_position(parser: argparse.ArgumentParser) -> None:
    """Add ``--at LON,LAT --datum``."""
    from locator.datum import Datum

    parser.add_argument("--at", metavar="LON,LAT", help="a position instead of a text, longitude first")
    add_choice(parser, "--datum", Datum, default="wgs84", help="what --at is measured against (default: wgs84)")


def add_mode(parser: argparse.ArgumentParser, **options: object) -> None:
    """Add ``--mode``."""
    from locator.model import Mode

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
    from locator.i18n import text

    return text(f"cli.{code}", lang, **params)
