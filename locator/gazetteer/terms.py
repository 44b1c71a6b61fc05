"""Expressions for the full-text index. Every word in them is Han, a letter or a digit: nothing to inject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from locator.gazetteer.divisions import city_stem
from locator.gazetteer.pinyin import split_pinyin, syllables

GENERIC = frozenset("路街道巷弄区市县镇乡村里")
"""Last characters that say what kind a name is; alone they narrow nothing."""
_INITIALS = re.compile("(?:zh|ch|sh|[a-z])")


def phrase(run: str) -> str:
    """Return the expression for a run of Han anywhere in a name."""
    if len(run) == 1:
        return f"zh : {run}*"
    return 'zh : "' + " ".join(run[i : i + 2] for i in range(len(run) - 1)) + '"'


def spelt(parts: Sequence[str], *, first: bool = False) -> str:
    """Return the expression for syllables in a row, the last perhaps cut short; ``first``: at the beginning."""
    return f'py : {"^ " if first else ""}"{" ".join(parts)}"*'


def area_filter(codes: Sequence[str]) -> str:
    """Return `` AND …`` that keeps to divisions, and to what is known only to lie in their city; or nothing."""
    terms: list[str] = []
    for code in codes[:12]:
        if code[2:] == "0000":
            terms.append(f"a{code[:2]}")
        elif code[4:6] == "00":
            terms.append(f"a{code[:4]}")
        else:
            terms += [f"a{code[:6]}", f"k{city_stem(code)}"]
    return f" AND ad : ({' OR '.join(dict.fromkeys(terms))})" if terms else ""


def with_one_slip(run: str, *, local: bool = False) -> str:
    """Return the expression for names with one character wrong, lost or swapped against a run; or nothing.

    ``local``: for a search within one city, where even 路 narrows enough.
    """
    size = len(run)
    found: list[str] = []
    for i in range(size - 1):
        found.append(phrase(run[:i] + run[i + 1] + run[i] + run[i + 2 :]))
    for i in range(size if size > 2 else 0):
        found.append(_beside(run[:i], run[i + 1 :], local=local))
    for i in range(1, size):
        found.append(_beside(run[:i], run[i:], local=local))
    return " OR ".join(dict.fromkeys(f for f in found if f))


def _beside(left: str, right: str, *, local: bool) -> str:
    pieces = [p for p in (left, right) if p and (local or p not in GENERIC)]
    if sum(map(len, pieces)) < 2:
        return ""
    return "(" + " AND ".join(map(phrase, pieces)) + ")"


class Letters(NamedTuple):
    """How a run of letters may be meant."""

    spelt: tuple[str, ...] | None
    """Syllables, the last perhaps cut short; None when it is no pinyin throughout."""
    initials: str
    """First letters, when each syllable may be written out or cut to its initial; or empty."""
    whole: tuple[str, ...]
    """The syllables of it that are written out."""


def read_letters(letters: str) -> Letters:
    """Return how a run of letters may be meant: lianhualu, lhl, lianhl, szft."""
    split = split_pinyin(letters)
    if split is not None:
        return Letters(split.syllables, letters if len(letters) <= 6 else "", ())
    initials, whole, i = "", [], 0
    while i < len(letters) and len(initials) < 12:
        size = next((n for n in range(6, 1, -1) if letters[i : i + n] in syllables()), 0)
        if size:
            whole.append(letters[i : i + size])
        else:
            match = _INITIALS.match(letters, i)
            size = match.end() - i if match else 1
        initials += letters[i]
        i += size
    return Letters(None, initials, tuple(whole))
