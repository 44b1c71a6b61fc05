"""Columns of texts as small numbers, so that a hundred thousand offices cost as much as their distinct hours."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
from numpy.typing import NDArray

type Coded = tuple[NDArray[np.int32], list[str | None]]
"""Numbers and the texts they stand for."""
type Column = Sequence[str | None] | Coded
"""Texts one for each office, or as :meth:`locator.layer.Layer.codes` returns them (-1 for null)."""


def factorize(values: Column) -> Coded:
    """Return a column as numbers from 0 and their texts, of which None is one when something is null."""
    if isinstance(values, tuple) and len(values) == 2 and isinstance(values[0], np.ndarray):
        codes, texts = values
        with_null: list[str | None] = [*texts, None]
        return np.where(codes < 0, len(texts), codes).astype(np.int32), with_null
    index = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(index.__getitem__, values), np.int32, len(values)), list(index)


def combine(columns: Sequence[Coded]) -> NDArray[np.int32]:
    """Return one number for each distinct row of several columns; :func:`take_apart` undoes it."""
    key = columns[0][0]
    for codes, texts in columns[1:]:
        if len(texts) > 1:
            key = key * len(texts) + codes
    return key


def take_apart(key: int, columns: Sequence[Coded]) -> list[str | None]:
    """Return the texts of a row from its number."""
    row = list[str | None]()
    for _, texts in reversed(columns[1:]):
        key, code = divmod(key, len(texts))
        row.append(texts[code])
    return [columns[0][1][key], *reversed(row)]


def rows_of(ids: Sequence[str | None] | None, wanted: Container[str]) -> list[int]:
    """Return the rows whose id is wanted."""
    return [] if ids is None or not wanted else [row for row, value in enumerate(ids) if value in wanted]
