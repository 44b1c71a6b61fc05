"""Every name under each text that it becomes when one character is left out, with the place of that character.

A text that lost a character is found directly; one with a wrong character or two swapped ones shares such a
text with the name that was meant.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable
from itertools import batched
from zlib import crc32

import numpy as np

from locator.gazetteer.text import HAN, to_key

SHORTEST, LONGEST = 3, 20
"""Names of fewer characters are not told apart by one slip; longer ones are not typed to their end."""
_BATCH = 400_000


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


def insert_slips(connection: sqlite3.Connection, *, since: int = 1) -> None:
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
        variant, places_of, ids = map(np.asarray, columns)
        order = np.lexsort((ids, -places_of, variant))
        rows = zip(*(column[order].tolist() for column in (variant, places_of, ids)), strict=True)
        connection.executemany("INSERT OR IGNORE INTO slip VALUES (?, ?, ?)", rows)


def _forget(connection: sqlite3.Connection, names: Iterable[tuple[str, int]]) -> None:
    """Take names out, which are kept with the number of places that had them before."""
    keys = [(to_key(name), number) for name, number in names]
    kept = [(variant_number(key, at), number) for key, number in keys for at in range(len(key))]
    connection.executemany("DELETE FROM slip WHERE variant = ? AND id = ?", kept)
