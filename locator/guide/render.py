"""An answer of the guide in words: its titled parts, and plain text for a terminal.

Whatever an operator writes into the guide's files stays text: control characters are dropped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from locator.i18n import language, text

_NEED = {True: "yes", False: "no", None: "ask"}
_SECTIONS = ("fees", "times", "differs", "not_found", "tips")
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

    say(say_heading(answer, lang))
    if not answer["local"]:
        say(say_no_local(answer, lang))
    for title, lines in list_parts(answer, lang):
        say("")
        say(f"■ {title}")
        for line, source in lines:
            say(f"- {line}{cite(source)}", indent=2)
    say("")
    say(f"■ {text('guide.sources', lang)}")
    for source in answer["sources"]:
        say(f"[{numbers[source['id']]}] {say_source(source, lang)} {source['url'] or ''}".rstrip(), indent=2)
    return "\n".join(out) + "\n"


def say_heading(answer: Answer, lang: str) -> str:
    """Return what an answer is about: task, person and region."""
    heading = text("guide.heading", lang, task=answer["task_name"], person=answer["person_name"])
    place = answer["region_name"] or text("guide.national", lang)
    return f"{heading} · {place}"


def say_no_local(answer: Answer, lang: str) -> str:
    """Return the sentence that says that no local rules are known."""
    return text("guide.no_local" if answer["region"] else "guide.nation_only", lang)


def list_parts(answer: Answer, lang: str) -> Iterable[tuple[str, Lines]]:
    """Return the titled parts of an answer, each a list of lines with what they rest on."""
    if answer["first"]:
        yield text("guide.first", lang), _said([answer["first"]])
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
    if answer["questions"]:
        yield text("guide.questions", lang), [(f"{q['text']} — {q['answer']}", q) for q in answer["questions"]]
    if answer["related"]:
        yield text("guide.related", lang), [(other["name"], {}) for other in answer["related"]]


def list_lines(answer: Answer) -> Iterator[Mapping[str, Any]]:
    """Yield every line of an answer that has an id of its own."""
    yield from [answer["first"]] if answer["first"] else []
    yield from answer["trip"]["lines"]
    for step in answer["steps"]:
        yield from step["lines"]
    for name in (*_SECTIONS, "materials", "channels", "hotlines", "law", "questions"):
        yield from answer[name]


def field_of(item: Mapping[str, Any]) -> str:
    """Return the field that a line of an answer says, as its file calls it: what a report of an error is about."""
    return next(field for field in ("text", "summary", "number", "name") if field in item)


def _said(lines: Iterable[Mapping[str, Any]]) -> Lines:
    return [(line["text"], line) for line in lines]


def _kinds(kinds: Iterable[str], lang: str) -> str:
    names = [text(f"names.kind.{kind}", lang) for kind in kinds if kind != "other"]
    return language(lang).join(names)


def say_material(item: Mapping[str, Any], lang: str) -> str:
    """Return a thing to bring in one line: name, form, whether required, note."""
    need = text(f"guide.required.{_NEED[item['required']]}", lang)
    note = f" — {item['note']}" if item["note"] else ""
    form = "" if item["form"] == "any" else f"{item['form_name']} · "
    return f"{item['name']}{language(lang).in_brackets(form + need)}{note}"


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
    return f"{item['type_name']}{official}{language(lang).colon}{item['name']}{address}{note}"


def say_source(source: Mapping[str, Any], lang: str) -> str:
    """Return a source in one line: name, date, how sure."""
    confidence = text(f"guide.confidence.{source['confidence']}", lang)
    return text("guide.source_line", lang, name=source["name"], date=say_date(source, lang), confidence=confidence)


def say_date(item: Mapping[str, Any], lang: str) -> str:
    """Return the date of a line or a source: its own, or the day an undated one was read."""
    return text("guide.undated", lang, date=item["date"]) if item["undated"] else str(item["date"])


def clean(line: str) -> str:
    """Return a line without control and direction characters, which a terminal would obey."""
    return "".join(" " if c in "\r\n\t" else c for c in line if c in "\r\n\t" or unicodedata.category(c)[0] != "C")
