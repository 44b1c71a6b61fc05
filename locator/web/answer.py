"""An answer on the page: what was understood, what comes first, the list, what helps where nothing is near."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from locator.hours.telling import describe
from locator.i18n import language, text
from locator.model import Answer, Fallback, Hit, Notice, Place, RegionWithOffices
from locator.outputs.html_document import Markup, button, hide, join, link_out, mark_chinese, tag
from locator.outputs.shapes import (
    GROUPS,
    AdviceLine,
    find_hotline,
    group_of,
    label_beside,
    say_fallback,
    say_notice,
    split_phones,
)
from locator.web.card import (
    SIGNS,
    ListContext,
    dialled,
    heading_of,
    join_facts,
    list_cautions,
    render_card,
    render_english,
    say_how_far,
)
from locator.web.state import PageState, city_of
from locator.wording import Translator

MAX_CANDIDATES = 8
_MINOR = frozenset({"origin_coarse", "travel_time_unavailable"})
"""Notices that the bar or the distances say too: they come last."""
_TRIP = ("yes", "partly", "no", "ask")


def say_place(place: Place, words: Translator) -> str:
    """Return how exactly a place is known, in brackets."""
    precision = words.name("precision", place.precision)
    if place.error_m:
        return words("understood.precision", precision=precision, error=words.length(place.error_m))
    return words("understood.precision_only", precision=precision)


def render_understood(answer: Answer, state: PageState, *, restored: bool) -> Markup:
    """Return the bar that the form folds into, the way to correct it, and what else to know about the answer.

    What is typed next is first looked for in the city of the state's area.
    """
    parts: list[Markup | None] = []
    words, place = Translator(state.lang), answer.place
    if place is not None:
        parts.append(_render_bar(place, words, state, restored=restored))
        parts.append(_render_correction(answer.candidates, words))
    elif answer.candidates:
        parts.append(tag("h2", words("which" if len(answer.candidates) > 1 else "which.one"), id="which"))
        parts += _render_notices(answer, words)
        parts.append(_render_candidates(answer.candidates, words, labelled="which"))
        if all(notice.code != "which_city" for notice in answer.notices):  # which says the same
            parts.append(tag("p", words("which.none"), class_="soft"))
    parts.append(render_first(answer.guide, words))
    parts.append(render_trip(answer.guide, words))
    if place is not None or not answer.candidates:
        parts += _render_notices(answer, words)
    parts += _render_offers(answer, words)
    return tag("section", *parts, class_="understood", id="understood", data_region=city_of(state.area))


def _render_bar(place: Place, words: Translator, state: PageState, *, restored: bool) -> Markup:
    """Return one line of what was asked, one of where, and the button that unfolds the form again."""
    what = words("bar.what", task=words.name("task", state.task), person=words(f"chip.{state.person}"))
    label = tag("b", place.label, lang="zh-CN")
    if restored:
        code = "understood.point" if place.source == "points" else "understood.region"
        before, _, after = words(code, label="\0").partition("\0")
        where = tag("p", before, label, after, class_="soft")
    else:
        english = label_beside(place, words.lang)
        where = tag("p", label, f" {english} " if english else None, say_place(place, words), class_="soft")
    edit = button(words("bar.edit"), data_do="edit", class_="edit", aria_label=words("bar.edit_what"))
    return tag("div", tag("div", tag("p", what), where), edit, class_="bar", data_key=f"bar {place.label}")


def _render_correction(candidates: Sequence[Place], words: Translator) -> Markup | None:
    """Return other places that may be meant; shown while the form is unfolded."""
    if not candidates:
        return None
    inside = (tag("p", words("understood.wrong_hint")), _render_candidates(candidates, words, labelled=None))
    return tag("div", *inside, class_="correct")


def render_first(guide: Mapping[str, Any] | None, words: Translator) -> Markup | None:
    """Return the one urgent line of a task, with the button to call; None where the task has none."""
    first = (guide or {}).get("first")
    if not first:
        return None
    number, call = find_hotline(str(first["text"])), None
    if number:
        call = tag("a", words("first.call", number=number), href=f"tel:{number}", class_="button danger")
    return tag("div", tag("p", mark_chinese(str(first["text"]), words.lang)), call, class_="urgent", role="note")


def render_note(item: Mapping[str, Any], lang: str) -> Markup | None:
    """Return the note of a line of the guide, to stand behind it."""
    return tag("small", " ", mark_chinese(str(item["note"]), lang), class_="soft") if item.get("note") else None


def render_trip(guide: Mapping[str, Any] | None, words: Translator) -> Markup | None:
    """Return whether the matter can be settled without going: one line that unfolds into how."""
    trip = (guide or {}).get("trip")
    if not guide or not trip:
        return None
    answer = trip.get("without_visit")
    heading = words(f"trip.{answer if answer in _TRIP else 'ask'}")
    lines = [tag("p", mark_chinese(str(line["text"]), words.lang)) for line in trip.get("lines", [])]
    channels = [
        tag(
            "li",
            link_out(mark_chinese(str(channel["name"]), words.lang), channel.get("url")),
            render_note(channel, words.lang),
        )
        for channel in guide.get("channels", [])
    ]
    summary = tag("summary", tag("span", heading), tag("span", words("trip.more"), class_="link"))
    listed = tag("ul", *channels, role="list") if channels else None
    return tag("details", summary, *lines, listed, class_="trip", data_key="trip")


def _render_notices(answer: Answer, words: Translator) -> list[Markup]:
    """Return what to know about the answer: the first thing and whom to call in full, the rest to unfold."""
    left_out = {"ambiguous_place"} if answer.candidates else set()
    notices = sorted((n for n in answer.notices if n.code not in left_out), key=lambda n: n.code in _MINOR)
    said = [_render_notice(notice, words) for notice in notices]
    if answer.place is not None and answer.place.note == "number_unknown":
        said.insert(0, tag("p", words("number_unknown"), class_="note"))
    shown = [note for n, note in enumerate(said) if n == 0 or "tel:" in note or not answer.hits]
    folded = [note for note in said if note not in shown]
    if folded:
        summary = tag("summary", words.count("notices.more", len(folded)))
        shown.append(tag("details", summary, *folded, class_="notices", data_key="notices"))
    return shown


def _render_notice(notice: Notice, words: Translator) -> Markup:
    """Return a notice; one that says whom to call is also a telephone link."""
    hotline = notice.params.get("hotline")
    call = tag("a", words("notice.call", number=hotline), href=f"tel:{hotline}", class_="button") if hotline else None
    return tag("div", tag("p", mark_chinese(say_notice(notice, words.lang), words.lang)), call, class_="note")


def _render_offers(answer: Answer, words: Translator) -> list[Markup]:
    """Return the buttons that ask a service elsewhere, each with who then learns what."""
    offers = []
    if answer.may_ask:
        names = text("geocoders.separator", words.lang).join(text(f"geocoders.{n}", words.lang) for n in answer.may_ask)
        offers.append(("online", names))
    if answer.may_ask_live:
        offers.append(("live", text(f"geocoders.{answer.may_ask_live}", words.lang)))
    return [
        tag(
            "p",
            button(words(f"offer.{act}", services=names), data_act=act),
            " ",
            tag("small", words(f"offer.{act}_note", services=names), class_="soft"),
            class_="offer",
        )
        for act, names in offers
    ]


def _render_candidates(candidates: Sequence[Place], words: Translator, *, labelled: str | None) -> Markup:
    alike: dict[tuple[str, str], int] = {}  # what reads alike cannot be told apart: the first stands for all
    for index, place in enumerate(candidates[:MAX_CANDIDATES]):
        alike.setdefault((place.label, place.precision), index)
    rows = [
        tag(
            "li",
            button(
                tag("span", place.label, lang="zh-CN"),
                f" {label_beside(place, words.lang) or ''} ",
                tag("small", words.name("precision", place.precision)),
                data_act="candidate",
                data_id=index,
                class_="candidate",
            ),
        )
        for index, place in ((index, candidates[index]) for index in alike.values())
    ]
    return tag("ul", *rows, class_="candidates", role="list", aria_labelledby=labelled)


def render_fallback(fallback: Fallback, words: Translator, *, exact: bool, beside_hits: bool) -> Markup:
    """Return what helps where no office on record is near; general statements are marked as general.

    Parameters
    ----------
    exact
        Whether the searches in map apps are around the person's own position.
    beside_hits
        Whether offices that are not near stand above.
    """
    heading = text("fallback.heading_beside" if beside_hits else "fallback.heading", words.lang)
    parts = []
    for title, lines in say_fallback(fallback, words.lang, exact=exact):
        rows = [tag("li", _render_advice(line, words)) for line in lines]
        if title == text("fallback.elsewhere", words.lang):
            rows = [
                tag("li", _render_region(region, line, words))
                for region, line in zip(fallback.elsewhere, lines, strict=True)
            ]
        pressed = all(line.href for line in lines[:1])
        parts.append(
            tag(
                "div",
                tag("h3", title),
                tag("ul", *rows, role="list", class_="apps" if pressed else None),
                class_="card",
            )
        )
    return tag("section", tag("h2", heading), *parts, class_="fallback")


def _render_advice(line: AdviceLine, words: Translator) -> Markup:
    """Return one line of advice: a button where it leads somewhere."""
    said = tag("span", mark_chinese(line.text, words.lang))  # one part of a button: its own parts would stand apart
    remark = tag("p", mark_chinese(line.remark, words.lang), class_="soft") if line.remark else None
    if line.href is None:
        return join(tag("b" if remark else "span", said), remark)
    elsewhere = {} if line.href.startswith("tel:") else {"target": "_blank", "rel": "noopener noreferrer"}
    return join(tag("a", said, href=line.href, class_="button", **elsewhere), remark)


def _render_region(region: RegionWithOffices, line: AdviceLine, words: Translator) -> Markup:
    """Return another region with offices: its nearest opens on the page."""
    said = tag("span", mark_chinese(line.text, words.lang))
    if region.nearest is None:
        return said
    return button(said, data_act="open", data_id=region.nearest.id, class_="example")


def group_hits(hits: Sequence[Hit], *, open_only: bool = False) -> list[tuple[str, list[Hit]]]:
    """Return the hits under their headings: those of :func:`group_of`, then ``other`` (the other authority)."""
    groups: dict[str, list[Hit]] = {name: [] for name in (*GROUPS, "other")}
    for hit in hits:
        groups["other" if hit.tier != 1 else group_of(hit, open_only=open_only)].append(hit)
    return [(name, found) for name, found in groups.items() if found]


def render_results(answer: Answer, context: ListContext) -> Markup:
    """Return the whole list."""
    words, groups = context.words, group_hits(answer.hits, open_only=answer.query.open_only)
    title = tag("h2", _say_heading(answer, groups, words), id="results")
    see = button(words("results.map"), data_do="map", class_="to-map")
    parts: list[Markup | None] = [tag("div", title, see, class_="results-head")]
    shared = share_cautions([hit for hit in answer.hits if hit.point.id != context.chosen], context)
    said = _render_shared(shared, len(answer.hits) - (context.chosen is not None), words)
    quiet = {caution.code for caution in shared}
    first_is_card = bool(answer.hits) and answer.hits[0].point.id == context.chosen
    if said and not first_is_card:
        parts.append(said)
    for name, found in groups:
        if name not in ("yours", "near"):
            parts.append(tag("h3", words(f"results.{name}"), class_="group"))
        ahead, rest = (found[:1], found[1:]) if said and first_is_card and found[0] is answer.hits[0] else ([], found)
        for part in (ahead, rest):
            if part:
                items = [render_hit(hit, context, quiet=quiet) for hit in part]
                parts.append(tag("ol", *items, class_="hits", role="list", start=part[0].rank))
            if part is ahead and ahead:
                parts.append(said)
    return tag("section", *parts, aria_labelledby="results", class_="results")


def _say_heading(answer: Answer, groups: Sequence[tuple[str, list[Hit]]], words: Translator) -> str:
    """Return what the list holds: the nearest, those open today where that was asked, or those of a region."""
    counts = {name: len(found) for name, found in groups}
    near = sum(counts.get(name, 0) for name in ("yours", "near", "about"))
    if near and answer.query.open_now and "unknown" in counts:
        return words.count("results.heading_open", near)
    return words.count("results.heading" if near else "results.heading_region", near or len(answer.hits))


def render_hit(hit: Hit, context: ListContext, *, quiet: Iterable[str] = ()) -> Markup:
    """Return the chosen hit as a card and any other as a row; cautions in ``quiet`` are said elsewhere."""
    chosen = context.chosen == hit.point.id
    content = render_card(hit, context) if chosen else _render_row(hit, context, frozenset(quiet))
    return tag(
        "li",
        content,
        class_="hit chosen" if chosen else "hit row",
        data_card=hit.point.id,
        data_key=hit.point.id,
        value=hit.rank,
        id=f"hit-{hit.rank}",
    )


class SharedCaution(NamedTuple):
    """A caution of several rows."""

    code: str
    said: str
    ranks: tuple[int, ...]


def share_cautions(rows: Sequence[Hit], context: ListContext) -> list[SharedCaution]:
    """Return the cautions that several rows share."""
    ranks: dict[tuple[str, str], list[int]] = {}
    for hit in rows:
        for caution in list_cautions(hit, context).items():
            ranks.setdefault(caution, []).append(hit.rank)
    return [SharedCaution(code, said, tuple(who)) for (code, said), who in ranks.items() if len(who) > 1]


def say_ranks(ranks: Sequence[int], words: Translator) -> str:
    """Return numbers of the list in words: ``2–4, 6``."""
    runs: list[list[int]] = []
    for rank in ranks:
        if runs and rank == runs[-1][-1] + 1:
            runs[-1].append(rank)
        else:
            runs.append([rank])
    return language(words.lang).list_separator.join(
        f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs
    )


def _render_shared(shared: Sequence[SharedCaution], rows: int, words: Translator) -> Markup | None:
    """Return what several rows have in common, said once above them."""
    by_ranks: dict[tuple[int, ...], list[str]] = {}
    for caution in shared:
        by_ranks.setdefault(caution.ranks, []).append(caution.said)
    lines: list[Markup] = []
    for ranks, said in by_ranks.items():
        who = words("shared.all") if len(ranks) == rows else words("shared.some", ranks=say_ranks(ranks, words))
        sign = tag("span", "! ", aria_hidden="true")
        end = words("shared.call") if len(lines) + 1 == len(by_ranks) else None
        listed = words("comma").join(said)
        lines.append(tag("p", sign, who, listed[:1].lower(), listed[1:], end))
    return tag("div", *lines, class_="note shared-cautions", data_key="shared") if lines else None


# --- a row


def _render_row(hit: Hit, context: ListContext, quiet: frozenset[str]) -> Markup:
    """Return a row: number, name, distance, address, state where it is known, and a button to call."""
    point, words = hit.point, context.words
    state = hit.status.state if hit.status.state in SIGNS else "unknown"
    facts: list[Markup | str | None] = [say_how_far(hit, words)]
    if state != "unknown" or hit.status.reason != "hours_unknown":
        said = describe(hit.status, context.at, words.lang)
        facts.append(tag("span", tag("span", SIGNS[state], aria_hidden="true"), f" {said}", class_=f"state {state}"))
    facts += [
        said for code, said in list_cautions(hit, context).items() if code not in quiet and code != "hours_unknown"
    ]
    if hit.serves_you and hit.serves_why:
        facts.append(words(f"serves.{hit.serves_why}"))
    facts.append(tag("span", point.address, lang="zh-CN") if point.address else words("hit.no_address"))
    name = button(
        hide(f"{hit.rank}. "),
        tag("bdi", point.name, lang="zh-CN"),
        data_act="choose",
        data_id=point.id,
        class_="row-name",
        aria_expanded="false",
    )
    own, _ = split_phones(point.phones)
    call = None
    if own:
        said = words("hit.call_row", number=own[0].number, name=point.name)
        call = tag("a", "☎", href=f"tel:{dialled(own[0].number)}", class_="row-call", aria_label=said)
    english = render_english(point, words)
    line = tag("p", join_facts(facts), class_="row-facts")
    return tag(
        "div",
        tag("span", hit.rank, class_="number", aria_hidden="true"),
        tag("div", tag(heading_of(hit), name), english, line, class_="row-text"),
        call,
        class_="row-line",
    )
