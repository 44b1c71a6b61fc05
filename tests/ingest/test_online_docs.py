"""docs/SOURCES_ONLINE.md is true: its figures are the program's, and its examples run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from servers import loopback

from locator.cli import main
from locator.engines import LIVE_RADIUS_M
from locator.ingest import services

TEXT = (Path(__file__).parents[2] / "docs" / "SOURCES_ONLINE.md").read_text("utf-8")
EXAMPLES = re.findall(r"^(?:LOCATOR_AMAP_KEY=\S+ )?locator import .*$", TEXT, re.M)

ELEMENT = {
    "type": "node", "id": 1, "lat": 36.66, "lon": 117.0,
    "tags": {"office": "government", "name": "济南市社会保险事业中心"},
}  # fmt: skip
PLACE = {"id": "B1", "name": "济南市社会保险事业中心", "location": "117.006000,36.660000", "adcode": "370102"}


def answer(asked):
    if asked.method == "POST":
        return {"elements": [ELEMENT]}
    return {"status": "1", "infocode": "10000", "pois": [PLACE]}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_runs(example, in_data_folder, monkeypatch, capsys):
    words = shlex.split(example)
    with loopback(answer) as server:
        monkeypatch.setenv("LOCATOR_OVERPASS_URL", server.url)
        monkeypatch.setenv("LOCATOR_AMAP_URL", server.url)
        if "=" in words[0]:
            monkeypatch.setenv(*words.pop(0).split("=", 1))
        assert main([*words[1:], "--format", "json"]) == 0, capsys.readouterr().err
        assert server.asked
    out = capsys.readouterr()
    assert json.loads(out.out)["kept"] == 1
    assert "your-key" not in out.out + out.err


def test_there_is_an_example_of_every_way():
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize(
    "words",
    [
        f"one question in {services.OVERPASS_PACE_S:g} s",
        f"{services.MAX_RADIUS_M / 1000:g} km at most",
        f"{services.OVERPASS_URL}",
        f"{services.OVERPASS_TIMEOUT_S / 60:.0f} minutes".replace("5", "five"),
        ", ".join(services.KEYWORDS[:-1]) + f" and {services.KEYWORDS[-1]}",
        f"{services.PAGE} places each",
        f"circle of {LIVE_RADIUS_M / 1000:g} km",
    ],
)
def test_its_figures_are_the_programs(words):
    assert words in " ".join(TEXT.split())
