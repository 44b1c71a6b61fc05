"""docs/FIRST_CITY.md is true: a newcomer's commands, from a table of five offices to the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from locator.cli import main
from locator.ingest.shipped import open_own_store
from locator.settings import load_settings

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "FIRST_CITY.md").read_text("utf-8")
CHINESE = (DOCS / "FIRST_CITY.zh-CN.md").read_text("utf-8")


def commands(text):
    """Return the commands of a text's blocks."""
    return [line for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()]


def test_within_ten_commands_and_the_same_in_chinese():
    assert len(commands(TEXT)) <= 10 and commands(TEXT) == commands(CHINESE)
    assert len(re.findall(r"^#+ ", TEXT, re.M)) == len(re.findall(r"^#+ ", CHINESE, re.M))
    assert commands(TEXT)[-1] == "locator serve"


@pytest.mark.parametrize("text", [TEXT, CHINESE])
def test_the_example_can_be_copied_from_the_page(text):
    (shown,) = re.findall(r"^```csv\n(.*?)^```", text, re.M | re.S)
    assert shown == (DOCS / "examples" / "first-city.csv").read_text("utf-8")


@pytest.mark.slow
def test_a_newcomer_fills_corrects_removes_undoes_and_takes_away(in_data_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(DOCS.parent)
    for line in commands(TEXT)[:-1]:  # the last one serves until it is ended: tests/cli/test_wheel.py
        arguments = shlex.split(line.replace("/tmp/", f"{tmp_path}/"))[1:]
        assert main(arguments) == 0, (line, capsys.readouterr().err)
        points = {p.name: p for p in open_own_store(load_settings()).points()}
        if arguments[0] == "edit":
            assert points["示例县社会保险事业中心"].phones[0].number == "0571-64819999"
        if arguments[0] in ("remove", "undo"):
            assert ("示例一镇便民服务中心" in points) is (arguments[0] == "undo")
    assert points["示例县社会保险事业中心"].district == "淳安县"
    exported = (tmp_path / "my-city.csv").read_text("utf-8-sig")
    assert exported.count("示例") >= 5 and "0571-64819999" in exported


@pytest.mark.parametrize("name", ["first-city.csv"])
def test_the_example_is_small(name):
    assert len((DOCS / "examples" / name).read_text("utf-8").splitlines()) == 6


def shape(text):
    """Return what two languages of a document share: levels of headings, blocks without remarks, settings, commands."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    plain = [re.sub(r"\s*# .*", "", line) for block in blocks for line in block.splitlines()]
    headings = [
        len(marks) for marks in re.findall(r"^(#+) ", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    ]
    settings = set(re.findall(r"LOCATOR_[A-Z_<>]*[A-Z>]", text))
    commands = set(re.findall(r"`((?:locator|pip install|uvx|streamlit run|uv sync) [^`]+)`", " ".join(text.split())))
    return headings, [line for line in plain if line], settings, commands


def test_the_operators_handbook_is_kept_in_step_in_chinese():
    english, chinese = (shape((DOCS / name).read_text("utf-8")) for name in ("OPERATIONS.md", "OPERATIONS.zh-CN.md"))
    for ours, theirs in zip(english, chinese, strict=True):
        assert ours == theirs
