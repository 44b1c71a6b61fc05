"""The peer of ``bench_peer.py``: the same answer as plain Streamlit would show it, in thirty lines.

A text box, a table, and ``st_folium`` with a marker for each office, over the same :class:`~locator.service.Locator`.
"""

from __future__ import annotations

import folium
import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from locator.model import Query, Task
from locator.service import Locator
from locator.settings import load_settings


@st.cache_resource
def open_locator() -> Locator:
    """Return the process's one locator."""
    return Locator(load_settings())


st.title("社保卡办事点")
typed = st.text_input("您在哪里？")
if typed:
    settings = load_settings()
    answer = open_locator().find(Query(text=typed, task=Task.APPLY, limit=5), settings.now)
    rows = [
        {"name": hit.point.name, "address": hit.point.address, "distance": hit.distance_m, "hours": hit.point.hours,
         "state": str(hit.status.state)} for hit in answer.hits
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(rows))
    if answer.place and answer.place.lat is not None:
        chart = folium.Map((answer.place.lat, answer.place.lon), zoom_start=13, tiles=None)
        for hit in answer.hits:
            if hit.point.lat is not None:
                folium.Marker((hit.point.lat, hit.point.lon), tooltip=hit.point.id).add_to(chart)
        st_folium(chart, height=400, returned_objects=[])
