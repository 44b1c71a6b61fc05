"""One spelling for every way to type a text: half width, simplified, lower case, no accents, no signs."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

MAX_TEXT = 200
"""Characters of a typed text that are looked at; no address is longer."""
MAX_NAME = 120
"""Characters of a place's name that are kept: with the divisions around it, it can still be typed."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
RUNS = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]+|[a-z0-9]+")
_ONLY_HAN = re.compile("[\u4e00-\u9fff]+")
_DASHES = re.compile("[\u2010-\u2015\u2212\u3161_~～]")
_LOOSE_DASH = re.compile("[-/](?![0-9a-z])")
_SIGNS = re.compile(r"[^\w\-/]+", re.UNICODE)
_COMMAS = re.compile("[,;，。、；|]+")


@cache
def simplified() -> dict[int, str]:
    """Return the table from traditional to simplified characters (OpenCC's, one character to one)."""
    from importlib.util import find_spec

    spec = find_spec("opencc")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "dictionary" / "TSCharacters.txt"
    pairs = (line.split("\t") for line in path.read_text("utf-8").splitlines() if "\t" in line)
    table = {ord(old): new.split(" ")[0] for old, new in pairs if len(old) == 1}
    return {old: new for old, new in table.items() if len(new) == 1}


@cache
def _traditional() -> frozenset[str]:
    return frozenset(map(chr, simplified()))


def simplify(text: str) -> str:
    """Return a text in simplified characters."""
    return text if _traditional().isdisjoint(text) else text.translate(simplified())


def fold(text: str) -> str:
    """Return a text in half width, simplified, lower case and without accents; signs are kept."""
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        text = simplify(text)
        if not HAN.search(text) or any("\u00c0" <= c <= "\u024f" for c in text):
            text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _DASHES.sub("-", text.casefold())


def normalise(text: str) -> str:
    """Return what is compared: folded, every sign but ``-`` and ``/`` a single space, at most 200 characters.

    Anything may be passed; what is no text at all (signs, emoji, control characters) comes back empty.
    """
    text = _LOOSE_DASH.sub(" ", _SIGNS.sub(" ", fold(text[:MAX_TEXT])))
    return " ".join(text.replace("_", " ").split())[:MAX_TEXT].rstrip()


@lru_cache(32768)
def to_key(text: str) -> str:
    """Return a name as it is stored for exact comparison: normalised, without spaces between Han."""
    if len(text) <= MAX_TEXT and _ONLY_HAN.fullmatch(text):
        return simplify(text)
    text = normalise(text)
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)


def clean_name(text: str) -> str:
    """Return a name of another's data as it is shown: one line, nothing unseen, as long as a text may be.

    Control characters, and those that turn the direction of everything after them (U+202E), are taken out: a
    terminal or a sentence would obey them. What a name means to a template, a browser or a spreadsheet is kept:
    those who write it there escape it.
    """
    if not text.isprintable():
        text = "".join(c for c in " ".join(text.split()) if unicodedata.category(c) not in _UNSEEN)
    return text.strip()[:MAX_NAME].rstrip()


def split_parts(text: str) -> list[str]:
    """Return the parts of a text between its commas, each normalised; empty ones dropped."""
    parts = (normalise(part) for part in _COMMAS.split(fold(text[:MAX_TEXT])))
    return [part for part in parts if part]


def runs(text: str) -> list[str]:
    """Return the runs of Han and of Latin letters or digits in a normalised text."""
    return RUNS.findall(text)


def to_bigrams(text: str) -> str:
    """Return the index terms of a normalised text: pairs of Han and each run's last one, Latin words whole."""
    if _ONLY_HAN.fullmatch(text):
        return " ".join([text[i : i + 2] for i in range(len(text))])
    terms: list[str] = []
    for run in runs(text):
        if HAN.match(run):
            terms += [run[i : i + 2] for i in range(len(run))]
        else:
            terms.append(run)
    return " ".join(terms)
