"""CSV that opens right in a spreadsheet and comes back the same: UTF-8 with a mark, no cell a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from locator.validate.texts import shield

MARK = "\ufeff"
"""What tells Excel that a file is UTF-8."""


def to_cell(value: object) -> str:
    """Return a value as a cell: empty for None, ``yes`` and ``no``, numbers in full, text shielded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value) if value != int(value) else str(int(value))
    return shield(str(value))


def to_csv_text(header: Sequence[str], rows: Iterable[Iterable[object]], *, mark: bool = True) -> str:
    """Return a table as the text of a CSV file.

    Parameters
    ----------
    header
        The columns' names.
    rows
        Values in the header's order.
    mark
        Put the byte order mark first, without which Excel reads Chinese as noise.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([shield(name) for name in header])
    writer.writerows([to_cell(value) for value in row] for row in rows)
    return (MARK if mark else "") + out.getvalue()
