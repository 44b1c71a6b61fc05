"""Road tiles from an OpenStreetMap extract, built in subprocesses into a new folder and then put in use.

The builder is a program of its own because a broken extract aborts it: that must not be the page's end.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from locator.disk import exclusive_lock, to_data_error
from locator.errors import DataError, MissingExtra, NotFound
from locator.routing.narrative import write_street_names
from locator.routing.osm_files import read_street_names, to_pbf, write_borders
from locator.routing.roads import NAMES, TILES, Roads, digest_of, roads_dir, write_pointer

type Progress = Callable[[str, float], None]
"""Told the stage (a key ``routing.stage.<stage>``) and how much of the whole is done, 0 to 1."""

STAGES = ("read", "names", "borders", "ways", "nodes", "graph", "enhance", "levels", "check", "pack")
"""What is told while building, in order."""
_SHARES = (0.0, 0.02, 0.06, 0.10, 0.25, 0.45, 0.65, 0.75, 0.90, 0.95)
_LOG_STAGES = {
    "ParseWays": "nodes", "ParseNodes": "graph", "BuildLocalTiles": "enhance", "Enhance": "levels",
    "HandleOnlyRestrictionProperties": "check",
}  # fmt: skip
_FINISHED = re.compile(r"\[TIMING\].*::(\w+) took")
_NO_ROADS = re.compile(r"Finished with 0 routable ways")
_EDGES = re.compile(r"Directed Edge Count = (\d+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STALE_S = 86_400.0
_BUILDING = ".building-"
BORDERS = "borders.sqlite"
_BORDER_IDS = 100_000
"""More than our areas have points; the usual table, for all of OpenStreetMap, takes half a gigabyte."""


def engine_dir() -> Path:
    """Return the folder of the embedded engine, without loading it.

    Raises
    ------
    MissingExtra
        This platform has no wheel of it.
    """
    found = importlib.util.find_spec("valhalla")
    if found is None or found.origin is None:
        raise MissingExtra(
            "the routing engine is not installed: pip install pyvalhalla, where there is a wheel for the platform",
            code="routing_extra",
        )
    return Path(found.origin).parent


def build_tiles(
    extract: Path, data: Path, *, progress: Progress = lambda _stage, _share: None, workers: int | None = None
) -> Roads:
    """Build road tiles for walking, cycling and driving, and put them in use.

    Parameters
    ----------
    extract
        ``.osm.pbf``, or ``.osm`` (also ``.gz``, ``.bz2``), which is rewritten as PBF first.
    data
        ``LOCATOR_DATA``. A set that is in use stays in use until the new one is whole.
    workers
        Threads of the builder; all cores when None.

    Raises
    ------
    NotFound
        There is no such file.
    DataError
        The file cannot be read, or has no roads; nothing has changed then.
    MissingExtra
        No engine on this platform.
    """
    programs = engine_dir() / "bin"
    if not extract.is_file():
        raise NotFound(f"{extract} does not exist", code="extract_missing", path=str(extract))
    roads = roads_dir(data)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    work = roads / (_BUILDING + name)
    try:
        (work / "tiles").mkdir(parents=True)
        made = _build(extract, work, roads / name, programs, _Tell(progress), workers=workers or os.cpu_count() or 1)
        with exclusive_lock(roads / "roads"):
            work.rename(made.folder)
            write_pointer(made, data)
            _sweep(roads, keep=name)
    except (OSError, sqlite3.Error) as error:
        raise to_data_error(error, roads, code="not_writable") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    progress(STAGES[-1], 1.0)
    return made


class _Tell:
    """Reports stages, never backwards."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._at = -1

    def __call__(self, stage: str) -> None:
        number = STAGES.index(stage)
        if number > self._at:
            self._at = number
            self._progress(stage, _SHARES[number])


def _build(extract: Path, work: Path, out: Path, programs: Path, tell: _Tell, *, workers: int) -> Roads:
    tell("read")
    source = to_pbf(extract, work)
    tell("names")
    write_street_names(read_street_names(source), work / NAMES)
    tell("borders")
    config = _write_config(work)
    _build_borders(programs, extract, work)
    tell("ways")
    command: list[Path | str] = [programs / "valhalla_build_tiles", "-c", config, "-j", str(workers), source]
    done = _run(command, work / "build.log", tell)
    log = (work / "build.log").read_text("utf-8", "replace")
    if _NO_ROADS.search(log):
        raise DataError(f"{extract} has no roads", code="extract_empty", path=str(extract))
    if done.returncode != 0:
        raise _failed(extract, log)
    if not any((work / "tiles").rglob("*.gph")):
        raise DataError(f"{extract} has no roads", code="extract_empty", path=str(extract))
    tell("pack")
    packed = _run([sys.executable, "-m", "valhalla.valhalla_build_extract", "-c", config, "-O"], work / "pack.log")
    if packed.returncode != 0:
        raise _failed(extract, (work / "pack.log").read_text("utf-8", "replace"))
    for part in ("tiles", BORDERS, "borders.osm.pbf", "borders.json", "source.osm.pbf"):
        _remove(work / part)
    counted = _EDGES.findall(log)
    return Roads(
        folder=out,
        source=extract.name,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
        engine=version("pyvalhalla"),
        size=(work / TILES).stat().st_size,
        digest=digest_of(work / TILES),
        edges=int(counted[-1]) if counted else None,
    )


def _build_borders(programs: Path, extract: Path, work: Path) -> None:
    """Write the table from which the builder knows who drives on which side.

    Without it, and wherever its areas do not reach, the builder takes everybody to drive on the left; an
    extract of one province holds no whole border of a country. So the areas are ours, not the extract's.
    """
    areas = write_borders(work / "borders.osm.pbf")
    config = _write_config(work, id_table_size=_BORDER_IDS)
    done = _run([programs / "valhalla_build_admins", "-c", config, areas], work / "borders.log")
    if done.returncode != 0 or not (work / BORDERS).is_file():
        raise _failed(extract, (work / "borders.log").read_text("utf-8", "replace"))


def engine_config() -> dict[str, dict[str, object]]:
    """Return the engine's own default configuration, as a copy that may be changed.

    The wheel's ``get_config`` hands out a table whose parts all its callers share.
    """
    from valhalla.valhalla_build_config import Optional
    from valhalla.valhalla_build_config import config as defaults

    def plain(part: Mapping[str, object]) -> dict[str, object]:
        kept = {key: value for key, value in part.items() if not isinstance(value, Optional)}
        return {key: plain(value) if isinstance(value, dict) else value for key, value in kept.items()}

    made: dict[str, dict[str, object]] = plain(defaults)  # type: ignore[assignment]
    for unused in ("timezone", "admin", "landmarks", "traffic_extract", "transit_dir", "transit_feeds_dir"):
        made["mjolnir"].pop(unused, None)
    return made


def _write_config(work: Path, **more: object) -> Path:
    """Write the builder's configuration."""
    made = engine_config()
    made["mjolnir"] |= {
        "tile_dir": str(work / "tiles"),
        "tile_extract": str(work / TILES),
        "admin": str(work / BORDERS),
        **more,
    }
    made["logging"] = {"type": "std_out", "color": False}
    path = work / ("borders.json" if more else "build.json")
    path.write_text(json.dumps(made), "utf-8")
    return path


def _run(command: list[Path | str], log: Path, tell: _Tell | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a program with its words in a log; follow its stages; never leave it behind."""
    with log.open("wb") as file, _terminating(command) as process:
        assert process.stdout is not None  # noqa: S101 - asked for below
        for line in process.stdout:
            file.write(line)
            found = _FINISHED.search(line[:1000].decode("utf-8", "replace"))
            if tell and found and found[1] in _LOG_STAGES:
                tell(_LOG_STAGES[found[1]])
        return subprocess.CompletedProcess(command, process.wait())


@contextlib.contextmanager
def _terminating(command: list[Path | str]) -> Iterator[subprocess.Popen[bytes]]:
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(  # noqa: S603 - the wheel's own programs, no shell
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=quiet,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _failed(extract: Path, log: str) -> DataError:
    lines = [_COLOUR.sub("", line).strip() for line in log.splitlines() if line.strip()]
    wrong = [line for line in lines if "[ERROR]" in line or "error" in line.lower()] or lines
    reason = re.sub(r"^[\d: .-]*\[\w+\] ", "", wrong[-1])[:200] if wrong else "it ended without a word"
    return DataError(
        f"the tile builder gave up on {extract}: {reason}", code="roads_build", path=str(extract), reason=reason
    )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sweep(roads: Path, keep: str) -> None:
    """Remove sets no longer in use, and what a killed build left behind a day ago or more."""
    for folder in roads.iterdir():
        if not folder.is_dir() or folder.name == keep:
            continue
        with contextlib.suppress(OSError):
            if not folder.name.startswith(_BUILDING) or folder.stat().st_mtime < time.time() - _STALE_S:
                shutil.rmtree(folder, ignore_errors=True)
