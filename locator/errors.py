"""One small tree of errors, cut by what the caller can do about each.

An error carries a ``code`` (a key of the text catalogues, without the ``errors.`` in front) and the
``params`` of its sentence; the faces translate it with :func:`locator.i18n.explain`. ``str(error)``
is an English sentence for logs and programmers. A key or a typed address never goes into either.
"""

from __future__ import annotations


class LocatorError(Exception):
    """Anything that the locator reports on purpose."""

    exit_code = 1
    """What the command exits with when this error reaches it."""

    def __init__(self, message: str, *, code: str = "internal", **params: object) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


class InvalidInput(LocatorError, ValueError):
    """What was given cannot be used as it is: change it and ask again."""

    exit_code = 2


class SettingError(InvalidInput):
    """A setting has a value the program cannot run with; the message names it."""


class NotFound(LocatorError, LookupError):
    """The thing named does not exist here (a point id, a region, a file)."""


class DataError(LocatorError):
    """A file or database of ours is missing, broken or of another version: build it again."""


class SourceError(LocatorError):
    """What an import was pointed at cannot be read as what it should be; the layer is as it was."""


class MissingExtra(LocatorError, ImportError):
    """An optional part is not installed; the message says what to install."""


class ServiceError(LocatorError, ConnectionError):
    """A service elsewhere did not give a usable answer: the next in the chain may."""


class ServiceTimeout(ServiceError, TimeoutError):
    """The service did not answer in time."""


class ServiceRateLimited(ServiceError):
    """The service wants fewer requests; ``retry_after_s`` is what it asked for, if it did."""

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, code: str = "service_rate_limited", **params: object
    ) -> None:
        super().__init__(message, code=code, **params)
        self.retry_after_s = retry_after_s


class ServiceRefused(ServiceError, PermissionError):
    """The service refused the key or the quota is used up: the operator must act."""


class ServiceReplyError(ServiceError):
    """The service answered something that is not its documented reply (HTML, a cut reply, a lie)."""
