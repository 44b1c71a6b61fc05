"""The page in a frame of another site, and the browser's own guard over what a page may load."""

from __future__ import annotations

import shutil
from urllib.parse import urlsplit

import pytest
from conftest import make_visitor, run_server
from servers import Answer, Asked, loopback

TYPED = "济南市槐荫区经四路478号"
WULIGOU = "五里沟街道人社中心"


def _hold_page(asked: Asked) -> Answer:
    """Answer with a page that holds the address in its query, as the snippet has it."""
    frame = f'<iframe src="{asked.query["page"]}/?embed=true" width="800" height="900" allow="geolocation"></iframe>'
    return Answer(f"<!doctype html>{frame}".encode(), headers={"content-type": "text/html"})


@pytest.fixture(scope="module")
def site():
    """The port of another site, which is both localhost and 127.0.0.1."""
    with loopback(_hold_page) as server:
        yield urlsplit(server.url).port


@pytest.fixture(scope="module")
def embeddable(data_folder, site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("embeddable")
    shutil.copytree(data_folder, folder / "data")
    settings = {"LOCATOR_TILES": "none", "LOCATOR_FRAME_ANCESTORS": f"http://localhost:{site}"}
    with run_server(folder / "data", folder / "server.log", **settings) as running:
        yield running


def _hold(person, site: str):
    """Let a person open the other site's page; return what its frame shows."""
    person.inside.append(f"{site}/")
    person.page.goto(f"{site}/cards?page={person.server.url}")
    return person.page.frame_locator("iframe").first


def test_a_site_the_operator_names_may_hold_the_page_and_it_works_there(chromium, embeddable, site):
    with make_visitor(chromium, embeddable) as person:
        inside = _hold(person, f"http://localhost:{site}")
        inside.locator("#ask-text").fill(TYPED)
        inside.locator("#ask-text").press("Enter")
        inside.locator("[data-panel=results] [data-card]").first.wait_for()
        assert WULIGOU in inside.locator("[data-panel=results]").first.inner_text()
        inside.frame_locator("iframe[src*=st_folium]").locator(".leaflet-marker-icon").first.wait_for(state="attached")
        assert person.faults == [] and person.outside == []


def test_no_other_site_may(chromium, embeddable, site):
    with make_visitor(chromium, embeddable) as person:
        inside = _hold(person, f"http://127.0.0.1:{site}")
        person.page.wait_for_function("() => document.querySelector('iframe').contentDocument === null")
        assert inside.locator("#ask-text").count() == 0
        assert any("frame-ancestors" in fault for fault in person.faults)


def test_the_browser_refuses_what_the_policy_does_and_the_tests_see_it(chromium, embeddable):
    for trespass in (
        "document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.got = 1'}))",
        "document.body.append(Object.assign(new Image(), {src: 'https://tile.openstreetmap.org/1/1/1.png'}))",
        "void fetch('https://elsewhere.example/').catch(() => 0)",
    ):
        with make_visitor(chromium, embeddable) as person:
            page = person.open()
            assert person.faults == []
            with page.expect_console_message(lambda line: "Content Security Policy" in line.text):
                page.evaluate(trespass)
            assert page.evaluate("window.got") is None and person.outside == []
            assert person.faults != []
