"""The house has floors: a module imports from the floors below its own, never up, never sideways."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {
    "errors": 0,
    "adcode": 1, "arrow": 1, "csv_text": 1, "datum": 1, "disk": 1, "settings": 1, "i18n": 1,
    "model": 2, "http": 2,
    "layer": 3, "hours": 3,
    "tally": 3,
    "guide": 4, "gazetteer": 4, "search": 4,
    "stores": 5, "geocode": 5, "routing": 5,
    "ingest": 6, "finder": 6, "outputs": 6,
    "parts": 7, "empty": 7,
    "service": 8,
    "batch": 9, "api": 9,
    "cli": 10, "web": 10,
}  # fmt: skip


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms of the house that a file imports, at its top or inside a function."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "locator" else [f"locator.{alias.name}" for alias in node.names]
        rooms.update(name.split(".")[1] for name in names if name.startswith("locator."))
    return rooms


def room_of(path: Path) -> str:
    """Return the room a file belongs to."""
    return path.relative_to(ROOT / "locator").parts[0].removesuffix(".py")


FILES = [
    path
    for path in sorted((ROOT / "locator").rglob("*.py"))
    if path.relative_to(ROOT / "locator").parts[0] not in ("__init__.py", "__main__.py", "shipped")
]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path):
    room = room_of(path)
    assert room in FLOORS, f"{room} has no floor: give it one in tests/test_imports.py"
    for other in imported_rooms(path) - {room, "__version__"}:
        assert FLOORS[other] < FLOORS[room], f"{room} (floor {FLOORS[room]}) imports {other} (floor {FLOORS[other]})"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_page_imports_streamlit(path):
    if room_of(path) != "web":
        tree = ast.parse(path.read_text("utf-8"))
        names = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert not names & {"streamlit", "streamlit_folium"}


def test_the_command_starts_light():
    """What the resident's page does not need costs nothing at start-up."""
    heavy = ["geopandas", "osmium", "valhalla", "openpyxl", "distributed", "dask", "streamlit", "psycopg", "pyogrio"]
    code = f"import sys, locator.service; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
