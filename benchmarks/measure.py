"""Measure the house: modules, floors, circles, lines, names, duplicates, slowest tests, and whether the limits hold.

    make measure          the same as: PYTHON benchmarks/measure.py

Exit 1 when a limit does not hold. The floors are those of ``tests/test_imports.py``; duplicates are found by Pylint's
``symilar``; the slowest tests are those of the last ``make test`` (``.reports/*.xml``).
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
MODULES, FLOORS, LINES = 150, 9, 28_000
MODULE_LINES = 400
FUNCTION_LINES = 40
DUPLICATE_LINES = 6
"""As many equal lines in two places are one thing written twice."""
ROOMS = {
    "(root)": 13, "files": 4, "http": 4, "gazetteer": 15, "geocode": 10, "guide": 5, "hours": 9, "ingest": 16,
    "outputs": 6, "routing": 12, "search": 7, "stores": 8, "web": 21, "api": 4, "batch": 5, "cli": 8,
    "ground": 4, "finder": 3,
}  # fmt: skip
"""How many modules a room may have, ``__init__.py`` not counted."""


def list_modules() -> list[Path]:
    """Return the package's modules, ``__init__.py`` not counted."""
    return [path for path in sorted((ROOT / "locator").rglob("*.py")) if path.name != "__init__.py"]


def room_of(path: Path) -> str:
    """Return the room of a module, ``(root)`` for those beside the rooms."""
    parts = path.relative_to(ROOT / "locator").parts
    return parts[0] if len(parts) > 1 else "(root)"


def list_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every function of a file with the lines of its body, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            said = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
            first = node.body[1] if said and len(node.body) > 1 else node.body[0]
            yield node.name, (node.end_lineno or 0) - first.lineno + 1


def find_shared_names(paths: list[Path]) -> dict[str, list[str]]:
    """Return the class names that stand for more than one class."""
    homes = defaultdict(list)
    for path in paths:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(ROOT)))
    return {name: found for name, found in homes.items() if len(found) > 1}


def find_circles() -> list[str]:
    """Return the circles of imports, by the test that forbids them."""
    import test_imports

    found = []
    checks = (test_imports.test_imports_go_down_only_and_streamlit_stays_in_the_page,
              test_imports.test_no_import_runs_in_a_circle)  # fmt: skip
    for check in checks:
        try:
            check()
        except AssertionError as error:
            found.append(str(error))
    return found


def find_duplicates(paths: list[Path]) -> list[str]:
    """Return the places that share :data:`DUPLICATE_LINES` or more lines."""
    ignored = [f"--ignore-{what}" for what in ("comments", "docstrings", "imports", "signatures")]
    command = [Path(sys.executable).with_name("symilar"), "-d", str(DUPLICATE_LINES), *ignored, *paths]
    said = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, cwd=ROOT).stdout
    blocks = [block for block in said.split("\n\n") if "similar lines" in block]
    return [" ".join(line.strip().removeprefix("==") for line in block.splitlines()[:3]) for block in blocks]


def list_slowest() -> list[tuple[float, str]]:
    """Return the slowest twenty tests of the last run, in seconds."""
    found = []
    for report in (ROOT / ".reports").glob("*.xml"):
        for case in ElementTree.parse(report).iter("testcase"):
            found.append((float(case.get("time", 0)), f"{case.get('classname')}::{case.get('name')}"))
    return sorted(found, reverse=True)[:20]


def main() -> int:
    """Print the figures and return whether a limit is broken."""
    import test_imports

    paths, broken = list_modules(), []

    def limit(name: str, value: int, most: int) -> None:
        print(f"{name:<42}{value:>8}   at most {most:>6}   {'holds' if value <= most else 'BROKEN'}")
        if value > most:
            broken.append(name)

    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "locator").rglob("*.py")}
    counts = Counter(map(room_of, paths))
    long_functions = [
        f"{path.relative_to(ROOT)} {name} ({length})"
        for path in paths for name, length in list_functions(path) if length > FUNCTION_LINES
    ]  # fmt: skip
    long_modules = [f"{path.relative_to(ROOT)} ({length})" for path, length in lengths.items() if length > MODULE_LINES]
    shared, circles, duplicates = find_shared_names(paths), find_circles(), find_duplicates(paths)
    limit("modules", len(paths), MODULES)
    limit("floors", len(set(test_imports.FLOORS.values())), FLOORS)
    limit("lines of locator/", sum(lengths.values()), LINES)
    limit("circles of imports and imports upwards", len(circles), 0)
    limit("class names of two classes", len(shared), 0)
    limit(f"modules of more than {MODULE_LINES} lines", len(long_modules), 0)
    limit(f"functions of more than {FUNCTION_LINES} lines", len(long_functions), 0)
    limit(f"places of {DUPLICATE_LINES} equal lines", len(duplicates), 0)
    for room, count in sorted(counts.items()):
        limit(f"modules of {room}", count, ROOMS.get(room, 0))
    short = sum(lengths[path] < 100 for path in paths)
    print(f"modules of less than 100 lines: {short}; imports inside a floor: {len(test_imports.SAME_FLOOR)}")
    for title, found in (
        ("circles", circles),
        ("class names of two classes", [f"{name}: {', '.join(where)}" for name, where in shared.items()]),
        ("long modules", long_modules),
        ("long functions", long_functions),
        ("equal lines", duplicates),
        ("slowest tests, seconds", [f"{seconds:7.1f}  {name}" for seconds, name in list_slowest()]),
    ):
        if found:
            print(f"\n{title}:")
            print("\n".join(f"  {line}" for line in found))
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
