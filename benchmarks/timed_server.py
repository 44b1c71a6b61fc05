"""The page's own server, which writes down when each rerun arrives and when each message leaves.

    python benchmarks/timed_server.py LOG --server.port PORT

A line of LOG is ``{"what": "in" | "out", "wall": seconds, "cpu": seconds of the whole process}``. Everything else is
``streamlit run app.py`` as an operator runs it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from streamlit.runtime.runtime import Runtime
from streamlit.web import cli
from streamlit.web.server.starlette.starlette_websocket import StarletteSessionClient


def main() -> None:
    """Put two marks into Streamlit's way and run the page."""
    log = Path(sys.argv[1]).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - open as long as the server
    receive, send = Runtime.handle_backmsg, StarletteSessionClient.write_forward_msg

    def mark(what: str) -> None:
        line = {"what": what, "wall": time.perf_counter(), "cpu": time.process_time()}
        log.write(json.dumps(line) + "\n")

    def received(runtime: Any, session_id: str, message: Any, **given: Any) -> None:
        if message.WhichOneof("type") == "rerun_script":
            mark("in")
        receive(runtime, session_id, message, **given)

    def sent(client: Any, message: Any, **given: Any) -> None:
        send(client, message, **given)
        mark("out")

    Runtime.handle_backmsg, StarletteSessionClient.write_forward_msg = received, sent  # type: ignore[method-assign]
    sys.argv = ["streamlit", "run", str(Path(__file__).parents[1] / "app.py"), *sys.argv[2:]]
    cli.main()


if __name__ == "__main__":
    main()
