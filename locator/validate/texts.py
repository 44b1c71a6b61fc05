"""What no text of a point may hold: control characters, mark-up, templates, formulas, novels."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

MAX_CHARACTERS: Mapping[str, int] = {
    "id": 80, "name": 200, "name_en": 200, "kind_source": 100, "province": 60, "city": 60, "district": 60,
    "township": 60, "address": 300, "phones": 600, "hours": 500, "hours_text": 1000, "hours_source": 500,
    "hours_date": 60, "services": 2000, "website": 500, "notes": 2000, "notes_en": 2000, "source": 200,
    "source_url": 1000, "licence": 200,
}  # fmt: skip
"""The longest text of each column, in characters; of any other column, :data:`MAX_OTHER`."""
MAX_OTHER = 200

_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_SPACES = re.compile(r"\s+")
# C0, DEL and C1 controls, bidirectional overrides and isolates, lone surrogates, non-characters
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile(
    r"<\s*[a-z!/?%]|&(?:#\d|#x[0-9a-f]|lt;|gt;|quot;)|\{\{|\}\}|\{%|%\}|\$\{|#\{|<%|javascript\s*:", re.IGNORECASE
)
_FORMULA = "=+-@\t\r＝＋－＠"
_MAY_START_SO = frozenset({"phones", "lon", "lat", "error_m"})
"""``+41 …`` is a telephone number and ``-3.7`` a longitude; exports shield them all the same."""
BLANK = frozenset({
    "", "-", "--", "—", "——", "/", "\\", "无", "暂无", "n/a", "N/A", "NULL", "null", "None", "nan", "NaN",
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#DIV/0!",
})  # fmt: skip
"""What people, and spreadsheets that cannot compute it, write into a cell that has nothing to say."""


def clean_text(value: str) -> str:
    """Return a text in the form it is stored in: NFC, no invisible characters, single blanks, ``""`` for none.

    Line breaks and tabs inside a cell become blanks; other control characters stay and are found by
    :func:`find_text_fault`.
    """
    if value.isascii() and value.isalnum():
        return "" if value in BLANK else value
    text = _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", value))).strip(" ")
    return "" if text in BLANK else text


_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)


def shield(text: str) -> str:
    """Return a cell that no spreadsheet runs: an apostrophe goes before what would start a formula.

    A plain number may start with its sign; :func:`unshield` takes the apostrophe away again.
    """
    first = text.lstrip()[:1]
    if (first and first in _FORMULA) or text[:1] in ("\t", "\r", "\n"):
        return text if _NUMBER.fullmatch(text) and text[0] == "-" else "'" + text
    return "'" + text if text.startswith("'") and shield(text[1:]) != text[1:] else text


def unshield(cell: str) -> str:
    """Return the text that :func:`shield` made a cell of."""
    return cell[1:] if cell.startswith("'") and shield(cell[1:]) == cell else cell


def find_text_fault(column: str, text: str) -> tuple[str, str] | None:
    """Return what is wrong with a text as (code, reason), or None.

    Parameters
    ----------
    column
        The layer's column, which says how long the text may be and what it may start with.
    text
        A cleaned text.
    """
    limit = MAX_CHARACTERS.get(column, MAX_OTHER)
    if len(text) > limit:
        return "too_long", f"{len(text)} characters; {column} may have {limit}"
    if text.isalnum():
        return None
    if _CONTROL.search(text):
        return "control_character", "holds a control character or a stray half of one"
    if _MARKUP.search(text):
        return "markup", "holds HTML or template text; expected plain text"
    if text[:1] in _FORMULA and column not in _MAY_START_SO:
        return "formula_start", f"starts with {text[0]!r}, which a spreadsheet would run as a formula"
    return None
