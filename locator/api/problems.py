"""Errors as ``application/problem+json`` (RFC 9457), in the language asked for; what stands around the operations."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from locator.errors import (
    DataError,
    InvalidInput,
    LocatorError,
    NotFound,
    ServiceError,
    ServiceRateLimited,
    ServiceTimeout,
)
from locator.i18n import LANGS, explain_outside

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)
STATUS: tuple[tuple[type[LocatorError], int], ...] = (
    (NotFound, 404),
    (InvalidInput, 422),
    (ServiceTimeout, 504),
    (ServiceRateLimited, 503),
    (ServiceError, 502),
    (DataError, 503),
    (LocatorError, 500),
)
"""The HTTP status of each kind of error; the first that fits."""

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "faults": {"type": "array", "items": {"type": "object"}},
    },
}
TITLES = {
    404: "Not found",
    405: "Method not allowed",
    413: "Request too large",
    422: "Cannot be used as given",
    429: "Too many requests",
    500: "Fault of the program",
    502: "Service elsewhere failed",
    503: "Cannot be answered just now",
    504: "Service elsewhere was too slow",
}


def document_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of the problems an operation may answer with."""
    content = {"application/problem+json": {"schema": PROBLEM}}
    return {status: {"description": TITLES[status], "content": content} for status in (*statuses, 429, 500, 503)}


def make_problem(status: int, *, headers: dict[str, str] | None = None, **members: object) -> JSONResponse:
    """Return one problem; never cached."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, **members}
    return JSONResponse(
        body,
        status_code=status,
        media_type="application/problem+json",
        headers={"cache-control": "no-store", **(headers or {})},
    )


def _lang_of(request: Request) -> str:
    lang = request.query_params.get("lang", "")
    return lang if lang in LANGS else "en"


def _methods_of(api: FastAPI, request: Request) -> set[str]:
    """Return what may be done at a request's address, over all operations there (FastAPI names those of the first)."""
    fitting = [route for route in api.routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in fitting for method in getattr(route, "methods", None) or ()}
    return methods | ({"HEAD"} if "GET" in methods else set())


def add_problem_handlers(api: FastAPI) -> None:
    """Answer every error of the API as a problem; what a person typed is not repeated."""

    async def on_locator_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, LocatorError)  # noqa: S101 - what it is registered for
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        retry = getattr(error, "retry_after_s", None)
        headers = {"retry-after": str(int(retry))} if retry else {"retry-after": "30"} if status == 503 else None
        return make_problem(status, code=error.code, detail=explain_outside(error, _lang_of(request)), headers=headers)

    async def on_validation_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
        faults = [{"where": [str(part) for part in fault["loc"]], "expected": fault["msg"]} for fault in error.errors()]
        return make_problem(422, code="request", faults=faults)

    async def on_http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        if error.status_code == 400:  # a body that is no JSON text at all
            return make_problem(422, code="request")
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        if error.status_code == 405:
            headers["allow"] = ", ".join(sorted(_methods_of(api, request)))
        return make_problem(error.status_code, headers=headers)

    api.add_exception_handler(LocatorError, on_locator_error)
    api.add_exception_handler(RequestValidationError, on_validation_error)
    api.add_exception_handler(HTTPException, on_http_error)


class ErrorMiddleware:
    """ASGI: answer an unexpected error, and keep it from the server, which would log its message.

    The message of an exception may hold what a person typed, so only its kind is told.

    Parameters
    ----------
    app
        What may break.
    answer
        Makes the reply to a request that broke.
    """

    def __init__(self, app: ASGIApp, *, answer: Callable[[], Response]) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a connection that is no request is passed on as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            return  # the client has gone
        except Exception as error:
            log.error("a request broke", exc_info=error)  # the log gets its kind and place only
            if started:
                raise ConnectionAbortedError("half a reply was sent") from None  # the server hangs up
            await self._answer()(scope, receive, send)


class HeadMiddleware:
    """ASGI: answer ``HEAD`` with the headers that ``GET`` would have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_no_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        if scope["type"] == "http" and scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, send_no_body)
        else:
            await self._app(scope, receive, send)
