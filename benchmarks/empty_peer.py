"""The floor of ``bench_peer.py``: a page with a text box and nothing else, what a run costs Streamlit itself."""

import streamlit as st

st.text_input("您在哪里？")
