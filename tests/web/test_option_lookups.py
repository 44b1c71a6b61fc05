"""The options that are looked up once are what Streamlit itself would look up, and its messages carry them."""

from __future__ import annotations

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from locator.web.streamlit_patches import cache_option_lookups

SECTIONS = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar", "theme.dark.sidebar")


@pytest.fixture
def look_up(monkeypatch):
    """Streamlit's own way of looking a section up; it is back after the test."""
    own = config.get_options_for_section
    monkeypatch.setattr(config, "get_options_for_section", own)
    return own


@pytest.mark.parametrize("section", SECTIONS)
def test_a_settled_section_is_streamlits_own(look_up, section):
    cache_option_lookups()
    assert config.get_options_for_section(section) == look_up(section) != {}


def test_streamlits_theme_message_is_the_same_and_searches_no_more(look_up, monkeypatch):
    config.set_option("theme.light.primaryColor", "#0b5cad")
    try:
        before, after = CustomThemeConfig(), CustomThemeConfig()
        app_session._populate_theme_msg(before, "theme.light")
        cache_option_lookups()
        app_session._populate_theme_msg(after, "theme.light")
        assert after == before and after.primary_color == "#0b5cad"
        monkeypatch.setattr(look_up, "__code__", (lambda section: pytest.fail("searched again")).__code__)
        app_session._populate_theme_msg(CustomThemeConfig(), "theme.light")
    finally:
        config.set_option("theme.light.primaryColor", None)
