"""What the engines elsewhere have in common: asked through the one client, believed only after a look."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from locator.errors import LocatorError, ServiceReplyError, SettingError
from locator.http import HttpClient
from locator.settings import PREFIX, Settings

_UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError)


class RemoteEngine:
    """An engine at a URL.

    Parameters
    ----------
    settings
        ``LOCATOR_<SERVICE>_URL`` and ``LOCATOR_<SERVICE>_KEY``, the timeout, the user agent.

    Raises
    ------
    SettingError
        The address or the key is missing; the message names the setting.
    """

    engine = ""
    """Its name in a route."""
    service = ""
    """Its name in the settings."""
    default_url: str | None = None
    needs_key = False

    def __init__(self, settings: Settings) -> None:
        url = settings.urls.get(self.service) or self.default_url
        if url is None:
            raise self._missing("URL", "the server's address")
        self.url = url.rstrip("/")
        self._key = settings.keys.get(self.service, "")
        if self.needs_key and not self._key:
            raise self._missing("KEY", "the service's key")
        self._client = HttpClient(settings)
        self.sent_to: str | None = urlsplit(url).hostname or self.service

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.sent_to})"

    def _missing(self, what: str, expected: str) -> SettingError:
        name = f"{PREFIX}{self.service.upper()}_{what}"
        return SettingError(
            f"{name} is not set; {self.engine} needs {expected}",
            code="setting",
            name=name,
            value="",
            expected=expected,
        )

    def available(self) -> bool:
        """Tell that it can be asked; whether it answers is known only afterwards."""
        return True

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn whatever is wrong with a reply into one error."""
        try:
            yield
        except LocatorError:  # some of ours are ValueErrors too
            raise
        except _UNREADABLE as error:
            raise self._unusable(error) from error

    def _unusable(self, why: object) -> ServiceReplyError:
        return ServiceReplyError(
            f"{self.engine} answered what cannot be used: {type(why).__name__}",
            code="service_reply",
            service=self.engine,
        )

    def _get(self, address: str, params: Mapping[str, str | None], headers: Mapping[str, str] | None = None) -> Any:
        """Ask with GET; a 400 is read too, for the engines explain themselves in it."""
        return self._client.get_json(self.engine, address, params=dict(params), headers=headers, accept=(200, 400, 404))

    def _post(self, address: str, content: Any, headers: Mapping[str, str] | None = None) -> Any:
        """Ask with POST; a 400 is read too."""
        return self._client.post_json(self.engine, address, content=content, headers=headers, accept=(200, 400, 404))
