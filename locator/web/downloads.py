"""The answer as files: CSV, GeoJSON, KML."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import streamlit as st

from locator.model import Answer
from locator.outputs.html_document import tag
from locator.web.components import show_still
from locator.web.words import Words


def show_downloads(answer: Answer, now: datetime, words: Words) -> None:
    """Draw the buttons; a file is made when its button is pressed, and the page does not run again."""
    from locator.outputs.hit_exports import hits_to_geojson, hits_to_kml, hits_to_spreadsheet

    show_still("down-head", tag("h2", words("down.heading")))
    with st.container(horizontal=True, key="downloads"):
        for form, make, mime in (
            ("csv", hits_to_spreadsheet, "text/csv"),
            ("geojson", hits_to_geojson, "application/geo+json"),
            ("kml", hits_to_kml, "application/vnd.google-earth.kml+xml"),
        ):
            st.download_button(
                words(f"down.{form}"),
                data=partial(make, answer.hits, at=now, lang=words.lang),
                file_name=f"{words('down.file')}.{form}",
                mime=mime,
                on_click="ignore",
                key=f"down-{form}",
            )
    show_still("down-note", tag("p", words("down.privacy"), class_="soft"))
