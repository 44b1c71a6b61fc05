"""Fit the lines on one sheet of A4, and write them as HTML.

The heights are estimates from character widths; a tenth of the page is left for the difference between
fonts, and what is outside the sheet is never printed on a second one.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache
from html import escape

from locator.i18n import text

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
@media screen{body{background:#dde2e7}.sheet{background:#fff;margin:0 auto}}
"""


@dataclass(frozen=True, slots=True)
class Block:
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
class Page:
    """Everything on the sheet, in its order."""

    lang: str
    head: tuple[tuple[str, str], ...]
    """(class, text) of the lines on top; the first is the name."""
    blocks: tuple[Block, ...]
    foot: tuple[str, ...] = field(default=())
    qr: str = ""


def fit(page: Page, sizes: tuple[float, ...]) -> tuple[float, Page]:
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


def _cut_rows(page: Page, limit: int, keep: int) -> Page:
    blocks = [
        replace(b, rows=tuple(cut(row, limit) for row in b.rows), keep=b.keep if b.columns > 1 else min(b.keep, keep))
        for b in page.blocks
    ]
    head = tuple((css, cut(words, max(limit, 80))) for css, words in page.head)
    return replace(page, blocks=tuple(blocks), head=head)


def _shorten(page: Page, size: float) -> Page:
    while _height_mm(page, size) > _room_mm(page):
        spare = [i for i, block in enumerate(page.blocks) if len(block.rows) > block.keep]
        if not spare:
            break
        at = spare[-1]
        block = page.blocks[at]
        shorter = replace(block, rows=block.rows[:-1], left_out=block.left_out + 1)
        page = replace(page, blocks=(*page.blocks[:at], shorter, *page.blocks[at + 1 :]))
    return page


def _room_mm(page: Page) -> float:
    em = 10.5 * MM_PER_PT
    foot = sum(_lines(line, (PAGE_MM[0] - 2 * MARGIN_MM) / em) for line in page.foot) * em * 1.3
    return (PAGE_MM[1] - MARGIN_MM - FOOT_MM - foot) * _SPARE


def _height_mm(page: Page, size: float) -> float:
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


def to_html(page: Page, size: float) -> str:
    """Return the page as a whole HTML document, every string escaped."""
    lang = page.lang
    head = "".join(
        f"<h1>{escape(words)}</h1>" if css == "name" else f'<p class="{css}">{escape(words)}</p>'
        for css, words in page.head
    )
    code = f'<div class="qr">{page.qr}<p>{escape(text("sheet.scan", lang))}</p></div>' if page.qr else ""
    plain = "" if page.qr else ' class="plain"'
    blocks = "".join(_block_html(block, lang) for block in page.blocks)
    foot = "".join(f"<p>{escape(line)}</p>" for line in page.foot)
    title = escape(f"{text('sheet.title', lang)} · {page.head[0][1]}")
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}.sheet{{font-size:{size}pt}}</style></head>\n"
        f'<body><main class="sheet"><header{plain}>{head}</header>{code}{blocks}<footer>{foot}</footer>'
        "</main></body></html>\n"
    )


def _block_html(block: Block, lang: str) -> str:
    marks = [f"{n}." if block.numbered else block.mark for n in range(1, len(block.rows) + 1)]
    rows = "".join(
        f"<li>{f'<b>{mark}</b>' if mark else ''}{escape(row)}</li>" for mark, row in zip(marks, block.rows, strict=True)
    )
    if block.left_out:
        rows += f'<li class="small">{escape(text("sheet.more", lang, count=block.left_out))}</li>'
    return f'<section><h2>{escape(block.title)}</h2><ul class="{block.css}">{rows}</ul></section>'
