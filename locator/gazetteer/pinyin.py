"""Pinyin: how a name is spelt, and how a run of letters splits into syllables."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

_TONES = {ord(mark): None for mark in "\u0300\u0301\u0304\u030c"}
_NO_SYLLABLES = frozenset(["m", "n", "ng", "hm", "hng", "r", "ê", "b", "p", "f", "t", "c", "g", "h", "w", "y"])
ENGLISH_WORDS = frozenset(
    {
        "district", "city", "province", "county", "town", "township", "subdistrict", "road", "rd",
        "street", "st", "avenue", "ave", "lane", "alley", "dist", "china", "prefecture",
        "autonomous", "region", "municipality", "no", "number", "the", "of", "prc",
    }
)  # fmt: skip
"""Words of an English address that name a kind, not a place."""


class Split(NamedTuple):
    """Syllables of a run of letters; ``open`` when the last may be cut short."""

    syllables: tuple[str, ...]
    open: bool


def _plain(reading: str) -> str:
    """Return a reading without its tone: lǜ -> lv."""
    marked = unicodedata.normalize("NFD", reading)
    return marked.translate(_TONES).replace("u\u0308", "v").replace("e\u0302", "ê")


@cache
def syllables() -> frozenset[str]:
    """Return every syllable of Mandarin without tones, ü as v."""
    from pypinyin.constants import PINYIN_DICT

    readings = {reading for line in set(PINYIN_DICT.values()) for reading in line.split(",")}
    found = {_plain(reading) for reading in readings}
    return frozenset(s for s in found - _NO_SYLLABLES if re.fullmatch("[a-z]+", s))


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(s[:i] for s in syllables() for i in range(1, len(s) + 1))


@cache
def _single_readings() -> dict[str, str]:
    """Return the characters that are read in one way only: nine names in ten need nothing more."""
    from pypinyin.constants import PINYIN_DICT

    table: dict[str, str] = {}
    for number, line in PINYIN_DICT.items():
        plain = {_plain(reading) for reading in line.split(",")}
        if len(plain) == 1:
            table[chr(number)] = plain.pop()
    return table


def spell(name: str) -> list[str]:
    """Return the syllables of a normalised name; Latin words and digits stay as they are."""
    table = _single_readings()
    out: list[str] = []
    for run in re.findall("[\u3400-\u9fff]+|[a-z0-9]+", name):
        if run[0] < "\u3400":
            out.append(run)
        elif all(c in table for c in run):
            out += [table[c] for c in run]
        else:
            out += _spell_phrase(run)
    return out


@lru_cache(65536)
def _spell_phrase(run: str) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin

    return tuple(s for s in lazy_pinyin(run, errors="ignore", v_to_u=False) if s)


@lru_cache(8192)
def split_pinyin(letters: str) -> Split | None:
    """Return the syllables of a run of letters, fewest first; None when it is no pinyin.

    ``lianh`` is ``lian`` and an open ``h``; initials such as ``sz`` are no pinyin.
    """
    known, n = syllables(), len(letters)
    best: list[tuple[str, ...] | None] = [None] * (n + 1)
    best[0] = ()
    for i in range(n):
        so_far = best[i]
        if so_far is None:
            continue
        for size in range(6, 0, -1):
            part = letters[i : i + size]
            if i + size <= n and part in known:
                longer = (*so_far, part)
                old = best[i + size]
                if old is None or len(longer) < len(old):
                    best[i + size] = longer
    whole = best[n]
    if whole:
        return Split(whole, open=False)
    for i in range(n - 1, -1, -1):
        head = best[i]
        if head and letters[i:] in _prefixes():
            return Split((*head, letters[i:]), open=True)
    return None


def warm() -> None:
    """Load the tables now, so that the first keystroke does not wait."""
    syllables()
    _prefixes()
    _single_readings()
    spell("重庆")
