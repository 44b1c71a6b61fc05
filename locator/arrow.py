"""Arrow columns as NumPy arrays and back, by their buffers.

Arrow's own ``to_numpy`` and ``pa.array`` import pandas where it is installed, to see whether they were
given something of pandas: half a second that nobody who loads a layer needs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def to_numpy(column: pa.Array | pa.ChunkedArray, *, blank: float = np.nan) -> NDArray[Any]:
    """Return a column of numbers or truth values as an array of its own type, to be read only.

    Parameters
    ----------
    column
        Of a fixed width: numbers, truth values, or null throughout (then float64).
    blank
        What stands where a column of numbers is null; a truth value that is null is False.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_null(array.type):
        return np.full(len(array), blank, float)
    valid, content = array.buffers()
    if pa.types.is_boolean(array.type):
        values = _bits(content, array)
        return values & _bits(valid, array) if array.null_count else values
    values = np.frombuffer(content or b"", array.type.to_pandas_dtype())[array.offset :][: len(array)]
    return values if not array.null_count else np.where(_bits(valid, array), values, blank).astype(values.dtype)


def is_known(column: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return which rows of a column are not null."""
    return np.asarray(to_numpy(column.is_valid()), bool)


def to_arrow(values: NDArray[Any]) -> pa.Array:
    """Return an array of numbers or truth values as a column without nulls."""
    flat = np.packbits(values, bitorder="little") if values.dtype == bool else np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(flat)])


def _bits(content: pa.Buffer | None, array: pa.Array) -> NDArray[np.bool_]:
    bits = np.frombuffer(content or b"", np.uint8)
    return np.unpackbits(bits, bitorder="little")[array.offset :][: len(array)].astype(bool)
