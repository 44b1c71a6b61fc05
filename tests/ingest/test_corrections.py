"""Report an error: a link the operator chose, or a line in a local file."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from locator.errors import DataError, InvalidInput
from locator.ingest import corrections
from locator.ingest.corrections import MAX_MESSAGE, read_corrections, report_link, write_correction
from locator.settings import Settings

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (None, None),
        ("https://i.example/new?t={id}&b={field}", "https://i.example/new?t=zs%201%26&b=hours"),
        ("https://i.example/new", "https://i.example/new?id=zs%201%26&field=hours"),
        ("https://i.example/new?p=1", "https://i.example/new?p=1&id=zs%201%26&field=hours"),
        ("mailto:a@example.org", "mailto:a@example.org?subject=zs%201%26%20hours"),
        ("mailto:a@example.org?subject={id}", "mailto:a@example.org?subject=zs%201%26"),
    ],
)
def test_the_link_is_filled_in(address, expected):
    assert report_link(Settings(report_url=address), "zs 1&", "hours") == expected


def test_a_report_is_one_line_and_comes_back(tmp_path):
    settings = Settings(data=tmp_path / "data")
    assert list(read_corrections(settings)) == []
    write_correction(settings, entry_id="zs-1", field="phone", message="号码\n换了\x1b", now=NOW)
    write_correction(settings, entry_id="zs-2", field="hours", message=" shut ", now=NOW)
    raw = (tmp_path / "data" / "corrections.jsonl").read_text("utf-8")
    assert raw.count("\n") == 2 and set(json.loads(raw.splitlines()[0])) == {"time", "id", "field", "message"}
    assert [r["message"] for r in read_corrections(settings)] == ["号码\n换了", "shut"]


@pytest.mark.parametrize(
    ("entry_id", "field", "message"),
    [
        ("a", "b", ""),
        ("a", "b", " \n"),
        ("a", "b", "x" * (MAX_MESSAGE + 1)),
        ("", "b", "x"),
        ("a" * 201, "b", "x"),
        ("a", "b" * 201, "x"),
    ],
)
def test_an_empty_or_endless_report_is_refused(tmp_path, entry_id, field, message):
    with pytest.raises(InvalidInput):
        write_correction(Settings(data=tmp_path), entry_id=entry_id, field=field, message=message, now=NOW)
    assert not (tmp_path / "corrections.jsonl").exists()


def test_the_file_does_not_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(corrections, "MAX_FILE_BYTES", 150)
    settings = Settings(data=tmp_path)
    for number in range(50):
        write_correction(settings, entry_id="a", field="b", message=f"report {number}", now=NOW)
        assert list(read_corrections(settings))[-1]["message"] == f"report {number}"
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["corrections.1.jsonl", "corrections.jsonl"]
    assert sum(path.stat().st_size for path in files) <= 300


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError):
        write_correction(Settings(data=tmp_path / "file"), entry_id="a", field="b", message="x", now=NOW)


def test_many_at_once_lose_nothing(tmp_path):
    settings = Settings(data=tmp_path)

    def write(n):
        write_correction(settings, entry_id=str(n), field="f", message="报错" * 200, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(100)))
    assert sorted(int(r["id"]) for r in read_corrections(settings)) == list(range(100))


def test_a_broken_line_is_passed_over(tmp_path):
    (tmp_path / "corrections.jsonl").write_bytes(b'{"id": "1"\n\xff\n[]\n{"id": "2", "message": "ok"}\n')
    assert [r["id"] for r in read_corrections(Settings(data=tmp_path))] == ["2"]
