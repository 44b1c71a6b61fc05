"""GeoJSON, FlatGeobuf, GeoPackage, Shapefile, KML and GPX by GDAL, and GeoParquet by Arrow: points, lines or areas.

Both read in a process of its own (:mod:`locator.files.isolated`), GDAL with the one driver of the file's ending.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.files import FEATURES, find_format
from locator.files.isolated import DRIVERS, ChildFailed, open_child
from locator.files.text_files import to_text
from locator.ingest import RawRecord
from locator.ingest.headers import Header, names_column, read_header
from locator.ingest.layout import to_fields
from locator.ingest.osm import read_tags
from locator.ingest.positions import read_datum
from locator.ingest.tables import describe_columns, load_mapping

_OF_KML = frozenset({
    "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon", "snippet",
    "styleUrl", "ele", "magvar", "geoidheight", "src", "sym", "fix", "sat", "hdop", "vdop", "pdop", "ageofdgpsdata",
    "dgpsid", "cmt", "link1_text", "link1_type", "link2_text", "link2_type", "link2_href",
})  # fmt: skip
"""Fields that GDAL gives every placemark and waypoint."""
MAX_FEATURES = 5_000_000
"""Features of one layer; a few bytes of a file can claim that one value occurs a thousand million times."""
MAX_DESCRIPTION = 4000
"""Characters of a description that are looked at."""
_TAG = re.compile("<[^<>]{0,200}>")
_CRS = re.compile(rb'"crs"\s*:\s*\{[^{}]*\{[^{}]*"name"\s*:\s*"([^"]{1,80})"')
PARQUET = (".parquet", ".geoparquet")


class VectorSource:
    """A file of features as records; an area or a line stands where a point on it is.

    Parameters
    ----------
    location
        The file: ``.geojson``, ``.fgb``, ``.gpkg``, ``.shp``, ``.kml``, ``.gpx`` (its waypoints) or ``.parquet``.
    name, datum, mapping, licence
        As of :class:`locator.ingest.tables.TableSource`.
    encoding
        The encoding of a Shapefile's texts; GB18030 (which reads GBK) when its ``.dbf`` is not UTF-8 and no
        ``.cpg`` file says otherwise.
    sheet
        A layer of the file; the first with a column of names, and those with the same columns, when None.

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
        sheet: str | None = None,
        licence: str | None = None,
    ) -> None:
        self.path = Path(location)
        if not self.path.is_file():
            raise InvalidInput(f"there is no file {location}", code="file_missing", path=location)
        found = FEATURES.get(find_format(self.path))
        self._ending = found or self.path.suffix.lower()
        if self._ending not in (*DRIVERS, *PARQUET):
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
        self._datum, self._layer = datum, sheet
        self.left_layers: tuple[str, ...] = ()
        """Layers with features that are not read, once the file has been opened."""
        self._encoding = encoding or _encoding_of(self.path)

    @property
    def _job(self) -> str:
        return "parquet" if self._ending in PARQUET else "vector"

    @cached_property
    def _layers(self) -> list[dict[str, Any]]:
        """The layers that hold offices: their names, fields with their header, reference systems and sizes.

        Those whose fields are the same as the first one's; of KML, whose folders are layers, all.
        """
        layers = self._ask_layers()
        if self._layer is not None:
            layers = [info for info in layers if info["layer"] == self._layer] or self._refuse_layer(layers)
        for guess in (False, True):
            heads = [(info, read_header(info["fields"], self._mapping.columns, guess=guess)) for info in layers]
            named = [{**info, "header": header} for info, header in heads if header is not None]
            if named:
                known = {field for field in named[0]["header"].fields if field}
                same = [
                    each for each in named if self._ending == ".kml" or known == set(each["header"].fields) - {None}
                ]
                read = {each["layer"] for each in same}
                self.left_layers = tuple(str(i["layer"]) for i in layers if i["layer"] not in read and i["features"])
                return same
        columns = list(describe_columns(layers[0]["fields"], ())) if layers else []
        shown = "; ".join(name for name, _ in columns[:20]) or "—"
        bare = self._ending == ".shp" and not columns
        error = SourceError(
            f"{self.path.name}: no field of its features is a name (名称 or name); fields seen: {shown}",
            code="shape_alone" if bare else "header_unknown",
            file=self.path.name,
            columns=shown,
        )
        error.seen_columns = columns  # type: ignore[attr-defined]
        raise error

    def _refuse_layer(self, layers: list[dict[str, Any]]) -> NoReturn:
        names = ", ".join(str(info["layer"]) for info in layers)
        raise InvalidInput(
            f"{self.path.name} has no layer {self._layer!r}; it has {names}",
            code="sheet_missing", file=self.path.name, sheet=self._layer, sheets=names,
        )  # fmt: skip

    def _ask_layers(self) -> list[dict[str, Any]]:
        try:
            with open_child(self._job, self.path, encoding=self._encoding, ending=self._ending) as child:
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
    def datum(self) -> Datum:
        """What the positions are measured against, after the file's own reference system is undone."""
        return self._datum or self._said_datum or Datum.WGS84

    @cached_property
    def _said_datum(self) -> Datum | None:
        """The datum that a GeoJSON file names as its reference system, of which GDAL knows nothing: GCJ-02."""
        if self._ending != ".geojson":
            return None
        with self.path.open("rb") as handle:
            found = _CRS.search(handle.read(8192))
        return read_datum(found[1].decode("utf-8", "replace")) if found else None

    @property
    def ignored(self) -> tuple[str, ...]:
        """The fields that nobody knew."""
        names = dict.fromkeys(name for info in self._layers for name in info["header"].ignored)
        return tuple(name for name in names if self._ending not in (".kml", ".gpx") or name not in _OF_KML)

    @property
    def guessed(self) -> Mapping[str, str]:
        """The fields that were taken for ours by words like them."""
        return {name: ours for info in self._layers for name, ours in info["header"].guessed.items()}

    @property
    def total(self) -> int | None:
        """How many features there are."""
        return sum(max(int(info["features"]), 0) for info in self._layers)

    def records(self) -> Iterator[RawRecord]:
        """Yield a record for every feature.

        Raises
        ------
        SourceError
            The file cannot be read to its end, or has no names.
        """
        row = 0
        for info in self._layers:
            header: Header = info["header"]
            for names, order, positions in self._batches(info):
                for number, position in enumerate(positions):
                    row += 1
                    cells = [to_text(column[number]) for column in order]
                    fields = to_fields(header, cells)
                    if header.holds_tags:
                        fields |= read_tags(names, cells)
                    if self._ending in (".kml", ".gpx"):
                        fields = {**fields, **_read_description(fields)}
                    yield self._record(row, fields, position)

    def _batches(
        self, info: Mapping[str, Any]
    ) -> Iterator[tuple[list[str], list[list[Any]], list[tuple[str, str] | None]]]:
        """Yield the names of a layer's fields, their values column by column, and the texts of the positions."""
        import pyarrow as pa

        try:
            with open_child(self._job, self.path, encoding=self._encoding, ending=self._ending) as child:
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


_LINE = re.compile(r"(?i:<br\s?/?>|</(?:p|div|tr|li)>)|\n")
_LABELLED = re.compile(r"([^:：]{1,12})[:：](.{1,500})", re.DOTALL)


def _read_description(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what the lines of a placemark's description say: 地址：…<br>电话：…; what is no label stays a note."""
    told: dict[str, str] = {}
    rest = []
    for line in _LINE.split(fields.get("notes", "")[:MAX_DESCRIPTION]):
        plain = " ".join(html.unescape(_TAG.sub(" ", line)).split())
        match = _LABELLED.fullmatch(plain)
        if match and names_column(match[1].strip(), other=True):
            told[match[1].strip()] = match[2].strip()
        elif plain:
            rest.append(plain)
    header = read_header(["name", *told], {}, guess=False)
    if not told or header is None:
        return {}
    read = to_fields(header, ["", *told.values()])
    return {name: cell for name, cell in read.items() if not fields.get(name, "").strip()} | {"notes": "; ".join(rest)}


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
