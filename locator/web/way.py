"""The way there: how far, how to travel, the steps, and the person's own navigation app."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from locator.datum import distance_m
from locator.i18n import text
from locator.model import EXACT, Hit, Place, ServicePoint
from locator.outputs.html_document import Markup, button, join, mark_chinese, tag
from locator.routing.links import Link, LinkMode, address_for_driver
from locator.routing.narrative import say_gaps, say_sent_to
from locator.routing.route import Route
from locator.wording import Translator


def render_way(
    hit: Hit,
    route: Route | None,
    links: Sequence[Link],
    words: Translator,
    *,
    mode: LinkMode,
    origin: Place | None = None,
    failed: bool = False,
    arrival: str | None = None,
    asks: str | None = None,
) -> Markup:
    """Return the panel of the chosen point's way.

    Parameters
    ----------
    route
        The way, or None when there is none (no position of the point, no origin, or by bus).
    links
        Into the apps that know ``mode``.
    origin
        Where the way starts: said where that is only the middle of a region.
    arrival
        When the person gets there and whether it is open then, in words, where that is known.
    asks
        Who, elsewhere, gets the two positions when the way is asked for; None for an engine on this machine.
    """
    heading = tag("h2", mark_chinese(words("way.heading", rank=hit.rank, name=hit.point.name), words.lang), id="way")
    parts: list[Markup | None] = [heading]
    if hit.point.lon is None or not links:
        parts.append(tag("p", words("way.no_position")))
    else:
        parts.append(_render_modes(mode, words.lang))
        if failed:
            parts.append(tag("p", words("way.failed"), class_="notice"))
        if asks and mode != LinkMode.BUS:
            parts.append(_render_consent(hit, route, asks, words))
        if origin is not None and mode != LinkMode.BUS and is_start_too_coarse(origin, hit.point):
            error = words.length(origin.error_m or 0.0)
            parts.append(tag("p", mark_chinese(words("way.too_coarse", label=origin.label, error=error), words.lang)))
        elif route is not None:
            parts.append(_render_route(hit, route, words, arrival, _say_origin(origin, words)))
        parts.append(_render_apps(links, words, bus=mode == LinkMode.BUS))
    parts.append(_render_driver(hit, words))
    return tag("section", *parts, class_="way", aria_labelledby="way")


@lru_cache(maxsize=32)
def _render_modes(mode: LinkMode, lang: str) -> Markup:
    buttons = [
        button(
            text(f"routing.mode.{choice}", lang),
            data_act="mode",
            data_id=choice,
            aria_pressed="true" if choice == mode else "false",
        )
        for choice in LinkMode
    ]
    return tag("div", *buttons, class_="modes", role="group", aria_label=text("page.way.mode", lang))


def _render_consent(hit: Hit, route: Route | None, asks: str, words: Translator) -> Markup:
    """Return who gets the two positions, with a button to ask them if they were not asked yet."""
    said = tag("small", say_sent_to(asks, words.lang), class_="soft")
    if route is not None and route.engine != "line":
        return tag("p", said)
    return tag("p", button(words("way.ask"), data_act="go", data_id=hit.point.id), " ", said)


def is_start_too_coarse(origin: Place | None, point: ServicePoint) -> bool:
    """Tell whether the start is less exact than the office is far: no direction and no length is known then."""
    if origin is None or origin.precision in EXACT or not origin.error_m:
        return False
    if origin.lon_lat is None or point.lon_lat is None:
        return False
    return float(distance_m(*origin.lon_lat, *point.lon_lat)) <= origin.error_m


def _say_origin(origin: Place | None, words: Translator) -> str | None:
    """Return from where the way is told, where that is no exact place."""
    if origin is None or origin.precision in EXACT:
        return None
    return words("way.from_middle", label=origin.label)


def _render_route(hit: Hit, route: Route, words: Translator, arrival: str | None, origin: str | None) -> Markup:
    about = tag("p", mark_chinese(origin, words.lang), class_="soft") if origin else None
    if route.engine == "line":
        return join([tag("p", step.text, class_="estimate") for step in route.steps], about)
    said = words(
        "way.route",
        mode=words.name("mode", route.mode),
        length=words.length(route.distance_m),
        duration=words.duration(route.duration_s or 0.0),
    )
    gap = " ".join(say_gaps(route, words.lang))
    return join(
        tag("p", tag("b", said), tag("span", f" · {arrival}") if arrival else None),
        about,
        tag("h3", words("way.steps")),
        tag("p", words("way.step_hint"), class_="soft"),
        # Another office or mode is another list: no step of it is still pressed.
        tag("ol", *_render_steps(route, words), class_="steps", data_key=f"steps {hit.point.id} {route.mode}"),
        tag("p", gap, class_="soft") if gap else None,
    )


def _render_steps(route: Route, words: Translator) -> list[Markup]:
    """Return the steps, each a button that shows its place on the map."""
    return [
        tag(
            "li",
            button(
                step.text,
                class_="step-button",
                data_do="step",
                data_step=number,
                data_done=words("way.step_shown", n=number + 1),
                data_own_attributes="aria-pressed",
                aria_pressed="false",
            ),
        )
        for number, step in enumerate(route.steps)
    ]


def _render_apps(links: Sequence[Link], words: Translator, *, bus: bool) -> Markup:
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
        tag("p", words("way.apps_bus" if bus else "way.apps"), class_=None if bus else "soft", id="apps"),
        tag("ul", *rows, class_="apps", role="list", aria_labelledby="apps"),
    )


def _render_driver(hit: Hit, words: Translator) -> Markup | None:
    """Return name and address in Chinese, to show to a taxi driver or to copy; None where no address is known."""
    if not hit.point.address:
        return None
    said = address_for_driver(hit.point)
    lines = [tag("span", line) for line in said.split("\n")]
    copy = button(
        words("way.copy"),
        data_do="copy",
        data_text=said,
        data_done=words("way.copied"),
        data_failed=words("way.copy_failed"),
    )
    return tag(
        "div",
        tag("h3", words("way.driver")),
        tag("p", *lines, class_="driver", lang="zh-CN"),
        tag("p", copy, " ", tag("span", class_="shared soft", data_own=True)),
        data_key=f"driver {hit.point.id}",
    )
