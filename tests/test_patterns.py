"""No pattern of the program can be made slow: each is tried on adversarial text of doubling length.

The patterns are found by walking the package: the compiled ones that a module or class holds, and every text
literal given to ``re`` inside a function, so that a new one is covered the day it is written.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import pkgutil
import re
import time
from pathlib import Path

import pytest

import locator
from locator.errors import LocatorError

LONGEST = 100_000
ALLOWED = 2.5
"""How many times the processor time of half the text a text may take."""
CALM_S = 0.05
"""Below this a time says nothing on a busy machine."""
BOUNDS = {
    "locator.gazetteer": 400, "gazetteer/": 400,
    "locator.geocode.coordinates": 80, "locator.geocode.records": 480, "geocode/providers/osm": 120,
    "locator.hours": 2000, "hours/": 2000,
    "locator.routing.tiles": 1000, "search/same_office": 300,
    "locator.ingest.headers": 200, "ingest/headers": 200,
    "locator.ingest.services": 200, "locator.ingest.positions": 200, "ingest/positions": 200,
}  # fmt: skip
"""Where no longer text reaches the patterns of a module (``test_no_text_is_too_long_for_its_reader`` shows it): the
characters to which they are tried. Every other pattern is tried to :data:`LONGEST`."""
AT_BOUND_S = 0.25
TRUSTED = ("web/streamlit_patches", "locator.web.streamlit_patches")
"""Patterns over the document that Streamlit itself ships: no stranger writes it."""
ROOT = Path(locator.__file__).parent
METHODS = {"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer", "compile"}


def find_patterns() -> dict[str, re.Pattern]:
    """Return every pattern of text in the package by the place where it stands; one that stands twice once."""
    found: dict[tuple[str, int], tuple[str, re.Pattern]] = {}

    def add(where: str, pattern: re.Pattern) -> None:
        if isinstance(pattern.pattern, str):
            found.setdefault((pattern.pattern, pattern.flags), (where, pattern))

    for module in pkgutil.walk_packages(locator.__path__, "locator."):
        if module.name.endswith("__main__") or ".shipped" in module.name:
            continue
        loaded = importlib.import_module(module.name)
        holders = [loaded, *(held for held in vars(loaded).values() if inspect.isclass(held))]
        for holder in holders:
            for name, value in list(vars(holder).items()):
                several = (
                    value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
                )
                for one in (value, *several):
                    for inner in one if isinstance(one, tuple) else (one,):
                        if isinstance(inner, re.Pattern):
                            add(f"{module.name}.{name}", inner)
        for where, text in read_literals(Path(inspect.getsourcefile(loaded))):
            add(where, re.compile(text))
    return {f"{where}: {pattern.pattern[:60]}": pattern for where, pattern in found.values()}


def read_literals(path: Path) -> list[tuple[str, str]]:
    """Return the patterns written as plain text in calls of ``re``."""
    literals = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in METHODS:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                literals.append((f"{path.relative_to(ROOT)}:{node.lineno}", first.value))
    return literals


PATTERNS = find_patterns()


def literals_of(pattern: re.Pattern) -> list[str]:
    """Return words and single characters that a pattern looks for, out of its own parse tree."""
    from re import _constants, _parser

    words: list[str] = []

    def walk(items) -> None:  # noqa: PLR0912 - one branch for each kind of node
        run = ""
        for kind, value in items:
            if kind is _constants.LITERAL:
                run += chr(value)
                continue
            words.append(run)
            run = ""
            if kind is _constants.IN:
                for inner, held in value:
                    if inner is _constants.LITERAL:
                        words.append(chr(held))
                    elif inner is _constants.RANGE:
                        words.append(chr(held[0]))
                    elif inner is _constants.CATEGORY:
                        words.append({"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(str(held), "a"))
            elif kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
                walk(value[2])
            elif kind is _constants.SUBPATTERN:
                walk(value[-1])
            elif kind is _constants.ATOMIC_GROUP:
                walk(value)
            elif kind is _constants.BRANCH:
                for branch in value[1]:
                    walk(branch)
            elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
                walk(value[1])
            elif kind is _constants.GROUPREF_EXISTS:
                for branch in value[1:]:
                    walk(branch or ())
        words.append(run)

    walk(_parser.parse(pattern.pattern, pattern.flags))
    return [word for word in dict.fromkeys(words) if word]


def adversarial(pattern: re.Pattern) -> list[str]:
    """Return what is repeated for a pattern: its own words, alone and in pairs, and usual suspects."""
    words = literals_of(pattern)
    pairs = [one + other for one in words[:3] for other in words[:3] if one != other]
    return list(dict.fromkeys([*words[:8], *pairs, " ", "1", "a", "路", "1.", "("]))


def measure(pattern: re.Pattern, text: str) -> float:
    """Return the processor time of the two ways in which patterns are used."""
    start = time.thread_time()
    pattern.search(text)
    pattern.match(text)
    return time.thread_time() - start


def slow_text(pattern: re.Pattern, bound: int = LONGEST) -> str | None:
    """Return what makes a pattern slow, or None: first short texts, in which a power of two shows, then long ones."""
    lengths = (8, 12, 16, 20, 22, 24, 26, 80, 300, 1500, 12_500, LONGEST)
    for unit in adversarial(pattern):
        for length in (*(one for one in lengths if one < bound), bound):
            text = (unit * (length // len(unit) + 1))[:length] + "\0"
            spent = measure(pattern, text)
            if spent > (0.2 if length < LONGEST else 2.0):
                return f"{unit!r} x {length}: {spent:.2f} s"
        if bound < LONGEST and min(spent, measure(pattern, text), measure(pattern, text)) > AT_BOUND_S:
            return f"{unit!r} x {bound}: {spent * 1000:.0f} ms"
        if bound == LONGEST and spent > CALM_S:
            half = text[: LONGEST // 2] + "\0"
            ratio = min(measure(pattern, text) / max(measure(pattern, half), 1e-6) for _ in range(3))
            if ratio > ALLOWED:
                return f"{unit!r} x {LONGEST}: {spent * 1000:.0f} ms, {ratio:.1f} times that of half of it"
    return None


def test_the_walk_finds_the_patterns():
    assert len(PATTERNS) > 80
    assert any("sources" in where or "ingest" in where for where in PATTERNS)


@pytest.mark.parametrize("pattern", ["(a+)+$", r"\s+$", r"(\d+)*x", "<[^>]*<[^>]*>x", r"(?:a|b)*(?:a|c)*d"])
def test_a_slow_pattern_is_found(pattern):
    assert slow_text(re.compile(pattern)) is not None


@pytest.mark.parametrize("where", sorted(where for where in PATTERNS if not where.startswith(TRUSTED)))
def test_no_pattern_takes_more_than_its_share_for_twice_the_text(where):
    bound = next((most for beginning, most in BOUNDS.items() if where.startswith(beginning)), LONGEST)
    assert slow_text(PATTERNS[where], bound) is None


def read_all(locator_: object, text: str) -> None:
    """Give a text to everything that reads what a stranger typed or put into a file."""
    from locator.gazetteer import address
    from locator.geocode.coordinates import read_pair
    from locator.geocode.providers.osm import to_queries
    from locator.geocode.records import clean_text
    from locator.hours.expression import check_hours, tidy_expression
    from locator.hours.reader import read_hours_text
    from locator.ingest.headers import _TESTS
    from locator.ingest.positions import split_pair

    engines = locator_.engines
    readers = [
        engines.gazetteer.resolve, engines.gazetteer.suggest, engines.gazetteer.regions, read_pair, clean_text, to_queries,
        read_hours_text, check_hours, tidy_expression, *_TESTS.values(), lambda said: split_pair(said, lat_first=True),
    ]  # fmt: skip
    assert address
    for reader in readers:
        start = time.thread_time()
        with contextlib.suppress(LocatorError):
            reader(text)
        spent = time.thread_time() - start
        assert spent < 2.0, (getattr(reader, "__qualname__", reader), text[:10], spent)


@pytest.mark.parametrize(
    "unit", [" ", "1", "1.", "a", "路", "1号", "Mo ", "09:00-", "附近", "(", "，", "一", "县", "PH,", "-", "社区1"]
)
def test_no_text_is_too_long_for_its_reader(unit, locator):
    read_all(locator, (unit * LONGEST)[:LONGEST])
