"""The page below a path of a larger site: ``--server.baseUrlPath cards``."""

from __future__ import annotations

import shutil
from urllib.parse import urlsplit

import pytest
from conftest import make_visitor, run_server

BASE = "/cards"


@pytest.fixture(scope="module")
def below(data_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("below")
    shutil.copytree(data_folder, folder / "data")
    with run_server(folder / "data", folder / "server.log", base=BASE, LOCATOR_TILES="none") as running:
        yield running


def test_everything_works_below_a_base_path(chromium, below):
    with make_visitor(chromium, below) as person:
        replies, sockets = {}, []
        person.context.on(
            "response",
            lambda reply: reply.url.startswith("http") and replies.update({urlsplit(reply.url).path: reply.status}),
        )
        person.page.on("websocket", lambda socket: sockets.append(urlsplit(socket.url).path))
        page = person.open()
        with page.expect_response("**/api/v1/suggest") as suggested:
            page.locator("#ask-text").press_sequentially("济南市槐")
        assert suggested.value.status == 200 and suggested.value.json()
        person.search("济南市槐荫区经四路478号")
        person.map.locator(".pin").first.wait_for()
        assert person.map.locator(".pin").count() == 5
        assert page.evaluate("getComputedStyle(document.querySelector('.hit')).listStyleType") == "none", "our styles"

        first = page.locator(".hit").first.get_attribute("data-card")
        page.goto(f"{below.url}/sheet?id={first}")
        assert page.locator("h1").count() == 1 and "五里沟" in page.inner_text("body")
        person.open()
        page.click("nav a[data-id=guide]")
        page.wait_for_selector(".guide, #guide, [data-panel=guide]")
        assert urlsplit(page.url).path == f"{BASE}/guide"
        page.reload()
        page.wait_for_selector("[data-panel=footer] footer", state="attached")

        # The way out that a browser without JavaScript shows, from a view and with its form.
        page.goto(page.evaluate("new URL('./plain?lang=zh', document.baseURI).href"))
        page.fill("[name=text]", "济南市槐荫区经四路478号")
        page.press("[name=text]", "Enter")
        page.wait_for_selector("text=五里沟")
        assert urlsplit(page.url).path == f"{BASE}/plain"

        for path in (
            "/",
            "/assets/page.css",
            "/assets/page.js",
            "/assets/map.js",
            "/assets/leaflet.js",
            "/api/v1/suggest",
        ):
            assert replies[BASE + path] == 200, path
        # Opened at a view, Streamlit's own front end asks first below the view's name, then finds the base path.
        probes = {f"{BASE}/guide/_stcore/health", f"{BASE}/guide/_stcore/host-config"}
        assert {path for path, status in replies.items() if status >= 400} <= probes
        assert sockets and [path for path in (*replies, *sockets) if not path.startswith(f"{BASE}/")] == []
        assert person.outside == [] and person.faults == []
