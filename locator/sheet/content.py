"""What stands on the page for one office: the lines of its head, its blocks and its foot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from locator.hours import WeekDay, week_of
from locator.hours.telling import format_day
from locator.i18n import text
from locator.model import EXACT, Route, ServicePoint
from locator.settings import Settings
from locator.sheet.layout import LARGE_SIZES, SIZES, Block, Page, cut, fit, to_html

DAYS = 7


def share_link(settings: Settings, point_id: str, lang: str) -> str | None:
    """Return the public address of an office, or None when the operator set no ``LOCATOR_PUBLIC_URL``."""
    if settings.public_url is None:
        return None
    return f"{settings.public_url.rstrip('/')}/?id={quote(point_id, safe='')}&lang={lang}"


def print_sheet(
    point: ServicePoint,
    guide: Mapping[str, Any] | None,
    *,
    at: datetime,
    lang: str,
    link: str | None = None,
    route: Route | None = None,
    large: bool = False,
) -> str:
    """Return the page as a whole HTML document that prints on exactly one sheet of A4.

    Parameters
    ----------
    point
        The office.
    guide
        What :meth:`locator.guide.Guide.answer` returned in the same language, or None.
    at
        Now (aware); the hours start with this day.
    lang
        ``zh`` or ``en``.
    link
        What the code to scan opens, see :func:`share_link`; no code when None.
    route
        The way there; the engine ``line`` is told to be a straight line. None leaves the way out.
    large
        Larger type for older eyes, with less on the page if it must be.
    """
    page = Page(
        lang=lang,
        head=_head(point, guide, lang),
        blocks=tuple(b for b in _blocks(point, guide, at, lang, route) if b.rows),
        foot=_foot(point, at, lang),
        qr=_qr(link) if link else "",
    )
    size, page = fit(page, LARGE_SIZES if large else SIZES)
    return to_html(page, size)


def _head(point: ServicePoint, guide: Mapping[str, Any] | None, lang: str) -> tuple[tuple[str, str], ...]:
    names = [("name", cut(point.name, 90))]
    if lang == "en" and point.name_en:
        names.append(("", cut(point.name_en, 110)))
    kind = text("sheet.kind_line", lang, kind=text(f"names.kind.{point.kind}", lang))
    region = "".join(part for part in (point.city, point.district) if part and part not in (point.address or ""))
    where = f"{region}{point.address}" if point.address else None
    lines = [*names, ("", kind)]
    lines.append(
        ("", text("sheet.address", lang, address=cut(where, 150)) if where else text("sheet.no_address", lang))
    )
    if point.position is not None and point.position not in EXACT:
        precision = text(f"names.precision.{point.position}", lang)
        lines.append(("small", text("sheet.about_position", lang, precision=precision)))
    phones = "、".join(cut(phone.number, 30) for phone in point.phones[:3])
    number = guide["hotlines"][0]["number"] if guide and guide["hotlines"] else "12333"
    known = text("sheet.phone", lang, phone=phones)
    lines.append(("", known if phones else text("sheet.no_phone", lang, number=number)))
    if guide:
        lines.append(("", text("sheet.task", lang, task=guide["task_name"], person=guide["person_name"])))
    return tuple(lines)


def _blocks(
    point: ServicePoint, guide: Mapping[str, Any] | None, at: datetime, lang: str, route: Route | None
) -> list[Block]:
    blocks = [_hours_block(point, at, lang)]
    if guide:
        items = tuple(cut(_say_item(item, lang), 160) for item in guide["materials"])
        blocks.append(Block(text("sheet.bring", lang), items, mark="☐", keep=8))
        first = tuple(cut(line["text"], 320) for line in guide["trip"]["lines"])
        after = tuple(cut(line["text"], 320) for line in guide["steps"][-1]["lines"])
        blocks.append(Block(text("sheet.first", lang), first, mark="·", keep=1))
        blocks.append(Block(text("sheet.after", lang), after, mark="·", keep=1))
    if route is not None:
        blocks.append(_way_block(route, lang))
    return blocks


def _say_item(item: Mapping[str, Any], lang: str) -> str:
    need = {True: "yes", False: "no", None: "ask"}[item["required"]]
    words = text(f"guide.required.{need}", lang)
    if item["form"] not in ("any", "electronic"):
        words = f"{item['form_name']} · {words}"
    return text("sheet.item", lang, name=item["name"], need=words)


def _hours_block(point: ServicePoint, at: datetime, lang: str) -> Block:
    title = text("sheet.hours", lang)
    lines = [*week_of(point, at, lang), *week_of(point, at + timedelta(days=7), lang)]
    if not lines:
        said = [text("sheet.no_hours", lang)]
        if point.hours_text:
            said.append(text("sheet.hours_said", lang, words=cut(point.hours_text, 160)))
        return Block(title, tuple(said), keep=2)
    today = at.astimezone(ZoneInfo(point.timezone)).date()
    days: dict[Any, WeekDay] = {}
    for line in lines:
        days.setdefault(line.day, line)
    wanted = [days[day] for n in range(DAYS) if (day := today + timedelta(days=n)) in days]
    rows = [
        f"{format_day(line.day, lang)} {line.hours}"
        + (text("hours.in_brackets", lang, what=line.special) if line.special else "")
        for line in wanted
    ]
    return Block(title, tuple(cut(row, 90) for row in rows), keep=DAYS, css="days", columns=2)


def _way_block(route: Route, lang: str) -> Block:
    metres = route.distance_m
    if metres < 995:
        length = text("sheet.metres", lang, n=int(round(metres, -1)))
    else:
        length = text("sheet.kilometres", lang, n=f"{metres / 1000:.1f}")
    mode = text(f"names.mode.{route.mode}", lang)
    title = text("sheet.way", lang, mode=mode, length=length)
    if route.engine == "line" or not route.steps:
        return Block(title, (text("sheet.way_line", lang, length=length),))
    steps = tuple(cut(step.text, 120) for step in route.steps)
    return Block(title, steps, keep=2, numbered=True)


def _foot(point: ServicePoint, at: datetime, lang: str) -> tuple[str, ...]:
    source, date = cut(point.provenance.source, 70), cut(point.provenance.date or "", 20)
    said = text("sheet.data", lang, date=date, source=source) if date else ""
    lines = [said or text("sheet.data_undated", lang, source=source)]
    if point.hours and point.hours_date:
        lines[0] += " · " + text("sheet.hours_date", lang, date=cut(point.hours_date, 20))
    local = at.astimezone(ZoneInfo(point.timezone))
    lines.append(text("sheet.printed", lang, date=f"{local:%Y-%m-%d %H:%M}", id=cut(point.id, 60)))
    return tuple(lines)


def _qr(link: str) -> str:
    import segno

    return str(segno.make(link, error="m", micro=False).svg_inline(border=2, omitsize=True))
