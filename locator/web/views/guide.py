"""What to bring and how it works, for a task, a person and a region: with a list to tick off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from locator.errors import LocatorError
from locator.guide import field_of, list_lines
from locator.guide.render import say_material
from locator.i18n import text
from locator.ingest.corrections import report_link
from locator.model import Person, Task
from locator.outputs.html_document import Markup, hide, join, lang_of, link_out, mark_chinese, tag
from locator.web import shared
from locator.web.components import show_panel
from locator.web.event_handlers import handle
from locator.web.results import render_phone, render_report_form
from locator.web.session import Session, keep_report
from locator.web.state import PageState
from locator.wording import Translator

_SECTIONS = ("fees", "times", "differs", "not_found", "tips")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """How errors in the lines of the guide are reported."""

    words: Translator
    address: Callable[[str, str], str | None]
    """Gives where an error in an entry's field is reported; None where the page takes it itself."""
    opened: str | None = None
    """The entry whose form is open."""
    done: str | None = None
    """The entry whose error was just written down."""

    def render(self, item: Mapping[str, Any], field: str) -> Markup:
        """Return the way to report an error in one line of the guide."""
        words, entry = self.words, str(item["id"])
        about = str(item.get("text") or item.get("name"))[:40]
        named = (words("hit.report"), hide(words("colon"), mark_chinese(about, words.lang)))
        address = self.address(entry, field)
        if address:
            return tag("a", *named, href=address, target="_blank", rel="noopener noreferrer", class_="report-this")
        if self.done == entry:
            return tag("span", words("hit.report_done"), class_="reported", id="reported")
        opened = self.opened == entry
        button = tag(
            "button",
            *named,
            type="button",
            class_="report-this",
            data_act="report-open",
            data_id=entry,
            aria_expanded="true" if opened else "false",
        )
        return tag("span", button, render_report_form(entry, field, words) if opened else None, class_="report")


def show_guide(session: Session) -> None:
    """Draw the guide."""
    state, words, version = session.state, Translator(session.state.lang), shared.version()
    try:
        book = shared.open_locator().engines.guide
        region = state.region or state.area
        answer = book.answer(state.task, state.person, region, state.lang)
        regions = [(code, found.name[state.lang]) for code, found in book.regions.items()]
    except LocatorError:
        show_panel("guide", tag("p", words("trouble.data"), class_="notice", id="main"), version=version)
        return
    shown = str(answer["regions"][0]["adcode"]) if answer["regions"] else ""
    settings = shared.read_settings()
    keep_report(session, settings, shared.read_clock(), {line["id"] for line in list_lines(answer)})
    reports = Reports(
        words=words, address=partial(report_link, settings), opened=session.reporting, done=session.reported
    )
    content = join(_render_choices(state, regions, shown, words), render_guide(answer, words, reports))
    said = f"{answer['task_name']}{words('comma')}{answer['person_name']}"
    focus, session.focus = session.focus, None
    page = {"announce": words("hit.report_done") if session.reported else said, "focus": focus}
    show_panel("guide", content, version=version, on_event=partial(handle, session), page=page)


def _render_choices(state: PageState, regions: Sequence[tuple[str, str]], shown: str, words: Translator) -> Markup:
    rows = [("", words("guide.region_nation")), *regions]
    return tag(
        "form",
        tag("h2", words("guide.heading"), id="main", tabindex="-1"),
        tag(
            "div",
            _choice("task", words("ask.task"), [(t, words.name("task", t)) for t in Task], state.task),
            _choice("person", words("ask.person"), [(p, words.name("person", p)) for p in Person], state.person),
            _choice("region", words("guide.region"), rows, shown),
            class_="ask-what",
        ),
        class_="ask",
        data_act="guide",
        aria_label=words("guide.choose"),
    )


def _choice(name: str, said: str, options: Iterable[tuple[str, str]], chosen: str) -> Markup:
    rows = [tag("option", label, value=value, selected=value == chosen) for value, label in options]
    return join(
        tag("label", said, for_=f"guide-{name}"),
        tag("select", *rows, id=f"guide-{name}", name=name, data_auto="guide"),
    )


def render_guide(answer: Mapping[str, Any], words: Translator, reports: Reports) -> Markup:
    """Return everything the guide knows, each line with what it rests on and a way to report an error in it."""
    lang, say = words.lang, partial(_line, reports=reports)
    parts: list[Markup | None] = []
    if not answer["local"]:
        code = "guide.no_local" if answer["region"] else "guide.nation_only"
        parts.append(tag("p", text(code, lang), class_="notice" if answer["region"] else "soft"))
    trip = text(f"guide.visit.{answer['trip']['without_visit']}", lang)
    parts.append(_section(text("guide.trip", lang), [tag("li", tag("b", trip)), *map(say, answer["trip"]["lines"])]))
    parts.append(_render_ticks(answer, words, reports))
    steps = [
        tag("li", tag("h3", step["title"]), tag("ul", *map(say, step["lines"]), role="list"), class_="step")
        for step in answer["steps"]
        if step["lines"]
    ]
    parts.append(tag("section", tag("h2", text("guide.steps", lang)), tag("ol", *steps, class_="four"), class_="card"))
    parts.append(
        _section(text("guide.hotlines", lang), [_hotline(line, words, reports) for line in answer["hotlines"]])
    )
    parts.append(_section(text("guide.channels", lang), [_channel(line, lang, reports) for line in answer["channels"]]))
    parts += [_section(text(f"guide.{name}", lang), [*map(say, answer[name])]) for name in _SECTIONS]
    parts.append(_section(text("guide.law", lang), [_law(law, reports) for law in answer["law"]]))
    related = [
        tag("li", tag("button", other["name"], type="button", data_act="task", data_id=other["task"]))
        for other in answer["related"]
    ]
    if related:
        heading = tag("h2", text("guide.related", lang))
        parts.append(tag("section", heading, tag("ul", *related, class_="examples", role="list"), class_="card"))
    return tag("div", *parts, class_="guide")


def _section(heading: str, rows: Sequence[Markup]) -> Markup | None:
    return tag("section", tag("h2", heading), tag("ul", *rows, role="list"), class_="card") if rows else None


def _basis(item: Mapping[str, Any], reports: Reports) -> Markup:
    """Return what a line rests on, and the way to report an error in it."""
    source = str(item.get("source") or "")
    linked = link_out(tag("span", source, lang=lang_of(source)), item.get("source_url"))
    date = f" · {item['date']}" if item.get("date") else None
    return tag("small", linked, date, " · ", reports.render(item, field_of(item)), class_="basis soft")


def _line(item: Mapping[str, Any], reports: Reports) -> Markup:
    return tag("li", str(item["text"]), " ", _basis(item, reports))


def _render_ticks(answer: Mapping[str, Any], words: Translator, reports: Reports) -> Markup:
    """Return the list to tick off; ``page.js`` keeps the ticks in the browser, by task, person and material."""
    materials = answer["materials"]
    if not materials:
        return tag("section", tag("h2", words("bring")), tag("p", words("bring.none")), class_="card")
    rows = []
    for item in materials:
        key = f"{answer['task']} {answer['person']} {item['id']}"
        box = tag("input", type="checkbox", id=f"tick {key}".replace(" ", "-"), data_tick=key)
        said = tag("label", box, tag("span", say_material(item, words.lang)), class_="check")
        rows.append(tag("li", said, _basis(item, reports), data_key=key))
    hint = tag("p", words("guide.tick"), class_="soft")
    return tag("section", tag("h2", words("bring")), hint, tag("ul", *rows, class_="ticks", role="list"), class_="card")


def _hotline(item: Mapping[str, Any], words: Translator, reports: Reports) -> Markup:
    other = item.get("from_elsewhere")
    return tag(
        "li",
        render_phone(str(item["number"]), words),
        join(" / ", render_phone(str(other), words)) if other else None,
        f" {item['name']} ",
        tag("small", str(item["note"]), class_="soft") if item.get("note") else None,
        " ",
        _basis(item, reports),
    )


def _channel(item: Mapping[str, Any], lang: str, reports: Reports) -> Markup:
    linked = link_out(tag("b", mark_chinese(str(item["name"]), lang)), item.get("url"))
    official = f" · {text('guide.official', lang)}" if item["official"] else ""
    note = tag("small", f" {item['note']}", class_="soft") if item.get("note") else None
    return tag("li", f"{item['type_name']}{official} ", linked, note, " ", _basis(item, reports))


def _law(law: Mapping[str, Any], reports: Reports) -> Markup:
    linked = link_out(tag("b", f"{law['name']} {law['article']}"), law.get("url"))
    return tag("li", linked, " ", str(law["summary"]), " ", _basis(law, reports))
