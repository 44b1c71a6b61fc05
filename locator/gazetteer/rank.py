"""How well a name answers what was typed."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from locator.gazetteer.files import Row
from locator.gazetteer.names import short_name

KIND_BONUS = {"province": 8.0, "city": 7.0, "district": 6.0, "township": 3.0, "station": 1.0}
LOCAL_BONUS = 12.0
_short = lru_cache(8192)(short_name)
_KIND_SYLLABLES = ("shi", "qu", "xian", "sheng", "zhen", "xiang", "jiedao")


def score_han(row: Row, *, typed: str, stems: tuple[str, ...], letters: str = "") -> float:
    """Return how well a place answers Han that were typed; 100 and more for the very name.

    Parameters
    ----------
    typed
        The Han typed, normalised.
    letters
        Their pinyin in one word, when homophones count; else empty.
    stems
        What the codes of the chosen divisions start with (:func:`locator.gazetteer.divisions.stem_of`).
    """
    name = row.name
    if typed == name or (row.kind in KIND_BONUS and typed == _short(name)):
        score = 100.0
    elif name.startswith(typed):
        score = 90.0 - 0.6 * (len(name) - len(typed))
    elif typed in name:
        score = 78.0 - 0.6 * (len(name) - len(typed))
    else:
        size = len(typed)
        near = max(OSA.normalized_similarity(typed, name[:n]) for n in (size - 1, size, size + 1, len(name)) if n > 0)
        score = 85.0 * near - 0.5 * abs(len(name) - size) + (3.0 if sorted(typed) == sorted(name) else 0.0)
        if letters and letters == row.pinyin[: len(letters)]:
            score = max(score, 84.0 - 0.3 * (len(row.pinyin) - len(letters)))
    return score + bonus(row, stems)


def score_letters(row: Row, typed: str, stems: tuple[str, ...]) -> float:
    """Return how well a place answers letters that were typed in one word."""
    letters = row.pinyin or row.name.casefold()
    base = letters
    if row.kind in KIND_BONUS:
        for ending in _KIND_SYLLABLES:
            if letters.endswith(ending) and len(letters) > len(ending) + 2:
                base = letters.removesuffix(ending)
                break
    if typed in {letters, base}:
        score = 100.0
    elif letters.startswith(typed):
        score = 90.0 - 0.4 * (len(letters) - len(typed))
    elif typed in letters:
        score = 70.0 - 0.4 * (len(letters) - len(typed))
    else:
        score = 0.9 * max(fuzz.ratio(typed, letters), fuzz.ratio(typed, base))
    return score + bonus(row, stems)


def score_initials(row: Row, typed: str, stems: tuple[str, ...]) -> float:
    """Return how well a place answers first letters; ``typed`` has one for each syllable."""
    size = len(_short(row.name)) if row.kind in KIND_BONUS else len(row.name)
    whole = len(typed) in {size, len(row.name)}
    return (88.0 if whole else 74.0) - 0.6 * abs(len(row.name) - len(typed)) + bonus(row, stems)


def is_local(row: Row, stems: tuple[str, ...]) -> bool:
    """Tell whether a place lies in the chosen divisions."""
    return bool(stems) and row.code is not None and row.code.startswith(stems)


def bonus(row: Row, stems: tuple[str, ...]) -> float:
    """Return what a place's kind and a position in the chosen divisions add to any score."""
    return KIND_BONUS.get(row.kind, 0.0) + (LOCAL_BONUS if is_local(row, stems) else 0.0)
