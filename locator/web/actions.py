"""What a person can do with one result: get there, see it on the map, share, print, report an error."""

from __future__ import annotations

from locator.model import Hit
from locator.outputs.html_document import Markup, hide, tag
from locator.web.listing import ListContext, is_pinned
from locator.web.reports import ROW, render_report_form
from locator.web.sheets import render_sheet


def render_actions(hit: Hit, context: ListContext, *, chosen: bool) -> Markup:
    """Return the buttons of a card; the chosen one has all of them."""
    words, point = context.words, hit.point
    named = hide(" ", tag("span", point.name, lang="zh-CN"))
    parts = [tag("button", words("hit.go"), named, type="button", class_="primary", data_act="go", data_id=point.id)]
    if is_pinned(hit):
        said, pressed = words("hit.chosen" if chosen else "hit.choose"), "true" if chosen else "false"
        parts.append(
            tag("button", said, named, type="button", data_act="choose", data_id=point.id, aria_pressed=pressed)
        )
    if chosen:
        parts.append(_render_share(point.id, context))
        parts.append(render_sheet(context.state, point.id, context.route))
        parts.append(tag("span", class_="shared soft", data_own=True))
        parts.append(_render_report(point.id, context))
    return tag("div", *parts, class_="actions", data_key="actions")


def _render_share(point_id: str, context: ListContext) -> Markup:
    address = f"{context.share}{'&' if '?' in context.share else '?'}id={point_id}"
    done = context.words("hit.shared")
    return tag(
        "button", context.words("hit.share"), type="button", data_do="share", data_address=address, data_done=done
    )


def _render_report(point_id: str, context: ListContext) -> Markup:
    """Return the way to report an error: where the operator says, else a form of the page itself."""
    words = context.words
    address = context.report(point_id) if context.report else None
    if address:
        return tag("a", words("hit.report"), class_="button", href=address, target="_blank", rel="noopener noreferrer")
    if context.reported == point_id:
        return tag("p", words("hit.report_done"), class_="soft reported", id="reported")
    return tag(
        "details",
        tag("summary", words("hit.report")),
        render_report_form(point_id, ROW, words),
        class_="report",
        data_key="report",
    )
