"""The road tiles on disk: which set is in use, and whether it is whole.

``<data>/roads/current.json`` names the folder in use; building writes a new folder and then replaces that
one small file, so that a reader sees the old set or the new one and never half of one. A reader that has
the old set open keeps it: the tiles are one file, mapped into memory.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from locator.disk import FileMark, write_whole
from locator.errors import DataError

POINTER = "current.json"
TILES = "tiles.tar"
NAMES = "names.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """One set of road tiles."""

    folder: Path
    source: str
    """The file name of the extract that it was built from."""
    built: str
    """When, ISO with zone."""
    engine: str
    """The version of Valhalla that built it."""
    size: int
    """Bytes of the tile file."""
    digest: str
    """BLAKE2b of the tile file; also the version of the set."""
    edges: int | None = None
    """Directed edges in it, as the builder counted."""

    @property
    def tiles(self) -> Path:
        """The tile file."""
        return self.folder / TILES

    @property
    def names(self) -> Path:
        """The table of translated street names."""
        return self.folder / NAMES


def roads_dir(data: Path) -> Path:
    """Return the folder of all road tiles under ``LOCATOR_DATA``."""
    return data / "roads"


def digest_of(path: Path) -> str:
    """Return the BLAKE2b of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def write_pointer(roads: Roads, data: Path) -> None:
    """Make a set the one in use, in one step."""
    pointer = roads_dir(data) / POINTER
    content = {**asdict(roads), "folder": roads.folder.name, "format": FORMAT}
    write_whole(pointer, json.dumps(content, ensure_ascii=False, indent=1))


def pointer_mark(data: Path) -> FileMark:
    """Return what changes when another set is put in use; without an inode when there is none."""
    return FileMark.of(roads_dir(data) / POINTER)


def _broken(why: str) -> DataError:
    return DataError(f"the road tiles are broken ({why}); build them again", code="roads_broken")


def find_roads(data: Path) -> Roads:
    """Return the set in use, without reading its tiles.

    Raises
    ------
    DataError
        There is none (``roads_missing``), or its description cannot be read (``roads_broken``).
    """
    pointer = roads_dir(data) / POINTER
    try:
        content = json.loads(pointer.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError("there are no road tiles: run locator import osm FILE", code="roads_missing") from None
    except (OSError, ValueError) as error:
        raise _broken("its description cannot be read") from error
    try:
        if content.pop("format") != FORMAT:
            raise _broken("built by another version of this program")
        folder = roads_dir(data) / Path(str(content.pop("folder"))).name
        roads = Roads(folder=folder, **content)
    except (TypeError, KeyError, AttributeError) as error:
        raise _broken("its description lacks something") from error
    if not roads.tiles.is_file():
        raise _broken("the tiles are gone")
    return roads


def check_roads(roads: Roads) -> None:
    """Compare the tile file with what was built: a cut or altered one would crash the engine, not fail in it.

    Raises
    ------
    DataError
        It is not the file that was built, or an engine of another major version built it.
    """
    from importlib.metadata import version

    try:
        if roads.tiles.stat().st_size != roads.size or digest_of(roads.tiles) != roads.digest:
            raise _broken("the tile file is not the one that was built")
    except OSError as error:
        raise _broken("the tile file cannot be read") from error
    if version("pyvalhalla").split(".")[0] != roads.engine.split(".")[0]:
        raise _broken(f"built for version {roads.engine} of the engine")
