"""Before the trip: can it be saved, and whom to call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from locator.outputs.html_document import Markup, link_out, mark_chinese, tag
from locator.web.words import Words

_SIGNS = ("yes", "partly", "no", "ask")


def render_trip(guide: Mapping[str, Any] | None, words: Words) -> Markup | None:
    """Return whether the matter can be settled without going, with the channels that do it."""
    trip = (guide or {}).get("trip")
    if not guide or not trip:
        return None
    answer = trip.get("without_visit")
    heading = words(f"trip.{answer if answer in _SIGNS else 'ask'}")
    lines = [tag("p", str(line["text"])) for line in trip.get("lines", [])]
    channels = [
        tag(
            "li",
            link_out(mark_chinese(str(channel["name"]), words.lang), channel.get("url")),
            tag("small", f" {channel['note']}", class_="soft") if channel.get("note") else None,
        )
        for channel in guide.get("channels", [])
    ]
    more = None
    if channels or lines[1:]:
        more = tag("details", tag("summary", words("trip.more")), *lines[1:], tag("ul", *channels, role="list"))
    return tag("section", tag("h2", heading), *lines[:1], more, class_="trip")
