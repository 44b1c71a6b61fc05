"""Files as strangers bring them, read safely: tables as rows of texts, shapes by a library in a process of its own.

What a file is shows in its content: its format (:func:`find_format`) and a text's encoding (:func:`find_encoding`).
"""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

from locator.errors import SourceError

SURE_OF_UTF8 = 4
"""A text with this many Han in UTF-8 before its first fault is in no other encoding by accident."""
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_FORMATS = {
    b"\xd0\xcf\x11\xe0": "xls", b"PAR1": "parquet", b"SQLite format 3": "gpkg", b"fgb\x03": "fgb", b"%PDF": "pdf",
    b"Rar!": "rar", b"7z\xbc\xaf": "7z", b"\x1f\x8b": "gzip", b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg",
    b"{\\rtf": "rtf", b"GIF8": "gif", b"BM": "bmp", b"II*\0": "tiff", b"\0\0\x27\x0a": "shp",
}  # fmt: skip
FEATURES = {
    "geojson": ".geojson", "gpkg": ".gpkg", "fgb": ".fgb", "kml": ".kml", "gpx": ".gpx", "parquet": ".parquet",
}  # fmt: skip
"""Formats of features that show in a file's content, and how such a file's name ends."""
_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3041-\u30ff]")
SAMPLE = 1 << 16
"""Bytes of a text by which its encoding is judged where several could be."""
ZIPPED = (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, RuntimeError, NotImplementedError)
"""What a broken archive raises."""


def find_format(path: Path) -> str:
    """Return what a file is by its content: ``csv``, ``xlsx``, ``xls``, ``ods``, ``html``, ``json``, ``geojson``, …

    Also ``parquet``, ``gpkg``, ``fgb``, ``shp``, ``kml``, ``xml``, ``empty``, and what is no table at all: ``pdf``,
    ``docx``, ``zip``, ``rar``, ``png`` …
    """
    with path.open("rb") as handle:
        start = handle.read(8192)
    for mark, name in _FORMATS.items():
        if start.startswith(mark) and (name != "bmp" or b"\0" in start[:16]):
            return name
    if start.startswith(b"PK\x03\x04"):
        return _format_of_archive(path)
    text = start.lstrip(b"\xef\xbb\xbf\x1e \t\r\n").lower()
    if text.startswith(b"<"):
        return _format_of_markup(text)
    if text.startswith((b"{", b"[")):
        geo = re.search(rb'"type"\s*:\s*"(?:feature|point|multipoint)', text) is not None
        lines = text.startswith(b"[") or re.match(rb"\{[^\n]*\}\s*[\n\x1e]\s*\{", text)
        return "geojson" if geo and not lines else "json"
    return "csv" if text else "empty"


def _format_of_markup(text: bytes) -> str:
    if b"<kml" in text or b"<gpx" in text:
        return "kml" if b"<kml" in text else "gpx"
    if b"urn:schemas-microsoft-com:office:spreadsheet" in text and b"<workbook" in text:
        return "html"  # Excel's own XML: rows and cells with other names
    return "html" if re.match(rb"<(?:!doctype html|html|head|meta|table|body|style)", text) else "xml"


def _format_of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except ZIPPED:
        return "zip"
    if b"opendocument.spreadsheet" in kind:
        return "ods"
    if "[Content_Types].xml" not in names:
        return "zip"
    return "docx" if "word/document.xml" in names else "xlsx"


def list_archive(path: Path, most: int = 5) -> list[str]:
    """Return the names of the first files in a ZIP archive, none where it is broken or none at all."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [name for name in archive.namelist() if not name.endswith("/")][:most]
    except ZIPPED:
        return []


_READ = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".json", ".geojson", ".gpkg", ".fgb", ".shp", ".kml", ".gpx")
"""Files that are looked for in an archive."""
_BESIDE = (".shx", ".dbf", ".prj", ".cpg")
MAX_MEMBER = 600 << 20
"""Bytes that a file of an archive may unpack to."""


def unpack(path: Path, folder: Path) -> Path | None:
    """Unpack the one file of a ZIP archive that can be read (of a Shapefile, those beside it too) into a folder.

    It gets the archive's own name: no name in an archive is ever a path. None where there is none, or several.

    Raises
    ------
    SourceError
        It is locked, broken, or unpacks to far more than a file of offices.
    """
    found: list[zipfile.ZipInfo] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename]
            found = [m for m in members if m.filename.lower().endswith(_READ)]
            if len(found) > 1 and path.suffix.lower() == ".kmz":
                found = [m for m in found if m.filename.lower() == "doc.kml"]
            if len(found) != 1:
                return None
            stem, ending = found[0].filename.rsplit(".", 1)
            if ending.lower() == "shp":
                found += [m for m in members if m.filename.lower() in {f"{stem}{end}".lower() for end in _BESIDE}]
            for member in found:
                target = folder / f"{path.stem}.{member.filename.rsplit('.', 1)[1].lower()}"
                with archive.open(member) as source, target.open("wb") as out:
                    _copy(source, out, path)
    except ZIPPED as error:
        raise SourceError(f"{path.name} cannot be unpacked: {error}", code="archive_broken", file=path.name) from error
    return folder / f"{path.stem}.{ending.lower()}"


def _copy(source: IO[bytes], out: IO[bytes], path: Path) -> None:
    """Copy a file of an archive, whatever size it says it has; at most :data:`MAX_MEMBER`."""
    count = 0
    while block := source.read(1 << 20):
        count += len(block)
        if count > MAX_MEMBER:
            raise SourceError(
                f"{path.name} unpacks to more than {MAX_MEMBER >> 20} MB",
                code="workbook_swollen", file=path.name, megabytes=count >> 20,
            )  # fmt: skip
        out.write(block)


# --- the encoding of a text


def find_encoding(path: Path) -> str:
    """Return the encoding of a text file; see :func:`_find_encoding`. Asked twice, it is read once.

    Raises
    ------
    SourceError
        It is no text.
    """
    stat = path.stat()
    return _find_encoding(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=8)
def _find_encoding(path: Path, _mark: tuple[int, int, int]) -> str:
    """Return the encoding of a text file: what its mark says, else UTF-8 if all of it is, else GB18030.

    A text that was UTF-8 up to a fault is broken UTF-8: as GB18030 it would be read as other words. Almost every
    text in Big5 or Shift-JIS is one in GB18030 too, of words that nobody writes: there the more usual one counts.

    Raises
    ------
    SourceError
        It is none of them.
    """
    with path.open("rb") as handle:
        start = handle.read(SAMPLE)
        marked = next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), None)
        for encoding in (marked,) if marked else ("utf-8", *_rank(start)):
            handle.seek(0)
            fault, han = _decode_all(handle, encoding)
            if fault is None:
                return encoding
            if han >= SURE_OF_UTF8 and encoding not in _OTHERS:
                raise SourceError(
                    f"{path.name}: UTF-8 text with a fault at byte {fault}; save it again as CSV UTF-8",
                    code="encoding",
                    file=path.name,
                    encoding="UTF-8",
                )
    raise SourceError(
        f"{path.name} is no text in UTF-8 or GB18030; save it again as CSV UTF-8",
        code="encoding",
        file=path.name,
        encoding="UTF-8, GB18030",
    )


_OTHERS = ("gb18030", "big5hkscs", "cp932", "utf-16-le", "utf-16-be")


def _rank(start: bytes) -> Iterator[str]:
    """Yield the encodings to try on a text that is not UTF-8, the one first in which it is usual words."""
    if b"\0" in start:
        little, big = start[1::2].count(0), start[::2].count(0)
        yield from ("utf-16-le",) if little > 3 * big else ("utf-16-be",) if big > 3 * little else ()
        return
    usual = {encoding: _usual(start, encoding) for encoding in ("gb18030", "big5hkscs", "cp932")}
    likely = max(usual, key=lambda encoding: usual[encoding])  # the first of equals
    if likely != "gb18030" and usual["gb18030"] < 0.7 and usual[likely] > 0.8:
        yield likely
    yield "gb18030"


def _usual(start: bytes, encoding: str) -> float:
    """Return which share of a text's characters beyond ASCII are usual ones in an encoding; 0 where it is not in it."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return 0.0
    beyond = [c for c in text if c > "\x7f" and (c.isalpha() or "\ue000" <= c <= "\uf8ff")]
    if not beyond:
        return 0.0
    return sum(_is_usual(c, encoding) for c in beyond) / len(beyond)


def _is_usual(character: str, encoding: str) -> bool:
    """Tell whether a character is of the first level of a standard: those that people write."""
    if encoding == "cp932" and _KANA.match(character):
        return True
    try:
        lead = character.encode({"gb18030": "gb2312", "big5hkscs": "big5", "cp932": "shift_jis"}[encoding])
    except UnicodeEncodeError:
        return False
    first, last = {"gb18030": (0xB0, 0xD7), "big5hkscs": (0xA4, 0xC6), "cp932": (0x88, 0x97)}[encoding]
    return len(lead) == 2 and first <= lead[0] <= last


def _decode_all(handle: IO[bytes], encoding: str) -> tuple[int | None, int]:
    """Return where a file stops being text of an encoding, None for nowhere, and how many Han came before."""
    decoder = codecs.getincrementaldecoder(encoding)()
    han = done = 0
    block = b""
    try:
        while block := handle.read(1 << 20):
            if b"\0" in block and not encoding.startswith("utf-16"):
                return done + block.index(b"\0"), 0
            text = decoder.decode(block)
            han += _count_han(text) if han < SURE_OF_UTF8 else 0  # no more are needed, and counting is slow
            done += len(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return done + error.start, han + _count_han(bytes(error.object[: error.start]).decode(encoding, "ignore"))
    return None, han


def _count_han(text: str) -> int:
    return 0 if text.isascii() else len(_HAN.findall(text))
