"""Files of strangers that a C or Rust library reads: in a process of its own, which knows one format and no more.

GDAL takes the driver that a file's content asks for, and some drivers read other files or ask servers; a
spreadsheet with one far cell, or a column of a Parquet file, can ask for more memory than there is. So the
reading is done by a child: GDAL there has the one driver of the file's ending, the file is a copy in a folder
that is removed afterwards (so nothing is written beside the original), memory is bounded, and a crash is one
sentence here.

Read by the child alone, this file imports nothing of the package.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

DRIVERS = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".fgb": "FlatGeobuf",
    ".gpkg": "GPKG",
    ".shp": "ESRI Shapefile",
    ".kml": "LIBKML",
    ".gpx": "GPX",
}
"""The one GDAL driver for each ending of a file."""
_SIBLINGS = (".shx", ".dbf", ".prj", ".cpg")
MOST_MEMORY = 8 << 30
"""Bytes of address space the child may take."""
_KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "VIRTUAL_ENV",
)
"""What the child sees of the environment: no key of any service."""
_BATCH = 8192


class ChildFailed(Exception):
    """The child could not read the file; the text says why, as the library did."""


class Child:
    """A started child: JSON lines to and fro, then whatever it streams."""

    def __init__(self, process: subprocess.Popen[bytes], name: str) -> None:
        self._process = process
        self._name = name
        self._stdin = cast(IO[bytes], process.stdin)
        self.stream = cast(IO[bytes], process.stdout)

    def ask(self, question: object) -> Any:
        """Send a question and return the answer.

        Raises
        ------
        ChildFailed
            The library refused the file, or broke.
        """
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(json.dumps(question).encode() + b"\n")
            self._stdin.flush()
        return self.read()

    def read(self) -> Any:
        """Return the next line that the child wrote.

        Raises
        ------
        ChildFailed
            The child is gone, or says what is wrong with the file.
        """
        line = self.stream.readline()
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise ChildFailed("the file breaks its reader, or asks for more memory than it may have") from error
        if isinstance(answer, dict) and "error" in answer:
            raise ChildFailed(str(answer["error"]).replace(self._name, ""))
        return answer


@contextlib.contextmanager
def open_child(
    job: str, path: pathlib.Path, *, encoding: str | None = None, ending: str | None = None
) -> Iterator[Child]:
    """Start a child on a copy of a file, and end it afterwards.

    Parameters
    ----------
    job
        ``vector``, ``parquet`` or ``workbook``.
    path
        The file; of a Shapefile the four files beside it are copied too.
    encoding
        The encoding of a Shapefile's texts.
    ending
        How the file's name should end for what it holds; as it does when None.
    """
    ending = ending or path.suffix.lower()
    with tempfile.TemporaryDirectory(prefix="locator-") as folder:
        copy = pathlib.Path(folder) / f"file{ending}"
        shutil.copyfile(path, copy)
        if ending == ".shp":
            for other in _SIBLINGS:
                beside = _find_beside(path, other)
                if beside is not None:
                    shutil.copyfile(beside, copy.with_suffix(other))
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        if job == "vector":
            import pyogrio

            driver = DRIVERS[ending]
            others = ",".join(name for name in pyogrio.list_drivers() if name != driver)
            environment |= {
                "OGR_SKIP": others,
                "GDAL_SKIP": others,
                "LOCATOR_DRIVER": driver,
                "SHAPE_RESTORE_SHX": "YES",
            }
        process = subprocess.Popen(  # noqa: S603 - our own file, by this very Python
            [sys.executable, "-P", __file__, job, str(copy), encoding or ""],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=folder,
        )  # fmt: skip
        try:
            yield Child(process, str(copy))
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]


def _find_beside(path: pathlib.Path, ending: str) -> pathlib.Path | None:
    return next((p for p in (path.with_suffix(ending), path.with_suffix(ending.upper())) if p.is_file()), None)


# --- in the child


def _serve(job: str, path: str, encoding: str | None) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        if job == "vector":
            _serve_vector(path, encoding, out)
        elif job == "parquet":
            _serve_parquet(path, out)
        else:
            _serve_workbook(path, out)
    except BrokenPipeError:
        return
    except BaseException as error:  # whatever it is: one line for the parent
        _say(out, {"error": f"{type(error).__name__}: {error}"})


def _say(out: IO[bytes], answer: object) -> None:
    out.write(json.dumps(answer, default=str).encode() + b"\n")
    out.flush()


def _questions() -> Iterator[Any]:
    for line in sys.stdin.buffer:
        yield json.loads(line)


def _import_pyogrio() -> Any:
    """Return pyogrio without the data frames that it loads where it can: half of the start, for nothing here."""
    unwanted: dict[str, Any] = dict.fromkeys(("geopandas", "pandas"))
    sys.modules.update(unwanted)
    import pyogrio

    for name in unwanted:
        del sys.modules[name]
    return pyogrio


def _serve_vector(path: str, encoding: str | None, out: IO[bytes]) -> None:
    """Answer ``null`` with all layers, and one of them with its fields, then its rows as an Arrow stream."""
    pyogrio = _import_pyogrio()

    if set(pyogrio.list_drivers()) != {os.environ["LOCATOR_DRIVER"]}:
        raise RuntimeError(f"GDAL has other drivers than {os.environ['LOCATOR_DRIVER']}")
    spell = _respell_names(path) if path.endswith(".kml") else str
    for question in _questions():
        if question == "drivers":
            _say(out, list(pyogrio.list_drivers()))
            continue
        if question is None:
            found = []
            names = [str(row[0]) for row in pyogrio.list_layers(path)]
            for name in ["waypoints"] if path.endswith(".gpx") else names:
                info = pyogrio.read_info(path, layer=name, encoding=encoding)
                fields = [spell(str(field)) for field in info["fields"]]
                found.append({"layer": name, "fields": fields, "crs": info["crs"], "features": int(info["features"])})
            _say(out, found)
            continue
        how = {"layer": question["layer"], "encoding": encoding, "batch_size": _BATCH, "use_pyarrow": True}
        with pyogrio.open_arrow(path, **how) as (meta, reader):
            fields = [str(field) for field in meta["fields"]]
            geometry = meta["geometry_name"] or "wkb_geometry"
            _send_rows(out, fields, geometry, question["crs"], batches=reader, spell=spell)


_KML_TOKEN = re.compile(
    rb"<!\[CDATA\[|<!--|<(?P<end>/?)(?P<of>\w{1,20}:)?(?P<tag>Placemark|address|phoneNumber|ExtendedData)(?:\s[^<>]*)?>"
)


def _keep_contacts(given: bytes) -> bytes:
    """Return a KML text whose placemarks have their ``address`` and ``phoneNumber`` as data: GDAL drops both."""
    out: list[bytes] = []
    data: list[bytes] = []
    copied = at = 0
    slot = begin = None
    while match := _KML_TOKEN.search(given, at):
        at, tag, of = match.end(), match["tag"], match["of"] or b""
        if tag is None:  # a description's own words, or nobody's
            at = given.find(b"]]>" if match[0] == b"<![CDATA[" else b"-->", at) + 3
            if at < 3:
                break
        elif tag == b"Placemark" and not match["end"]:
            slot, data = None, []
        elif tag == b"ExtendedData" and not match["end"]:
            out += [given[copied:at], b""]
            slot, copied = len(out) - 1, at
        elif tag == b"Placemark" and data:
            whole = b"".join(data)
            if slot is None:
                out += [given[copied : match.start()], b"<%bExtendedData>%b</%bExtendedData>" % (of, whole, of)]
                copied = match.start()
            else:
                out[slot] = whole
            data = []
        elif tag in (b"address", b"phoneNumber") and not match["end"]:
            begin = match
        elif begin is not None and begin["tag"] == tag:
            text = given[begin.end() : match.start()]
            data.append(b'<%bData name="%b"><%bvalue>%b</%bvalue></%bData>' % (of, tag.lower(), of, text, of, of))
            out.append(given[copied : begin.start()])
            copied, begin = at, None
    return b"".join((*out, given[copied:]))


_KML_NAME = re.compile(rb"""(<(?:\w+:)?(?:Data|SimpleData|SimpleField)\b[^<>]*?\sname=["'])([^"'<>]*)""")


def _respell_names(path: str) -> Callable[[str], str]:
    """Spell the names of a KML file's data in ASCII, in its copy, and return what spells them back.

    GDAL makes one underscore of each byte of others: 电话 and 地址 become one field.
    """
    given = _keep_contacts(pathlib.Path(path).read_bytes())
    names: dict[str, str] = {}

    def respell(match: re.Match[bytes]) -> bytes:
        if match[2].isascii():
            return match[0]
        name = next((short for short, long in names.items() if long == match[2].decode(errors="replace")), None)
        name = name or f"locator_name_{len(names)}"
        names[name] = match[2].decode(errors="replace")
        return match[1] + name.encode()

    pathlib.Path(path).write_bytes(_KML_NAME.sub(respell, given))
    return lambda name: names.get(name, name)


def _serve_parquet(path: str, out: IO[bytes]) -> None:
    """Answer ``null`` with the one layer, and a layer with its fields, then its rows as an Arrow stream."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, page_checksum_verification=True)
    schema = file.schema_arrow
    geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    geometry = str(geo.get("primary_column", "geometry"))
    crs = geo.get("columns", {}).get(geometry, {}).get("crs")
    fields = [name for name in schema.names if name not in (geometry, "origins", "status")]
    known = crs if isinstance(crs, str | None) else json.dumps(crs)
    for question in _questions():
        if question is None:
            _say(out, [{"layer": None, "fields": fields, "crs": known, "features": file.metadata.num_rows}])
        else:
            wanted = [*fields, geometry] if geometry in schema.names else fields
            _send_rows(out, fields, geometry, known, batches=file.iter_batches(_BATCH, columns=wanted), schema=schema)


def _send_rows(
    out: IO[bytes],
    fields: list[str],
    geometry: str,
    crs: str | None,
    *,
    batches: Any,
    schema: Any = None,
    spell: Callable[[str], str] = str,
) -> None:
    """Send the names of the fields, batches of them with longitude and latitude (degrees) at the end, and ``null``."""
    import pyarrow as pa

    given = [(schema or batches.schema).field(name) for name in fields]
    sent = pa.schema([*given, pa.field("x", pa.float64()), pa.field("y", pa.float64())])
    _say(out, [spell(name) for name in fields])
    with pa.ipc.new_stream(out, sent) as writer:
        for batch in batches:
            shapes = batch.column(geometry).to_pylist() if geometry in batch.schema.names else [None] * batch.num_rows
            columns = [batch.column(name) for name in fields]
            writer.write_batch(pa.record_batch([*columns, *find_positions(shapes, crs)], schema=sent))
    _say(out, None)  # a stream that broke off ends like a whole one


def find_positions(shapes: list[Any], crs: str | None) -> list[Any]:
    """Return longitudes and latitudes (degrees, Arrow arrays with nulls) of shapes (WKB, or native points) in a system.

    A line or an area stands at a point on it; what is broken, empty or no number stands nowhere.
    """
    import numpy as np
    import pyarrow as pa
    import shapely

    if any(isinstance(shape, dict) for shape in shapes):
        x, y = (np.array([np.nan if p is None else p[axis] for p in shapes], float) for axis in ("x", "y"))
    else:
        with np.errstate(invalid="ignore"):  # a coordinate that is no number
            found = shapely.from_wkb(np.array(shapes, dtype=object), on_invalid="ignore")
        found[shapely.is_missing(found) | shapely.is_empty(found)] = None
        wide = shapely.get_type_id(found) > 0
        found[wide] = [_point_on(shape) for shape in found[wide]]
        x, y = shapely.get_x(found), shapely.get_y(found)
    if crs and not re.search(r"EPSG:(4326|4490|4979)$|CRS84", crs):
        import pyproj

        x, y = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    known = np.isfinite(x) & np.isfinite(y)
    return [pa.array(values, pa.float64(), mask=~known) for values in (x, y)]


def _point_on(shape: Any) -> Any:
    """Return a point on a shape; None on one that is broken."""
    import shapely

    try:
        return shape.point_on_surface()
    except shapely.errors.GEOSException:
        return None


def _serve_workbook(path: str, out: IO[bytes]) -> None:
    """Answer ``null`` with the sheets, and ``[name, rows]`` with a sheet's rows, a line each, then ``null``."""
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(path)
    for question in _questions():
        if question is None:
            shown = python_calamine.SheetVisibleEnum.Visible
            _say(out, [[meta.name, meta.visible == shown] for meta in book.sheets_metadata])
            continue
        name, most = question
        sheet = book.get_sheet_by_name(name)
        spans = [[top, left, bottom] for (top, left), (bottom, _) in sheet.merged_cell_ranges or () if top < bottom]
        _say(out, spans)
        for number, row in enumerate(sheet.iter_rows()):
            if most is not None and number >= most:
                break
            out.write(json.dumps([_plain(cell) for cell in row]).encode() + b"\n")
        _say(out, None)


def _plain(cell: object) -> object:
    """Return a cell as JSON can hold it: a date or a time as its text."""
    import datetime

    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ") if cell.time() != datetime.time() else cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else cell


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2], sys.argv[3] or None)
