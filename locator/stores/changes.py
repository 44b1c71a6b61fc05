"""What a source's new points change against its old ones: the same count for every store."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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
    unchanged = changed = 0
    if old is not None and len(old):
        before, after = old.table.cast(SCHEMA), new.table.cast(SCHEMA)
        places = pc.index_in(after.column("id"), value_set=before.column("id"))
        same = _same_rows(before.take(places.drop_null()), after.filter(places.is_valid()))
        unchanged, changed = int(same.sum()), len(same) - int(same.sum())
    vanished = 0 if partial else len(kept) - len(new)
    return Summary(
        kept=len(new), added=len(new) - unchanged - changed, changed=changed, unchanged=unchanged, vanished=vanished
    )


def _same_rows(one: pa.Table, other: pa.Table) -> NDArray[np.bool_]:
    """Return which rows of two tables are the same, two nulls being the same."""
    same = np.ones(one.num_rows, bool)
    for name in SCHEMA.names:
        a, b = one.column(name), other.column(name)
        equal = pc.or_(pc.fill_null(pc.equal(a, b), False), pc.and_(a.is_null(), b.is_null()))
        same &= np.asarray(equal.to_numpy(), bool)
    return same


def is_same(one: Layer, other: Layer) -> bool:
    """Tell whether two layers hold the same rows in the same order."""
    return len(one) == len(other) and bool(one.table.cast(SCHEMA).equals(other.table.cast(SCHEMA)))


def count_listed(layer: Layer) -> int:
    """Return how many points of a layer have not vanished."""
    status, words = layer.codes("status")
    return int((status != words.index(VANISHED)).sum()) if VANISHED in words else len(layer)
