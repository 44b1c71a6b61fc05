"""The docs are true: every command, setting and source kind has its line, and every example runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from locator.cli import COMMANDS, build_parser, main
from locator.ingest import SOURCES
from locator.settings import _READERS, SERVICES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
TEXTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)


def examples_in(text: str) -> list[str]:
    """Return the ``locator …`` lines of a text's code blocks that come to an end."""
    blocks = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, re.M | re.S)
    return [
        line.split("   #")[0].strip()
        for block in blocks
        for line in block.splitlines()
        if re.match(r"locator (?!serve)", line)
    ]


def help_examples() -> list[str]:
    """Return the example of every command's help."""
    found = []
    for name in set(COMMANDS) - {"serve"}:  # it serves until it is ended: tests/cli/test_wheel.py
        subparser = build_parser(name)._subparsers._group_actions[0].choices[name]
        assert subparser.epilog and subparser.epilog.startswith("example: locator "), f"{name} has no example"
        found.append(subparser.epilog.removeprefix("example: "))
    return found


@pytest.mark.parametrize("name", _READERS)
def test_every_setting_is_documented(name):
    assert f"`LOCATOR_{name}`" in OPERATIONS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_named_in_the_readme(name):
    assert re.search(rf"\b{name}\b", README)


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_kind_is_documented(kind):
    texts = [path.read_text("utf-8") for path in (ROOT / "docs").glob("SOURCES*.md")]
    assert any(f"locator import {kind} " in text for text in texts)


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in ("geofabrik",)])
def test_every_service_is_documented(service):
    assert any(service in path.read_text("utf-8").lower() for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.name)
def test_every_link_inside_the_project_leads_somewhere(path):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize(
    "example",
    sorted({*examples_in(README), *examples_in((ROOT / "CONTRIBUTING.md").read_text("utf-8")), *help_examples()}),
)
def test_every_example_runs(example, in_data_folder, capsys):
    argv = shlex.split(example)[1:]
    assert main(argv) == 0, capsys.readouterr().err


def test_the_readme_s_python_runs(in_data_folder, capsys):
    block = re.search(r"^```python\n(.*?)^```", README, re.M | re.S)[1]
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("1 五里沟街道人社中心")


def test_the_chinese_readme_keeps_step():
    """The same headings in their order, the same code, the same documents to read on."""
    chinese = (ROOT / "README.zh-CN.md").read_text("utf-8")

    def outline(text):
        blocks = re.findall(r"^```.*?^```", text, re.M | re.S)
        bare = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        code = [line.split("  #")[0].rstrip() for block in blocks for line in block.splitlines()]
        links = set(re.findall(r"\]\(((?:docs|data)/[\w./-]+|[A-Z]+\.md)\)", bare))
        return [line.count("#") for line in re.findall(r"^#+(?= )", bare, re.M)], code, links

    (levels, code, links), (own_levels, own_code, own_links) = outline(README), outline(chinese)
    assert own_levels == levels and own_code == code
    chinese_for = {f"docs/{name}.md": f"docs/{name}.zh-CN.md" for name in ("FIRST_CITY", "OPERATIONS")}
    assert {chinese_for.get(link, link) for link in links} <= own_links
    assert all((ROOT / link).exists() for link in own_links)
