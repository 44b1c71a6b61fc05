"""An answer of the guide as one HTML page that needs nothing else: no script, no outside parts.

Whatever an operator writes into the guide's files stays text; only ``http`` and ``https`` addresses become links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from locator.guide import field_of, list_parts, say_date, say_heading, say_no_local, say_source
from locator.i18n import text
from locator.outputs.html_document import Markup, join, tag, write_document

Report = Callable[[str, str], str | None]
"""Gives the address where an error in the line with this id, in this field, is reported; None: nowhere."""
_STYLE = """
:root{color-scheme:light dark;--ink:#16202b;--soft:#566270;--brand:#0b5cad;--paper:#fff;--line:#c9d1d9;--note:#fdf3df}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#a9b4bf;--brand:#7fb8f0;--paper:#14191f;--line:#3a444e;
--note:#3a2f14}}
body{font:16px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;color:var(--ink);
background:var(--paper);max-width:46rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.3}h2{font-size:1.15rem;margin:1.4rem 0 .3rem}h3{font-size:1rem;margin:.8rem 0 .2rem}
ul,ol{margin:.2rem 0;padding-left:1.4rem}li{margin:.25rem 0}small,.soft{color:var(--soft);font-size:.875rem}
a{color:var(--brand)}.note{background:var(--note);padding:.5rem .8rem;border-radius:.4rem}
.check{list-style:none;padding:0}.check label{display:flex;gap:.6rem;min-height:44px;align-items:flex-start}
.check input{width:22px;height:22px;flex:none;margin:.1rem 0}
@media print{body{font-size:11pt;max-width:none;padding:0}a{color:inherit;text-decoration:none}}
"""


def write_guide_page(answer: Mapping[str, Any], lang: str, *, report: Report | None = None) -> str:
    """Return the answer as a whole HTML page without scripts or outside parts.

    Parameters
    ----------
    answer
        What :meth:`locator.guide.Guide.answer` returned in the same language.
    report
        Where errors are reported, see :mod:`locator.ingest.corrections`; None: nowhere.
    """
    heading = say_heading(answer, lang)
    body = [tag("h1", heading)]
    if not answer["local"]:
        body.append(tag("p", say_no_local(answer, lang), class_="note"))
    for title, lines in list_parts(answer, lang):
        check = title == text("guide.materials", lang)
        rows = [_write_row(line, item, lang, report, check=check) for line, item in lines]
        body += [tag("h2", title), tag("ul", rows, class_="check" if check else None)]
    sources = [tag("li", _link(say_source(source, lang), source["url"])) for source in answer["sources"]]
    body += [tag("h2", text("guide.sources", lang)), tag("ul", sources)]
    return write_document(join(body), title=heading, lang=lang, style=_STYLE)


def _write_row(line: str, item: Mapping[str, Any], lang: str, report: Report | None, *, check: bool) -> Markup:
    parts = [_link(line, item.get("url"))]
    if "source" in item:
        date = say_date(item, lang)
        trust = text(f"guide.trust.{item['confidence']}", lang)
        parts.append(join(" ", tag("small", _link(item["source"], item["source_url"]), f" · {date} · {trust}")))
    address = report(item["id"], field_of(item)) if report and "id" in item else None
    if address:
        parts.append(join(" ", tag("small", _link(text("guide.report", lang), address))))
    words = tag("span", *parts)
    if check:
        words = tag("label", tag("input", type="checkbox"), " ", words)
    return tag("li", words)


def _link(words: str, address: str | None) -> Markup:
    if address and address.startswith(("https://", "http://", "mailto:")):
        return tag("a", words, href=address, rel="noopener noreferrer")
    return join(words)
