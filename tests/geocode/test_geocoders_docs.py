"""docs/GEOCODERS.md is true: a section for each service, its figures, and an example that runs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from servers import loopback
from service_replies import SERVICES, TRUE, TRUE_GCJ02

from locator.cli import main
from locator.datum import Datum
from locator.geocode.providers import PROVIDERS, load_provider

TEXT = (Path(__file__).parents[2] / "docs" / "GEOCODERS.md").read_text("utf-8")


def example_of(name: str) -> tuple[dict[str, str], list[str]]:
    """Return the settings and the command of a service's example."""
    (line,) = re.findall(rf"^LOCATOR_GEOCODERS=gazetteer,{name} .*$", TEXT, re.M)
    words = shlex.split(line)
    settings = dict(word.split("=", 1) for word in words if word.startswith("LOCATOR_"))
    return settings, words[len(settings) :]


@pytest.mark.parametrize("name", list(PROVIDERS))
def test_the_table_says_what_the_class_declares(name):
    cls = load_provider(name)
    (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", TEXT, re.M)
    datum, key, pace, kept = row.split(" | ")
    assert datum.startswith({Datum.WGS84: ("WGS-84", "CGCS2000"), Datum.GCJ02: "GCJ-02"}[cls.datum])
    assert key == (f"`LOCATOR_{name.upper()}_KEY`" if cls.needs_key else "none")
    assert pace == f"one request in {cls.pace_s:g} s"
    number, unit = re.match(r"(\d+) (day|minute)", kept).groups()
    assert int(number) * {"day": 86_400, "minute": 60}[unit] == cls.cache_s


@pytest.mark.parametrize("name", list(PROVIDERS))
def test_the_example_of_each_service_runs(name, in_data_folder, monkeypatch, capsys):
    settings, command = example_of(name)
    assert command[:2] == ["locator", "geocode"]
    position = TRUE if load_provider(name).datum is Datum.WGS84 else TRUE_GCJ02
    with loopback(lambda _: SERVICES[name].reply(*position)) as server:
        for key, value in {**settings, f"LOCATOR_{name.upper()}_URL": server.url}.items():
            monkeypatch.setenv(key, value)
        assert main([*command[1:], "--format", "json"]) == 0
        assert "纬十二路" in SERVICES[name].text_of(server.asked[0])
    out = capsys.readouterr()
    assert json.loads(out.out)["places"][0]["source"] == name
    assert "your-key" not in out.err + out.out
