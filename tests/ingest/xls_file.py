"""Old Excel workbooks (BIFF8 in a compound file) for tests: no library that is still kept writes them.

After Microsoft's [MS-XLS] and [MS-CFB]; text goes through the shared string table, as Excel writes it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

Cell = str | float | None
_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_LONGEST = 8224
"""Bytes of one record; longer ones go on in CONTINUE records."""


def write_xls(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]], *, hidden: Sequence[str] = ()) -> Path:
    """Write a workbook of sheets by their titles; those in ``hidden`` are not shown."""
    path.write_bytes(_compound(_workbook(sheets, hidden)))
    return path


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _text(text: str, length: str) -> bytes:
    return struct.pack(length, len(text)) + b"\x01" + text.encode("utf-16-le")


def _workbook(sheets: Mapping[str, Sequence[Sequence[Cell]]], hidden: Sequence[str]) -> bytes:
    cells = [cell for rows in sheets.values() for row in rows for cell in row if isinstance(cell, str)]
    texts = list(dict.fromkeys(cells))
    bodies = [_sheet(rows, texts) for rows in sheets.values()]
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    start += _record(0x0042, struct.pack("<H", 1200))
    rest = _strings(texts, len(cells)) + _record(0x000A, b"")
    names = [_text(title, "<B") for title in sheets]
    at = len(start) + sum(4 + 6 + len(name) for name in names) + len(rest)
    for title, name, body in zip(sheets, names, bodies, strict=True):
        start += _record(0x0085, struct.pack("<IBB", at, int(title in hidden), 0) + name)
        at += len(body)
    return start + rest + b"".join(bodies)


def _strings(texts: Sequence[str], count: int) -> bytes:
    """Return the table of shared strings, cut between strings where it is too long for a record."""
    chunks = [struct.pack("<II", count, len(texts))]
    for text in texts:
        packed = _text(text, "<H")
        if len(chunks[-1]) + len(packed) > _LONGEST:
            chunks.append(b"")
        chunks[-1] += packed
    return b"".join(_record(0x00FC if n == 0 else 0x003C, chunk) for n, chunk in enumerate(chunks))


def _sheet(rows: Sequence[Sequence[Cell]], texts: Sequence[str]) -> bytes:
    place = {text: number for number, text in enumerate(texts)}
    width = max(map(len, rows), default=0)
    found = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    found += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if isinstance(cell, str):
                found += _record(0x00FD, struct.pack("<HHHI", y, x, 0, place[cell]))
            elif cell is not None:
                found += _record(0x0203, struct.pack("<HHHd", y, x, 0, cell))
    return found + _record(0x000A, b"")


def _compound(stream: bytes) -> bytes:
    """Return a compound file of one stream, ``Workbook``: header, tables of sectors, directory, content."""
    stream += bytes(-len(stream) % _SECTOR)
    stream += bytes(max(4096 - len(stream), 0))  # shorter ones stand in a stream of streams
    content = len(stream) // _SECTOR
    tables = 1
    while tables * (_SECTOR // 4) < tables + 1 + content:
        tables += 1
    first = tables + 1
    chain = [_FAT] * tables + [_END] + [*range(first + 1, first + content), _END]
    chain += [_FREE] * (tables * (_SECTOR // 4) - len(chain))
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, bytes(6),
        0, tables, tables, 0, 4096, _END, 0, _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", *range(tables), *[_FREE] * (109 - tables))
    entries = _entry("Root Entry", 5, _END, 0, child=1) + _entry("Workbook", 2, first, len(stream))
    directory = entries + _entry("", 0, 0, 0) * 2
    return header + struct.pack(f"<{len(chain)}I", *chain) + directory + stream


def _entry(name: str, kind: int, start: int, size: int, *, child: int = _FREE) -> bytes:
    coded = name.encode("utf-16-le") + b"\0\0" if name else b""
    return struct.pack(
        "<64sHBBIII16sIQQIQ", coded, len(coded), kind, 1, _FREE, _FREE, child, bytes(16), 0, 0, 0, start, size
    )
