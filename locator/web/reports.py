""" "Report an error", on each office and each line of the guide: where the operator says, else a form of the page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from locator.errors import LocatorError
from locator.ingest.corrections import write_correction
from locator.outputs.html_document import Markup, hide, mark_chinese, tag
from locator.web.words import Words

if TYPE_CHECKING:
    from locator.settings import Settings
    from locator.web.visit import Visit

log = logging.getLogger(__name__)
MAX_REPORT = 500
"""How many characters a report of an error may have."""
ROW = "row"
"""The field of a report about an office: any column of its row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """How errors in the lines of the guide are reported."""

    words: Words
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


def render_report_form(entry_id: str, field: str, words: Words) -> Markup:
    """Return the form for one sentence about what is wrong."""
    box = tag("textarea", id="report-text", name="message", rows=3, maxlength=MAX_REPORT, required=True)
    return tag(
        "form",
        tag("label", words("hit.report_hint"), for_="report-text"),
        tag("input", type="hidden", name="id", value=entry_id),
        tag("input", type="hidden", name="field", value=field),
        box,
        tag("button", words("hit.report_send"), type="submit"),
        data_act="report",
        aria_label=words("hit.report"),
    )


def keep_report(visit: Visit, settings: Settings, now: datetime, known: Container[str]) -> None:
    """Write down what a person reported about one of the ``known`` entries, if anything."""
    if visit.report is None:
        return
    (entry_id, field, message), visit.report = visit.report, None
    if entry_id not in known:
        return
    try:
        write_correction(settings, entry_id=entry_id, field=field, message=message, now=now)
    except LocatorError as error:
        log.warning("a report was not kept: %s", error.code)
        return
    visit.reported, visit.reporting = entry_id, None
