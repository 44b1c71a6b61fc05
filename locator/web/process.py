"""What the page's process settles with the machine and the server under it before it serves anybody."""

from __future__ import annotations

import logging
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import uvicorn.config
from streamlit import config, net_util

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

log = logging.getLogger(__name__)


def settle_process() -> None:
    """Settle all of it; once, after the settings are read."""
    raise_file_limit()
    keep_the_peer()
    ask_nobody()
    settle_options()


def raise_file_limit() -> None:
    """Let this process open as many files and connections as the machine allows it.

    A visit holds about four descriptors (Streamlit gives each an event loop of its own), and the usual soft limit
    of 1,024 is there for programs that count on small numbers. Nothing happens where the limit is as it should
    be, where the machine refuses, or where there is no such limit (Windows).
    """
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS: "unlimited" is more than it grants
            log.warning("the limit of open files stays at %d", soft)


def keep_the_peer() -> None:
    """Let every request be known by the address it comes from, not by one that a header names.

    uvicorn believes ``X-Forwarded-For`` of whoever connects from the machine itself and Streamlit leaves it no
    switch: behind a proxy that passes the header on, anybody could choose who they are. Whom to believe is
    ``LOCATOR_TRUSTED_PROXY``'s to say (:func:`locator.api.limits.read_client`).
    """

    def as_it_came(app: ASGIApp, trusted_hosts: object) -> ASGIApp:  # noqa: ARG001 - uvicorn's signature
        return app

    uvicorn.config.ProxyHeadersMiddleware = as_it_came  # type: ignore[assignment, attr-defined]


def ask_nobody() -> None:
    """Keep Streamlit from asking a service elsewhere for this machine's address.

    It does so for every request whose ``Origin`` it does not know, which anybody can send, and serves nobody while
    it waits, up to two seconds. The answer would only add the machine's own number to those a page may come from.
    """
    net_util.get_external_ip = lambda: None


def settle_options() -> None:
    """Look up each section of Streamlit's options once. Options that are set later are not seen in sections.

    Each run sends the browser the theme, and Streamlit searches all of its 250 options for it six times, under the
    lock that every message of every visit waits for: an eighth of a run's time. No option changes once the server
    runs (``fileWatcherType = "none"``).
    """
    look_up = config.get_options_for_section

    @cache
    def look_up_once(section: str) -> Mapping[str, Any]:
        return MappingProxyType(look_up(section))

    config.get_options_for_section = look_up_once  # type: ignore[assignment]
