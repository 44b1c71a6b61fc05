"""The theme that is written once is what Streamlit itself would write into each run's message."""

from __future__ import annotations

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from locator.web.streamlit_patches import cache_theme

SECTIONS = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar", "theme.dark.sidebar")


@pytest.fixture
def own(monkeypatch):
    """Streamlit's own way of writing a section; it is back after the test."""
    write = app_session._populate_theme_msg
    monkeypatch.setattr(app_session, "_populate_theme_msg", write)
    return write


@pytest.fixture
def coloured():
    """Options of one section, as the operator's file sets them."""
    wanted = {"theme.light.primaryColor": "#0b5cad", "theme.light.baseRadius": "10px", "theme.light.font": "serif"}
    before = {name: config.get_option(name) for name in wanted}
    for name, value in wanted.items():
        config.set_option(name, value)
    yield
    for name, value in before.items():
        config.set_option(name, value)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_streamlits_own_each_time(own, coloured, section):
    cache_theme()
    wanted, first, second = CustomThemeConfig(), CustomThemeConfig(), CustomThemeConfig()
    own(wanted, section)
    app_session._populate_theme_msg(first, section)
    app_session._populate_theme_msg(second, section)
    assert first == wanted == second
    assert section != "theme.light" or first.primary_color == "#0b5cad"


def test_nothing_is_looked_up_again(own, coloured, monkeypatch):
    cache_theme()
    app_session._populate_theme_msg(CustomThemeConfig(), "theme.light")
    monkeypatch.setattr(config, "get_options_for_section", lambda section: pytest.fail("searched again"))
    again = CustomThemeConfig()
    app_session._populate_theme_msg(again, "theme.light")
    assert again.primary_color == "#0b5cad"


def test_a_section_without_options_leaves_its_message_unset(own):
    cache_theme()
    theme = CustomThemeConfig()
    app_session._populate_theme_msg(theme.dark.sidebar, "theme.dark.sidebar")
    assert not theme.dark.HasField("sidebar")
