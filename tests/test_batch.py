"""The batch: right answers in the input's order, rejects, every way of running it, and any way of dying."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from batch_engine import (
    Understood,
    make_layer,
    open_coarse_engine,
    open_test_engine,
    run_slowly,
    write_addresses,
    write_positions,
)
from hypothesis import given
from hypothesis import strategies as st

from locator.batch import Engine, csv_blocks, dask_workers, run, run_batch
from locator.batch.answer import open_engine
from locator.batch.checkpoint import Checkpoint, Progress
from locator.batch.csv_blocks import CsvBlock, open_csv, parse, read_blocks
from locator.batch.run import _in_order
from locator.datum import Datum, from_wgs84
from locator.errors import DataError, InvalidInput, LocatorError, NotFound, ServiceError
from locator.files.text_files import escape_formulas
from locator.i18n import LANGS, load_catalogue
from locator.model import APPROXIMATE, EXACT, Filter, Kind, Query
from locator.search import Index
from locator.settings import Settings


def run_it(source, target, **options):
    options = {"opener": open_test_engine, "progress": False, "threads": 1, "within_m": None} | options
    return run_batch(Settings(), source, target, **options)


def rows_of(path):
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf"), "Excel wants the mark"
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True)))


def positions(path, *cells):
    path.write_text("key,x,y\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)), "utf-8")
    return path


XY = {"lon": "x", "lat": "y"}
NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_every_row_gets_its_nearest_in_the_order_of_the_input(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    write_positions(source, 500)
    summary = run_it(source, target, limit=3, **XY)
    assert summary[:4] == (500, 500, 0, 0)
    index = Index(make_layer())
    rows = rows_of(target)
    assert len(rows) == 1500
    where = Filter(positions=EXACT | APPROXIMATE)
    for number, asked in enumerate(csv.DictReader(source.read_text("utf-8").splitlines())):
        mine = rows[3 * number : 3 * number + 3]
        hits = index.nearest(float(asked["x"]), float(asked["y"]), limit=3, where=where)
        for rank, (row, hit) in enumerate(zip(mine, hits, strict=True), 1):
            point = index.layer.point(hit.row)
            assert {key: row[key] for key in asked} == asked
            assert row["rank"] == str(rank)
            assert row["point_id"] == point.id
            assert float(row["distance_m"]) == pytest.approx(hit.distance_m, abs=6e-4)
            assert row["approximate"] == str(point.position not in EXACT).lower()
            assert row["point_kind"] == point.kind
            assert row["point_address"] == (point.address or "")
            assert row["origin_precision"] == "point"
    assert rows_of(summary.rejects) == []


def test_filter_reach_and_datum_are_respected(tmp_path):
    shifted = ",".join(str(float(v)) for v in from_wgs84(117.0, 36.65, Datum.GCJ02))
    source = positions(tmp_path / "in.csv", shifted, "100.0,30.0")
    target = tmp_path / "out.csv"
    where = Filter(kinds=frozenset({Kind.HRSS_BUREAU}), positions=EXACT)
    summary = run_it(source, target, limit=2, within_m=20_000.0, datum=Datum.GCJ02, where=where, **XY)
    near, second, nothing = rows_of(target)
    assert {near["point_kind"], second["point_kind"]} == {"hrss-bureau"}
    assert (float(near["origin_lon"]), float(near["origin_lat"])) == pytest.approx((117.0, 36.65), abs=2e-7)
    assert (
        nothing["key"] == "1"
        and nothing["rank"] == nothing["point_id"] == nothing["distance_m"] == nothing["approximate"] == ""
    )
    assert (summary.rows, summary.answered, summary.refused) == (2, 1, 0)


@pytest.mark.parametrize(
    ("within_m", "at", "notice"),
    [
        (50_000.0, "117.0,36.65", ""),
        (50_000.0, "104.0,30.6", "nothing_near"),
        (900.0, "116.0,36.65", "nothing_near"),
        (None, "104.0,30.6", ""),
    ],
)
def test_a_row_without_an_office_in_reach_says_why(tmp_path, within_m, at, notice):
    source = positions(tmp_path / "in.csv", at)
    run_it(source, tmp_path / "out.csv", limit=1, within_m=within_m, **XY)
    (row,) = rows_of(tmp_path / "out.csv")
    assert row["notice"] == notice and (row["point_id"] == "") == bool(notice)


def test_a_row_near_offices_that_are_known_by_their_district_only_says_so(tmp_path):
    source = positions(tmp_path / "in.csv", "117.0,36.65", "104.0,30.6")
    run_it(source, tmp_path / "out.csv", limit=1, within_m=50_000.0, opener=open_coarse_engine, **XY)
    assert [(row["notice"], row["point_id"]) for row in rows_of(tmp_path / "out.csv")] == [
        ("only_coarse", ""),
        ("nothing_near", ""),
    ]


def test_of_a_coarse_place_the_batch_names_what_find_names_and_no_distance(data_folder, locator, tmp_path):
    texts = ["深圳市福田区", "雄安新区", "北京市", "拉萨市城关区", "济南市槐荫区经四路478号", "澳门"]
    (tmp_path / "in.csv").write_text("where\n" + "\n".join(texts) + "\n", "utf-8")
    settings = Settings(data=data_folder, tiles="none")
    opener = partial(open_engine, settings)
    run_batch(
        settings, tmp_path / "in.csv", tmp_path / "out.csv", address="where", limit=3, opener=opener, progress=False
    )
    rows = rows_of(tmp_path / "out.csv")
    for text in texts:
        answer = locator.find(Query(text=text, limit=3), NOW)
        mine = [row for row in rows if row["where"] == text]
        assert [row["point_id"] for row in mine if row["rank"]] == [hit.point.id for hit in answer.hits][:3], text
        if answer.place.precision in ("district", "city", "province"):
            assert {row["distance_m"] for row in mine} == {""}
            assert {row["notice"] for row in mine} == {"nothing_near" if text == "拉萨市城关区" else "origin_coarse"}
        else:
            assert all(row["distance_m"] for row in mine) and {row["notice"] for row in mine} == {""}


def test_a_batch_names_nothing_farther_than_find_does(tmp_path):
    source = positions(tmp_path / "in.csv", "104.0,30.6")
    run_batch(Settings(), source, tmp_path / "out.csv", opener=open_test_engine, progress=False, **XY)
    assert [row["notice"] for row in rows_of(tmp_path / "out.csv")] == ["nothing_near"]


def test_dask_s_private_parts_are_as_they_were_read():
    import distributed

    assert dask_workers.fits_private_parts(distributed)


REFUSED = [
    (",", "position_missing", "x"),
    ("117.0,", "position_half", "y"),
    ("abc,36.6", "not_a_number", "x"),
    ("36.6,117.0", "position_swapped", "x"),
    ("0,0", "null_island", "x"),
    ("181,36.6", "position_range", "x"),
    ("117,nan", "not_a_number", "y"),
    ("117,1e400", "not_a_number", "y"),
]


def test_rows_not_understood_go_to_the_rejects_and_the_others_on(tmp_path):
    cells = [bad for bad, _, _ in REFUSED]
    source = positions(tmp_path / "in.csv", *cells, " 117.0 , 36.6 ", "+117.0,36.60", "117.0")
    summary = run_it(source, tmp_path / "out.csv", limit=1, **XY)
    rejects = rows_of(tmp_path / "out.csv.rejects.csv")
    assert [(r["row"], r["code"], r["column"]) for r in rejects] == [
        *((str(n + 2), code, column) for n, (_, code, column) in enumerate(REFUSED)),
        (str(len(cells) + 4), "cells", ""),
    ]
    assert all(r["file"] == "in.csv" and r["reason"] for r in rejects)
    assert [row["key"] for row in rows_of(tmp_path / "out.csv")] == [str(len(cells)), str(len(cells) + 1)]
    assert (summary.rows, summary.answered, summary.refused) == (len(cells) + 3, 2, len(cells) + 1)


def test_addresses_are_placed_and_those_not_understood_refused(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    texts = ["117.0 36.6", "117.0 36.75", "哪里", "", "不懂", "无位置", "断线", " 117.0 36.6 "]
    source.write_text("where\n" + "".join(f'"{text}"\n' for text in texts), "utf-8")
    run_it(source, target, address="where", limit=1, rejects=tmp_path / "bad.csv")
    good = rows_of(target)
    assert [row["where"] for row in good] == [texts[0], texts[1], texts[7]]
    assert [row["origin_precision"] for row in good] == ["rooftop", "township", "rooftop"]
    assert good[0]["origin_label"] == "在117.0 36.6" and good[0]["origin_error_m"] == "25"
    assert good[1]["approximate"] == "true", "the origin is known by township only"
    assert [(r["row"], r["code"]) for r in rows_of(tmp_path / "bad.csv")] == [
        ("4", "ambiguous_place"), ("5", "address_missing"), ("6", "place_not_found"),
        ("7", "place_without_position"), ("8", "service_timeout"),
    ]  # fmt: skip


def test_every_reject_code_has_its_sentence():
    codes = {code for _, code, _ in REFUSED} | {
        "cells", "encoding", "address_missing", "no_geocoder", "place_not_found", "ambiguous_place",
        "place_without_position",
    }  # fmt: skip
    for lang in LANGS:
        assert {key.removeprefix("batch.") for key in load_catalogue(lang) if key.startswith("batch.")} == codes


def test_an_address_is_asked_for_once_in_a_block(tmp_path):
    asked = []

    def counting(text):
        asked.append(text)
        return Understood()

    source = tmp_path / "in.csv"
    source.write_text("where\n" + "同一个\n" * 50, "utf-8")
    run_it(source, tmp_path / "out.csv", address="where", opener=lambda: Engine(Index(make_layer()), counting))
    assert asked == ["同一个"]


# ---- forms of CSV


@pytest.mark.parametrize(
    "content",
    [
        "key,x,y\n甲,117.0,36.6\n乙,117.1,36.7\n".encode(),
        "\ufeffkey,x,y\r\n甲,117.0,36.6\r\n乙,117.1,36.7\r\n".encode(),
        "key;x;y\n甲;117.0;36.6\n乙;117.1;36.7".encode(),
        "key\tx\ty\n甲\t117.0\t36.6\n\n乙\t117.1\t36.7\n\n".encode(),
        "key,x,y\n甲,117.0,36.6\n乙,117.1,36.7\n".encode("gb18030"),
        '"key", x ,y\n"甲","117.0","36.6"\n"乙",117.1,36.7\n'.encode(),
    ],
    ids=["plain", "excel", "semicolon", "tab-and-blank-lines", "gb18030", "quoted"],
)
def test_the_forms_of_csv_that_excel_writes(tmp_path, content):
    (tmp_path / "in.csv").write_bytes(content)
    run_it(tmp_path / "in.csv", tmp_path / "out.csv", limit=1, **XY)
    rows = rows_of(tmp_path / "out.csv")
    assert [(r["key"], r["x"], r["y"]) for r in rows] == [("甲", "117.0", "36.6"), ("乙", "117.1", "36.7")]
    assert rows_of(tmp_path / "out.csv.rejects.csv") == []


def test_cells_with_newlines_quotes_and_delimiters_come_back_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "POSITIONS_BLOCK", 64)
    note = 'zwei\n"Zeilen", ja'
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["key", "x", "y"], *([f"{n}{note}", 117.0, 36.6] for n in range(50))])
    run_it(tmp_path / "in.csv", tmp_path / "out.csv", limit=1, **XY)
    assert [r["key"] for r in rows_of(tmp_path / "out.csv")] == [f"{n}{note}" for n in range(50)]


def test_bytes_of_another_encoding_refuse_their_row_only(tmp_path):
    (tmp_path / "in.csv").write_bytes("key,x,y\n甲,117.0,36.6\n".encode() * 1 + b"\xff\xfe,117.0,36.6\nb,117.0,36.6\n")
    run_it(tmp_path / "in.csv", tmp_path / "out.csv", limit=1, encoding="utf-8", **XY)
    assert [r["key"] for r in rows_of(tmp_path / "out.csv")] == ["甲", "b"]
    assert [(r["row"], r["code"]) for r in rows_of(tmp_path / "out.csv.rejects.csv")] == [("3", "encoding")]


def test_a_quote_that_never_closes_loses_one_row_and_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_blocks, "LONGEST_RECORD", 4096)
    monkeypatch.setattr(run, "POSITIONS_BLOCK", 512)
    lines = [f"{n},117.0,36.6\n" for n in range(2000)]
    lines[20] = 'x"y,117.0,36.6\n'
    (tmp_path / "in.csv").write_text("key,x,y\n" + "".join(lines), "utf-8")
    source = open_csv(tmp_path / "in.csv")
    assert max(len(block.data) for block in read_blocks(source, start=source.start, size=512)) <= 4096 + 512
    summary = run_it(tmp_path / "in.csv", tmp_path / "out.csv", limit=1, **XY)
    assert summary.rows == 2000 and summary.answered >= 1999


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=6),
            min_size=2,
            max_size=2,
        ),
        max_size=30,
    ),
    st.integers(1, 200),
)
def test_blocks_hold_whole_records_and_together_the_file(tmp_path_factory, rows, size):
    path = tmp_path_factory.mktemp("blocks") / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    source = open_csv(path)
    blocks = list(read_blocks(source, start=source.start, size=size))
    content = path.read_bytes()[source.start :]
    assert b"".join(block.data for block in blocks) == content
    read = []
    for block in blocks:
        records = parse(source, block)
        read += [list(row.values()) for row in records.table.to_pylist()]
        assert records.numbers == list(range(1, records.total + 1))
        assert (
            b"".join(b.data for b in read_blocks(source, start=block.end, size=size))
            == content[block.end - source.start :]
        )
    assert read == rows


def test_no_cell_of_the_output_is_a_formula(tmp_path):
    import pyarrow as pa

    cells = [
        " =1",
        "\u3000@x",
        "＝1",
        "\nx",
        "=1+1",
        "+A1",
        "-A1",
        "@x",
        "\tx",
        "-1.5",
        "+86",
        "1",
        "",
        None,
        "五里沟",
        "-1+2",
    ]
    safe = [
        "' =1",
        "'\u3000@x",
        "'＝1",
        "'\nx",
        "'=1+1",
        "'+A1",
        "'-A1",
        "'@x",
        "'\tx",
        "-1.5",
        "+86",
        "1",
        "",
        None,
        "五里沟",
        "'-1+2",
    ]
    assert escape_formulas(pa.array(cells)).to_pylist() == safe
    index = Index(make_layer())
    bad = index.layer.point(7)
    source = positions(tmp_path / "in.csv", f"{bad.lon},{bad.lat}", "=2,36.6")
    run_it(source, tmp_path / "out.csv", limit=1, **XY)
    assert rows_of(tmp_path / "out.csv")[0]["point_name"] == "'=danger()"
    assert rows_of(tmp_path / "out.csv.rejects.csv")[0]["value"] == "'=2"


# ---- the same answers however it runs


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    folder = tmp_path_factory.mktemp("truth")
    write_positions(folder / "in.csv", 3000)
    run_it(folder / "in.csv", folder / "out.csv", **XY)
    return folder / "in.csv", (folder / "out.csv").read_bytes()


@pytest.mark.parametrize("threads", [2, 5, None])
def test_threads_give_the_same_bytes(truth, tmp_path, monkeypatch, threads):
    monkeypatch.setattr(run, "POSITIONS_BLOCK", 4096)
    run_it(truth[0], tmp_path / "out.csv", threads=threads, **XY)
    assert (tmp_path / "out.csv").read_bytes() == truth[1]


def test_dask_gives_the_same_bytes_here_and_on_a_running_cluster(truth, tmp_path, monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(run, "POSITIONS_BLOCK", 16_384)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    run_it(truth[0], tmp_path / "local.csv", workers=2, **XY)
    assert (tmp_path / "local.csv").read_bytes() == truth[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["local.csv", "local.csv.rejects.csv"]
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        run_it(truth[0], tmp_path / "cluster.csv", scheduler=cluster.scheduler_address, **XY)
    assert (tmp_path / "cluster.csv").read_bytes() == truth[1]


@pytest.mark.parametrize("system", ["copies", "copies-some", "cannot"])
def test_lines_that_a_worker_left_in_a_file_are_appended_whole(tmp_path, monkeypatch, system):
    copy, calls = getattr(os, "copy_file_range", None), []

    def some(source, target, count):
        calls.append(count)
        if system == "cannot" or len(calls) > 1:
            raise OSError("not on this file system")
        return copy(source, target, 1000)

    if system != "copies":
        monkeypatch.setattr(os, "copy_file_range", some, raising=False)
    first = Progress(question="q", read=0)
    lines = [os.urandom(70_000), b"", os.urandom(3)]
    with Checkpoint(tmp_path / "out.csv", tmp_path / "bad.csv", first, fresh=False) as checkpoint:
        checkpoint.add(b"head\n", b"", first)
        for number, content in enumerate(lines):
            left = tmp_path / str(number)
            left.write_bytes(content)
            checkpoint.add(left, b"r", replace(checkpoint.progress, rows=number))
            assert not left.exists()
        assert checkpoint.progress.written == 5 + 70_003
        checkpoint.finish()
    assert (tmp_path / "out.csv").read_bytes() == b"head\n" + b"".join(lines)
    assert (tmp_path / "bad.csv").read_bytes() == b"rrr"


def test_what_a_killed_run_left_on_the_spool_dir_is_swept_away(truth, tmp_path):
    spool_dir = tmp_path / "out.csv.blocks"
    spool_dir.mkdir()
    (spool_dir / "half").write_bytes(b"a block")
    run_it(truth[0], tmp_path / "out.csv", **XY)
    assert (tmp_path / "out.csv").read_bytes() == truth[1]
    assert not spool_dir.exists()


def test_a_scheduler_that_is_not_there(truth, tmp_path, monkeypatch):
    monkeypatch.setattr("locator.batch.dask_workers.CONNECT_S", 0.5)
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:9"):
        run_it(truth[0], tmp_path / "out.csv", scheduler="tcp://127.0.0.1:9", **XY)


def test_few_blocks_are_under_way_at_a_time():
    taken, done = [], []

    class Later:
        def __init__(self, block):
            self.block = block

        def result(self):
            done.append(self.block)
            return self.block

    def blocks():
        for number in range(100):
            taken.append(number)
            assert len(taken) - len(done) <= 5
            yield CsvBlock(b"", number)

    answers = list(_in_order(Later, blocks(), 4))
    assert [block.end for block, _ in answers] == list(range(100))


# ---- dying and going on


def start_slow_run(source, target):
    code = f"import batch_engine; batch_engine.run_slowly({str(source)!r}, {str(target)!r})"
    return subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)})


def wait_for_rows(record, process, more_than):
    for _ in range(1200):
        if record.exists():
            rows = json.loads(record.read_text("utf-8"))["rows"]
            if rows > more_than:
                return rows
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    raise AssertionError("no progress in 24 s")


def test_a_killed_batch_goes_on_where_it_was(tmp_path):
    source, target, whole = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "whole.csv"
    write_addresses(source, 5000)
    record = tmp_path / "out.csv.progress.json"
    rows = 0
    for _ in range(2):
        process = start_slow_run(source, target)
        rows = wait_for_rows(record, process, rows)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not target.exists()
        with Path(f"{target}.part").open("ab") as stream:
            stream.write(b"half a li")  # what a kill between the write and the record leaves behind
    kept = json.loads(record.read_text("utf-8"))["rows"]
    summary = run_it(source, target, address="where", limit=2)
    assert summary.resumed_rows == kept >= rows > 0 and summary.rows == 5000
    run_it(source, whole, address="where", limit=2)
    assert target.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "in.csv", "out.csv", "out.csv.rejects.csv", "whole.csv", "whole.csv.rejects.csv"
    ]  # fmt: skip


def stop_after(monkeypatch, blocks):
    """Let the run die after some blocks, as a power cut would, in the middle of its work."""
    original, count = run._advance, [0]

    def advance(*args):
        count[0] += 1
        if count[0] == blocks:
            raise KeyboardInterrupt
        original(*args)

    monkeypatch.setattr(run, "_advance", advance)


@pytest.fixture
def half_done(truth, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(run, "POSITIONS_BLOCK", 4096)
        stop_after(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            run_it(truth[0], tmp_path / "out.csv", **XY)
    return truth[0], tmp_path / "out.csv", truth[1]


def test_an_interrupted_run_is_continued(half_done):
    source, target, whole = half_done
    assert run_it(source, target, **XY).resumed_rows > 0
    assert target.read_bytes() == whole


def test_another_question_does_not_mix_with_an_unfinished_run(half_done):
    source, target, whole = half_done
    with pytest.raises(InvalidInput) as caught:
        run_it(source, target, limit=2, **XY)
    assert caught.value.code == "batch_other"
    run_it(source, target, fresh=True, **XY)
    assert target.read_bytes() == whole


def test_a_changed_layer_does_not_mix_with_an_unfinished_run(half_done):
    source, target, _ = half_done
    with pytest.raises(DataError) as caught:
        run_it(source, target, opener=partial(open_test_engine, "2"), **XY)
    assert caught.value.code == "batch_layer_changed"


@pytest.mark.parametrize("harm", ["record", "part"])
def test_a_damaged_record_starts_anew(half_done, harm):
    source, target, whole = half_done
    damaged = Path(f"{target}.progress.json" if harm == "record" else f"{target}.part")
    damaged.write_bytes(b"{")
    assert run_it(source, target, **XY).resumed_rows == 0
    assert target.read_bytes() == whole


def test_a_kill_while_finishing_is_mended(truth, tmp_path, monkeypatch):
    target = tmp_path / "out.csv"
    with monkeypatch.context() as patch:
        original = Path.replace

        def replace(self, to):
            if Path(to).name == "out.csv.rejects.csv":
                raise KeyboardInterrupt
            return original(self, to)

        patch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            run_it(truth[0], target, **XY)
    assert target.exists() and Path(f"{target}.progress.json").exists()
    run_it(truth[0], target, opener=None, **XY)  # nothing is left to answer
    assert target.read_bytes() == truth[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "out.csv.rejects.csv"]


def test_two_runs_do_not_write_one_file(truth, tmp_path):
    import fcntl

    with (tmp_path / "out.csv.part").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InvalidInput) as caught:
            run_it(truth[0], tmp_path / "out.csv", **XY)
    assert caught.value.code == "batch_running"


# ---- misuse


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        ({"address": "nowhere"}, InvalidInput, "batch_column"),
        ({"lon": "x"}, InvalidInput, "batch_what"),
        ({"lon": "x", "lat": "y", "address": "key"}, InvalidInput, "batch_what"),
        ({}, InvalidInput, "batch_what"),
        ({**XY, "limit": 0}, InvalidInput, "batch_limit"),
        ({**XY, "within_m": -1.0}, InvalidInput, "search_within"),
        ({**XY, "rejects": Path("out.csv")}, InvalidInput, "batch_paths"),
    ],
)
def test_misuse_is_told_in_one_sentence(tmp_path, monkeypatch, options, error, code):
    monkeypatch.chdir(tmp_path)
    positions(Path("in.csv"), "117,36.6")
    with pytest.raises(error) as caught:
        run_it(Path("in.csv"), Path("out.csv"), **options)
    assert caught.value.code == code
    assert f"errors.{code}" in load_catalogue("zh")
    assert not Path("out.csv").exists()


@pytest.mark.parametrize(("content", "code"), [(b"", "batch_empty"), (b"a,a\n1,2\n", "batch_columns_twice")])
def test_files_that_are_no_table(tmp_path, content, code):
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        run_it(tmp_path / "in.csv", tmp_path / "out.csv", address="a")
    assert caught.value.code == code


def test_a_file_that_is_not_there_and_one_that_is_a_folder(tmp_path):
    with pytest.raises(NotFound):
        run_it(tmp_path / "no.csv", tmp_path / "out.csv", **XY)
    with pytest.raises(DataError):
        run_it(tmp_path, tmp_path / "out.csv", **XY)
    source = positions(tmp_path / "in.csv", "117,36.6")
    with pytest.raises(LocatorError):
        run_it(source, tmp_path / "in.csv" / "out.csv", **XY)


def test_a_header_alone_gives_headers(tmp_path):
    source = positions(tmp_path / "in.csv")
    assert run_it(source, tmp_path / "out.csv", **XY)[:3] == (0, 0, 0)
    assert (tmp_path / "out.csv").read_text("utf-8-sig").startswith("key,x,y,origin_label")
    assert rows_of(tmp_path / "out.csv.rejects.csv") == []


def test_progress_shows_rows_rate_and_remaining_time(truth, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(run, "POSITIONS_BLOCK", 4096)
    run_it(truth[0], tmp_path / "out.csv", progress=True, **XY)
    shown = capsys.readouterr()
    assert shown.out == ""
    last = shown.err.strip().splitlines()[-1]
    assert "100%" in last and "3,000 rows" in last and "/s" in last and "<" in last


def test_the_slow_run_is_the_same_question_as_the_tests_own(tmp_path):
    write_addresses(tmp_path / "in.csv", 5)
    run_slowly(str(tmp_path / "in.csv"), str(tmp_path / "a.csv"))
    run_it(tmp_path / "in.csv", tmp_path / "b.csv", address="where", limit=2)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
