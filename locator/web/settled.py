"""What Streamlit works out anew for every run of the page although it never changes here: its theme.

Each run sends the browser the theme, and Streamlit searches all of its 250 options for it six times, under the
lock that every message of every visit waits for: an eighth of a run's time. The options are settled once the
server starts (``fileWatcherType = "none"``: no file of them is read again), so they are looked up once.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from streamlit import config

if TYPE_CHECKING:
    from collections.abc import Mapping


def settle_options() -> None:
    """Look up each section of Streamlit's options once. Options that are set later are not seen by sections."""
    look_up = getattr(config.get_options_for_section, "__wrapped__", config.get_options_for_section)

    @cache
    def look_up_once(section: str) -> Mapping[str, Any]:
        return MappingProxyType(look_up(section))

    config.get_options_for_section = look_up_once  # type: ignore[assignment]
