"""A real session against services with keys: what was typed and what is secret is in no log, page or address."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
import urllib.request

from conftest import make_visitor, run_server
from servers import Answer, loopback

KEYS = {"amap": "amap-secret-0123456789", "tencent": "tencent-secret-0123456789"}
TYPED = ("济南市槐荫区经四路478号", "幸福里九栋甲单元", "asdfqwer-9876", "116.97312,36.65731")


def _ask(address: str, data: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(address, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, dict(reply.headers), reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def test_no_log_page_or_error_holds_what_was_typed_or_a_key(chromium, data_folder, tmp_path):
    shutil.copytree(data_folder, tmp_path / "data")
    with loopback(lambda _: Answer({"status": "0", "info": "INVALID_USER_KEY"}, status=500)) as service:
        settings = {"LOCATOR_GEOCODERS": "gazetteer,amap,tencent", "LOCATOR_TILES": "none", "LOCATOR_LIVE": "amap"}
        for name, key in KEYS.items():
            settings |= {f"LOCATOR_{name.upper()}_KEY": key, f"LOCATOR_{name.upper()}_URL": service.url}
        with (
            run_server(tmp_path / "data", tmp_path / "log", **settings) as running,
            make_visitor(chromium, running) as person,
        ):
            replies = []
            page = person.open()
            for text in TYPED:
                person.search(text)
                if page.locator("[data-act=online]").count():
                    before = page.evaluate("document.querySelector('[data-panel=results]').dataset.serial")
                    page.locator("[data-act=online]").first.click()
                    page.wait_for_function(
                        "before => document.querySelector('[data-panel=results]').dataset.serial !== before", arg=before
                    )
                replies.append(page.content())
                assert text not in page.url
                body = json.dumps({"text": text, "online": True}).encode()
                replies.append(_ask(f"{running.url}/api/v1/geocode", body, **{"content-type": "application/json"})[2])
                _ask(f"{running.url}/api/v1/find?at={TYPED[-1]}")
                _ask(f"{running.url}/api/v1/find", body[:-3], **{"content-type": "application/json"})
                _ask(f"{running.url}/plain", f"text={urllib.request.quote(text)}".encode())
            assert service.asked, "the services were asked"
            assert person.faults == [] and person.outside == []
    log = (tmp_path / "log").read_text("utf-8", "replace")
    for secret in (*KEYS.values(), *TYPED, urllib.request.quote(TYPED[0]), "116.973"):
        assert secret not in log
    for key in KEYS.values():
        assert not any(key in reply for reply in replies)


def test_the_rate_limit_cannot_be_forged_and_believes_a_trusted_proxy(data_folder, tmp_path):
    shutil.copytree(data_folder, tmp_path / "data")

    def burst(url: str) -> list[tuple[int, dict[str, str], str]]:
        return [_ask(f"{url}/api/v1/points?limit=1", **{"x-forwarded-for": f"203.0.113.{n}"}) for n in range(6)]

    with run_server(tmp_path / "data", tmp_path / "a.log", LOCATOR_RATE_LIMIT="8", LOCATOR_TILES="none") as running:
        replies = burst(running.url)
        assert [status for status, _, _ in replies].count(200) <= 3, "a forged header is no new client"
        assert all(int(headers["retry-after"]) >= 1 for status, headers, _ in replies if status == 429)
        status, _, said = _ask(f"{running.url}/api/v1/find", b"x" * 70_000, **{"content-type": "application/json"})
        assert status in (413, 429) and "Traceback" not in said
    proxy = {"LOCATOR_RATE_LIMIT": "8", "LOCATOR_TRUSTED_PROXY": "127.0.0.1", "LOCATOR_TILES": "none"}
    with run_server(tmp_path / "data", tmp_path / "b.log", **proxy) as running:
        assert [status for status, _, _ in burst(running.url)] == [200] * 6, "six clients behind one proxy"


def test_headers_are_those_of_the_real_server(server):
    for path in ("/", "/guide?lang=en", "/_stcore/health", "/api/v1/points?limit=1", "/plain", "/sheet?id=x"):
        _, headers, _ = _ask(server.url + path)
        headers = {name.lower(): value for name, value in headers.items()}
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert "unsafe" not in re.findall("script-src ([^;]*)", headers["content-security-policy"])[0]
