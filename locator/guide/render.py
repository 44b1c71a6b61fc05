"""An answer of the guide as plain text for a terminal, and as one HTML page that needs nothing else.

Both take the answer's JSON values. Whatever an operator writes into the guide's files stays text: the
HTML escapes every string, links only ``http`` and ``https`` addresses, and holds no script; the plain
text drops control characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any

from locator.i18n import text

_NEED = {True: "yes", False: "no", None: "ask"}
_SECTIONS = ("fees", "times", "differs", "not_found", "tips")
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
Answer = Mapping[str, Any]
Lines = list[tuple[str, Mapping[str, Any]]]
"""Lines of text, each with what it rests on (empty for a line of the program's own)."""


def render_text(answer: Answer, lang: str) -> str:
    """Return the answer as plain text; sources are numbered at the end."""
    numbers = {source["id"]: n for n, source in enumerate(answer["sources"], 1)}
    out: list[str] = []

    def say(line: str, *, indent: int = 0) -> None:
        out.append(" " * indent + clean(line))

    def cite(item: Mapping[str, Any]) -> str:
        return " " + "".join(f"[{numbers[key]}]" for key in item.get("source_ids", ()))

    say(_heading(answer, lang))
    if not answer["local"]:
        say(_no_local(answer, lang))
    for title, lines in _parts(answer, lang):
        say("")
        say(f"■ {title}")
        for line, source in lines:
            say(f"- {line}{cite(source)}", indent=2)
    say("")
    say(f"■ {text('guide.sources', lang)}")
    for source in answer["sources"]:
        say(f"[{numbers[source['id']]}] {_source_words(source, lang)} {source['url'] or ''}".rstrip(), indent=2)
    return "\n".join(out) + "\n"


def _heading(answer: Answer, lang: str) -> str:
    heading = text("guide.heading", lang, task=answer["task_name"], person=answer["person_name"])
    place = answer["region_name"] or text("guide.national", lang)
    return f"{heading} · {place}"


def _no_local(answer: Answer, lang: str) -> str:
    return text("guide.no_local" if answer["region"] else "guide.nation_only", lang)


def _parts(answer: Answer, lang: str) -> Iterable[tuple[str, Lines]]:
    """Return the titled parts of an answer, each a list of lines with what they rest on."""
    visit = text(f"guide.visit.{answer['trip']['without_visit']}", lang)
    yield text("guide.trip", lang), [(visit, {}), *_said(answer["trip"]["lines"])]
    materials: Lines = [(say_material(m, lang), m) for m in answer["materials"]]
    yield text("guide.materials", lang), materials or [(text("guide.no_materials", lang), {})]
    for n, step in enumerate(answer["steps"], 1):
        yield f"{n} {step['title']}", _said(step["lines"])
    kinds: Lines = [(_kinds(answer["kinds"]["first"], lang), {})]
    if answer["insured_city_only"]:
        kinds.append((text("guide.insured_city", lang), {}))
    yield text("guide.kinds", lang), kinds
    if answer["kinds"]["second"]:
        yield text("guide.kinds_second", lang), [(_kinds(answer["kinds"]["second"], lang), {})]
    yield text("guide.hotlines", lang), [(say_hotline(h), h) for h in answer["hotlines"]]
    if answer["channels"]:
        yield text("guide.channels", lang), [(say_channel(c, lang), c) for c in answer["channels"]]
    for section in _SECTIONS:
        if answer[section]:
            yield text(f"guide.{section}", lang), _said(answer[section])
    yield (
        text("guide.law", lang),
        [(f"{law['name']} {law['article']} — {law['summary']}", law) for law in answer["law"]],
    )
    if answer["related"]:
        yield text("guide.related", lang), [(other["name"], {}) for other in answer["related"]]


def list_lines(answer: Answer) -> Iterator[Mapping[str, Any]]:
    """Yield every line of an answer that has an id of its own."""
    yield from answer["trip"]["lines"]
    for step in answer["steps"]:
        yield from step["lines"]
    for name in (*_SECTIONS, "materials", "channels", "hotlines", "law"):
        yield from answer[name]


def field_of(item: Mapping[str, Any]) -> str:
    """Return the field that a line of an answer says, as its file calls it: what a report of an error is about."""
    return next(field for field in ("text", "summary", "number", "name") if field in item)


def _said(lines: Iterable[Mapping[str, Any]]) -> Lines:
    return [(line["text"], line) for line in lines]


def _kinds(kinds: Iterable[str], lang: str) -> str:
    names = [text(f"names.kind.{kind}", lang) for kind in kinds if kind != "other"]
    return ("、" if lang == "zh" else ", ").join(names)


def say_material(item: Mapping[str, Any], lang: str) -> str:
    """Return a thing to bring in one line: name, form, whether required, note."""
    need = text(f"guide.required.{_NEED[item['required']]}", lang)
    note = f" — {item['note']}" if item["note"] else ""
    form = "" if item["form"] == "any" else f"{item['form_name']} · "
    return f"{item['name']}（{form}{need}）{note}" if lang == "zh" else f"{item['name']} ({form}{need}){note}"


def say_hotline(item: Mapping[str, Any]) -> str:
    """Return a number in one line."""
    elsewhere = f" / {item['from_elsewhere']}" if item["from_elsewhere"] else ""
    note = f" — {item['note']}" if item["note"] else ""
    return f"{item['number']}{elsewhere} {item['name']}{note}"


def say_channel(item: Mapping[str, Any], lang: str) -> str:
    """Return a channel in one line."""
    official = f" · {text('guide.official', lang)}" if item["official"] else ""
    note = f" — {item['note']}" if item["note"] else ""
    address = f" {item['url']}" if item["url"] else ""
    colon = "：" if lang == "zh" else ": "
    return f"{item['type_name']}{official}{colon}{item['name']}{address}{note}"


def _source_words(source: Mapping[str, Any], lang: str) -> str:
    date = source["date"] or text("guide.undated", lang)
    confidence = text(f"guide.confidence.{source['confidence']}", lang)
    return text("guide.source_line", lang, name=source["name"], date=date, confidence=confidence)


def clean(line: str) -> str:
    """Return a line without control and direction characters, which a terminal would obey."""
    return "".join(" " if c in "\r\n\t" else c for c in line if c in "\r\n\t" or unicodedata.category(c)[0] != "C")


def render_html(answer: Answer, lang: str, *, report: Callable[[str, str], str | None] | None = None) -> str:
    """Return the answer as a whole HTML page without scripts or outside parts.

    Parameters
    ----------
    report
        Gives the address where an error in the line with this id, in this field, is reported (None:
        nowhere); see :mod:`locator.corrections`.
    """
    title = escape(_heading(answer, lang))
    body = [f"<h1>{title}</h1>"]
    if not answer["local"]:
        body.append(f'<p class="note">{escape(_no_local(answer, lang))}</p>')
    for heading, lines in _parts(answer, lang):
        body.append(f"<h2>{escape(heading)}</h2>")
        check = heading == text("guide.materials", lang)
        rows = "".join(_row(line, item, lang, report, check=check) for line, item in lines)
        body.append(f'<ul class="check">{rows}</ul>' if check else f"<ul>{rows}</ul>")
    rows = "".join(f"<li>{_link(_source_words(s, lang), s['url'])}</li>" for s in answer["sources"])
    body.append(f"<h2>{escape(text('guide.sources', lang))}</h2><ul>{rows}</ul>")
    language = "zh-CN" if lang == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>{''.join(body)}</body></html>\n"
    )


def _row(
    line: str,
    item: Mapping[str, Any],
    lang: str,
    report: Callable[[str, str], str | None] | None,
    *,
    check: bool,
) -> str:
    source = ""
    if "source" in item:
        date = item["date"] or text("guide.undated", lang)
        trust = text(f"guide.trust.{item['confidence']}", lang)
        source = f" <small>{_link(item['source'], item['source_url'])} · {escape(date)} · {escape(trust)}</small>"
    address = report(item["id"], field_of(item)) if report and "id" in item else None
    if address:
        source += f" <small>{_link(text('guide.report', lang), address)}</small>"
    words = f"<span>{_link(line, item.get('url'))}{source}</span>"
    return f'<li><label><input type="checkbox"> {words}</label></li>' if check else f"<li>{words}</li>"


def _link(words: str, address: str | None) -> str:
    if address and address.startswith(("https://", "http://", "mailto:")):
        return f'<a href="{escape(address)}" rel="noopener noreferrer">{escape(words)}</a>'
    return escape(words)
