"""Each view looks as it did when somebody last looked at it (``docs/img/looks``).

    UPDATE_LOOKS=1 python -m pytest tests/e2e/test_looks.py     # take them anew, then look at every one

Shrunk to a quarter, so that a font's smoothing and a changed word do not count, and a broken layout does.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, make_visitor, run_server

LOOKS = ROOT / "docs" / "img" / "looks"
TOLERANCE = 0.06
"""How much of the picture may differ."""
SEARCHES = {"answer": "济南市槐荫区经四路478号", "which": "中山", "nothing-near": "拉萨市"}
VIEWS = ("first", *SEARCHES, "guide", "centers", "about")

_COMPARE = """async ([one, two]) => {
  const read = async (data) => {
    const image = await createImageBitmap(await (await fetch("data:image/jpeg;base64," + data)).blob());
    const canvas = new OffscreenCanvas(Math.round(image.width / 4), Math.round(image.height / 4));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  const [a, b] = [await read(one), await read(two)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let apart = 0;
  for (let i = 0; i < a.data.length; i += 4)
    if ([0, 1, 2].some((c) => Math.abs(a.data[i + c] - b.data[i + c]) > 40)) apart += 1;
  return apart / (a.width * a.height);
}"""


@pytest.fixture(scope="module")
def still_server(data_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    shutil.copytree(data_folder, folder / "data")
    with run_server(folder / "data", folder / "server.log", LOCATOR_TILES="none") as running:
        yield running


def _take(person, view: str, lang: str) -> bytes:
    page = person.open(f"/{view if view in ('guide', 'centers', 'about') else ''}?lang={lang}")
    if view in SEARCHES:
        person.search(SEARCHES[view])
    if view == "answer":
        person.map.locator(".pin").first.wait_for()
        page.locator("#ask-text").blur()
    if view == "centers":
        page.wait_for_selector(".table")
    page.wait_for_selector("#main, .welcome, .understood")
    page.wait_for_timeout(600)
    return page.screenshot(type="jpeg", quality=72, animations="disabled", caret="hide")


def _has_the_fonts() -> bool:
    fc_match = shutil.which("fc-match")
    found = (
        subprocess.run([fc_match, "sans-serif:lang=zh-cn"], check=False, capture_output=True, text=True)
        if fc_match
        else None
    )
    return found is not None and "Noto Sans CJK" in found.stdout


def _compare(browser, one: bytes, two: bytes) -> float:
    page = browser.new_page()
    try:
        return page.evaluate(_COMPARE, [base64.b64encode(one).decode(), base64.b64encode(two).decode()])
    finally:
        page.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", ["desktop", "phone", "narrow"])
def test_each_view_looks_as_it_did(chromium, still_server, size, lang):
    if not _has_the_fonts():
        pytest.skip("the pictures were taken with Noto Sans CJK, which is not here: install fonts-noto-cjk")
    changed = {}
    with make_visitor(chromium, still_server, size) as person:
        for view in VIEWS:
            path: Path = LOOKS / f"{view}-{size}-{lang}.jpg"
            taken = _take(person, view, lang)
            if os.environ.get("UPDATE_LOOKS"):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(taken)
            apart = _compare(chromium, path.read_bytes(), taken)
            if apart > TOLERANCE:
                changed[path.name] = round(apart, 3)
        assert person.faults == []
    assert changed == {}


def test_a_broken_layout_is_seen(chromium, still_server):
    with make_visitor(chromium, still_server, "desktop") as person:
        good = _take(person, "answer", "zh")
        person.page.evaluate("() => document.querySelector('link[href*=\"page.css\"]').remove()")
        bad = person.page.screenshot(type="jpeg", quality=72)
    assert _compare(chromium, good, good) == 0
    assert _compare(chromium, good, bad) > TOLERANCE
