"""Turns and kept replies, shared by threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from servers import Answer, loopback

from locator.errors import ServiceRateLimited
from locator.http import HttpClient
from locator.http.ledger import Busy, Ledger
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
        assert time.monotonic() - start < 0.3
    assert raised.value.code == "service_busy"
    assert len(server.asked) == 1


def test_another_host_has_its_own_turns(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.take_turn("a.example", 100, 0)
    ledger.take_turn("b.example", 100, 0)
    with pytest.raises(Busy):
        ledger.take_turn("a.example", 100, 1)


def test_a_clock_set_back_does_not_block_for_ever(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 400 * 86_400)
    ledger.take_turn("a.example", 1, 0)
    monkeypatch.setattr(time, "time", real)
    ledger.take_turn("a.example", 1, 0)


def test_a_folder_that_cannot_be_written_still_keeps_the_pace(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    ledger = Ledger(tmp_path / "file" / "services")
    ledger.take_turn("unwritable.example", 50, 0)
    with pytest.raises(Busy):
        ledger.take_turn("unwritable.example", 50, 1)
    ledger.keep(b"q", b"a", 100)
    assert ledger.recall(b"q") is None
    ledger.hold_off("unwritable.example", 5)
    ledger.check_turn("unwritable.example", 1)


def test_a_broken_ledger_is_begun_anew(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"this is no database" * 100)
    ledger = Ledger(tmp_path)
    ledger.keep(b"q", b"answer", 100)
    assert ledger.recall(b"q") == b"answer"
    assert (tmp_path / "ledger.broken").exists()


def test_asks_once_while_the_answer_is_kept(tmp_path):
    client = HttpClient(Settings(data=tmp_path))
    with loopback(lambda asked: {"n": len(server.asked), **asked.query}) as server:
        first = client.get_json("x", server.url, params={"q": TYPED}, cache_s=0.8)
        assert client.get_json("x", server.url, params={"q": TYPED}, cache_s=0.8) == first
        assert HttpClient(Settings(data=tmp_path)).get_json("x", server.url, params={"q": TYPED}, cache_s=0.8) == first
        assert client.get_json("x", server.url, params={"q": "other"}, cache_s=0.8) != first
        assert len(server.asked) == 2
        time.sleep(0.9)
        assert client.get_json("x", server.url, params={"q": TYPED}, cache_s=0.8)["n"] == 3


def test_an_answer_is_kept_whatever_key_it_was_asked_with(tmp_path):
    with loopback(lambda _: {}) as server:
        for key in ("old-key", "new+key/="):
            client = HttpClient(Settings(data=tmp_path, keys=Secrets(amap=key)))
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


def test_what_was_typed_and_answered_is_nowhere_in_the_files(tmp_path):
    key = "k3y-of-the-operator"
    client = HttpClient(Settings(data=tmp_path, keys=Secrets(amap=key)))
    with loopback(lambda asked: {"formatted_address": TYPED, "at": "116.951200,36.658300"}) as server:
        client.get_json("amap", server.url, params={"address": TYPED, "key": key}, cache_s=1000)
    files = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert len(files) >= 2
    content = b"".join(path.read_bytes() for path in files)
    for secret in (TYPED, "经四路", "478", key, "116.9512", "formatted", "%E6%B5%8E"):
        assert secret.encode() not in content
        assert secret.encode("unicode_escape") not in content
    assert (tmp_path / "services" / "ledger.sqlite").stat().st_mode & 0o077 == 0
    assert (tmp_path / "services" / "salt").stat().st_mode & 0o077 == 0


def test_without_the_salt_the_same_words_find_nothing(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.keep(TYPED.encode(), b"answer", 100)
    (tmp_path / "salt").write_bytes(b"another salt, of thirty-two bytes")
    assert ledger.recall(TYPED.encode()) is None


def test_threads_starting_together_share_one_salt(tmp_path):
    ledgers = [Ledger(tmp_path) for _ in range(16)]
    threads = [threading.Thread(target=ledger.keep, args=(b"q", b"a", 100)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ledger.recall(b"q") == b"a" for ledger in ledgers)
    assert [path.name for path in tmp_path.glob("salt*")] == ["salt"]


def test_only_so_many_replies_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("locator.http.ledger.MAX_ROWS", 5)
    ledger = Ledger(tmp_path)
    for number in range(9):
        ledger.keep(str(number).encode(), b"a", 100 + number)
    assert [ledger.recall(str(number).encode()) for number in (0, 3, 4, 8)] == [None, None, b"a", b"a"]
