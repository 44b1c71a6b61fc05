"""The command itself: what it says of itself, how it starts, and how a shell completes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from locator import __version__
from locator.cli import COMMANDS, build_parser, main
from locator.cli.server import SHELLS, find_page
from locator.errors import InvalidInput
from locator.i18n import LANGS

ROOT = Path(__file__).parents[2]


def test_it_knows_its_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out.strip() == f"locator {__version__}"


@pytest.mark.parametrize("lang", LANGS)
def test_without_arguments_it_says_three_things(capsys, monkeypatch, lang):
    monkeypatch.setenv("LOCATOR_LANG", lang)
    assert main([]) == 0
    said = capsys.readouterr().out
    told = [line.split()[:2] for line in said.splitlines() if line.startswith("  locator ")]
    assert told == [["locator", "find"], ["locator", "serve"], ["locator", "import"]]
    assert "--help" in said


def test_every_command_has_its_line_and_its_functions(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert name in said and " ".join(command.help.split()[:2]) in said
        subparser = build_parser(name)._subparsers._group_actions[0].choices[name]
        assert subparser.description and subparser.epilog.startswith(f"example: locator {name}")


@pytest.mark.parametrize("argv", [["--help"], ["--version"]])
def test_help_and_version_import_nothing_that_answers(argv):
    code = (
        "import sys, atexit; from locator.cli import main;"
        "atexit.register(lambda: print(*sorted({m.split('.')[0] for m in sys.modules})));"
        f"main({argv!r})"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    heavy = {"numpy", "pyarrow", "scipy", "shapely", "pandas", "sqlite3", "yaml", "fastapi", "streamlit", "pyproj"}
    assert not heavy & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(("call", "collects"), [("main()", False), ("main(sys.argv[1:])", True)])
def test_only_a_short_command_of_its_own_process_leaves_its_garbage(call, collects):
    """Who calls a command from Python goes on afterwards: there the collector stays as it was."""
    code = (
        "import gc, sys; sys.argv = ['locator', 'hours', 'Mo-Fr 09:00-17:00', '--at', '2026-11-23T10:00'];"
        f"from locator.cli import main; {call}; print(gc.isenabled())"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == str(collects)


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_every_command_and_its_options(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for name in COMMANDS:
        assert name in script
        for action in build_parser(name)._subparsers._group_actions[0].choices[name]._actions:
            for option in action.option_strings:
                assert option.lstrip("-") in script, (name, option)


def test_bash_completes_with_it(tmp_path, capsys):
    """Bash itself runs the script and offers what begins as typed."""
    main(["completion", "bash"])
    script = tmp_path / "locator.bash"
    script.write_text(capsys.readouterr().out, "utf-8")

    def offered(*words: str) -> set[str]:
        typed = " ".join(f"'{word}'" for word in words)
        code = (
            f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1};"
            "$(complete -p locator | sed -E 's/.*-F ([^ ]+).*/\\1/'); printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        done = subprocess.run(["bash", "-c", code], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())

    assert offered("locator", "s") == {name for name in COMMANDS if name.startswith("s")}
    assert "--open-now" in offered("locator", "find", "--open")
    assert offered("locator", "find", "--mode", "w") == {"walk"}


def test_the_page_is_found_and_a_taken_port_is_told(capsys):
    import socket

    assert find_page().name == "app.py"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == InvalidInput.exit_code
    assert str(port) in capsys.readouterr().err
    assert main(["serve", "--port", "0"]) == InvalidInput.exit_code


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (["edit", "x", "phones=1"], "还缺 --source", "--source is missing"),
        (["import", "nosuch", "x"], "KIND 不能是 nosuch", "KIND cannot be nosuch"),
        (["find", "--foo"], "不认识 --foo", "--foo is not known"),
        (["find", "济南", "--limit", "x"], "--limit 不能是 x", "--limit cannot be x"),
        (["edit", "x", "a=1", "--source"], "--source 后面还缺值", "--source needs a value"),
    ],
)
def test_misuse_is_said_in_the_persons_language(arguments, zh, en, monkeypatch, capsys):
    for lang, said in (("zh", zh), ("en", en)):
        monkeypatch.setenv("LOCATOR_LANG", lang)
        assert main(arguments) == 2
        line = capsys.readouterr().err.strip()
        assert said in line and "--help" in line and "\n" not in line


def test_a_command_that_changes_the_layer_loads_no_pandas(data_folder, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("名称,地址\n甲社保中心,经十路1号\n", "utf-8")
    said = f"import sys; sys.argv = ['locator', 'import', 'table', {str(path)!r}, '--dry-run']\n"
    said += "from locator.cli import main\nassert main() == 0 and 'pandas' not in sys.modules, 'pandas'"
    environment = {**os.environ, "LOCATOR_DATA": str(data_folder), "LOCATOR_PLACES": "off"}
    subprocess.run([sys.executable, "-c", said], env=environment, check=True, capture_output=True)
