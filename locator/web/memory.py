"""Garbage: collected on a timer instead of after every script run.

Streamlit calls ``gc.collect`` after each run (``runner.postScriptGC``), which walks every object of the process
and costs more than the run itself (``docs/OPERATIONS.md`` has the figures). With it off, Python's own collector
still runs by its thresholds; the timer bounds how long a vanished session's cycles can stay. What was made at
the start is frozen first, so that a collection walks what came since.
"""

from __future__ import annotations

import gc
import threading

INTERVAL_S = 30.0
"""How long garbage stays at most."""


def collect_on_timer(*, interval_s: float = INTERVAL_S) -> threading.Event:
    """Freeze what there is, and collect garbage every ``interval_s`` seconds in the background.

    Returns
    -------
    threading.Event
        Set it to stop.
    """
    stop = threading.Event()
    gc.collect()
    gc.freeze()

    def work() -> None:
        while not stop.wait(interval_s):
            gc.collect()

    threading.Thread(target=work, name="garbage", daemon=True).start()
    return stop
