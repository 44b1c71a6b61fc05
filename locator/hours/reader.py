"""Hours as Chinese sources write them, turned into OpenStreetMap's language, or kept as a note.

It never guesses: a text with a word left over is a note, no weekday stated is a note, an appointment is
*unknown*, and so are days of which only words are said (``周三下午政治学习``). ``工作日`` means holidays off (and
make-up days on, as the clock does it). The table in ``tests/hours/phrasings.yaml`` says what is read how.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from locator.errors import InvalidInput
from locator.hours.expression import check_hours, parse
from locator.hours.reader_parse import HoursReader
from locator.hours.reader_rules import Unclear
from locator.hours.reader_tokens import EPIDEMIC, OSM_DAYS, choose_section, tidy_text, tokenise

MAX_TEXT = 600
"""Characters; a longer text is an article, and stays a note."""


class HoursText(NamedTuple):
    """What a text says."""

    expr: str | None
    """OSM ``opening_hours``, or None when the text does not say enough."""
    note: str | None
    """What the expression does not carry, in the source's words; all of it when ``expr`` is None."""


def read_hours_text(text: str | None, *, remarks: str | None = None) -> HoursText:
    """Return the hours of a Chinese text.

    Parameters
    ----------
    text
        What the source writes, e.g. ``周一至周五 9:00-12:00,13:30-17:00(法定节假日除外)``.
    remarks
        What is known about the text; hours of an epidemic's time are kept as a note.

    Returns
    -------
    HoursText
        ``expr`` is None, and ``note`` the whole text, when it cannot be read for certain.
    """
    if not text or not text.strip():
        return HoursText(None, None)
    whole = text.strip()
    if len(whole) > MAX_TEXT or EPIDEMIC.search(f"{whole} {remarks or ''}"):
        return HoursText(None, whole)
    try:
        chosen, left = choose_section(tokenise(tidy_text(whole)))
        expr, notes = HoursReader(chosen).read()
        parse(expr)
    except Unclear:
        return HoursText(None, whole)
    return HoursText(expr, "；".join([*notes, *left]) or None)


def read_hours(text: str) -> HoursText:
    """Return what somebody gave as opening hours, be it an expression or a source's Chinese words.

    Words that do not say enough (no weekday, say) are a note, and their state is unknown.

    Raises
    ------
    InvalidInput
        It is neither (code ``hours_syntax``).
    """
    try:
        return HoursText(check_hours(text), None)
    except InvalidInput:
        found = read_hours_text(text)
        if found.expr is None and not re.search(r"\d.*[\u4e00-\u9fff]|[\u4e00-\u9fff].*\d", text):
            raise
        return found


_DAY_NAMES = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_SHUT = re.compile(r"(?:休息?|不办公|不开放|不营业|不上班|闭馆|关闭|closed|off|shut|[-—–/×xX])", re.IGNORECASE)


def join_weekdays(cells: Mapping[int, str | None]) -> HoursText:
    """Return the hours of a table with a column for each weekday.

    Parameters
    ----------
    cells
        By weekday (0 is Monday, 7 public holidays) what the cell holds: times, a
        word for shut (``休息``, ``closed``, ``-``), or nothing, which says nothing: that day is unknown.

    Returns
    -------
    HoursText
        ``expr`` is None, and ``note`` all cells, when one of them cannot be read for certain.
    """
    said = {day: (cells.get(day) or "").strip() for day in range(8)}
    if not any(said.values()):
        return HoursText(None, None)
    rules, runs = list[str](), list[tuple[list[int], str]]()
    for day in range(7):
        if runs and runs[-1][1] == said[day]:
            runs[-1][0].append(day)
        else:
            runs.append(([day], said[day]))
    runs += [([7], said[7])] if said[7] else []
    for days, cell in runs:
        names = "-".join(dict.fromkeys([_OSM[days[0]], _OSM[days[-1]]]))
        found = read_hours_text(f"周一{cell}") if cell and not _SHUT.fullmatch(cell) else None
        if found is not None and (found.expr is None or len(parse(found.expr).rules) > 1 or found.expr[:3] != "Mo "):
            return HoursText(None, "；".join(f"{_CELL_NAMES[day]} {text}" for day, text in said.items() if text))
        told = found.expr.removeprefix("Mo ") if found is not None and found.expr else "off" if cell else "unknown"
        rules.append(f"{names} {told}")
    return HoursText(check_hours("; ".join(rules)), None)


_OSM = (*OSM_DAYS, "PH")
_CELL_NAMES = (*_DAY_NAMES, "节假日")
