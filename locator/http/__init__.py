"""The one HTTP client: timeout, retry, pace, cache, hidden keys.

All requests to services elsewhere go through a :class:`HttpClient`; nothing else in the program opens a
connection to another machine (the operator's own database apart).
"""

from locator.http.client import MAX_BYTES, HttpClient, Progress

__all__ = ["MAX_BYTES", "HttpClient", "Progress"]
