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
_PLACE_WORDS = {
    "朝阳": "chao yang", "漯河": "luo he", "民乐县": "min le xian", "繁峙": "fan shi", "单县": "shan xian",
    "筠连": "jun lian", "六合区": "lu he qu", "什邡": "shi fang", "万柏林": "wan bai lin", "宕昌": "tan chang",
}  # fmt: skip
"""Words that read otherwise in place names than pypinyin has them."""


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
def _readings() -> dict[str, str]:
    """Return the usual reading of every character."""
    from pypinyin.constants import PINYIN_DICT

    plain: dict[str, str] = {}
    table: dict[str, str] = {}
    for number, line in PINYIN_DICT.items():
        first = line.partition(",")[0]
        if first not in plain:
            plain[first] = _plain(first)
        table[chr(number)] = plain[first]
    return table


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    """Return the words in which some character is read otherwise: 重庆, 长子, 大厦."""
    from pypinyin.constants import PHRASES_DICT

    usual = _readings()
    plain: dict[str, str] = {}
    found: dict[str, tuple[str, ...]] = {}
    for phrase, readings in PHRASES_DICT.items():
        syllables_of = []
        for choices in readings:
            reading = choices[0]
            if reading not in plain:
                plain[reading] = _plain(reading)
            syllables_of.append(plain[reading])
        if len(syllables_of) == len(phrase) and any(
            usual.get(c) != s for c, s in zip(phrase, syllables_of, strict=True)
        ):
            found[phrase] = tuple(syllables_of)
    return found | {word: tuple(spelling.split(" ")) for word, spelling in _PLACE_WORDS.items()}


@cache
def _phrase_heads() -> dict[str, int]:
    """Return the longest word of :func:`_phrases` by its first character."""
    heads: dict[str, int] = {}
    for phrase in _phrases():
        heads[phrase[0]] = max(heads.get(phrase[0], 0), min(len(phrase), 6))
    return heads


def spell(name: str) -> list[str]:
    """Return the syllables of a normalised name; Latin words and digits stay as they are."""
    out: list[str] = []
    for run in re.findall("[\u3400-\u9fff]+|[a-z0-9]+", name):
        if run[0] < "\u3400":
            out.append(run)
        else:
            out += _spell_run(run)
    return out


def _spell_run(run: str) -> list[str]:
    usual, phrases, heads = _readings(), _phrases(), _phrase_heads()
    out: list[str] = []
    i = 0
    while i < len(run):
        for size in range(min(heads.get(run[i], 0), len(run) - i), 1, -1):
            syllables_of = phrases.get(run[i : i + size])
            if syllables_of is not None:
                out += syllables_of
                i += size
                break
        else:
            if run[i] in usual:
                out.append(usual[run[i]])
            i += 1
    return out


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
    spell("重庆")
