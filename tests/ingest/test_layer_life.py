"""A layer over the years: sources listed and removed, offices corrected, changes undone, reports decided."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from locator.cli import main
from locator.disk import write_atomically
from locator.errors import InvalidInput, LocatorError, NotFound
from locator.gazetteer import build as gazetteer_build
from locator.geocode.index_files import (
    GAZETTEER_FILE,
    PENDING_FILE,
    note_pending,
    open_data_gazetteer,
    was_interrupted,
)
from locator.i18n import explain
from locator.ingest import open_progress, shipped
from locator.ingest.corrections import (
    decide_report,
    decide_same,
    edit_office,
    list_near,
    list_reports,
    write_correction,
)
from locator.ingest.importing import import_source, remove_source, undo_change
from locator.ingest.shipped import SHIPPED, ensure_data, open_own_store
from locator.settings import LAYER_FILE, Settings
from locator.stores.contents import list_sources
from locator.stores.merge import DECISIONS, EDITS

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
PAGE = "https://city.example.gov.cn/offices"
HEAD = "名称,地址,电话,办公时间,经度,纬度\n"
ROWS = [
    f"{n}号街道人社中心,济南市历下区某{n}路{n}号,0531-8892365{n},周一至周五 9:00-17:00,117.0{n}1,36.66{n}\n"
    for n in range(1, 7)
]


@pytest.fixture
def settings(data_folder, tmp_path):
    """Settings whose data folder is a copy of the built one."""
    return Settings(data=Path(shutil.copytree(data_folder, tmp_path / "data")))


@pytest.fixture
def city(settings, tmp_path):
    """A file of six offices, imported as ``city``."""
    path = tmp_path / "city.csv"
    path.write_text(HEAD + "".join(ROWS), "utf-8")
    import_source("table", str(path), settings, name="city")
    return path


def names(settings):
    return {p.name for p in open_own_store(settings).points() if p.provenance.source == "city"}


def office(settings, name):
    return next(p for p in open_own_store(settings).points() if p.name == name)


def test_sources_are_listed_and_one_is_removed_and_brought_back(settings, city):
    listed = {source["name"]: source for source in list_sources(open_own_store(settings))}
    assert list(listed) == [SHIPPED, "city"] and (listed["city"]["rows"], listed["city"]["file"]) == (6, "city.csv")
    before = open_own_store(settings).version
    assert remove_source(settings, "city") == 6
    assert names(settings) == set() and open_own_store(settings).parts().keys() == {SHIPPED}
    assert undo_change(settings) == "city" and len(names(settings)) == 6
    assert open_own_store(settings).version == before
    assert undo_change(settings) == "city" and names(settings) == set()
    with pytest.raises(NotFound):
        remove_source(settings, "nobody")
    with pytest.raises(InvalidInput):
        remove_source(settings, SHIPPED)


def test_two_edits_of_one_office_at_once_are_both_kept(settings, city):
    point = office(settings, "1号街道人社中心")
    changes = [{"phones": "0531-88881111"}, {"notes": "二楼"}, {"website": "https://a.example.org"}]
    with ThreadPoolExecutor(len(changes)) as people:
        list(people.map(lambda each: edit_office(settings, point.id, each, source=PAGE, now=NOW), changes))
    edited = open_own_store(settings).point(point.id)
    assert edited is not None and set(edited.origins) >= {"phones", "notes", "website"}
    assert (edited.phones[0].number, edited.notes, edited.website) == ("0531-88881111", "二楼", "https://a.example.org")


@pytest.mark.parametrize(
    "source", ["", " ", "htp://a.cn", "www.a.cn", "=1+1", "<b>", "字" * 300, "https://a.cn/" + "x" * 2000]
)
def test_a_source_that_says_nothing_is_refused(settings, city, source):
    point = office(settings, "1号街道人社中心")
    with pytest.raises(InvalidInput) as caught:
        edit_office(settings, point.id, {"notes": "二楼"}, source=source, now=NOW)
    assert caught.value.code == "edit_source" and all(
        "--source" in explain(caught.value, lang) for lang in ("zh", "en")
    )


def test_a_code_of_no_division_is_not_taken(settings, city, tmp_path):
    with pytest.raises(InvalidInput, match="999999"):
        edit_office(settings, office(settings, "1号街道人社中心").id, {"adcode": "999999"}, source=PAGE, now=NOW)
    path = tmp_path / "codes.csv"
    path.write_text("名称,区划代码\n甲社保中心,999999\n乙社保中心,370171\n丙社保中心,110100\n", "utf-8")
    summary = import_source("table", str(path), settings, dry_run=True)
    assert [(issue.row, issue.code) for issue in summary.rejects] == [(2, "adcode_unknown")]


def test_a_country_without_telephones_is_refused(settings, city):
    with pytest.raises(InvalidInput, match="ZZ"):
        import_source("table", str(city), settings, country="ZZ")


def test_the_next_command_does_not_look_closely_at_what_an_import_wrote(settings, city, monkeypatch):
    monkeypatch.setattr(shipped, "_is_current", lambda *_: pytest.fail("looked closely"))
    ensure_data(settings)
    (settings.data / LAYER_FILE).write_bytes(b"PAR1" + bytes(99))
    with pytest.raises(pytest.fail.Exception):
        ensure_data(settings)


@pytest.mark.slow
def test_an_edit_has_its_source_and_survives_the_next_import(settings, city):
    point = office(settings, "1号街道人社中心")
    edited = edit_office(
        settings, point.id, {"phones": "0531-88881111", "hours": "Mo-Fr 08:30-16:30"}, source=PAGE, now=NOW
    )
    assert (edited.phones[0].number, edited.hours, edited.hours_text) == ("0531-88881111", "Mo-Fr 08:30-16:30", None)
    assert edited.origins["phones"].url == PAGE and edited.origins["hours"].date == "2026-11-23"
    city.write_text(HEAD + "".join(ROWS).replace("某1路", "某一路"), "utf-8")
    import_source("table", str(city), settings, name="city", append=True)
    again = open_own_store(settings).point(point.id)
    assert again is not None and again.phones == edited.phones and again.hours == edited.hours
    edit_office(settings, point.id, {"website": "www.example.org"}, source="a letter", now=NOW)
    third = open_own_store(settings).point(point.id)
    assert third is not None and third.website == "http://www.example.org" and third.phones == edited.phones
    assert len(open_own_store(settings).parts()[EDITS]) == 1
    assert undo_change(settings) == EDITS
    undone = open_own_store(settings).point(point.id)
    assert undone is not None and undone.website is None and undone.phones == edited.phones


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"phones": "no number"}, "edit_value"), ({"lon": "117"}, "edit_value"), ({"id": "x"}, "edit_field"), ({}, "edit_field"),
        ({"notes": "<script>"}, "edit_value"), ({"status": "gone"}, "edit_value"), ({"name": ""}, "edit_value"),
    ],
)  # fmt: skip
def test_an_edit_that_is_none_changes_nothing(settings, city, values, code):
    before = open_own_store(settings).version
    with pytest.raises(InvalidInput) as caught:
        edit_office(settings, office(settings, "1号街道人社中心").id, values, source=PAGE, now=NOW)
    assert caught.value.code == code and open_own_store(settings).version == before
    assert not any(word in explain(caught.value, "zh") for word in ("expected", "holds", "no telephone", "needs"))


def test_an_empty_value_takes_the_value_away_and_a_position_moves(settings, city):
    point = office(settings, "2号街道人社中心")
    edited = edit_office(settings, point.id, {"phones": "", "lon": "117.2", "lat": "36.7"}, source=PAGE, now=NOW)
    assert edited.phones == () and (edited.lon, edited.lat) == (117.2, 36.7)
    assert open_own_store(settings).nearest(117.2, 36.7, limit=1)[0].point.id == point.id


def test_an_office_is_found_by_its_name_after_every_kind_of_change(settings, city):
    def finds(text):
        return [place.label for place in open_data_gazetteer(settings).find(text, limit=3)]

    assert any("3号街道人社中心" in label for label in finds("3号街道人社中心"))
    more = city.with_name("more.csv")
    more.write_text(HEAD + ROWS[0].replace("1号街道", "白杨树街道"), "utf-8")
    import_source("table", str(more), settings, name="more")
    assert any("白杨树街道人社中心" in label for label in finds("白杨树街道人社中心"))
    more.write_text(HEAD + ROWS[0].replace("1号街道", "梧桐树街道"), "utf-8")
    import_source("table", str(more), settings, name="more", sure=True)
    assert any("梧桐树街道人社中心" in label for label in finds("梧桐树街道人社中心"))
    remove_source(settings, "more")
    assert not any("梧桐树街道人社中心" in label for label in finds("梧桐树街道人社中心"))
    assert any("3号街道人社中心" in label for label in finds("3号街道人社中心"))


@pytest.mark.parametrize("corrected", ["5号街道人社中心", "jinan-044"])
def test_a_corrected_office_is_found_by_its_name_also_when_a_start_builds_the_index_anew(settings, city, corrected):
    point = open_own_store(settings).point(corrected) or office(settings, corrected)
    for name in ("海棠树街道人社中心", "银杏树街道人社中心"):
        edit_office(settings, point.id, {"name": name}, source=PAGE, now=NOW)
        (settings.data / GAZETTEER_FILE).unlink()
        ensure_data(settings)
        found = [place.label for place in open_data_gazetteer(settings).find(name, limit=3)]
        assert any(name in label for label in found)


@pytest.mark.parametrize("name", [EDITS, DECISIONS, SHIPPED, "live-overpass"])
def test_a_file_cannot_take_the_place_of_what_the_program_keeps(settings, city, name):
    edit_office(settings, office(settings, "1号街道人社中心").id, {"phones": "0531-88881111"}, source=PAGE, now=NOW)
    before = open_own_store(settings).version
    with pytest.raises(InvalidInput) as caught:
        import_source("table", str(city.rename(city.with_name(f"{name}.csv"))), settings, sure=True)
    assert caught.value.code == "source_reserved" and open_own_store(settings).version == before


def _count_numbers(settings, street):
    with contextlib.closing(sqlite3.connect(settings.data / GAZETTEER_FILE)) as index:
        ask = "SELECT count(*) FROM number n JOIN street s ON s.id = n.street WHERE s.key LIKE ?"
        return index.execute(ask, (f"%{street[:3]}%",)).fetchone()[0]


def test_two_imports_at_once_are_known_once_each(settings, tmp_path, monkeypatch):
    """While one brings its offices into the index, the other imports and ends, or comes to where it waits."""
    change, lock, first, second = (
        gazetteer_build.change_gazetteer,
        shipped.exclusive_lock,
        threading.Event(),
        threading.Event(),
    )

    def change_slowly(*args):
        if not first.is_set():
            first.set()
            second.wait(60)
        return change(*args)

    def lock_after_the_first(path):
        if first.is_set():
            second.set()
        return lock(path)

    monkeypatch.setattr(gazetteer_build, "change_gazetteer", change_slowly)
    monkeypatch.setattr(shipped, "exclusive_lock", lock_after_the_first)
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for file, road in zip(files, ("猕猴桃路", "奇异果路"), strict=True):
        file.write_text(HEAD + "".join(ROWS).replace("某", road), "utf-8")
    one = threading.Thread(target=import_source, args=("table", str(files[0]), settings))
    one.start()
    assert first.wait(60)
    two = threading.Thread(target=lambda: (import_source("table", str(files[1]), settings), second.set()))
    two.start()
    one.join()
    two.join()
    held = _count_numbers(settings, "猕猴桃路"), _count_numbers(settings, "奇异果路")
    assert held == (len(ROWS), len(ROWS))  # each once: else a source that is removed later stays known
    assert not (settings.data / PENDING_FILE).exists()


def test_a_note_of_a_killed_import_counts_though_its_number_is_taken(settings):
    """In a container that is started again, process numbers are those of the last time."""
    with note_pending(settings):
        assert not was_interrupted(settings)
    assert not (settings.data / PENDING_FILE).exists()
    (settings.data / PENDING_FILE).write_text(str(os.getpid()), "ascii")
    assert was_interrupted(settings)
    ensure_data(settings)
    assert not (settings.data / PENDING_FILE).exists()


def test_what_a_killed_process_had_begun_of_the_index_goes(settings, city):
    begun = settings.data / f".{GAZETTEER_FILE}.99999.new"
    begun.write_bytes(b"half")
    remove_source(settings, "city")
    assert not begun.exists()


def test_who_ends_first_leaves_the_note_to_who_is_still_at_work(settings):
    with pytest.raises(RuntimeError, match="killed"), note_pending(settings):
        with note_pending(settings):
            pass
        os.utime(settings.data / LAYER_FILE)
        raise RuntimeError("killed")
    assert was_interrupted(settings)


@pytest.mark.parametrize("name", ["extracts/town.parquet", LAYER_FILE])
def test_what_fails_before_anything_has_changed_costs_no_build(settings, name):
    with pytest.raises(RuntimeError, match="refused"), note_pending(settings):
        raise RuntimeError("refused")
    assert not (settings.data / PENDING_FILE).exists()
    with pytest.raises(RuntimeError, match="refused"), note_pending(settings):
        (settings.data / name).parent.mkdir(exist_ok=True)
        with write_atomically(settings.data / name) as draft:
            draft.write_bytes(b"changed")
        raise RuntimeError("refused")
    assert was_interrupted(settings)


def test_a_cut_file_is_no_update(settings, city):
    city.write_text(HEAD + "".join(ROWS[:3]), "utf-8")
    with pytest.raises(InvalidInput) as caught:
        import_source("table", str(city), settings, name="city")
    assert caught.value.code == "import_drops" and len(names(settings)) == 6
    import_source("table", str(city), settings, name="city", append=True)
    assert len(names(settings)) == 6
    summary = import_source("table", str(city), settings, name="city", sure=True)
    assert summary.stored is not None and summary.stored.vanished == 3 and len(names(settings)) == 3


def test_an_older_source_under_a_new_name_is_told(settings, city):
    summary = import_source("table", str(city), settings, name="city-2026", dry_run=True)
    assert dict(summary.notices)["source_twin"]["other"] == "city"
    assert "source_twin" not in dict(import_source("table", str(city), settings, name="city", dry_run=True).notices)


def test_the_first_import_makes_the_layer_that_was_named(data_folder, tmp_path, city):
    data = Path(shutil.copytree(data_folder, tmp_path / "other"))
    settings = Settings(data=data, layer=str(tmp_path / "own" / "layer.parquet"))
    import_source("table", str(city), settings, name="city")
    assert len(list(open_own_store(settings).points())) == 6
    (tmp_path / "layer.gpkg").write_bytes(b"SQLite format 3\0 something else")
    with pytest.raises(LocatorError) as caught:
        import_source("table", str(city), Settings(data=data, layer=str(tmp_path / "layer.gpkg")), name="city")
    assert "layer.gpkg" in str(caught.value)


def test_offices_that_may_be_one_are_told_and_decided(settings, city, monkeypatch, capsys):
    again = HEAD + ROWS[0].replace("1号街道", "某1街道").replace("117.011", "117.0118")
    more = city.with_name("more.csv")
    more.write_text(again, "utf-8")
    summary = import_source("table", str(more), settings, name="more")
    ((_, told),) = [notice for notice in summary.notices if notice[0] == "near_duplicate"]
    ids = told["one"], told["other"]
    assert {told["one_name"], told["other_name"]} == {"1号街道人社中心", "某1街道人社中心"} and 50 < told[
        "metres"
    ] < 150
    assert [pair.one.id for pair in list_near(settings)] == [ids[0]]

    def listed():
        return {p.id for p in open_own_store(settings).points()} & set(ids)

    point = decide_same(settings, *ids, source=PAGE, now=NOW)
    assert listed() == {point.id} and list_near(settings) == ()
    decision = next(open_own_store(settings).parts()[DECISIONS].points())
    assert (decision.provenance.date, decision.provenance.source) == ("2026-11-23", PAGE)
    more.write_text(again.replace("某1路1号", "某1路1号院"), "utf-8")
    import_source("table", str(more), settings, name="more", append=True)
    assert undo_change(settings) == "more" and listed() == {point.id}, "the decision outlives imports"
    decide_same(settings, *ids, apart=True, now=NOW)
    assert listed() == set(ids) and list_near(settings) == ()
    assert undo_change(settings) == DECISIONS and listed() == {point.id}

    monkeypatch.setenv("LOCATOR_DATA", str(settings.data))
    assert main(["same", "--lang", "en"]) == 0 and "No two offices" in capsys.readouterr().out
    assert main(["same", "--apart", *ids, "--lang", "en"]) == 0 and "are two offices" in capsys.readouterr().out
    assert main(["same", *ids, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"same": list(ids), "office": point.id}
    assert main(["same", ids[0]]) == main(["same", ids[0], ids[0]]) == 2 and main(["same", ids[0], "nobody"]) == 1


@pytest.mark.slow
def test_an_id_that_two_sources_gave_to_two_offices_can_be_decided_on_too(
    settings, city, tmp_path, monkeypatch, capsys
):
    (tmp_path / "one.csv").write_text("id," + HEAD + "t1,某丙窗口,,,,117.01,36.66\n", "utf-8")
    (tmp_path / "two.csv").write_text(
        "id," + HEAD + "t1,某丁窗口,,,,117.31,36.66\nt2,某戊窗口,,,,117.51,36.66\n", "utf-8"
    )
    for name in ("one", "two"):
        import_source("table", str(tmp_path / f"{name}.csv"), settings, name=name)

    def listed():
        return {point.name for point in open_own_store(settings).points()}

    assert office(settings, "某丁窗口").id == "t1.2"
    monkeypatch.setenv("LOCATOR_DATA", str(settings.data))
    assert main(["same", "t1.2", "t2"]) == 0, capsys.readouterr().err
    assert {"某丙窗口", "某丁窗口"} <= listed() and "某戊窗口" not in listed()
    import_source("table", str(tmp_path / "two.csv"), settings, name="two", append=True)
    assert "某戊窗口" not in listed(), "the decision outlives imports"
    assert undo_change(settings) == DECISIONS and "某戊窗口" in listed()
    assert main(["same", "--apart", "t1.2", "t2"]) == 0 and {"某丁窗口", "某戊窗口"} <= listed()
    assert main(["edit", "t1.2", "phones=0531-88883333", "--source", PAGE]) == 0
    assert office(settings, "某丁窗口").phones and not office(settings, "某丙窗口").phones
    assert main(["same", "t1.9", "t2"]) == 1


@pytest.mark.slow
def test_two_offices_that_are_a_third_already_are_one(settings, city, tmp_path):
    (tmp_path / "other.csv").write_text("id," + HEAD + "t1,某丙窗口,,,,,\nt2,某丁窗口,,,,,\n", "utf-8")
    import_source("table", str(tmp_path / "other.csv"), settings)
    third = office(settings, "1号街道人社中心").id
    for office_id in ("t1", "t2"):
        assert decide_same(settings, third, office_id, now=NOW).id == third
    assert decide_same(settings, "t1", "t2", now=NOW).name == "某丙窗口"
    assert undo_change(settings) == DECISIONS


def test_reports_are_listed_accepted_and_rejected(settings, city):
    point = office(settings, "1号街道人社中心")
    write_correction(settings, entry_id=point.id, field="phones", message="0531-88882222", now=NOW)
    write_correction(settings, entry_id=point.id, field="hours", message="closed on fridays, I think", now=NOW)
    first, second = list_reports(settings)
    edited = decide_report(settings, first.report_id, accept=True, values={}, source=PAGE, now=NOW)
    assert edited is not None and edited.phones[0].number == "0531-88882222" and edited.origins["phones"].url == PAGE
    with pytest.raises(InvalidInput):
        decide_report(settings, second.report_id, accept=True, values={}, source=PAGE, now=NOW)
    assert [report.report_id for report in list_reports(settings)] == [second.report_id]
    assert decide_report(settings, second.report_id, accept=False, values={}, source="", now=NOW) is None
    assert list_reports(settings) == []
    with pytest.raises(NotFound):
        decide_report(settings, first.report_id, accept=False, values={}, source="", now=NOW)


@pytest.mark.slow
def test_the_commands(settings, city, monkeypatch, capsys):
    monkeypatch.setenv("LOCATOR_DATA", str(settings.data))

    def run(*arguments):
        code = main([*arguments, "--format", "json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out.strip() else None

    point = office(settings, "4号街道人社中心")
    assert [source["name"] for source in run("sources")[1]["sources"]] == [SHIPPED, "city"]
    code, shape = run("edit", point.id, "phones=0531-88883333", "--source", PAGE)
    assert code == 0 and shape["office"]["phones"] == "0531-88883333"
    assert run("remove", point.id)[1] == {"removed": point.id, "rows": 1}
    assert point.name not in names(settings)
    assert run("undo")[1] == {"undone": EDITS} and point.name in names(settings)
    assert run("remove", "city")[1] == {"removed": "city", "rows": 6}
    assert run("remove", "city")[0] == 1 and run("edit", point.id, "phones", "--source", "x")[0] == 2
    assert run("reports")[1] == {"reports": []} and run("reports", "accept", "x")[0] == 2
    for arguments in (["sources"], ["reports"], ["undo"]):
        assert main([*arguments, "--lang", "en"]) == 0


def write_many(path: Path, count: int) -> Path:
    """Write a table of offices around 济南."""
    rows = (
        f"第{n}社区服务中心,济南市历下区某{n}路{n}号,0531-{88920000 + n},,117.0{n % 90 + 10},36.66\n"
        for n in range(count)
    )
    path.write_text(HEAD + "".join(rows), "utf-8")
    return path


@pytest.mark.timeout(600)
def test_ctrl_c_in_an_import_leaves_the_old_state(data_folder, tmp_path):
    shutil.copytree(data_folder, tmp_path / "data")
    many = write_many(tmp_path / "many.csv", 250_000)  # a log hears of it after ten seconds, long before its end
    before = open_own_store(Settings(data=tmp_path / "data"))
    version, sources = before.version, list_sources(before)
    environment = os.environ | {"LOCATOR_DATA": str(tmp_path / "data"), "LOCATOR_PLACES": "off"}
    heard = ["env", "--default-signal=INT"]  # where the tests are a shell's background job, it is ignored
    command = [*heard, sys.executable, "-m", "locator", "import", "table", str(many), "--name", "many"]
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert "many" in first and "rows" in first, first
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=250)
    assert process.returncode == 130 and "Traceback" not in rest, rest
    after = open_own_store(Settings(data=tmp_path / "data"))
    assert (after.version, list_sources(after)) == (version, sources)
    assert not list((tmp_path / "data").rglob("*.tmp"))


def test_a_log_is_told_now_and_then_and_a_terminal_all_the_time(monkeypatch):
    log, screen = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    assert list(open_progress(range(5000), show=True, total=5000, desc="many", unit=" rows")) == list(range(5000))
    lines = log.getvalue().splitlines()
    assert 1 <= len(lines) <= 2 and "\r" not in log.getvalue() and "5000" in lines[0] and "many" in lines[0]
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", screen)
    assert list(open_progress(range(10), show=True, desc="many", unit=" rows")) == list(range(10))
    assert "\r" in screen.getvalue() and "rows/s" in screen.getvalue()
    assert list(open_progress(iter([]), show=False)) == []


def test_what_many_rows_have_in_common_is_one_line(data_folder, tmp_path, monkeypatch, capsys):
    shutil.copytree(data_folder, tmp_path / "data")
    monkeypatch.setenv("LOCATOR_DATA", str(tmp_path / "data"))
    many = tmp_path / "many.csv"
    many.write_text(HEAD + "".join(row.replace("0531-8892365", "没有电话") for row in ROWS), "utf-8")
    assert main(["import", "table", str(many), "--dry-run", "--lang", "en"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "phone" in line]
    assert len(told) == 1 and "the same in 6 rows" in told[0] and "{" not in told[0]


KEPT = ("layer.parquet", "layer.parts", "layer.undo.json", "extracts", "ground", "corrections.jsonl", "corrections.decided.jsonl")  # fmt: skip
"""What docs/OPERATIONS.md says a backup holds, but for road data."""


def _held(settings: Settings) -> tuple[object, ...]:
    store = open_own_store(settings)
    return list_sources(store), sorted((p.id, p.name, p.phones) for p in store.points())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_backup_is_restored_upgraded_and_gone_back_to(data_folder, tmp_path):
    ours = Settings(data=tmp_path / "data", places="off")
    shutil.copytree(data_folder, ours.data)
    (tmp_path / "city.csv").write_text(HEAD + "".join(ROWS), "utf-8")
    import_source("table", str(tmp_path / "city.csv"), ours, name="city")
    (office,) = (p for p in open_own_store(ours).points() if p.name == "3号街道人社中心")
    edit_office(ours, office.id, {"phones": "0531-88929999"}, source=PAGE, now=NOW)
    write_correction(ours, entry_id=office.id, field="phones", message="换号了", now=NOW)
    before = _held(ours)

    backup = tmp_path / "backup"
    backup.mkdir()
    for name in KEPT:
        if (ours.data / name).exists():
            copy = shutil.copytree if (ours.data / name).is_dir() else shutil.copy2
            copy(ours.data / name, backup / name)

    restored = Settings(data=tmp_path / "restored", places="off")
    shutil.copytree(backup, restored.data)
    ensure_data(restored)
    assert _held(restored) == before and len(list_reports(restored)) == 1
    assert open_data_gazetteer(restored).find("3号街道人社中心", limit=1), "the index is built again"

    upgraded = Settings(data=tmp_path / "upgraded", places="off")
    shutil.copytree(backup, upgraded.data)
    store = open_own_store(upgraded)
    shipped = [p for p in store.points() if p.provenance.source != "city"][:3]
    store.replace(SHIPPED, shipped, stamp="of the version before")
    ensure_data(upgraded)  # the new version starts
    assert _held(upgraded)[0][1:] == before[0][1:], "imports and edits stay"
    points = {p.name: p for p in open_own_store(upgraded).points()}
    assert points["3号街道人社中心"].phones[0].number == "0531-88929999"
    assert open_own_store(upgraded).stamp(SHIPPED) != "of the version before"

    back = Settings(data=tmp_path / "back", places="off")
    shutil.copytree(backup, back.data)
    ensure_data(back)
    assert _held(back) == before
