"""Places whose pinyin nearly is what was typed: shenzen, lianhualv."""

from __future__ import annotations

from collections import Counter
from time import thread_time

from locator.gazetteer.files import IndexFile

_RARE = 5
_EACH = 120


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
