"""The result list: one full card, rows for the others, what they share said once; the same numbers as on the map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from locator.hours import describe
from locator.model import Answer, Hit
from locator.outputs.html_document import Markup, hide, tag
from locator.outputs.shapes import GROUPS, group_of, split_phones
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
from locator.wording import Translator


def group_hits(hits: Sequence[Hit], *, open_only: bool = False) -> list[tuple[str, list[Hit]]]:
    """Return the hits under their headings: those of :func:`group_of`, then ``other`` (the other authority)."""
    groups: dict[str, list[Hit]] = {name: [] for name in (*GROUPS, "other")}
    for hit in hits:
        groups["other" if hit.tier != 1 else group_of(hit, open_only=open_only)].append(hit)
    return [(name, found) for name, found in groups.items() if found]


def render_results(answer: Answer, context: ListContext) -> Markup:
    """Return the whole list."""
    open_only = answer.query.open_now or answer.query.open_at is not None
    words, groups = context.words, group_hits(answer.hits, open_only=open_only)
    near = sum(len(found) for name, found in groups if name in ("yours", "near", "about"))
    heading, count = ("results.heading", near) if near else ("results.heading_region", len(answer.hits))
    title = tag("h2", words(heading, n=count), id="results")
    see = tag("button", words("results.map"), type="button", data_do="map", class_="to-map")
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
    """Return the cautions that more than one of the rows has."""
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
    return words("comma").join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


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
        lines.append(tag("p", sign, who, words("comma").join(said), end))
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
    name = tag(
        "button",
        hide(f"{hit.rank}. "),
        tag("bdi", point.name, lang="zh-CN"),
        type="button",
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
