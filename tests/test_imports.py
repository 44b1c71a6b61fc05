"""The house has floors: a module imports from the floors below its own, never up, and nothing runs in a circle.

The table below is the house's plan; the README does not repeat it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FLOORS = {
    "errors": 0,
    "adcode": 1, "datum": 1, "disk": 1, "files": 1, "i18n": 1, "settings": 1, "wording": 1,
    "model": 2, "layer": 2,
    "http": 3, "hours": 3, "guide": 3,
    "gazetteer": 4, "search": 4, "routing": 4,
    "ingest": 5, "stores": 5, "geocode": 5, "outputs": 5, "ground": 5,
    "engines": 6, "finder": 6, "service": 6,
    "web": 7, "api": 7, "cli": 7, "batch": 7,
}  # fmt: skip
"""The floor of each room, the lowest first."""
SAME_FLOOR = {
    ("settings", "i18n"): "which languages there are is what the folder of texts says",
    ("wording", "i18n"): "what is said of lengths and dates is said in the languages' texts",
    ("layer", "model"): "the layer is the model's points as a table",
    ("ingest", "stores"): "the pipeline's last stage is to store",
    ("ingest", "geocode"): "the pipeline places rows that have an address only",
    ("ingest", "ground"): "an extract fills the map too",
    ("outputs", "stores"): "GeoParquet is written as the store writes it",
    ("service", "finder"): "the service runs the search",
    ("service", "engines"): "the service holds its engines",
    ("cli", "batch"): "one command runs the batch",
    ("web", "api"): "page and API run in one process, on one port",
}
"""Imports inside one floor that are allowed, each with its reason."""


class Import(NamedTuple):
    """One import of a module of ours."""

    path: Path
    name: str
    """The full name: ``locator.search.index``, or ``locator.search.Index``."""
    when: str
    """``start``: when the module is loaded; ``later``: inside a function; ``types``: for the checker only."""


def imports_of(path: Path) -> list[Import]:
    """Return every import of a module of ours in a file."""
    found: list[Import] = []

    def visit(node: ast.AST, when: str) -> None:
        for child in ast.iter_child_nodes(node):
            names = []
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom) and child.module:
                names = [f"{child.module}.{alias.name}" for alias in child.names]
            found.extend(Import(path, name, when) for name in names if name.startswith("locator."))
            inner = when
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                inner = "types"
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and when != "types":
                inner = "later"
            visit(child, inner)

    visit(ast.parse(path.read_text("utf-8")), "start")
    return found


def room_of(path: Path) -> str:
    """Return the room a file belongs to."""
    return path.relative_to(ROOT / "locator").parts[0].removesuffix(".py")


FILES = [
    path
    for path in sorted((ROOT / "locator").rglob("*.py"))
    if path.relative_to(ROOT / "locator").parts[0] not in ("__init__.py", "__main__.py", "shipped")
]
MODULES = {
    ".".join(("locator", *path.relative_to(ROOT / "locator").with_suffix("").parts)).removesuffix(".__init__"): path
    for path in FILES
}


def test_imports_go_down_only_and_streamlit_stays_in_the_page():
    wrong = []
    for path in FILES:
        room = room_of(path)
        if room not in FLOORS:
            wrong.append(f"{room} has no floor: give it one in tests/test_imports.py")
            continue
        for name in {item.name.split(".")[1] for item in imports_of(path)} - {room, "__version__"}:
            if FLOORS.get(name, 99) > FLOORS[room] or (FLOORS[name] == FLOORS[room] and (room, name) not in SAME_FLOOR):
                wrong.append(
                    f"{path.relative_to(ROOT)} (floor {FLOORS[room]}) imports {name} (floor {FLOORS.get(name)})"
                )
        if room != "web" and {"streamlit", "streamlit_folium"} & outside(path):
            wrong.append(f"{path.relative_to(ROOT)} imports Streamlit")
    assert not wrong, "\n".join(wrong)


def outside(path: Path) -> set[str]:
    """Return the libraries that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_no_import_runs_in_a_circle():
    """Neither between modules when they are loaded, nor between rooms at any time."""
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    rooms: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        for item in imports_of(path):
            if item.when == "types":
                continue
            target = item.name if item.name in MODULES else item.name.rpartition(".")[0]
            if item.when == "start" and target in MODULES and target != name:
                graph[name].add(target)
            room, other = room_of(path), item.name.split(".")[1]
            if other != room:
                rooms.setdefault(room, set()).add(other)
    for found in (graph, rooms):
        try:
            TopologicalSorter(found).prepare()
        except CycleError as error:
            raise AssertionError(" -> ".join(error.args[1])) from None


def test_the_list_of_exceptions_is_not_longer_than_needed():
    used = {(room_of(item.path), item.name.split(".")[1]) for path in FILES for item in imports_of(path)}
    assert set(SAME_FLOOR) <= used, f"no longer needed: {set(SAME_FLOOR) - used}"
    assert all(FLOORS[one] == FLOORS[other] for one, other in SAME_FLOOR)


def test_the_command_starts_light():
    """What the resident's page does not need costs nothing at start-up."""
    heavy = ["geopandas", "osmium", "valhalla", "openpyxl", "distributed", "dask", "streamlit", "psycopg", "pyogrio"]
    code = f"import sys, locator.service; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
