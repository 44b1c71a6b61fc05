"""The JSON API: the page's answers for programs, from the same process and port."""

from locator.api.application import build_api

__all__ = ["build_api"]
