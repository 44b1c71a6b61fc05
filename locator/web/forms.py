"""What a browser posts as an ordinary form."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BODY_BYTES = 16_384


async def read_form(request: Request, *, limit: int = MAX_BODY_BYTES) -> dict[str, list[str]] | None:
    """Return the fields of a posted form, each with its values in order; None when it has more than ``limit`` bytes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > limit:
            return None
    return parse_qs(body.decode("utf-8", "replace"))
