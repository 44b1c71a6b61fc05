"""What stands around the operations: a fault is answered and told without its words, a ``HEAD`` is a ``GET`` unsaid."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)


class Faults:
    """ASGI: answer an error that nobody foresaw, and keep it from the server, which would log what it says.

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
            return  # nobody is there any more
        except Exception as error:
            log.error("a request broke", exc_info=error)  # the journal writes its kind and place only
            if started:
                raise ConnectionAbortedError("half a reply was sent") from None  # the server hangs up
            await self._answer()(scope, receive, send)


class Heads:
    """ASGI: answer ``HEAD`` with what ``GET`` would have for headers."""

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
