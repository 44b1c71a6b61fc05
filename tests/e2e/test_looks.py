"""Each view looks as it did when somebody last looked at it (``docs/img/looks``).

    UPDATE_LOOKS=1 python -m pytest tests/e2e/test_looks.py     # take them anew, then look at every one

A font's smoothing does not count; a lost button does (``tests/pictures.py``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, make_visitor, run_server
from pictures import Difference, compare_pictures

LOOKS = ROOT / "docs" / "img" / "looks"
SEARCHES = {"answer": "济南市槐荫区经四路478号", "which": "中山", "nothing-near": "拉萨市"}
VIEWS = ("first", *SEARCHES, "guide", "centers", "about")
DARK = ("answer", "map", "which", "nothing-near", "guide", "centers", "about", "plain")
"""What is looked at on a phone in the dark too, and the last of it is the page without JavaScript."""
LARGE = ("answer", "map")
"""What is looked at in large type too; ``map`` is what lies over the list on a phone."""


@pytest.fixture(scope="module")
def still_server(data_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    shutil.copytree(data_folder, folder / "data")
    with run_server(folder / "data", folder / "server.log", LOCATOR_TILES="none") as running:
        yield running


def _take(person, view: str, lang: str, *, large: bool = False) -> bytes:
    if view == "plain":
        return _take_plain(person, lang)
    path = {"guide": "guide", "centers": "centers", "about": "about"}.get(view, "")
    region = "&region=370100" * (view in ("guide", "centers"))
    page = person.open(f"/{path}?lang={lang}{'&large=1' * large}{region}")
    if view in (*SEARCHES, "map"):
        person.search(SEARCHES[{"map": "answer"}.get(view, view)])
    if view in ("answer", "map"):
        person.map.locator(".pin").first.wait_for(state="attached")
        person.map.locator('html[data-ground=names][data-ground-waiting="0"]').wait_for(state="attached")
        page.evaluate("() => document.activeElement.blur()")
    if view == "map":
        person.show_map()
    if view == "centers":
        page.wait_for_selector(".table")
    page.wait_for_selector("#main, .welcome, .understood")
    page.wait_for_timeout(600)
    return _shoot(page)


def _take_plain(person, lang: str) -> bytes:
    page = person.page
    page.goto(f"{person.server.url}/plain?lang={lang}")
    page.fill("[name=text]", SEARCHES["answer"])
    page.click("form button")
    page.wait_for_selector("ol li")
    return _shoot(page)


def _shoot(page) -> bytes:
    return page.screenshot(type="jpeg", quality=72, animations="disabled", caret="hide")


def _has_the_fonts() -> bool:
    fc_match = shutil.which("fc-match")
    found = (
        subprocess.run([fc_match, "sans-serif:lang=zh-cn"], check=False, capture_output=True, text=True)
        if fc_match
        else None
    )
    return found is not None and "Noto Sans CJK" in found.stdout


def _find_changed(chromium, person, views, size: str, lang: str, *, large: bool = False) -> dict[str, Difference]:
    """Return how far each view's picture is from the one kept, of those where that is seen."""
    if not _has_the_fonts():
        pytest.skip("the pictures were taken with Noto Sans CJK, which is not here: install fonts-noto-cjk")
    changed = {}
    for view in views:
        path: Path = LOOKS / f"{view}-{size}-{lang}.jpg"
        taken = _take(person, view, lang, large=large)
        if os.environ.get("UPDATE_LOOKS"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(taken)
        apart = compare_pictures(chromium, path.read_bytes(), taken)
        if apart.is_seen:
            changed[path.name] = apart
    assert person.faults == []
    return changed


@pytest.mark.parametrize(
    ("size", "lang"),
    [
        ("phone", "zh"),
        ("desktop", "en"),
        pytest.param("phone", "en", marks=pytest.mark.slow),
        pytest.param("desktop", "zh", marks=pytest.mark.slow),
        pytest.param("narrow", "zh", marks=pytest.mark.slow),
        pytest.param("narrow", "en", marks=pytest.mark.slow),
    ],
)
def test_each_view_looks_as_it_did(chromium, still_server, size, lang):
    with make_visitor(chromium, still_server, size) as person:
        assert _find_changed(chromium, person, VIEWS, size, lang) == {}


def test_each_view_looks_as_it_did_in_the_dark(chromium, still_server):
    with make_visitor(chromium, still_server, "phone", color_scheme="dark") as person:
        assert _find_changed(chromium, person, DARK, "dark", "zh") == {}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_large_type_looks_as_it_did(chromium, still_server, lang):
    with make_visitor(chromium, still_server, "phone") as person:
        assert _find_changed(chromium, person, LARGE, "large", lang, large=True) == {}


def test_a_light_patch_in_the_dark_is_seen(chromium, still_server):
    """A map's ground that stays light is a third of the picture."""
    with make_visitor(chromium, still_server, "phone", color_scheme="dark") as person:
        good = _take(person, "map", "zh")
        frame = next(frame for frame in person.page.frames if "st_folium" in frame.url)
        frame.evaluate("() => document.documentElement.style.setProperty('--map-land', '#eceae3')")
        bad = _shoot(person.page)
    assert compare_pictures(chromium, good, bad).is_seen


def test_a_lost_button_is_seen(chromium, still_server):
    with make_visitor(chromium, still_server, "desktop") as person:
        good = _take(person, "answer", "zh")
        person.page.evaluate("() => document.querySelector('.hit.chosen [data-act=go]').remove()")
        bad = _shoot(person.page)
    assert compare_pictures(chromium, good, bad).is_seen


def test_a_broken_layout_is_seen(chromium, still_server):
    with make_visitor(chromium, still_server, "desktop") as person:
        good = _take(person, "answer", "zh")
        person.page.evaluate("() => document.querySelector('link[href*=\"page.css\"]').remove()")
        bad = person.page.screenshot(type="jpeg", quality=72)
    assert not compare_pictures(chromium, good, good).is_seen
    assert compare_pictures(chromium, good, bad).is_seen
