"""The one client to the network, against servers on loopback that misbehave in every way we know."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import threading
import time
import traceback
import zlib
from pathlib import Path

import pytest
from servers import Answer, loopback

from locator.errors import (
    DataError,
    InvalidInput,
    LocatorError,
    ServiceError,
    ServiceRateLimited,
    ServiceRefused,
    ServiceReplyError,
    ServiceTimeout,
)
from locator.http import HttpClient
from locator.http.exchange import tls_context
from locator.settings import Secrets, Settings

TYPED = "济南市槐荫区经四路478号"
KEY = "k3y-of-the-operator"
CERTIFICATE = Path(__file__).with_name("loopback.pem")


@pytest.fixture
def client(tmp_path: Path) -> HttpClient:
    return HttpClient(Settings(data=tmp_path, timeout_s=2.0, keys=Secrets(amap=KEY)))


def ask(client: HttpClient, url: str, **more):
    return client.get_json("amap", url, params={"q": TYPED, "key": KEY}, **more)


def test_gives_what_the_service_answers(client):
    with loopback(lambda asked: {"got": asked.query, "agent": asked.headers["user-agent"]}) as server:
        reply = ask(client, f"{server.url}/a b?x=1")
    assert reply["got"] == {"x": "1", "q": TYPED, "key": KEY}
    assert reply["agent"] == Settings().user_agent
    assert server.asked[0].path == "/a%20b"


def test_posts_json_and_forms(client):
    with loopback(lambda asked: {"body": asked.body.decode(), "kind": asked.headers["content-type"]}) as server:
        assert json.loads(client.post_json("x", server.url, content={"a": TYPED})["body"]) == {"a": TYPED}
        assert client.post_json("x", server.url, form={"a": 1})["body"] == "a=1"


@pytest.mark.parametrize("packing", [gzip.compress, zlib.compress])
def test_unpacks_replies(client, packing):
    body = packing(b'{"a": 1}')
    name = "gzip" if packing is gzip.compress else "deflate"
    with loopback(lambda _: Answer(body, headers={"Content-Encoding": name})) as server:
        assert ask(client, server.url) == {"a": 1}


FAULTS = {
    "unauthorised": (Answer({}, status=401), ServiceRefused, "service_refused"),
    "forbidden": (Answer({}, status=403), ServiceRefused, "service_refused"),
    "not there": (Answer({}, status=404), ServiceReplyError, "service_reply"),
    "too many": (Answer({}, status=429, headers={"Retry-After": "7"}), ServiceRateLimited, "service_rate_limited"),
    "fault": (Answer({}, status=500), ServiceError, "service_unavailable"),
    "gateway": (Answer({}, status=502), ServiceError, "service_unavailable"),
    "html": (Answer(b"<!DOCTYPE html><title>log in</title>"), ServiceReplyError, "service_html"),
    "html with a mark": (Answer(b"\xef\xbb\xbf\n <html>"), ServiceReplyError, "service_html"),
    "empty": (Answer(b""), ServiceReplyError, "service_reply"),
    "no json": (Answer(b"callback({})"), ServiceReplyError, "service_reply"),
    "nested": (Answer(b"[" * 30_000), ServiceReplyError, "service_reply"),
    "not utf-8": (Answer("{'a': '济南'}".encode("gb18030")), ServiceReplyError, "service_reply"),
    "too long": (Answer(b'"' + b"x" * 50_000 + b'"'), ServiceReplyError, "service_too_large"),
    "bomb": (
        Answer(gzip.compress(b'"' + b"x" * 50_000_000 + b'"'), headers={"Content-Encoding": "gzip"}),
        ServiceReplyError,
        "service_too_large",
    ),
    "cut": (Answer({"a": "x" * 100}, cut=20), ServiceReplyError, "service_reply"),
    "not packed": (Answer(b'{"a": 1}', headers={"Content-Encoding": "gzip"}), ServiceReplyError, "service_reply"),
    "elsewhere": (
        Answer({}, status=302, headers={"Location": "http://portal.example/login"}),
        ServiceReplyError,
        "service_redirect",
    ),
    "in a circle": (Answer({}, status=302, headers={"Location": "/again"}), ServiceReplyError, "service_redirect"),
    "hanging": (Answer({}, delay_s=30), ServiceTimeout, "service_timeout"),
    "dripping": (Answer({"a": "x" * 1000}, drip_s=0.1), ServiceTimeout, "service_timeout"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_becomes_one_of_our_errors_in_time_and_gives_nothing_away(client, fault, caplog):
    answer, kind, code = FAULTS[fault]
    caplog.set_level(logging.DEBUG)
    with loopback(lambda _: answer) as server:
        start = time.monotonic()
        with pytest.raises(kind) as raised:
            ask(client, server.url, timeout_s=0.6, max_bytes=40_000, cache_s=100)
        assert time.monotonic() - start < 8
    assert raised.value.code == code
    told = (
        "".join(traceback.format_exception(raised.value)) + repr(raised.value) + caplog.text + repr(vars(raised.value))
    )
    for secret in (KEY, TYPED, "%E6%B5%8E", "478号", "478%E5"):
        assert secret not in told


def test_says_how_long_the_service_wants_to_rest_and_keeps_to_it(client):
    with loopback(lambda _: Answer({}, status=429, headers={"Retry-After": "7"})) as server:
        with pytest.raises(ServiceRateLimited) as raised:
            ask(client, server.url)
        assert raised.value.retry_after_s == 7
        with pytest.raises(ServiceRateLimited) as again:
            ask(client, server.url)
        assert again.value.code == "service_busy"
        assert 6 < again.value.retry_after_s <= 7
        assert len(server.asked) == 1


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-1"])
def test_reads_retry_after_dates_and_nonsense(client, value):
    reply = Answer({}, status=429, headers={"Retry-After": value})
    with loopback(lambda _: reply) as server, pytest.raises(ServiceRateLimited) as raised:
        ask(client, server.url)
    assert raised.value.retry_after_s == (0.0 if value.startswith("Wed") else None)


def test_a_dead_host_and_a_name_that_does_not_exist(client):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with pytest.raises(ServiceError) as raised:
        ask(client, f"http://127.0.0.1:{port}/")
    assert raised.value.code == "service_unreachable"
    with pytest.raises(ServiceError):
        ask(client, "http://no-such-host.invalid/")


def test_a_server_that_takes_the_connection_and_says_nothing(client):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        start = time.monotonic()
        for scheme in ("http", "https"):
            with pytest.raises(ServiceTimeout):
                ask(client, f"{scheme}://127.0.0.1:{sock.getsockname()[1]}/", timeout_s=0.3)
    assert time.monotonic() - start < 8


def test_a_server_whose_headers_drip(client):
    def drip(sock: socket.socket) -> None:
        connection, _ = sock.accept()
        with connection:
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100:
                try:
                    connection.send(bytes([byte]))
                except OSError:
                    return
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=drip, args=(sock,), daemon=True)
        thread.start()
        start = time.monotonic()
        with pytest.raises(ServiceTimeout):
            ask(client, f"http://127.0.0.1:{sock.getsockname()[1]}/", timeout_s=0.4)
        assert time.monotonic() - start < 4
        thread.join(5)


def answer_raw(sock: socket.socket, reply: bytes) -> None:
    connection, _ = sock.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(reply)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX: y\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
def test_malformed_headers_are_an_error_and_put_no_address_into_a_log(client, head, caplog):
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        threading.Thread(target=answer_raw, args=(sock, head), daemon=True).start()
        told = []
        try:
            ask(client, f"http://127.0.0.1:{sock.getsockname()[1]}/")
        except ServiceError as error:
            told = traceback.format_exception(error)
        assert bool(told) is (b"no colon" not in head)
    told = caplog.text + "".join(told)
    for secret in (KEY, TYPED, "%E6%B5%8E", "478号", "478%E5"):
        assert secret not in told


def test_a_name_lookup_that_hangs_ends_with_the_time(client, monkeypatch):
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(20))
    start = time.monotonic()
    with pytest.raises(ServiceTimeout):
        ask(client, "http://slow.example/", timeout_s=0.3)
    assert time.monotonic() - start < 8
    ended.set()


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/", "file:///etc/passwd", "http://", "https://user:word@host/", "http://host:x/", "http://主机/"],
)
def test_addresses_that_are_none(client, url):
    with pytest.raises(InvalidInput) as raised:
        ask(client, url)
    assert raised.value.code == "service_url"


@pytest.fixture
def over_tls():
    """A server on loopback whose certificate (for tests, good for a hundred years) nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with loopback(lambda asked: {"path": asked.path}) as server:
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
        yield server.url.replace("http://127.0.0.1", "https://localhost"), server
        tls_context.cache_clear()


def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_asked(client, over_tls):
    url, server = over_tls
    with pytest.raises(ServiceError) as raised:
        ask(client, url)
    assert raised.value.code == "service_unreachable"
    assert server.asked == []


def test_an_authority_of_the_operators_own_is_named_by_ssl_cert_file(client, over_tls, monkeypatch):
    url, _ = over_tls
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    tls_context.cache_clear()
    assert ask(client, f"{url}/x") == {"path": "/x"}


def test_follows_a_redirect_on_the_same_host(client):
    def answer(asked):
        if asked.path == "/old":
            return Answer({}, status=301, headers={"Location": "/new?b=2"})
        return {"path": asked.path, **asked.query}

    with loopback(answer) as server:
        assert client.get_json("x", f"{server.url}/old") == {"path": "/new", "b": "2"}
        with pytest.raises(ServiceReplyError):
            client.post_json("x", f"{server.url}/old", content={})


def test_uses_no_proxy_of_the_environment(client, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with loopback(lambda _: {"a": 1}) as server:
        assert ask(client, server.url) == {"a": 1}


def test_gives_the_json_of_a_status_that_is_accepted(client):
    with loopback(lambda _: Answer({"code": "NoRoute"}, status=400)) as server:
        assert ask(client, server.url, accept=(200, 400)) == {"code": "NoRoute"}


def test_tries_again_only_when_asked_to_and_within_the_time(client):
    replies = [Answer({}, status=504), Answer({}, status=503, headers={"Retry-After": "0"}), Answer({"a": 1})]
    with loopback(lambda _: replies.pop(0)) as server:
        assert ask(client, server.url, retries=3, timeout_s=5) == {"a": 1}
        assert len(server.asked) == 3
        replies[:] = [Answer({}, status=504)] * 9
        start = time.monotonic()
        with pytest.raises(ServiceError):
            ask(client, server.url, retries=9, timeout_s=1.5)
        assert time.monotonic() - start < 6
        assert len(server.asked) <= 5
        with pytest.raises(ServiceError):
            ask(client, server.url)
        assert len(server.asked) <= 6


def test_keeps_no_retry_for_a_refused_key(client):
    with loopback(lambda _: Answer({}, status=403)) as server:
        with pytest.raises(ServiceRefused):
            ask(client, server.url, retries=5)
        assert len(server.asked) == 1


def test_downloads_whole_or_not_at_all(client, tmp_path):
    import hashlib

    content, seen = bytes(range(256)) * 2000, []
    path = tmp_path / "deep" / "file.bin"
    good = "sha256:" + hashlib.sha256(content).hexdigest()
    with loopback(lambda asked: Answer(content, cut=1000 if asked.path == "/cut" else None)) as server:
        client.download(f"{server.url}/x", path, lambda done, total: seen.append((done, total)), checksum=good)
        assert path.read_bytes() == content
        assert seen[-1] == (len(content), len(content))
        for url, checksum, code in (("/x", "md5:00", "service_checksum"), ("/cut", None, "service_reply")):
            with pytest.raises(ServiceReplyError) as raised:
                client.download(server.url + url, path, checksum=checksum)
            assert raised.value.code == code
            assert path.read_bytes() == content
        assert [p.name for p in path.parent.iterdir()] == ["file.bin"]
        (tmp_path / "taken").write_text("a file where a folder should be")
        with pytest.raises(DataError):
            client.download(server.url, tmp_path / "taken" / "x")


def test_the_door_shows_no_key():
    assert KEY not in repr(Settings(keys=Secrets(amap=KEY)))
    assert issubclass(ServiceTimeout, TimeoutError)
    assert issubclass(ServiceError, LocatorError)
