"""GeoJSON, FlatGeobuf, GeoPackage, Shapefile and KML by GDAL, and GeoParquet by Arrow: points, lines or areas.

Both read in a process of its own (:mod:`locator.files.isolated`), GDAL with the one driver of the file's ending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.files.isolated import DRIVERS, ChildFailed, open_child
from locator.files.text_files import to_text
from locator.ingest import RawRecord
from locator.ingest.headers import Header, describe_columns, read_header, to_fields
from locator.ingest.osm import find_kind, tags_to_fields
from locator.ingest.tables import load_mapping

BATCH = 8192
MAX_FEATURES = 5_000_000
"""Features of one layer; a few bytes of a file can claim that one value occurs a thousand million times."""
PARQUET = (".parquet", ".geoparquet")


class VectorSource:
    """A file of features as records; an area or a line stands where a point on it is.

    Parameters
    ----------
    location
        The file: ``.geojson``, ``.fgb``, ``.gpkg``, ``.shp``, ``.kml`` or ``.parquet``.
    name, datum, mapping, licence
        As of :class:`locator.ingest.tables.TableSource`.
    encoding
        The encoding of a Shapefile's texts; GB18030 (which reads GBK) when its ``.dbf`` is not UTF-8 and no
        ``.cpg`` file says otherwise.
    layer
        A layer of the file; the first with a column of names when None.

    Raises
    ------
    InvalidInput
        There is no such file, it ends like none of these, or the mapping is wrong.
    """

    def __init__(
        self,
        location: str,
        *,
        name: str | None = None,
        datum: Datum | None = None,
        mapping: str | None = None,
        encoding: str | None = None,
        layer: str | None = None,
        licence: str | None = None,
    ) -> None:
        self.path = Path(location)
        if not self.path.is_file():
            raise InvalidInput(f"there is no file {location}", code="file_missing", path=location)
        if self.path.suffix.lower() not in (*DRIVERS, *PARQUET):
            expected = ", ".join((*DRIVERS, *PARQUET))
            raise InvalidInput(
                f"{self.path.name} does not end with {expected}",
                code="vector_ending",
                file=self.path.name,
                expected=expected,
            )
        self.name = name or self.path.stem
        self.licence = licence
        self._mapping = load_mapping(Path(mapping) if mapping else None)
        self._datum, self._layer = datum, layer
        self._encoding = encoding or _encoding_of(self.path)

    @property
    def _job(self) -> str:
        return "parquet" if self.path.suffix.lower() in PARQUET else "vector"

    @cached_property
    def _info(self) -> Mapping[str, Any]:
        """What the layer is: its fields, its reference system, how many features."""
        layers = self._ask_layers()
        if self._layer is not None:
            layers = [info for info in layers if info["layer"] == self._layer]
        for guess in (False, True):
            for info in layers:
                header = read_header(info["fields"], self._mapping.columns, guess=guess)
                if header is not None:
                    return {**info, "header": header}
        columns = list(describe_columns(layers[0]["fields"], ())) if layers else []
        shown = "; ".join(name for name, _ in columns[:20]) or "—"
        error = SourceError(
            f"{self.path.name}: no field of its features is a name (名称 or name); fields seen: {shown}",
            code="header_unknown",
            file=self.path.name,
            columns=shown,
        )
        error.seen_columns = columns  # type: ignore[attr-defined]
        raise error

    def _ask_layers(self) -> list[dict[str, Any]]:
        try:
            with open_child(self._job, self.path, encoding=self._encoding) as child:
                layers = list(child.ask(None))
        except (ChildFailed, OSError) as error:
            self._refuse(error)
        count = max((layer["features"] for layer in layers), default=0)
        if count > MAX_FEATURES:
            raise SourceError(
                f"{self.path.name} says it has {count} features; at most {MAX_FEATURES} are read",
                code="too_many_features", file=self.path.name, count=count, most=MAX_FEATURES,
            )  # fmt: skip
        return layers

    @property
    def _header(self) -> Header:
        header: Header = self._info["header"]
        return header

    @property
    def datum(self) -> Datum:
        """What the positions are measured against, after the file's own reference system is undone."""
        return self._datum or Datum.WGS84

    @property
    def ignored(self) -> tuple[str, ...]:
        """The fields that nobody knew."""
        return self._header.ignored

    @property
    def guessed(self) -> Mapping[str, str]:
        """The fields that were taken for ours by words like them."""
        return self._header.guessed

    @property
    def total(self) -> int | None:
        """How many features there are."""
        return max(int(self._info["features"]), 0)

    def records(self) -> Iterator[RawRecord]:
        """Yield a record for every feature.

        Raises
        ------
        SourceError
            The file cannot be read to its end, or has no names.
        """
        row = 0
        header = self._header
        for names, order, positions in self._batches():
            for number, position in enumerate(positions):
                row += 1
                cells = [to_text(column[number]) for column in order]
                yield self._record(row, self._fields(header, names, cells), position)

    def _fields(self, header: Header, names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
        fields = to_fields(header, cells)
        if not header.holds_tags:
            return fields
        tags = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
        kind = find_kind(tags)
        told = {k: v for k, v in tags_to_fields(tags, *(kind or (None, ""))).items() if v}
        return {**fields, **told}

    def _batches(self) -> Iterator[tuple[list[str], list[list[Any]], list[tuple[str, str] | None]]]:
        """Yield the names of the fields, their values column by column, and the texts of the positions."""
        import pyarrow as pa

        info = self._info
        try:
            with open_child(self._job, self.path, encoding=self._encoding) as child:
                fields = child.ask({"layer": info["layer"], "crs": info["crs"]})
                with pa.ipc.open_stream(child.stream) as reader:
                    for batch in reader:
                        *columns, x, y = (column.to_pylist() for column in batch.columns)
                        pairs = zip(x, y, strict=True)
                        told = [None if a is None or b is None else (repr(a), repr(b)) for a, b in pairs]
                        yield fields, columns, told
                child.read()  # whether that was all
        except (ChildFailed, OSError, RuntimeError, pa.ArrowException, ValueError, TypeError, KeyError) as error:
            self._refuse(error)

    def _record(self, row: int, fields: dict[str, str], position: tuple[str, str] | None) -> RawRecord:
        if position is not None:
            fields["lon"], fields["lat"] = position
        given = {k: v for k, v in fields.items() if v.strip() or k not in self._mapping.defaults}
        return RawRecord(source=self.name, file=self.path.name, row=row, fields={**self._mapping.defaults, **given})

    def _refuse(self, error: Exception) -> NoReturn:
        message = " ".join(str(error).split())[:200].replace(str(self.path), self.path.name)
        raise SourceError(
            f"{self.path.name} cannot be read: {message}", code="vector_broken", file=self.path.name, fault=message
        ) from error


# --- shapes


def _encoding_of(path: Path) -> str | None:
    """Return the encoding of a Shapefile's texts when nothing says it; None leaves it to GDAL."""
    if path.suffix.lower() != ".shp":
        return None
    table = path.with_suffix(".dbf")
    if path.with_suffix(".cpg").is_file() or not table.is_file():
        return None
    content = table.read_bytes()
    try:
        content[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"
