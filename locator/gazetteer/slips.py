"""Every name under each text that it becomes when one character is left out.

A text that lost a character is found directly; one with a wrong or two swapped characters shares such a
text with the name that was meant.
"""

from __future__ import annotations

import sqlite3
from array import array
from itertools import batched
from zlib import crc32

import numpy as np

from locator.gazetteer.text import HAN, to_key

SHORTEST, LONGEST = 3, 20
"""Names of fewer characters are not told apart by one slip; longer ones are not typed to their end."""
_BATCH = 400_000


def variants(key: str) -> set[str]:
    """Return the texts that a name becomes when one character is left out."""
    return {key[:i] + key[i + 1 :] for i in range(len(key))}


def variant_number(variant: str) -> int:
    """Return the number under which a variant is kept; two may share one, so what is found is compared again."""
    return crc32(variant.encode()) - 2**31


def insert_slips(connection: sqlite3.Connection) -> None:
    """Keep every Han name of the index under its variants."""
    names = connection.execute("SELECT name, count(*), min(id) FROM place GROUP BY name")
    for batch in batched(names, _BATCH):
        columns = array("i"), array("i"), array("i")
        for name, places, number in batch:
            key = to_key(name)
            if SHORTEST <= len(key) <= LONGEST and HAN.match(key):
                numbers = [variant_number(variant) for variant in variants(key)]
                columns[0].extend(numbers)
                columns[1].extend([places] * len(numbers))
                columns[2].extend([number] * len(numbers))
        variant, places_of, ids = map(np.asarray, columns)
        order = np.lexsort((ids, -places_of, variant))
        rows = zip(*(column[order].tolist() for column in (variant, places_of, ids)), strict=True)
        connection.executemany("INSERT OR IGNORE INTO slip VALUES (?, ?, ?)", rows)
