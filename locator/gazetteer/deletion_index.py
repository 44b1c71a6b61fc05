"""One slip in a name, found by the SymSpell way: every name is kept under what it becomes without each character.

A text that lost a character is found directly; one with a wrong character or two swapped ones shares such a
text with the name that was meant. The names of divisions are few enough to be compared one by one.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import batched
from time import thread_time
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from locator.adcode import is_inside
from locator.gazetteer.divisions import DivisionReading
from locator.gazetteer.text import HAN, spell, to_key

if TYPE_CHECKING:
    from locator.gazetteer.index import IndexFile
    from locator.gazetteer.places import PlaceIndex

SHORTEST, LONGEST = 3, 20
"""Names of fewer characters are not told apart by one slip; longer ones are not typed to their end."""
_BATCH = 100_000


def variant_number(key: str, at: int) -> int:
    """Return the number of what a name becomes without its character ``at``; two may share one."""
    return _number(key[:at] + key[at + 1 :], at)


def lost_numbers(typed: str) -> list[int]:
    """Return the numbers of the names that became ``typed`` by losing a character, or by swapping two."""
    lost = [_number(typed, at) for at in range(len(typed) + 1)]
    swapped = [_number(typed[:at] + typed[at + 1 :], at + 1) for at in range(len(typed) - 1)]
    return lost + swapped


def wrong_numbers(typed: str) -> list[int]:
    """Return the numbers of the names that have one other character than ``typed``."""
    return [variant_number(typed, at) for at in range(len(typed))]


def _number(variant: str, at: int) -> int:
    return crc32(f"{variant}{at}".encode()) - 2**31


def insert_variants(connection: sqlite3.Connection, *, since: int = 1) -> None:
    """Keep every Han name of the index under its variants.

    Parameters
    ----------
    since
        Only the names of places from this number on are new; those before are kept already.
    """
    names = connection.execute(
        "SELECT name, count(*), min(id) FROM place WHERE name IN (SELECT name FROM place WHERE id >= ?) GROUP BY name",
        (since,),
    )
    for batch in batched(names, _BATCH):
        _forget(connection, [(name, number) for name, _, number in batch if number < since])
        columns = array("i"), array("i"), array("i")
        for name, places, number in batch:
            key = to_key(name)
            if SHORTEST <= len(key) <= LONGEST and HAN.match(key):
                numbers = [variant_number(key, at) for at in range(len(key))]
                columns[0].extend(numbers)
                columns[1].extend([places] * len(numbers))
                columns[2].extend([number] * len(numbers))
        import numpy as np

        variant, places_of, ids = map(np.asarray, columns)
        order = np.lexsort((ids, -places_of, variant))
        for start in range(0, len(order), _BATCH):  # as lists, all of them would take ten times their memory
            some = order[start : start + _BATCH]
            rows = zip(*(column[some].tolist() for column in (variant, places_of, ids)), strict=True)
            connection.executemany("INSERT OR IGNORE INTO slip VALUES (?, ?, ?)", rows)


def _forget(connection: sqlite3.Connection, names: Iterable[tuple[str, int]]) -> None:
    """Take names out, which are kept with the number of places that had them before."""
    keys = [(to_key(name), number) for name, number in names]
    kept = [(variant_number(key, at), number) for key, number in keys for at in range(len(key))]
    connection.executemany("DELETE FROM slip WHERE variant = ? AND id = ?", kept)


_COUNTED = "SELECT count(*), min(p.id) FROM place_key k JOIN place p ON p.id = k.id WHERE k.key = ? AND p.name = ?"


def forget_variants(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Take the variants of names out, before places that carry them go."""
    counted = ((name, connection.execute(_COUNTED, (to_key(name), name)).fetchone()[1]) for name in names)
    _forget(connection, [(name, number) for name, number in counted if number is not None])


def restore_variants(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Keep names that other places still carry under their variants again, after some places have gone."""
    rows = []
    for name in names:
        key = to_key(name)
        places, number = connection.execute(_COUNTED, (key, name)).fetchone()
        if places and SHORTEST <= len(key) <= LONGEST and HAN.match(key):
            rows += [(variant_number(key, at), places, number) for at in range(len(key))]
    connection.executemany("INSERT OR IGNORE INTO slip VALUES (?, ?, ?)", rows)


def count_runs(connection: sqlite3.Connection, spelt: Iterable[str], each: int) -> None:
    """Count the runs of three letters of names in pinyin, in an index that has counted the others.

    Parameters
    ----------
    each
        1 for names that came, -1 for names that went.
    """
    runs = Counter(run for pinyin in spelt for run in {pinyin[i : i + 3] for i in range(len(pinyin) - 2)})
    connection.executemany(
        "INSERT INTO letter_count VALUES (?, ?) ON CONFLICT (term) DO UPDATE SET places = places + excluded.places",
        ((run, each * count) for run, count in runs.items()),
    )
    if each < 0:
        connection.execute("DELETE FROM letter_count WHERE places <= 0")


_RARE = 5
_EACH = 120
_LOOKED_AT = 1500


class Nearly(NamedTuple):
    """A name that a text is but for one slip."""

    name: str
    slip: int
    """0: a character was lost or two were swapped; 1: one is wrong."""
    places: int
    """How many places carry the name."""
    id: int
    """The most important of them."""


def nearly_named(file: IndexFile, typed: str) -> list[Nearly]:
    """Return the names that a text is but for one slip, the likeliest first: by the slip, then the commonest.

    A lost character comes before a wrong one: many texts lose a character to become what was typed, but
    only one wrong character out of thousands does it.
    """
    if not 2 <= len(typed) <= LONGEST:
        return []
    from rapidfuzz.distance import OSA  # only where a name is not found as it is written

    nearly: dict[str, Nearly] = {}
    for slip, numbers in enumerate((lost_numbers(typed), wrong_numbers(typed) if len(typed) >= SHORTEST else [])):
        found = file.ask(
            "SELECT p.name, s.places, s.id FROM slip s JOIN place p ON p.id = s.id "  # noqa: S608 - marks only
            f"WHERE s.variant IN ({', '.join('?' * len(numbers))}) LIMIT {_LOOKED_AT}",
            numbers,
        )
        for name, places, number in found:
            key = to_key(str(name))
            if key not in nearly and OSA.distance(key, typed, score_cutoff=1) == 1:
                nearly[key] = Nearly(key, slip, int(str(places)), int(str(number)))
    return sorted(nearly.values(), key=lambda n: (n.slip, -n.places, n.id))


def nearly_spelt(file: IndexFile, letters: str, deadline: float, *, keep: int = 80) -> list[int]:
    """Return the places that share the most rare threes of letters with a spelling.

    Parameters
    ----------
    letters
        Pinyin in one word.
    deadline
        ``thread_time`` seconds after which no further pair is looked up.
    """
    grams = dict.fromkeys(letters[i : i + 3] for i in range(len(letters) - 2))
    counts = {gram: count for gram in grams if gram.isalpha() and (count := file.trigram_frequency(gram))}
    rare = sorted(counts, key=counts.__getitem__)[:_RARE]
    if len(rare) == 1:
        return [
            int(str(r[0]))
            for r in file.ask("SELECT rowid FROM letters WHERE letters MATCH ? LIMIT 80", (f'"{rare[0]}"',))
        ]
    shared: Counter[int] = Counter()
    for i, one in enumerate(rare):
        for other in rare[i + 1 :]:
            if thread_time() > deadline:
                break
            rows = file.ask(
                "SELECT rowid FROM letters WHERE letters MATCH ? LIMIT ?", (f'"{one}" AND "{other}"', _EACH)
            )
            shared.update(int(str(row[0])) for row in rows)
    return [number for number, _ in shared.most_common(keep)]


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
def _names_by_size(places: PlaceIndex) -> dict[int, list[tuple[str, str]]]:
    """Return full names of provinces, cities and districts by their length, with their codes."""
    table = places.file.divisions
    sizes: dict[int, list[tuple[str, str]]] = {}
    for name, meant in table.names.items():
        for n in meant:
            if n.kind == "full" and len(n.code) == 6 and len(name) > 2 and HAN.match(name):
                sizes.setdefault(len(name), []).append((name, n.code))
    return sizes


def correct_head(places: PlaceIndex, text: str, *, within: Sequence[str] = ()) -> list[Correction]:
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


def correct_readings(places: PlaceIndex, text: str, *, within: Sequence[str] = ()) -> list[DivisionReading]:
    """Return how a text reads with one slip in its first division's name put right, and the names that follow it.

    A short name (兰洲) counts only before the full name of a district of that city.
    """
    table = places.file.divisions
    found: list[DivisionReading] = []
    for fix in correct_head(places, text, within=within):
        rest = text[fix.length :].strip()
        below = table.read_head(rest, within=(fix.code,))[0] if rest else None
        plain = DivisionReading((fix.code,), rest, 1.0, "full", fix.name, 1)
        found.append(below if below is not None and below.codes else plain)
    if found:
        return found
    for size in (2, 3):
        head = text[:size]
        for code in {c.code for c in _homophones(places, head, within)} if all(map(HAN.match, head)) else ():
            below = table.read_head(text[size:], within=(code,))[0]
            if below.kind == "full" and below.codes and code not in below.codes:
                found.append(below._replace(names=2))
    return found


def correct_below(places: PlaceIndex, rest: str, reading: DivisionReading) -> DivisionReading | None:
    """Return the reading with the one division below that the rest names but for one slip; None for none or several."""
    fixes = correct_head(places, rest, within=reading.codes) if len(reading.codes) == 1 else []
    if len(fixes) != 1:
        return None
    (fix,) = fixes
    behind = rest[fix.length :].strip()
    return DivisionReading((fix.code,), behind, reading.weight + 1.0, "full", fix.name, reading.names + 1)


def _homophones(places: PlaceIndex, head: str, within: Sequence[str]) -> list[Correction]:
    key = "".join(spell(head))
    kinds = "('full')" if head[-1] in _ENDS else "('full', 'short')"
    rows = places.file.ask(f"SELECT code FROM division_latin WHERE key = ? AND kind IN {kinds}", (key,))  # noqa: S608
    codes = [str(row[0]) for row in rows]
    codes = [c for c in codes if any(is_inside(c, outer) and c != outer for outer in within)] if within else codes
    codes = [c for c in codes if len(c) == 6 or (within and head[-1] in _ENDS)]
    names = [(c, places.division(c)) for c in codes]
    same = [Correction(c, d.name, len(head), 0) for c, d in names if d is not None]
    return [c for c in same if len(c.name) == len(head)] or [c for c in same if head[-1] not in _ENDS]


def _one_slip(places: PlaceIndex, head: str, within: Sequence[str]) -> list[Correction]:
    from rapidfuzz.distance import OSA

    found: list[Correction] = []
    if any(n.kind == "full" and len(n.code) == 6 for n in places.file.divisions.names.get(head)):
        return found  # no slip, but a division elsewhere: 南山区 is never meant to be 房山区
    for size in (len(head), len(head) + 1):
        for name, code in _names_by_size(places).get(size, ()):
            if within and not any(is_inside(code, outer) and code != outer for outer in within):
                continue
            if name[-1] == head[-1] and OSA.distance(head, name, score_cutoff=1) == 1:
                found.append(Correction(code, name, len(head), 1))
    return found
