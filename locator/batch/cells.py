"""Cells that a spreadsheet opens as text, whatever they say."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def disarm(texts: pa.Array) -> pa.Array:
    """Put an apostrophe before cells that a spreadsheet would run as a formula, as ``shield`` does; numbers stay."""
    formula = pc.match_substring_regex(texts, r"^(?:[\s\p{Z}]*[=+\-@＝＋－＠]|[\t\r\n])")
    if not pc.any(formula).as_py():
        return texts
    number = pc.match_substring_regex(texts, r"^[+-]?[0-9]*\.?[0-9]+$")
    return pc.if_else(pc.and_not(formula, number), pc.binary_join_element_wise("'", texts, ""), texts)
