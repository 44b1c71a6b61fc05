"""Turns, shared by threads and processes, and the replies kept in memory."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import pairwise

import pytest
from servers import Answer, loopback

from locator.errors import ServiceRateLimited
from locator.http import HttpClient
from locator.http.limits import Busy, RateLimiter, ResponseCache
from locator.settings import Secrets, Settings

TYPED = "济南市槐荫区经四路478号"

CHILD = """
import sys
from pathlib import Path
from threading import Thread
from locator.http import HttpClient
from locator.settings import Settings
client = HttpClient(Settings(data=Path(sys.argv[1]), timeout_s=60))
def ask():
    client.get_json("nominatim", sys.argv[2], pace_s=1.0)
threads = [Thread(target=ask) for _ in range(2)]
[t.start() for t in threads]; [t.join() for t in threads]
"""


def test_keeps_the_pace_over_threads_and_processes(tmp_path):
    with loopback(lambda _: {}) as server:
        children = [subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), server.url]) for _ in range(3)]
        assert [child.wait(120) for child in children] == [0, 0, 0]
        times = sorted(asked.at for asked in server.asked)
    assert len(times) == 6
    gaps = [b - a for a, b in pairwise(times)]
    assert min(gaps) >= 0.6, gaps  # of 1.0: a busy machine takes its time between sending and receiving
    assert times[-1] - times[0] >= 4.6


def test_a_turn_that_cannot_come_in_time_is_refused_at_once(tmp_path):
    client = HttpClient(Settings(data=tmp_path, timeout_s=0.5))
    with loopback(lambda _: {}) as server:
        client.get_json("nominatim", server.url, pace_s=10)
        start = time.monotonic()
        with pytest.raises(ServiceRateLimited) as raised:
            client.get_json("nominatim", server.url, pace_s=10)
        assert time.monotonic() - start < 5
    assert raised.value.code == "service_busy"
    assert len(server.asked) == 1


def test_another_host_has_its_own_turns(tmp_path):
    limiter = RateLimiter(tmp_path)
    limiter.take_turn("a.example", 100, 0)
    limiter.take_turn("b.example", 100, 0)
    with pytest.raises(Busy):
        limiter.take_turn("a.example", 100, 1)


def test_a_clock_set_back_does_not_block_for_ever(tmp_path, monkeypatch):
    limiter = RateLimiter(tmp_path)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 400 * 86_400)
    limiter.take_turn("a.example", 1, 0)
    monkeypatch.setattr(time, "time", real)
    limiter.take_turn("a.example", 1, 0)


def test_a_folder_that_cannot_be_written_still_keeps_the_pace(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    limiter = RateLimiter(tmp_path / "file" / "services")
    limiter.take_turn("unwritable.example", 50, 0)
    with pytest.raises(Busy):
        limiter.take_turn("unwritable.example", 50, 1)
    limiter.hold_off("unwritable.example", 5)
    limiter.check_turn("unwritable.example", 1)


def test_a_broken_file_is_begun_anew(tmp_path):
    (tmp_path / "pace.sqlite").write_bytes(b"this is no database" * 100)
    limiter = RateLimiter(tmp_path)
    limiter.take_turn("a.example", 100, 0)
    with pytest.raises(Busy):
        RateLimiter(tmp_path).take_turn("a.example", 100, 1)
    assert (tmp_path / "pace.broken").exists()


def test_asks_once_while_the_answer_is_kept(tmp_path):
    client = HttpClient(Settings(data=tmp_path))
    with loopback(lambda asked: {"n": len(server.asked), **asked.query}) as server:
        first = client.get_json("x", server.url, params={"q": TYPED}, cache_s=0.8)
        assert client.get_json("x", server.url, params={"q": TYPED}, cache_s=0.8) == first
        assert client.get_json("x", server.url, params={"q": "other"}, cache_s=0.8) != first
        assert len(server.asked) == 2
        time.sleep(0.9)
        assert client.get_json("x", server.url, params={"q": TYPED}, cache_s=0.8)["n"] == 3


def test_an_answer_is_kept_whatever_key_it_was_asked_with(tmp_path):
    with loopback(lambda _: {}) as server:
        keys = Secrets(amap="old-key")
        client = HttpClient(Settings(data=tmp_path, keys=keys))
        for key in ("old-key", "new+key/="):
            keys["amap"] = key
            client.get_json("amap", server.url, params={"q": TYPED, "key": key}, cache_s=100)
    assert len(server.asked) == 1


def test_faults_are_not_kept_even_with_status_200(tmp_path):
    client = HttpClient(Settings(data=tmp_path))
    with loopback(lambda _: {"status": "0"}) as server:
        for _ in range(2):
            client.get_json("x", server.url, cache_s=100, keep=lambda content: content["status"] == "1")
        server.answer = lambda _: Answer({}, status=500)
        for _ in range(2):
            with pytest.raises(ConnectionError):
                client.get_json("x", server.url, cache_s=100)
    assert len(server.asked) == 4


def test_what_was_typed_and_answered_is_in_no_file(tmp_path):
    folder = tmp_path / "services"
    folder.mkdir()
    for name in ("ledger.sqlite", "salt", "ledger.broken"):  # what version 0.1 left
        (folder / name).write_bytes(TYPED.encode())
    key = "k3y-of-the-operator"
    client = HttpClient(Settings(data=tmp_path, keys=Secrets(amap=key)))
    with loopback(lambda asked: {"formatted_address": TYPED, "at": "116.951200,36.658300"}) as server:
        for _ in range(2):
            client.get_json("amap", server.url, params={"address": TYPED, "key": key}, cache_s=1000, pace_s=0.01)
        assert len(server.asked) == 1
    assert [path.name for path in folder.iterdir()] == ["pace.sqlite"]
    content = (folder / "pace.sqlite").read_bytes()
    for secret in (TYPED, "经四路", "478号", "478%E5", key, "116.9512", "formatted", "%E6%B5%8E"):
        assert secret.encode() not in content
    assert (folder / "pace.sqlite").stat().st_mode & 0o077 == 0


def test_the_replies_kept_have_a_bound_and_the_least_used_go_first():
    cache = ResponseCache(max_bytes=1000)
    for number in range(9):
        cache.keep(b"%d" % number, b"a" * 300, 100)
        cache.recall(b"0")
    assert [cache.recall(b"%d" % number) is not None for number in range(9)] == [True, *[False] * 6, True, True]
    cache.keep(b"big", b"a" * 2000, 100)
    assert cache.recall(b"big") is None


def test_no_typed_word_stands_in_the_memory_of_the_cache_as_a_name():
    cache = ResponseCache()
    cache.keep(TYPED.encode(), b"a", 100)
    assert cache.recall(TYPED.encode()) == b"a"
    assert repr(TYPED.encode())[2:-1] not in repr(vars(cache))
