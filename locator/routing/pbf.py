"""OpenStreetMap data in the one form that the tile builder reads: PBF, nodes before ways, each by number."""

from __future__ import annotations

from pathlib import Path

from locator.errors import DataError


def to_pbf(extract: Path, work: Path) -> Path:
    """Return an extract as the builder reads it: itself, or a copy in ``work``.

    Raises
    ------
    DataError
        It is no whole file of OpenStreetMap data.
    """
    try:
        return _to_pbf(extract, work / "source.osm.pbf")
    except (RuntimeError, OSError, ValueError) as error:  # pyosmium's errors are RuntimeErrors
        raise DataError(
            f"{extract} cannot be read as OpenStreetMap data: {error}", code="extract_broken", path=str(extract)
        ) from error


def _to_pbf(extract: Path, out: Path) -> Path:
    import osmium

    in_order = is_sorted(extract)
    if in_order and extract.name.endswith(".pbf"):
        return extract.resolve()
    with osmium.SimpleWriter(str(out)) as writer:
        if in_order:
            for thing in osmium.FileProcessor(str(extract)):
                writer.add(thing)
        else:  # all in memory, as what an editor or Overpass saved is small enough for
            reader = osmium.MergeInputReader()
            reader.add_file(str(extract))
            reader.apply(writer)
    return out


def is_sorted(extract: Path) -> bool:
    """Tell whether a file's objects come as the builder wants them: it ends itself if they do not.

    Mirrors say so in the header; what an editor (JOSM) or Overpass saved is often in no order.
    """
    import osmium

    reader = osmium.FileProcessor(str(extract))
    if reader.header.get("sorting", "") == "Type_then_ID":
        return True
    last = (0, 0)
    for thing in reader:
        here = ("nwr".find(thing.type_str()), thing.id)
        if here < last:
            return False
        last = here
    return True
