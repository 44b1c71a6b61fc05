"""The way there: how far, how to travel, the steps, and the person's own navigation app."""

from __future__ import annotations

from collections.abc import Sequence

from locator.i18n import text
from locator.model import Hit, Mode, Route
from locator.routing import Link, say_gaps, say_sent_to
from locator.web.markup import Markup, join, tag
from locator.web.words import Words


def render_way(
    hit: Hit,
    route: Route | None,
    links: Sequence[Link],
    words: Words,
    *,
    mode: Mode,
    failed: bool = False,
    arrival: str | None = None,
    asks: str | None = None,
) -> Markup:
    """Return the panel of the chosen point's way.

    Parameters
    ----------
    route
        The way, or None when there is none (no position of the point, or no origin).
    arrival
        When the person gets there and whether it is open then, in words, where that is known.
    asks
        Who, elsewhere, gets the two positions when the way is asked for; None for an engine on this machine.
    """
    heading = tag("h2", words("way.heading", rank=hit.rank, name=hit.point.name), id="way")
    if hit.point.lon is None or not links:
        return tag("section", heading, tag("p", words("way.no_position")), class_="way", aria_labelledby="way")
    parts: list[Markup | None] = [heading, _render_modes(mode, words)]
    if failed:
        parts.append(tag("p", words("way.failed"), class_="notice"))
    if asks:
        parts.append(_render_consent(hit, route, asks, words))
    if route is not None:
        parts.append(_render_route(route, words, arrival))
    parts.append(_render_apps(links, words))
    return tag("section", *parts, class_="way", aria_labelledby="way")


def _render_modes(mode: Mode, words: Words) -> Markup:
    buttons = [
        tag(
            "button",
            words.name("mode", choice),
            type="button",
            data_act="mode",
            data_id=choice,
            aria_pressed="true" if choice is mode else "false",
        )
        for choice in Mode
    ]
    return tag("div", *buttons, class_="modes", role="group", aria_label=words("way.mode"))


def _render_consent(hit: Hit, route: Route | None, asks: str, words: Words) -> Markup:
    """Return who gets the two positions, with the button that asks them while nobody was asked yet."""
    said = tag("small", say_sent_to(asks, words.lang), class_="soft")
    if route is not None and route.engine != "line":
        return tag("p", said)
    return tag("p", tag("button", words("way.ask"), type="button", data_act="go", data_id=hit.point.id), " ", said)


def _render_route(route: Route, words: Words, arrival: str | None) -> Markup:
    if route.engine == "line":
        return join(tag("p", step.text, class_="estimate") for step in route.steps)
    said = words(
        "way.route",
        mode=words.name("mode", route.mode),
        length=words.length(route.distance_m),
        duration=words.duration(route.duration_s or 0.0),
    )
    steps = [tag("li", step.text) for step in route.steps]
    gap = " ".join(say_gaps(route, words.lang))
    return join(
        tag("p", tag("b", said), tag("span", f" · {arrival}") if arrival else None),
        tag("h3", words("way.steps")),
        tag("ol", *steps, class_="steps"),
        tag("p", gap, class_="soft") if gap else None,
    )


def _render_apps(links: Sequence[Link], words: Words) -> Markup:
    rows = [
        tag(
            "li",
            tag(
                "a",
                text(f"routing.app.{link.app}", words.lang),
                href=link.url,
                class_="button",
                target="_blank",
                rel="noopener noreferrer",
                aria_label=words("way.opens", app=text(f"routing.app.{link.app}", words.lang)),
            ),
        )
        for link in links
    ]
    return join(
        tag("p", words("way.apps"), class_="soft", id="apps"),
        tag("ul", *rows, class_="apps", role="list", aria_labelledby="apps"),
    )
