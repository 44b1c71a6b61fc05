"""What to bring and how it works, for a task, a person and a region: with a list to tick off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from locator.errors import LocatorError
from locator.guide.render import field_of, list_lines, say_date, say_material
from locator.i18n import choose, text
from locator.ingest.corrections import report_link
from locator.model import Person, Task
from locator.outputs.html_document import Markup, button, join, lang_of, link_out, mark_chinese, tag
from locator.web import shared
from locator.web.answer import render_first, render_note
from locator.web.card import render_phone
from locator.web.components import render_choice, show_panel
from locator.web.session import MAX_REPORT, Session, keep_report
from locator.web.state import PageState
from locator.wording import Translator

_FOLDS = {"fees_times": ("fees", "times"), "ask_first": ("differs", "not_found", "tips")}
"""What unfolds together, so that the guide is short on a phone, and what it is called together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """How errors in the lines of the guide are reported: once for each section."""

    words: Translator
    address: Callable[[str, str], str | None]
    """Gives where an error in an entry's field is reported; None where the page takes it itself."""
    done: str | None = None
    """The entry whose error was just reported."""
    kept: bool = True
    """Whether that report was written down."""

    def answer(self) -> str:
        """Return what is said of the report."""
        return self.words("hit.report_done" if self.kept else "hit.report_lost")

    def render(self, key: str, items: Sequence[Mapping[str, Any]]) -> Markup | None:
        """Return the way to report an error in one of a section's lines."""
        words = self.words
        if not items:
            return None
        if self.done in {str(item["id"]) for item in items}:
            return tag("p", self.answer(), class_="reported", id="reported")
        rows = [(str(item["id"]), field_of(item), str(item.get("text") or item["name"])[:40]) for item in items]
        address = self.address(*rows[0][:2])
        if address:
            links = [
                tag("li", tag("a", about, href=self.address(entry, field), target="_blank", rel="noopener noreferrer"))
                for entry, field, about in rows
            ]
            inside = tag("ul", *links, role="list")
        else:
            inside = self._render_form(key, rows)
        return tag("details", tag("summary", words("hit.report")), inside, class_="report", data_key=f"report {key}")

    def _render_form(self, key: str, rows: Sequence[tuple[str, str, str]]) -> Markup:
        words, about, said = self.words, f"report-line-{key}", f"report-text-{key}"
        options = [tag("option", label, lang=lang_of(label), value=f"{entry} {field}") for entry, field, label in rows]
        return tag(
            "form",
            tag("label", words("guide.report_line"), for_=about),
            tag("select", *options, id=about, name="id"),
            tag("label", words("hit.report_hint"), for_=said),
            tag("textarea", id=said, name="message", rows=3, maxlength=MAX_REPORT, required=True),
            tag("button", words("hit.report_send"), type="submit"),
            data_act="report",
            aria_label=words("hit.report"),
        )


def show_guide(session: Session) -> None:
    """Draw the guide."""
    state, words = session.state, Translator(session.state.lang)
    try:
        book = shared.open_locator().engines.guide
        region = state.region or state.area
        answer = book.answer(state.task, state.person, region, state.lang)
        regions = [(code, choose(found.name, state.lang) or code) for code, found in book.regions.items()]
    except LocatorError:
        show_panel("guide", tag("p", words("trouble.data"), class_="notice", id="main"), session)
        return
    shown = str(answer["regions"][0]["adcode"]) if answer["regions"] else ""
    settings = shared.read_settings()
    keep_report(session, settings, shared.read_clock(), {line["id"] for line in list_lines(answer)})
    reports = Reports(
        words=words,
        address=partial(report_link, settings),
        done=session.reported,
        kept=session.report_kept,
    )
    content = join(_render_choices(state, regions, shown, words), render_guide(answer, words, reports))
    said = f"{answer['task_name']}{words('comma')}{answer['person_name']}"
    focus, session.focus = session.focus, None
    page = {"announce": reports.answer() if session.reported else said, "focus": focus}
    show_panel("guide", content, session, page=page)


def _render_choices(state: PageState, regions: Sequence[tuple[str, str]], shown: str, words: Translator) -> Markup:
    rows = [("", words("guide.region_nation")), *regions]
    tasks = [(task, words.name("task", task)) for task in Task]
    people = [(person, words.name("person", person)) for person in Person]
    return tag(
        "form",
        tag("h2", words("guide.heading"), id="main", tabindex="-1"),
        tag(
            "div",
            render_choice("guide", "task", words("ask.task"), tasks, state.task),
            render_choice("guide", "person", words("ask.person"), people, state.person),
            render_choice("guide", "region", words("guide.region"), rows, shown),
            class_="ask-what",
        ),
        class_="ask",
        data_act="guide",
        aria_label=words("guide.choose"),
    )


def render_guide(answer: Mapping[str, Any], words: Translator, reports: Reports) -> Markup:
    """Return what to do on one screen: the urgent line, whether to go, what to bring, the steps; the rest unfolds."""
    lang = words.lang
    parts: list[Markup | None] = []
    if not answer["local"]:
        code = "guide.no_local" if answer["region"] else "guide.nation_only"
        parts.append(tag("p", text(code, lang), class_="note" if answer["region"] else "soft"))
    parts.append(render_first(answer, words))
    parts.append(_render_trip(answer, words, reports))
    parts.append(_render_ticks(answer, words, reports))
    parts.append(_render_steps(answer, words, reports))
    parts.append(_render_hotlines(answer["hotlines"], words, reports))
    parts.append(
        _fold(
            "questions",
            text("page.guide.questions", lang),
            answer.get("questions") or (),
            words,
            reports,
            say=partial(_say_question, lang=lang),
        )
    )
    say_channel = partial(_say_channel, lang=lang)
    parts.append(_fold("channels", text("guide.channels", lang), answer["channels"], words, reports, say=say_channel))
    parts += [_fold_together(name, sections, answer, words, reports) for name, sections in _FOLDS.items()]
    parts.append(_fold("law", text("guide.law", lang), answer["law"], words, reports, say=partial(_say_law, lang=lang)))
    related = [
        tag("li", button(other["name"], data_act="task", data_id=other["task"], class_="example"))
        for other in answer["related"]
    ]
    if related:
        summary = tag("summary", tag("h2", text("guide.related", lang)))
        listed = tag("ul", *related, class_="examples", role="list")
        parts.append(tag("details", summary, listed, class_="fold", data_key="related"))
    return tag("div", *parts, class_="guide")


def _say_text(item: Mapping[str, Any], *, lang: str) -> Markup:
    return join(mark_chinese(str(item["text"]), lang))


def _say_question(item: Mapping[str, Any], *, lang: str) -> Markup:
    return join(tag("b", mark_chinese(str(item["text"]), lang)), " ", mark_chinese(str(item["answer"]), lang))


def _say_channel(item: Mapping[str, Any], *, lang: str) -> Markup:
    linked = link_out(tag("b", mark_chinese(str(item["name"]), lang)), item.get("url"))
    official = f" · {text('guide.official', lang)}" if item["official"] else ""
    return join(f"{item['type_name']}{official} ", linked, render_note(item, lang))


def _say_law(law: Mapping[str, Any], *, lang: str) -> Markup:
    linked = link_out(tag("b", mark_chinese(f"{law['name']} {law['article']}", lang)), law.get("url"))
    return join(linked, " ", mark_chinese(str(law["summary"]), lang))


def _fold(
    key: str,
    heading: str,
    items: Sequence[Mapping[str, Any]],
    words: Translator,
    reports: Reports,
    *,
    say: Callable[[Mapping[str, Any]], Markup] | None = None,
) -> Markup | None:
    """Return a section that unfolds, with its lines, what they rest on, and one way to report an error."""
    if not items:
        return None
    summary = tag("summary", tag("h2", heading))
    rows = _render_lines(items, say or partial(_say_text, lang=words.lang))
    return tag("details", summary, rows, _render_sources(key, items, words, reports), class_="fold", data_key=key)


def _render_lines(items: Sequence[Mapping[str, Any]], say: Callable[[Mapping[str, Any]], Markup]) -> Markup:
    return tag("ul", *(tag("li", say(item)) for item in items), role="list")


def _fold_together(
    name: str, sections: Sequence[str], answer: Mapping[str, Any], words: Translator, reports: Reports
) -> Markup | None:
    """Return several sections that unfold as one, each under its own heading."""
    filled = [section for section in sections if answer[section]]
    if len(filled) < 2:
        return (
            _fold(name, text(f"guide.{filled[0]}", words.lang), answer[filled[0]], words, reports) if filled else None
        )
    say = partial(_say_text, lang=words.lang)
    parts = [
        join(tag("h3", text(f"guide.{section}", words.lang)), _render_lines(answer[section], say)) for section in filled
    ]
    summary = tag("summary", tag("h2", words(f"guide.{name}")))
    basis = _render_sources(name, [item for section in filled for item in answer[section]], words, reports)
    return tag("details", summary, *parts, basis, class_="fold", data_key=name)


def _render_sources(key: str, items: Sequence[Mapping[str, Any]], words: Translator, reports: Reports) -> Markup:
    """Return what a section's lines rest on, each source once, and the way to report an error in one of them."""
    named: dict[str, Markup] = {}
    for item in items:
        source = str(item.get("source") or "")
        if source and source not in named:
            date = f" · {say_date(item, words.lang)}" if item.get("date") else None
            linked = link_out(tag("span", source, lang=lang_of(source)), item.get("source_url"))
            named[source] = tag("li", linked, date)
    listed = tag("ul", *named.values(), role="list", class_="soft")
    sources = tag("details", tag("summary", words("hit.details")), listed, data_key=f"sources {key}")
    return tag("div", sources, reports.render(key, items), class_="basis")


def _render_trip(answer: Mapping[str, Any], words: Translator, reports: Reports) -> Markup | None:
    trip = answer["trip"]
    heading = tag("span", text(f"guide.visit.{trip['without_visit']}", words.lang))
    if not trip["lines"]:
        return tag("p", heading, class_="trip")
    summary = tag("summary", heading, tag("span", words("trip.more"), class_="link"))
    lines = [tag("p", mark_chinese(str(line["text"]), words.lang)) for line in trip["lines"]]
    basis = _render_sources("trip", trip["lines"], words, reports)
    return tag("details", summary, *lines, basis, class_="trip", data_key="trip")


def _render_ticks(answer: Mapping[str, Any], words: Translator, reports: Reports) -> Markup:
    """Return the list to tick off; ``page.js`` keeps the ticks in the browser, by task, person and material."""
    materials = answer["materials"]
    if not materials:
        return tag("section", tag("h2", words("bring")), tag("p", words("bring.none")), class_="card")
    rows = []
    for item in materials:
        key = f"{answer['task']} {answer['person']} {item['id']}"
        box = tag("input", type="checkbox", id=f"tick {key}".replace(" ", "-"), data_tick=key)
        said = tag("label", box, tag("span", mark_chinese(say_material(item, words.lang), words.lang)), class_="check")
        rows.append(tag("li", said, data_key=key))
    return tag(
        "section",
        tag("h2", words("bring")),
        tag("p", words("guide.tick"), class_="soft"),
        tag("ul", *rows, class_="ticks", role="list"),
        _render_sources("materials", materials, words, reports),
        class_="card",
    )


def _render_steps(answer: Mapping[str, Any], words: Translator, reports: Reports) -> Markup:
    """Return the steps, each one line that unfolds."""
    steps = []
    for number, step in enumerate((step for step in answer["steps"] if step["lines"]), 1):
        first = str(step["lines"][0]["text"])
        said = tag("span", mark_chinese(first, words.lang), class_="soft")
        line = tag("span", tag("b", step["title"]), " ", said, class_="clip")
        rows = tag("ul", *(tag("li", _say_text(item, lang=words.lang)) for item in step["lines"]), role="list")
        basis = _render_sources(f"step-{number}", step["lines"], words, reports)
        steps.append(tag("li", tag("details", tag("summary", line), rows, basis, data_key=f"step {number}")))
    heading = tag("h2", text("guide.steps", words.lang))
    return tag("section", heading, tag("ol", *steps, class_="four"), class_="card")


def _render_hotlines(items: Sequence[Mapping[str, Any]], words: Translator, reports: Reports) -> Markup | None:
    if not items:
        return None
    rows = []
    for item in items:
        other = item.get("from_elsewhere")
        numbers = join(
            render_phone(str(item["number"]), words), join(" / ", render_phone(str(other), words)) if other else None
        )
        rows.append(tag("li", numbers, " ", mark_chinese(str(item["name"]), words.lang), render_note(item, words.lang)))
    return tag(
        "section",
        tag("h2", text("guide.hotlines", words.lang)),
        tag("ul", *rows, role="list"),
        _render_sources("hotlines", items, words, reports),
        class_="card",
    )
