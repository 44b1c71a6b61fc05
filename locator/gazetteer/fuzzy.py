"""Places whose name or pinyin nearly is what was typed: 莲路, shenzen, lianhualv."""

from __future__ import annotations

from collections import Counter
from time import thread_time
from typing import NamedTuple

from rapidfuzz.distance import OSA

from locator.gazetteer.files import IndexFile
from locator.gazetteer.slips import LONGEST, SHORTEST, lost_numbers, wrong_numbers
from locator.gazetteer.text import to_key

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
