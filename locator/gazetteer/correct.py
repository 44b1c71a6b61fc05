"""Putting right one slip in a division's name: a homophone, a wrong, lost or swapped character."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from locator.gazetteer.divisions import is_within
from locator.gazetteer.pinyin import spell
from locator.gazetteer.places import Places
from locator.gazetteer.text import HAN

_ENDS = ("市", "区", "县", "省", "旗", "州", "盟", "镇", "乡", "道")
_LONGEST = 9


class Correction(NamedTuple):
    """A division that the head of a text nearly names."""

    code: str
    name: str
    length: int
    """How many characters of the text it takes the place of."""
    slips: int
    """0 for a homophone, 1 for a wrong, lost or swapped character."""


@lru_cache(4)
def _names_by_size(places: Places) -> dict[int, list[tuple[str, str]]]:
    """Return full names of provinces, cities and districts by their length, with their codes."""
    table = places.file.divisions
    sizes: dict[int, list[tuple[str, str]]] = {}
    for name, meant in table.names.items():
        for n in meant:
            if n.kind == "full" and len(n.code) == 6 and len(name) > 2 and HAN.match(name):
                sizes.setdefault(len(name), []).append((name, n.code))
    return sizes


def correct_head(places: Places, text: str, *, within: Sequence[str] = ()) -> list[Correction]:
    """Return the divisions that the head of a text names but for one slip, the likeliest first.

    Parameters
    ----------
    text
        A normalised text.
    within
        Codes that hold what may be meant; with a city or district given, its townships count too.
    """
    found: list[Correction] = []
    for end in range(2, min(len(text), _LONGEST) + 1):
        head = text[:end]
        whole = end == len(text)
        if not all(HAN.match(c) for c in head):
            break
        if head[-1] in _ENDS or whole:
            found += _homophones(places, head, within)
            if len(head) > 2:
                found += _one_slip(places, head, within)
    best: dict[str, Correction] = {}
    for correction in sorted(found, key=lambda c: (c.slips, -c.length)):
        best.setdefault(correction.code, correction)
    return [c for c in best.values() if c.slips == min(b.slips for b in best.values())]


def _homophones(places: Places, head: str, within: Sequence[str]) -> list[Correction]:
    key = "".join(spell(head))
    kinds = "('full')" if head[-1] in _ENDS else "('full', 'short')"
    rows = places.file.ask(f"SELECT code FROM division_latin WHERE key = ? AND kind IN {kinds}", (key,))  # noqa: S608
    codes = [str(row[0]) for row in rows]
    codes = [c for c in codes if any(is_within(c, outer) and c != outer for outer in within)] if within else codes
    codes = [c for c in codes if len(c) == 6 or within]
    names = [(c, places.division(c)) for c in codes]
    same = [Correction(c, d.name, len(head), 0) for c, d in names if d is not None]
    return [c for c in same if len(c.name) == len(head)] or [c for c in same if head[-1] not in _ENDS]


def _one_slip(places: Places, head: str, within: Sequence[str]) -> list[Correction]:
    from rapidfuzz.distance import OSA

    found: list[Correction] = []
    for size in (len(head), len(head) + 1):
        for name, code in _names_by_size(places).get(size, ()):
            if within and not any(is_within(code, outer) and code != outer for outer in within):
                continue
            if name[-1] == head[-1] and OSA.distance(head, name, score_cutoff=1) == 1:
                found.append(Correction(code, name, len(head), 1))
    return found
