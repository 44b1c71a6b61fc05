"""China's working calendar 2019-2026, independent of chinesecalendar.

The days the State Council's notices declare off and the weekend days they declare workdays, read from
holiday-cn (MIT, NateScarlet) on 2026-11-22; ``../shared/data/eval/cn_days_2019_2026.csv`` is the same
list day by day with the notices' addresses. A weekend beside a one-day holiday is no declared day off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

YEARS = {
    2019: ("0101 0204-0210 0405 0501-0504 0607 0913 1001-1007", "0202 0203 0428 0505 0929 1012"),
    2020: ("0101 0124-0202 0404-0406 0501-0505 0625-0627 1001-1008", "0119 0203 0426 0509 0628 0927 1010"),
    2021: (
        "0101-0103 0211-0217 0403-0405 0501-0505 0612-0614 0919-0921 1001-1007",
        "0207 0220 0425 0508 0918 0926 1009",
    ),
    2022: (
        "0101-0103 0131-0206 0403-0405 0430-0504 0603-0605 0910-0912 1001-1007 1231",
        "0129 0130 0402 0424 0507 1008 1009",
    ),
    2023: ("0101-0102 0121-0127 0405 0429-0503 0622-0624 0929-1006", "0128 0129 0423 0506 0625 1007 1008"),
    2024: ("0101 0210-0217 0404-0406 0501-0505 0610 0915-0917 1001-1007", "0204 0218 0407 0428 0511 0914 0929 1012"),
    2025: ("0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008", "0126 0208 0427 0928 1011"),
    2026: ("0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007", "0104 0214 0228 0509 0920 1010"),
}
PARTIAL = ((3, 8), (5, 4), (6, 1))
"""Women's, Youth and Children's Day: offices work."""


def _days(year: int, text: str) -> Iterator[date]:
    for part in text.split():
        ends = [date(year, int(end[:2]), int(end[2:])) for end in part.split("-")]
        for n in range((ends[-1] - ends[0]).days + 1):
            yield ends[0] + timedelta(days=n)


OFF = frozenset(day for year, (off, _) in YEARS.items() for day in _days(year, off))
WORK = frozenset(day for year, (_, work) in YEARS.items() for day in _days(year, work))
ALL = tuple(date(2019, 1, 1) + timedelta(days=n) for n in range((date(2027, 1, 1) - date(2019, 1, 1)).days))
SPECIAL = tuple(sorted(OFF | WORK))


def kind_of(day: date) -> str:
    """Return ``off``, ``work`` (a weekend day declared a workday) or an empty text."""
    if day in OFF:
        return "off"
    return "work" if day in WORK and day.weekday() > 4 else ""
