"""Two hundred hostile names through the page and the map, in a real browser on a real server."""

from __future__ import annotations

import csv
import io
import json
import shutil
from xml.etree import ElementTree

import pytest
from conftest import make_visitor, run_server
from hostile import CORPUS
from hostile_places import alias, city_code, make_hostile, shown, way_to

from locator.model import Kind, Phone, Precision, Provenance, ServicePoint
from locator.settings import Settings
from locator.stores import open_store

LON, LAT = 87.60, 43.80
"""Ürümqi, where no shipped office is."""


def _row(number: int, text: str) -> ServicePoint:
    return ServicePoint(
        id=f"hostile-{number}",
        name=text.strip() or "x",
        kind=Kind.HRSS_BUREAU,
        province="新疆维吾尔自治区",
        city="乌鲁木齐市",
        adcode="650102",
        address=text,
        phones=(Phone(text, text),),
        services=text,
        notes=text,
        lon=LON + 0.001 * (number % 20),
        lat=LAT + 0.001 * (number // 20),
        position=Precision.POI,
        provenance=Provenance(source=text, url=text, date=text, licence=text, confidence="L"),
    )


@pytest.fixture(scope="module")
def hostile_server(data_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(data_folder, folder / "data")
    store = open_store(Settings(data=folder / "data"))
    store.replace("hostile", [_row(number, text) for number, text in enumerate(CORPUS)])
    with run_server(folder / "data", folder / "server.log", LOCATOR_TILES="none") as running:
        yield running


def _ran(page) -> bool:
    """Tell whether any text became an element or the answer of a template."""
    return page.evaluate(
        "() => !!document.querySelector('[onerror],[onload],[ontoggle],[srcdoc],a[href^=\"javascript\"],.panel script,.pin script')"
    )


def test_hostile_offices_stay_text_in_the_list_and_on_the_map(chromium, hostile_server):
    with make_visitor(chromium, hostile_server) as person:
        page = person.open("/?limit=20")
        for step in range(10):
            person.search(f"{LON + 0.0095:.4f},{LAT + 0.001 * step:.4f}")
            page.wait_for_selector(".hit")
            person.map.locator(".pin").first.wait_for()
            names = page.locator(".hit bdi").all_text_contents()
            assert len(names) >= 20
            assert not any(name.startswith("49") for name in names), "a template ran on the server"
            assert not _ran(page)
            frame = next(frame for frame in page.frames if "st_folium" in frame.url)
            assert not _ran(frame)
            labels = " ".join(
                person.map.locator(".pin").evaluate_all("pins => pins.map((pin) => pin.getAttribute('aria-label'))")
            )
            assert "49" not in labels.replace("{{7*7}}", "")
        person.map.locator(".pin").first.dispatch_event("click")
        person.map.locator(".card").wait_for()
        assert not _ran(frame)
        assert person.faults == []
        assert person.outside == []


def test_hostile_offices_stay_text_in_the_list_of_centers(chromium, hostile_server):
    with make_visitor(chromium, hostile_server) as person:
        page = person.open("/centers?region=650100")
        for _ in range(4):
            page.wait_for_selector(".table tbody tr")
            assert not _ran(page)
            page.locator("[data-act=turn][data-id='1']").click(force=True)
            page.wait_for_timeout(300)
        assert person.faults == []


def test_hostile_questions_stay_text(chromium, hostile_server):
    with make_visitor(chromium, hostile_server) as person:
        page = person.open("/?lang=en&id=%3Cscript%3E&area=%7B%7B7*7%7D%7D&task=%24%7Balert(1)%7D")
        for text in CORPUS[:50]:
            person.search(text)
            assert not _ran(page)
        assert person.faults == []
    log = hostile_server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log
    assert "alert(" not in log and "7*7" not in log, "what was typed is in no log"


def test_hostile_offices_stay_text_in_every_file_and_sheet(chromium, hostile_server):
    """The print sheet, the plain page, the API, CSV, GeoJSON and KML of all two hundred."""
    with make_visitor(chromium, hostile_server) as person:
        page = person.page
        for number in range(0, len(CORPUS), 8):
            page.goto(f"{hostile_server.url}/sheet?id=hostile-{number}")
            assert not _ran(page)
            assert page.locator("body script, iframe").count() == 0
        for step in range(10):
            page.goto(f"{hostile_server.url}/plain")
            page.fill("[name=text]", f"{LON + 0.0095:.4f},{LAT + 0.001 * step:.4f}")
            page.click("form button")
            assert page.locator("ol li").count() > 0
            assert not _ran(page)
            assert page.locator("script, iframe").count() == 0
        assert person.faults == [] and person.outside == []
        reply = person.context.request.get(f"{hostile_server.url}/api/v1/points?region=650100&limit=1000")
        listed = {p["id"]: p["name"] for p in reply.json()["points"] if p["id"].startswith("hostile-")}
        assert len(listed) == len(CORPUS)
        assert all(
            name == _row(int(key.split("-")[1]), CORPUS[int(key.split("-")[1])]).name for key, name in listed.items()
        )
        page = person.open("/?limit=20")
        person.search(f"{LON + 0.0095:.4f},{LAT:.4f}")
        page.wait_for_selector(".hit")
        for form in ("csv", "geojson", "kml"):
            with page.expect_download() as waiting:
                page.click(f".st-key-down-{form} button")
            content = waiting.value.path().read_text("utf-8")
            if form == "csv":
                cells = [cell for row in csv.reader(io.StringIO(content.removeprefix("\ufeff"))) for cell in row]
                assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t")]
            elif form == "kml":
                tree = ElementTree.fromstring(content)
                assert not [node for node in tree.iter() if node.tag.lower().endswith(("script", "iframe"))]
            else:
                assert json.loads(content)["features"]


def test_a_hostile_setting_stays_an_address(chromium, data_folder, tmp_path):
    shutil.copytree(data_folder, tmp_path / "data")
    settings = {"LOCATOR_TILES": "none", "LOCATOR_REPORT_URL": "https://a.example/{id}?x={{7*7}}${alert(1)}&f={field}"}
    with (
        run_server(tmp_path / "data", tmp_path / "log", **settings) as running,
        make_visitor(chromium, running) as person,
    ):
        page = person.open()
        person.search("济南市槐荫区经四路478号")
        link = page.get_attribute(".hit.chosen a[href*='a.example']", "href")
        assert "{{7*7}}" in link and "49" not in link
        assert person.faults == []


@pytest.fixture(scope="module")
def hostile_places(data_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    with run_server(make_hostile(data_folder, folder), folder / "server.log", LOCATOR_TILES="none") as running:
        yield running


def _offered(person, typed: str, name: str) -> None:
    """Type a plain name and wait until the hostile one is offered under the box."""
    person.unfold()
    person.page.fill("#ask-text", typed)
    person.page.wait_for_function(
        "name => [...document.querySelectorAll('#ask-options li')].some((row) => row.textContent.includes(name))",
        arg=name,
    )


@pytest.mark.slow
def test_hostile_names_of_the_place_index_stay_text(chromium, hostile_places):
    """All fifty forms: offered while typing, understood, as the origin on the map, as one of two, in the language switch."""
    with make_visitor(chromium, hostile_places) as person:
        page = person.open()
        for number, text in enumerate(CORPUS[:50]):
            typed, name = way_to(number), shown(text)
            _offered(person, typed, name)
            assert not _ran(page)
            person.search(typed)
            assert name in page.text_content(".understood b")
            assert not _ran(page)
            assert "alert" not in page.url and "7*7" not in page.url
            if page.locator(".hit").count() and number % 3 == 0:
                origin = person.map.locator(".origin[aria-label]")
                page.wait_for_function(
                    "name => document.querySelector('iframe[src*=st_folium]')?.contentDocument"
                    "?.querySelector('.origin')?.getAttribute('aria-label')?.includes(name)",
                    arg=name,
                )
                assert origin.count() == 1
                assert not _ran(next(frame for frame in page.frames if "st_folium" in frame.url))
        for number in range(0, 50, 7):
            person.search(alias("双", number))
            rows = page.locator(".candidate")
            assert [shown(CORPUS[number]) in row for row in rows.all_text_contents()] == [True, True]
            before = page.get_attribute("[data-panel=results]", "data-serial")
            rows.first.click()
            page.wait_for_function(
                "before => document.querySelector('[data-panel=results]')?.dataset.serial !== before", arg=before
            )
            assert shown(CORPUS[number]) in page.text_content(".understood b")
            assert not _ran(page)
        assert person.faults == [] and person.outside == []
    log = hostile_places.log.read_text("utf-8", "replace")
    assert "Traceback" not in log and "alert(" not in log and "7*7" not in log


@pytest.mark.slow
def test_hostile_cities_stay_text_in_a_shared_link_and_on_the_plain_page(chromium, hostile_places):
    with make_visitor(chromium, hostile_places) as person:
        for number in range(0, 50, 5):
            page = person.open(f"/?area={city_code(number)}&lang={'en' if number % 2 else 'zh'}")
            page.wait_for_selector(".understood b")
            assert shown(CORPUS[number]) in page.text_content(".understood b")
            assert page.locator(".note, .fallback").count() and not _ran(page)
        page.goto(f"{hostile_places.url}/plain")
        for number in range(50):
            page.fill("[name=text]", alias("双", number))
            page.click("form button[type=submit]")
            buttons = page.locator("li button[name=again]")
            assert [shown(CORPUS[number]) in row for row in buttons.all_text_contents()] == [True, True]
            assert not _ran(page) and page.locator("script, iframe, svg, img").count() == 0
        assert person.faults == [] and person.outside == []
