"""The shipped places are built beside what answers: nothing waits for them, and nothing is lost meanwhile."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from locator.cli import main
from locator.gazetteer import build as gazetteer_build
from locator.gazetteer.sources import PLACES_FILE
from locator.geocode import index_files as places
from locator.geocode.index_files import gazetteer_version, open_data_gazetteer
from locator.i18n import LANGS, text
from locator.ingest.place_files import import_places
from locator.settings import Settings, shipped_dir

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def settings(data_folder, tmp_path) -> Settings:
    """A data folder of this test's own, without the places."""
    return Settings(data=Path(shutil.copytree(data_folder, tmp_path / "data")))


@pytest.fixture
def few_places(tmp_path, monkeypatch) -> None:
    """Let the program ship a hundred places only."""
    shipped = tmp_path / "shipped"
    shutil.copytree(shipped_dir() / "gazetteer", shipped / "gazetteer", ignore=shutil.ignore_patterns("*.py"))
    table = pq.read_table(shipped / "gazetteer" / PLACES_FILE)
    pq.write_table(table.slice(0, 100), shipped / "gazetteer" / PLACES_FILE)
    monkeypatch.setattr(places, "shipped_dir", lambda: shipped)


def first_name(settings: Settings) -> str:
    """The first shipped place's name with its city."""
    row = pq.read_table(places.shipped_dir() / "gazetteer" / PLACES_FILE).slice(0, 1).to_pylist()[0]
    return open_data_gazetteer(settings).describe(f"{row['adcode']:06d}", "zh") + row["name"]


@pytest.mark.slow
def test_divisions_answer_before_and_places_after_and_what_was_imported_meanwhile_stays(settings, few_places):
    name = first_name(settings)
    before = gazetteer_version(settings)
    gazetteer = open_data_gazetteer(settings)
    assert gazetteer.resolve("上海市徐汇区").one.place.adcode == "310104"
    assert gazetteer.resolve(name).meanings[0].place.precision != "poi"
    import_places(EXAMPLES / "places.csv", settings)
    built = places.ensure_places(settings.data)
    assert built == places.built_places(settings.data)
    assert gazetteer_version(settings) != before
    after = open_data_gazetteer(settings)
    assert after.resolve(name).meanings[0].place.precision in ("poi", "village")
    assert after.resolve("示范学堂").one is not None
    import_places(EXAMPLES / "adcode", settings, name="adcode")
    again = open_data_gazetteer(settings)
    assert again.resolve(name).meanings[0].place.precision in ("poi", "village")
    assert again.resolve("示范学堂").one is not None


def test_of_several_at_once_one_builds(settings, few_places, monkeypatch):
    built = []
    build = gazetteer_build.build_places
    monkeypatch.setattr(gazetteer_build, "build_places", lambda *args: built.append(1) or build(*args))
    threads = [threading.Thread(target=places.ensure_places, args=(settings.data,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1]


def test_info_says_whether_the_places_are_built(settings, few_places, monkeypatch, capsys):
    monkeypatch.setenv("LOCATOR_DATA", str(settings.data))

    def told() -> str:
        assert main(["info", "--format", "json"]) == 0
        return str(json.loads(capsys.readouterr().out)["named_places"])

    assert told() == "off", "as the tests leave them"
    monkeypatch.setenv("LOCATOR_PLACES", "auto")
    assert told() == "not_yet"
    places.ensure_places(settings.data)
    assert told() == "built"
    for lang in LANGS:
        assert main(["info", "--lang", lang]) == 0
        assert text("cli.info.places_built", lang) in capsys.readouterr().out


def test_an_older_index_goes_and_a_broken_one_is_built_again(settings, few_places):
    old = settings.data / "places-0000.sqlite"
    old.write_bytes(b"old")
    path = places.ensure_places(settings.data)
    assert not old.exists()
    path.write_bytes(b"broken" * 1000)
    assert open_data_gazetteer(settings).resolve("上海市徐汇区").one is not None
    assert places.built_places(settings.data) is None


def test_the_build_is_started_only_where_it_is_wanted_and_missing(settings, few_places, monkeypatch):
    started: list[Path] = []
    monkeypatch.setattr(places, "_spawn", started.append)
    assert not places.start_places(Settings(data=settings.data, places="off"))
    assert places.start_places(settings)
    places.ensure_places(settings.data)
    assert not places.start_places(settings)
    assert started == [settings.data]


def test_the_other_process_builds_without_this_one(tmp_path):
    """The command that is started is one that runs: in a folder that cannot be written it fails at once."""
    done = subprocess.run(
        [sys.executable, "-m", "locator.geocode.index_files", "/proc/none"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "No such file" in done.stderr or "cannot" in done.stderr.lower() or "DataError" in done.stderr
