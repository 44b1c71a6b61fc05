"""A person's browser without the browser: Streamlit's own messages over the page's real websocket.

A :class:`Visitor` does what Streamlit's front end does: it connects, asks for a run, remembers which panel has
which widget and lies in which fragment, sends what a person did as the panel's trigger, and keeps large messages
by their hash, so that the server sends a reference where a browser would get one.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
KEPT_RUNS = 2
"""For how many runs a browser keeps a message that was not used again."""
_CARD = re.compile(r'data-card="([^"]+)"')


@dataclass
class Reply:
    """What one run sent."""

    ms: float
    """From the request to the last message."""
    size: int = 0
    """Bytes of all messages."""
    messages: int = 0
    panels: dict[str, str] = field(default_factory=dict)
    """The HTML of each panel that came, by name."""
    faults: list[str] = field(default_factory=list)
    """Exceptions that the page showed, and runs that failed."""

    @property
    def cards(self) -> list[str]:
        """The ids of the offices in the list."""
        return _CARD.findall(self.panels.get("results", ""))


class Visitor:
    """One tab of a browser, open until :meth:`close` or :meth:`cut`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._widgets: dict[str, tuple[str, str]] = {}
        self._kept: dict[str, tuple[int, ForwardMsg]] = {}
        self._runs = 0
        self._page = self._query = ""
        self._framed = False

    @classmethod
    async def connect(cls, url: str) -> Visitor:
        """Open the websocket of a page at ``url``."""
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        socket = await connect(address, subprotocols=["streamlit"], max_size=None, origin=url, open_timeout=60)  # type: ignore[arg-type,list-item]
        return cls(socket)

    async def close(self) -> None:
        """Close the tab."""
        await self._socket.close()

    def cut(self) -> None:
        """Vanish: the connection breaks without a goodbye."""
        self._socket.transport.abort()

    async def open(self, query: str = "") -> Reply:
        """Ask for the first run, as a browser does that opened the page with this query string."""
        self._query = query
        return await self._run(BackMsg())

    async def act(self, panel: str, act: str, **values: Any) -> Reply:
        """Do something in a panel, and wait for the run that follows."""
        widget, fragment = self._widgets[panel]
        message = BackMsg()
        state = message.rerun_script.widget_states.widgets.add()
        state.id = f"$$STREAMLIT_INTERNAL_KEY_{widget}__events"
        state.json_trigger_value = json.dumps([{"event": "act", "value": {"act": act, **values}}])
        message.rerun_script.fragment_id = fragment
        return await self._run(message)

    async def search(self, text: str, **choices: str) -> Reply:
        """Type an address and press Enter; where there is a list, only its part of the page runs, as in ``page.js``."""
        panel = "results" if self._framed and "results" in self._widgets else "ask"
        return await self.act(panel, "ask", text=text, task="apply", person="adult", limit="5", **choices)

    async def _run(self, message: BackMsg) -> Reply:
        run = message.rerun_script
        run.query_string, run.page_script_hash = self._query, self._page
        run.context_info.timezone, run.context_info.locale = "Asia/Shanghai", "zh-CN"
        self._kept = {key: kept for key, kept in self._kept.items() if self._runs - kept[0] < KEPT_RUNS}
        run.cached_message_hashes.extend(self._kept)
        self._runs += 1
        begun = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        reply = Reply(0.0)
        while True:
            raw = await asyncio.wait_for(self._socket.recv(decode=False), 120)
            forward = ForwardMsg.FromString(raw)
            reply.size += len(raw)
            reply.messages += 1
            if self._take(forward, reply):
                reply.ms = (time.perf_counter() - begun) * 1000
                return reply

    def _take(self, forward: ForwardMsg, reply: Reply) -> bool:
        """Take one message; tell whether it was the run's last."""
        kind = forward.WhichOneof("type")
        if kind == "ref_hash":
            forward = self._kept[forward.ref_hash][1]
            self._kept[forward.hash] = (self._runs, forward)
            kind = forward.WhichOneof("type")
        elif forward.metadata.cacheable:
            self._kept[forward.hash] = (self._runs, forward)
        if kind == "delta":
            self._take_delta(forward, reply)
        elif kind == "navigation":
            self._page = forward.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = forward.page_info_changed.query_string
        elif kind == "script_finished" and forward.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            if forward.script_finished not in DONE:
                reply.faults.append(f"the run ended with {forward.script_finished}")
            return True
        return False

    def _take_delta(self, forward: ForwardMsg, reply: Reply) -> None:
        element = forward.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            reply.faults.append(f"{element.exception.type}: {element.exception.message}"[:200])
        elif kind == "bidi_component":
            data = json.loads(element.bidi_component.bytes)
            reply.panels |= {data["name"]: data["html"], **data.get("panels", {})}
            self._framed = bool(data.get("page", {}).get("framed")) if data["name"] == "results" else self._framed
            self._widgets[data["name"]] = (element.bidi_component.id, forward.delta.fragment_id)
