"""Before the trip: can it be saved, and whom to call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from locator.web.markup import Markup, tag
from locator.web.words import Words

_SIGNS = ("yes", "partly", "no", "ask")


def render_trip(guide: Mapping[str, Any] | None, words: Words) -> Markup | None:
    """Return whether the matter can be settled without going, with the channels that do it."""
    trip = (guide or {}).get("trip")
    if not guide or not trip:
        return None
    answer = trip.get("without_visit")
    heading = words(f"trip.{answer if answer in _SIGNS else 'ask'}")
    lines = [tag("p", str(line["text"])) for line in trip.get("lines", [])[:3]]
    channels = [
        tag(
            "li",
            _render_channel(channel),
            tag("small", f" {channel['note']}", class_="soft") if channel.get("note") else None,
        )
        for channel in guide.get("channels", [])
    ]
    more = tag("details", tag("summary", words("trip.more")), tag("ul", *channels, role="list")) if channels else None
    return tag("section", tag("h2", heading), *lines, more, tag("p", words("trip.below"), class_="soft"), class_="trip")


def _render_channel(channel: Mapping[str, Any]) -> Markup:
    name = str(channel["name"])
    if channel.get("url"):
        return tag("a", name, href=str(channel["url"]), target="_blank", rel="noopener noreferrer")
    return tag("span", name)
