"""CONTRIBUTING's checklists, carried out on a copy by their words alone; every face of the result is then asked."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

FACES = r"""
import json, sys
from pathlib import Path
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
import locator
from locator.cli import main
from locator.web import shared
from locator.web.routes import build_routes

assert Path(locator.__file__).is_relative_to(Path.cwd()), locator.__file__
settings, assets = shared.start()

def page(text=None, view="find", **params):
    app = AppTest.from_file(shared.__file__.replace("shared.py", "main.py"), default_timeout=120)
    for name, value in params.items():
        app.query_params[name] = value
    app.run()
    from locator.web.event_handlers import handle
    from locator.web.components import Event
    session = app.session_state["session"]
    if text:
        handle(session, Event("ask", {"act": "ask", "text": text}))
    if view != "find":
        handle(session, Event("page", {"act": "page", "id": view}))
    app.run()
    assert not app.exception, app.exception
    return "".join(html_of(child) for child in walk(app._tree))

def walk(block):
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from walk(child)

def html_of(child):
    proto = getattr(child, "proto", None)
    if proto is not None and getattr(proto, "component_name", "") == "locator.panel":
        data = json.loads(proto.bytes)
        return json.dumps(data.get("page", {})) + data["html"]
    return child.value if getattr(child, "type", "") == "html" else ""

def open_server():
    routes = build_routes(settings, assets, locate=shared.open_locator, clock=shared.read_clock, limits=shared.read_limits())
    return TestClient(Starlette(routes=routes))
"""


@pytest.fixture
def house(tmp_path, in_data_folder) -> Path:
    """A copy of the checkout, as a contributor has it; what nobody changes is linked."""
    copy = tmp_path / "house"
    copy.mkdir()
    shutil.copytree(ROOT / "locator", copy / "locator", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", copy / "data", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "ingest", copy / "tests" / "ingest", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "pyproject.toml", ".streamlit"):
        (copy / name).symlink_to(ROOT / name)
    return copy


def run(house: Path, code: str) -> str:
    """Run the faces of the copy; return what they printed."""
    environment = {**os.environ, "LOCATOR_PLACES": "off", "LOCATOR_TILES": "none", "PYTHONPATH": str(house)}
    done = subprocess.run(
        [sys.executable, "-c", FACES + code],
        cwd=house, env=environment, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def section(title: str) -> str:
    """Return a checklist's text."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", CONTRIBUTING, re.M | re.S)
    assert found, title
    return found[1]


@pytest.mark.slow
def test_a_language(house):
    assert "Copy `locator/locales/en/` to a folder named by the language's code" in section("Add a language")
    folder = house / "locator" / "locales" / "ja"
    shutil.copytree(folder.with_name("en"), folder)
    said = (folder / "language.yaml").read_text("utf-8")
    for key in ("own_name", "html", "order", "fallback", "list_separator"):
        assert f"{key}:" in said
    said = said.replace('"English"', '"日本語"').replace('html: "en"', 'html: "ja"').replace('order: "2"', 'order: "3"')
    (folder / "language.yaml").write_text(said, "utf-8")
    names = (folder / "names.yaml").read_text("utf-8")
    (folder / "names.yaml").write_text(
        re.sub(r"^task\.apply: .*$", 'task.apply: "申請する"', names, flags=re.M), "utf-8"
    )
    (folder / "notices.yaml").unlink()  # not reached yet: said in the fallback
    out = run(
        house,
        """
html = page("济南市槐荫区经四路478号", lang="ja")
assert '"lang": "ja"' in html and "申請する" in html
assert "日本語" in page(lang="en")
page(lang="ja", view="guide"), page(lang="ja", view="centers"), page(lang="ja", view="about")
with open_server() as client:
    plain = client.get("/plain?lang=ja").text
    assert 'lang="ja"' in plain and "申請する" in plain
    answer = client.post("/plain", data={"text": "济南市槐荫区经四路478号", "task": "apply", "lang": "ja"})
    assert answer.status_code == 200 and 'lang="ja"' in answer.text
    found = client.post("/api/v1/find", json={"text": "济南市槐荫区经四路478号", "lang": "ja"})
    assert found.status_code == 200, found.text
assert main(["guide", "apply", "--region", "370100", "--lang", "ja"]) == 0
assert main(["find", "济南市槐荫区经四路478号", "--lang", "ja"]) == 0
main(["find", "nowhere at all", "--lang", "ja"])
""",
    )
    assert "申請する" in out


@pytest.mark.slow
def test_a_source(house, tmp_path):
    said = section("Add a source")
    assert "A module in `locator/ingest/`" in said and "Its name in `SOURCES`" in said
    (house / "locator" / "ingest" / "lines.py").write_text(LINES, "utf-8")
    table = house / "locator" / "ingest" / "__init__.py"
    told = table.read_text("utf-8")
    start = "SOURCES: Mapping[str, str] = {\n"
    assert told.count(start) == 1
    table.write_text(told.replace(start, start + '    "lines": "locator.ingest.lines:LinesSource",\n'), "utf-8")
    offices = tmp_path / "offices.lines"
    offices.write_text("复制县社会保险事业中心|淳安县一路1号|119.03|29.61\n|二路|119|29\n", "utf-8")
    contract = house / "tests" / "ingest" / "test_source_contract.py"
    cases = contract.read_text("utf-8")
    assert cases.count(CASES_START) == 1
    contract.write_text(cases.replace(CASES_START, MAKE_LINES + CASES_START + CASE_LINES), "utf-8")
    assert run(house, CHECK_SOURCE.format(path=str(offices)))
    passed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "lines", str(contract)],
        cwd=house, env={**os.environ, "PYTHONPATH": str(house)}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert passed.returncode == 0, passed.stdout[-3000:]


def test_a_city(house):
    assert 'see "Add a city\'s materials" in [docs/GUIDE.md]' in section("Add a city's materials")
    steps = (ROOT / "docs" / "GUIDE.md").read_text("utf-8").split("## Add a city's materials")[1]
    example = re.search(r"```yaml\n(.*?)```", steps, re.S)
    assert example
    written = house / "data" / "guide" / "regions" / "lasa-540100.yaml"
    assert not written.exists()
    written.write_text(example[1], "utf-8")
    out = run(
        house,
        """
assert main(["check", "data/guide"]) == 0
assert main(["guide", "apply", "--region", "540100"]) == 0
assert main(["guide", "apply", "--region", "540100", "--lang", "en"]) == 0
with open_server() as client:
    told = client.get("/api/v1/guide", params={"task": "apply", "region": "540100"})
    assert told.status_code == 200 and "当场拿卡" in told.text, told.text[:300]
html = page(view="guide", region="540100")
assert "近期一寸免冠白底照片" in html
""",
    )
    assert "近期一寸免冠白底照片" in out and "Recent one-inch bareheaded photos on white" in out


LINES = '''"""Offices as lines of text: name|address|longitude|latitude, WGS-84."""

from collections.abc import Iterator
from pathlib import Path

from locator.datum import Datum
from locator.errors import InvalidInput
from locator.ingest import RawRecord


class LinesSource:
    """A file of lines."""

    def __init__(self, location: str, *, name: str | None = None, datum: Datum | None = None,
                 licence: str | None = None) -> None:
        self.path, self.datum, self.licence = Path(location), datum or Datum.WGS84, licence
        self.name = name or self.path.stem
        if not self.path.is_file():
            raise InvalidInput(f"no file {self.path.name}", code="file_missing", given=self.path.name)

    @property
    def total(self) -> int | None:
        """Not known before it is read."""
        return None

    def records(self) -> Iterator[RawRecord]:
        """Yield a record for each line."""
        for row, line in enumerate(self.path.read_text("utf-8", errors="replace").splitlines(), 1):
            fields = dict(zip(("name", "address", "lon", "lat"), line.split("|")))
            yield RawRecord(source=self.name, file=self.path.name, row=row, fields=fields)
'''
CASES_START = "CASES: dict[str, tuple[str, Callable[[Path], Path]]] = {\n"
CASE_LINES = '    "lines": ("lines", make_lines),\n'
MAKE_LINES = """def make_lines(folder: Path) -> Path:
    path = folder / "offices.lines"
    path.write_text("".join(f"{n}|{a}|{x}|{y}\\n" for n, a, x, y in ROWS), "utf-8")
    return path


"""
CHECK_SOURCE = """
assert main(["import", "lines", {path!r}, "--name", "copied"]) == 0
assert main(["find", "--at", "119.03,29.61"]) == 0
assert "复制县社会保险事业中心" in page(view="centers", area="330100")
with open_server() as client:
    found = client.get("/api/v1/find", params={{"at": "119.03,29.61"}})
    assert found.status_code == 200 and "复制县社会保险事业中心" in found.text, found.text[:400]
"""


def raised_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function raises in its own body; what is only passed on, or raised by a function inside, is not meant."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            return True
        waiting.extend(ast.iter_child_nodes(node))
    return False


def silent_functions(source: str) -> list[str]:
    """Return the public functions and methods that raise and whose docstring has no section ``Raises``."""
    found = []

    def visit(body: list[ast.stmt], doc: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                visit(node.body, ast.get_docstring(node) or "")
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                made = node.name == "__init__"
                told = (ast.get_docstring(node) or "") + (doc if made else "")
                if (made or not node.name.startswith("_")) and raised_in(node) and "Raises\n------" not in told:
                    found.append(f"{node.name}:{node.lineno}")

    visit(ast.parse(source).body, "")
    return found


def test_a_public_function_that_raises_says_so():
    assert silent_functions("def f(x):\n    '''Say.'''\n    raise ValueError(x)\n") == ["f:1"]
    assert not silent_functions("def f(x):\n    '''Say.\n\n    Raises\n    ------\n    X\n    '''\n    raise X(x)\n")
    silent = {
        str(path.relative_to(ROOT)): found
        for path in sorted((ROOT / "locator").rglob("*.py"))
        if (found := silent_functions(path.read_text("utf-8")))
    }
    assert not silent
