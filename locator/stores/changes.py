"""What a source's new points change against its old ones: the same count for every store."""

from __future__ import annotations

from locator.layer import SCHEMA, Layer
from locator.merge import VANISHED
from locator.stores import Summary


def count_changes(old: Layer | None, new: Layer, kept: Layer, *, partial: bool) -> Summary:
    """Return how many of a source's points are new, changed, as they were, or gone.

    Parameters
    ----------
    old
        What the source gave before, None the first time.
    new
        What it gives now.
    kept
        What the store will hold of it: ``new`` and what vanished.
    """
    before = {point.id: point for point in old.points()} if old is not None else {}
    unchanged = changed = 0
    for point in new.points() if before else ():
        if point.id in before:
            same = before[point.id] == point
            unchanged, changed = unchanged + same, changed + (not same)
    vanished = 0 if partial else len(kept) - len(new)
    return Summary(
        kept=len(new), added=len(new) - unchanged - changed, changed=changed, unchanged=unchanged, vanished=vanished
    )


def is_same(one: Layer, other: Layer) -> bool:
    """Tell whether two layers hold the same rows in the same order."""
    return len(one) == len(other) and bool(one.table.cast(SCHEMA).equals(other.table.cast(SCHEMA)))


def count_listed(layer: Layer) -> int:
    """Return how many points of a layer have not vanished."""
    status, words = layer.codes("status")
    return int((status != words.index(VANISHED)).sum()) if VANISHED in words else len(layer)
