"""What a crowd took is given back once the process is idle; what a crowd uses again is not touched while it works."""

from __future__ import annotations

import threading
import time

import pytest

from locator import layer
from locator.web import process


def read_rss_mb() -> float:
    with open("/proc/self/status", encoding="utf-8") as lines:  # noqa: PTH123
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def test_freed_memory_goes_back_to_the_system():
    if layer._find_trim() is None:
        pytest.skip("only glibc gives memory back on request")
    before = read_rss_mb()
    many = [bytearray(4000) for _ in range(60_000)]
    pins = many[::50]  # what stays keeps the heap from shrinking by itself
    taken = read_rss_mb()
    del many
    layer.give_back_memory()
    after = read_rss_mb()
    assert taken - before > 150
    assert after - before < 0.3 * (taken - before), (before, taken, after, len(pins))


@pytest.mark.parametrize(("busy", "given"), [(False, True), (True, False)])
def test_memory_is_given_back_when_idle_only(monkeypatch, busy, given):
    calls = threading.Event()
    spent = iter(range(0, 10_000, 10) if busy else [0] * 10_000)
    monkeypatch.setattr(layer, "give_back_memory", calls.set)
    monkeypatch.setattr(process.time, "process_time", lambda: next(spent))
    stop = process.collect_on_timer(interval_s=0.5)
    try:
        assert calls.is_set(), "what the start took"
        calls.clear()
        if given:
            assert calls.wait(20)
        else:
            time.sleep(1.6)
            assert not calls.is_set()
    finally:
        stop.set()
