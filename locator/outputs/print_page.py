"""One page for one office, to send and to print: name, address, hours, checklist, the way, and a code to scan.

On a screen it is read first on a phone, with buttons to call and to open in a map app; printed, it is one A4 page.

The page is plain HTML without scripts or outside parts; every string from the data is escaped. What does not
fit is set smaller, then shortened and said to be ("3 more did not fit"), so that it is always exactly one page.
Type is at least 10.5 pt; large type starts at 19 pt and keeps to 14 pt if it can. The heights are estimates from
character widths; a tenth of the page is left for the difference between fonts, and what is outside the page is
never printed on a second one.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from locator.hours.clock import HoursClock
from locator.hours.telling import WeekDay, week_of
from locator.i18n import text
from locator.model import EXACT, ServicePoint
from locator.outputs.html_document import Markup, lang_of, tag, write_document
from locator.outputs.shapes import guide_hotline, name_beside
from locator.routing.route import Route
from locator.wording import HERE_M, say_day, say_length

PAGE_MM = (210.0, 297.0)
MARGIN_MM = 13.0
QR_MM = 30.0
FOOT_MM = 8.5
"""Below the last line of the foot."""
MM_PER_PT = 25.4 / 72
LEADING = 1.42
"""Height of a line in its own type size."""
SIZES = (15.0, 14.0, 13.0, 12.0, 11.25, 10.5)
LARGE_SIZES = (19.0, 18.0, 17.0, 16.0, 15.0, 14.0)
_SPARE = 0.95
"""The part of the page that may be filled by estimate: fonts differ."""
_STYLE = """
@page{size:A4;margin:0}
*{box-sizing:border-box;margin:0;padding:0}
html,body{background:#fff;color:#16202b}
.sheet{width:210mm;height:296.5mm;padding:13mm;overflow:hidden;position:relative;line-height:1.42;
font-family:"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif;overflow-wrap:anywhere}
header{min-height:30mm;padding-right:35mm}header.plain{min-height:0;padding-right:0}
h1{font-size:1.5em;line-height:1.25}h2{font-size:1.1em;line-height:1.3;margin-top:.55em;
border-bottom:.3mm solid #566270}
.qr{position:absolute;top:13mm;right:13mm;width:30mm;text-align:center}
.qr svg{width:30mm;height:30mm;display:block}.qr p{font-size:10.5pt;line-height:1.2}
ul,ol{list-style:none}li{padding-left:1.5em;position:relative}li>b{position:absolute;left:0;font-weight:400}
.days{display:grid;grid-template-columns:1fr 1fr;column-gap:1.5em}.days li{padding-left:0}
footer{position:absolute;left:13mm;right:13mm;bottom:8mm;font-size:10.5pt;line-height:1.3;
border-top:.3mm solid #566270}
.small{font-size:max(10.5pt,.85em)}
.urgent{font-weight:700;color:#a12b2b}
.buttons{display:none}
@media screen{body{background:#dde2e7}.sheet{background:#fff;margin:0 auto}}
@media screen and (max-width:820px){
.sheet{width:auto;height:auto;min-height:100vh;padding:16px;overflow:visible;font-size:17px!important;line-height:1.5}
header,header.plain{min-height:0;padding-right:0}h1{font-size:1.35em}
.qr{position:static;width:auto;text-align:left;margin-top:16px}.qr p{font-size:.9em}
.days{grid-template-columns:1fr}.small{font-size:.9em}
.buttons{display:flex;flex-wrap:wrap;gap:10px;margin:14px 0}
.buttons a{display:inline-flex;align-items:center;min-height:44px;padding:2px 14px;border:1px solid #0b5cad;
border-radius:8px;color:#0b5cad;text-decoration:none}
.buttons a:first-child{background:#0b5cad;color:#fff;font-weight:700}
footer{position:static;font-size:.9em;margin-top:16px;padding-top:8px}}
"""
DAYS = 7


@dataclass(frozen=True, slots=True)
class PageBlock:
    """A titled list of rows; it may lose its last ones down to ``keep``."""

    title: str
    rows: tuple[str, ...]
    mark: str = ""
    keep: int = 1
    css: str = ""
    columns: int = 1
    left_out: int = 0
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """Everything on the sheet, in its order."""

    lang: str
    head: tuple[tuple[str, str], ...]
    """(class, text) of the lines on top; the first is the name."""
    blocks: tuple[PageBlock, ...]
    foot: tuple[str, ...] = ()
    qr: Markup = field(default_factory=Markup)
    buttons: tuple[tuple[str, str], ...] = ()
    """(words, address) of what can be pressed on a screen; not printed."""


def write_print_page(
    point: ServicePoint,
    guide: Mapping[str, Any] | None,
    *,
    at: datetime,
    lang: str,
    link: str | None = None,
    route: Route | None = None,
    large: bool = False,
    buttons: Sequence[tuple[str, str]] = (),
    clock: HoursClock | None = None,
) -> str:
    """Return the page as a whole HTML document that prints on exactly one sheet of A4.

    Parameters
    ----------
    point
        The office.
    guide
        What :meth:`locator.guide.book.Guide.answer` returned in the same language, or None.
    at
        Now (aware); the hours start with this day.
    lang
        ``zh`` or ``en``.
    link
        What the code to scan opens; no code when None.
    route
        The way there; the engine ``line`` is told to be a straight line. None leaves the way out.
    large
        Larger type for older eyes, with less on the page if it must be.
    buttons
        (words, address) of what can be pressed on a screen: to call, to open in a map app.
    clock
        Whose calendar the hours go by; the shipped one when None.
    """
    page = PrintedPage(
        lang=lang,
        head=_head(point, guide, lang),
        blocks=tuple(b for b in (_hours_block(point, at, lang, clock), *_blocks(guide, lang, route)) if b.rows),
        foot=_foot(point, at, lang),
        qr=_qr(link) if link else Markup(""),
        buttons=tuple(buttons),
    )
    size, page = fit(page, LARGE_SIZES if large else SIZES)
    return _write_page(page, size)


def _head(point: ServicePoint, guide: Mapping[str, Any] | None, lang: str) -> tuple[tuple[str, str], ...]:
    kind = text("sheet.kind_line", lang, kind=text(f"names.kind.{point.kind}", lang))
    if beside := name_beside(point, lang):
        kind = f"{cut(beside.said, 110)} · {kind}"
    region = "".join(part for part in (point.city, point.district) if part and part not in (point.address or ""))
    where = f"{region}{point.address}" if point.address else None
    urgent = (guide or {}).get("first")
    lines = [("name", cut(point.name, 90)), *([("urgent", cut(urgent["text"], 200))] if urgent else []), ("", kind)]
    lines.append(
        ("", text("sheet.address", lang, address=cut(where, 150)) if where else text("sheet.no_address", lang))
    )
    if point.position is not None and point.position not in EXACT:
        precision = text(f"names.precision.{point.position}", lang)
        lines.append(("small", text("sheet.about_position", lang, precision=precision)))
    phones = "、".join(cut(phone.number, 30) for phone in point.phones[:3])
    known = text("sheet.phone", lang, phone=phones)
    lines.append(("", known if phones else text("sheet.no_phone", lang, number=guide_hotline(guide))))
    if guide:
        lines.append(("", text("sheet.task", lang, task=guide["task_name"], person=guide["person_name"])))
    return tuple(lines)


def _blocks(guide: Mapping[str, Any] | None, lang: str, route: Route | None) -> list[PageBlock]:
    blocks = []
    if guide:
        items = tuple(cut(_say_item(item, lang), 160) for item in guide["materials"])
        blocks.append(PageBlock(text("sheet.bring", lang), items, mark="☐", keep=8))
        first = tuple(cut(line["text"], 320) for line in guide["trip"]["lines"])
        after = tuple(cut(line["text"], 320) for line in guide["steps"][-1]["lines"])
        blocks.append(PageBlock(text("sheet.first", lang), first, mark="·", keep=1))
        blocks.append(PageBlock(text("sheet.after", lang), after, mark="·", keep=1))
    if route is not None:
        blocks.append(_way_block(route, lang))
    return blocks


def _say_item(item: Mapping[str, Any], lang: str) -> str:
    need = {True: "yes", False: "no", None: "ask"}[item["required"]]
    words = text(f"guide.required.{need}", lang)
    if item["form"] not in ("any", "electronic"):
        words = f"{item['form_name']} · {words}"
    return text("sheet.item", lang, name=item["name"], need=words)


def _hours_block(point: ServicePoint, at: datetime, lang: str, clock: HoursClock | None) -> PageBlock:
    title = text("sheet.hours", lang)
    lines = [line for days in (0, 7) for line in week_of(point, at + timedelta(days=days), lang, clock)]
    if not lines:
        said = [text("sheet.no_hours", lang)]
        if point.hours_text:
            said.append(text("sheet.hours_said", lang, words=cut(point.hours_text, 160)))
        return PageBlock(title, tuple(said), keep=2)
    today = at.astimezone(ZoneInfo(point.timezone)).date()
    days: dict[Any, WeekDay] = {}
    for line in lines:
        days.setdefault(line.day, line)
    wanted = [days[day] for n in range(DAYS) if (day := today + timedelta(days=n)) in days]
    rows = [
        f"{say_day(line.day, lang)} {line.hours}"
        + (text("hours.in_brackets", lang, what=line.special) if line.special else "")
        for line in wanted
    ]
    return PageBlock(title, tuple(cut(row, 90) for row in rows), keep=DAYS, css="days", columns=2)


def _way_block(route: Route, lang: str) -> PageBlock:
    mode = text(f"names.mode.{route.mode}", lang)
    if route.distance_m < HERE_M:
        return PageBlock(text("sheet.way_here", lang), (text("routing.line_here", lang),))
    length = say_length(route.distance_m, lang)
    title = text("sheet.way", lang, mode=mode, length=length)
    if route.engine == "line" or not route.steps:
        return PageBlock(title, (text("sheet.way_line", lang, length=length),))
    steps = tuple(cut(step.text, 120) for step in route.steps)
    return PageBlock(title, steps, keep=2, numbered=True)


def _foot(point: ServicePoint, at: datetime, lang: str) -> tuple[str, ...]:
    source, date = cut(point.provenance.source, 200), cut(point.provenance.date or "", 20)
    said = text("sheet.data", lang, date=date, source=source) if date else ""
    lines = [said or text("sheet.data_undated", lang, source=source)]
    if point.hours and point.hours_date:
        lines[0] += " · " + text("sheet.hours_date", lang, date=cut(point.hours_date, 20))
    local = at.astimezone(ZoneInfo(point.timezone))
    lines.append(text("sheet.printed", lang, date=f"{local:%Y-%m-%d %H:%M}", id=cut(point.id, 60)))
    return tuple(lines)


def _qr(link: str) -> Markup:
    import segno

    return Markup(segno.make(link, error="m", micro=False).svg_inline(border=2, omitsize=True))


def fit(page: PrintedPage, sizes: tuple[float, ...]) -> tuple[float, PrintedPage]:
    """Return the largest type that fits, and the page, shortened if even the smallest does not.

    First whole rows go, the last block's first; then rows are cut short; then the type becomes as small
    as any sheet's.
    """
    for size in sizes:
        if _height_mm(page, size) <= _room_mm(page):
            return size, page
    shorter = page
    for size in dict.fromkeys((sizes[-1], SIZES[-1])):
        for limit, keep in ((400, 9), (120, 5), (60, 3)):
            shorter = _shorten(_cut_rows(page, limit, keep), size)
            if _height_mm(shorter, size) <= _room_mm(shorter):
                return size, shorter
    return SIZES[-1], shorter


def _cut_rows(page: PrintedPage, limit: int, keep: int) -> PrintedPage:
    blocks = [
        replace(b, rows=tuple(cut(row, limit) for row in b.rows), keep=b.keep if b.columns > 1 else min(b.keep, keep))
        for b in page.blocks
    ]
    head = tuple((css, cut(words, max(limit, 80))) for css, words in page.head)
    return replace(page, blocks=tuple(blocks), head=head)


def _shorten(page: PrintedPage, size: float) -> PrintedPage:
    while _height_mm(page, size) > _room_mm(page):
        spare = [i for i, block in enumerate(page.blocks) if len(block.rows) > block.keep]
        if not spare:
            break
        at = spare[-1]
        block = page.blocks[at]
        shorter = replace(block, rows=block.rows[:-1], left_out=block.left_out + 1)
        page = replace(page, blocks=(*page.blocks[:at], shorter, *page.blocks[at + 1 :]))
    return page


def _room_mm(page: PrintedPage) -> float:
    em = 10.5 * MM_PER_PT
    foot = sum(_lines(line, (PAGE_MM[0] - 2 * MARGIN_MM) / em) for line in page.foot) * em * 1.3
    return (PAGE_MM[1] - MARGIN_MM - FOOT_MM - foot) * _SPARE


def _height_mm(page: PrintedPage, size: float) -> float:
    em = size * MM_PER_PT
    width = (PAGE_MM[0] - 2 * MARGIN_MM) / em
    narrow = width - (QR_MM + 5) / em if page.qr else width
    head = sum(_lines(words, narrow / (1.5 if css == "name" else 1)) * _leading(css) for css, words in page.head)
    total = max(head * em, QR_MM + 6 if page.qr else 0)
    for block in page.blocks:
        total += (0.55 + 1.1 * 1.3 * _lines(block.title, width / 1.1)) * em + 0.3
        rows = [*block.rows, "—" * 20] if block.left_out else block.rows
        column = (width - 1.5) / block.columns if block.columns > 1 else width - 1.5
        tall = [_lines(row, column) for row in rows]
        pairs = [max(tall[i : i + block.columns]) for i in range(0, len(tall), block.columns)]
        total += sum(pairs) * LEADING * em
    return total


def _leading(css: str) -> float:
    return {"name": 1.5 * 1.25, "small": 0.85 * LEADING}.get(css, LEADING)


def _lines(words: str, width_em: float) -> int:
    """Return about how many lines a text takes."""
    return max(1, math.ceil(_width(words) * 1.02 / max(width_em, 1.0)))


@lru_cache(maxsize=2048)
def _width(words: str) -> float:
    """Return about how wide a text is on one line; the same rows are measured again and again while fitting."""
    return sum(map(_em, words))


def _em(c: str) -> float:
    """Return about how wide a character is, in its own type size."""
    if unicodedata.east_asian_width(c) in "WFA":
        return 1.0
    if c in " .,:;-'()!|/[]ijlt":
        return 0.34
    if c in "MWmw@%&—…":
        return 0.98
    if c.isupper():
        return 0.7
    return 0.56


def cut(words: str, limit: int) -> str:
    """Return a text without control characters and no longer than ``limit``."""
    words = "".join(" " if c in "\r\n\t" else c for c in words if c in "\r\n\t" or unicodedata.category(c)[0] != "C")
    return words if len(words) <= limit else words[: limit - 1] + "…"


def _write_page(page: PrintedPage, size: float) -> str:
    lang = page.lang
    head = [
        tag("h1", words, lang=lang_of(words)) if css == "name" else tag("p", words, class_=css)
        for css, words in page.head
    ]
    code = tag("div", page.qr, tag("p", text("sheet.scan", lang)), class_="qr") if page.qr else None
    body = tag(
        "main",
        tag("header", *head, class_=None if page.qr else "plain"),
        tag("nav", *(tag("a", said, href=address) for said, address in page.buttons), class_="buttons")
        if page.buttons
        else None,
        code,
        [_write_block(block, lang) for block in page.blocks],
        tag("footer", [tag("p", line) for line in page.foot]),
        class_="sheet",
    )
    title = f"{text('sheet.title', lang)} · {page.head[0][1]}"
    return write_document(body, title=title, lang=lang, style=f"{_STYLE}.sheet{{font-size:{size}pt}}")


def _write_block(block: PageBlock, lang: str) -> Markup:
    marks = [f"{n}." if block.numbered else block.mark for n in range(1, len(block.rows) + 1)]
    rows = [tag("li", tag("b", mark) if mark else None, row) for mark, row in zip(marks, block.rows, strict=True)]
    if block.left_out:
        rows.append(tag("li", text("sheet.more", lang, count=block.left_out), class_="small"))
    return tag("section", tag("h2", block.title), tag("ul", rows, class_=block.css))
