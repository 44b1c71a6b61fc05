"""The tables of a layer in PostGIS, in a schema of their own, made by the program.

=================  ==========================================================================================
``state``          one row: format of these tables, the generation that is served, its version
``part``           one row for each source: its place in the order, its stamp, how many of its rows were merged
``part_chunk``     what each source gave, as Parquet: exact, and what the merge reads
``layer_chunk``    the served layer as Parquet, for those who want all of it (batch, check, export)
``part_before``    what the source that an operator changed last gave before, and ``part_chunk_before`` its rows
``point_<n>``      the served layer of generation ``n`` as rows, in spatial order, with ``geog`` and its index
=================  ==========================================================================================

A ``point_`` table is never changed: an import writes the next one beside it, and one update of ``state``
is the whole commit. A reader of the old table goes on reading it; the table is dropped when no reader is left.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from locator.datum import to_ecef
from locator.errors import DataError
from locator.layer import COLUMNS, LAYER_VERSION, SCHEMA, Layer

if TYPE_CHECKING:
    from psycopg import sql

    from locator.stores.database import Connection

FORMAT = 1
"""Raised when these tables change."""
EXPECTED = FORMAT * 1000 + LAYER_VERSION
"""What ``state.format`` says of tables that this program reads."""
SCHEMA_NAME = "locator"
_CHUNK_ROWS = 50_000
_WRITERS = 0x6C6F6361746F72
"""The advisory lock of those who write ("locator")."""
_SQL_TYPES = {pa.string(): 'text COLLATE "C"', pa.float64(): "double precision", pa.bool_(): "boolean"}

_TABLES = """
CREATE SCHEMA IF NOT EXISTS locator;
CREATE TABLE locator.state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), format int NOT NULL,
    generation bigint NOT NULL, version text NOT NULL
);
CREATE TABLE locator.part (
    source text PRIMARY KEY, position bigserial, stamp text NOT NULL, digest text NOT NULL,
    rows bigint NOT NULL, joined bigint NOT NULL
);
CREATE TABLE locator.part_chunk (
    source text REFERENCES locator.part ON DELETE CASCADE, number int, content bytea NOT NULL,
    PRIMARY KEY (source, number)
);
CREATE TABLE locator.layer_chunk (
    generation bigint, number int, content bytea NOT NULL, PRIMARY KEY (generation, number)
);
INSERT INTO locator.state VALUES (true, %d, 0, 'empty');
"""


_BEFORE = """
CREATE TABLE IF NOT EXISTS locator.part_before (
    source text PRIMARY KEY, position bigint, stamp text, digest text, rows bigint
);
CREATE TABLE IF NOT EXISTS locator.part_chunk_before (number int PRIMARY KEY, content bytea NOT NULL);
DELETE FROM locator.part_before;
DELETE FROM locator.part_chunk_before;
"""
"""Made by the first change: a database that an older version filled has none."""


class State(NamedTuple):
    """What is served."""

    generation: int
    """0 before the first import: there is no table of points yet."""
    version: str


def table_of(generation: int) -> sql.Identifier:
    """Return the name of a generation's table of points."""
    from psycopg import sql

    return sql.Identifier(SCHEMA_NAME, f"point_{generation}")


def column_names() -> sql.Composed:
    """Return the names of a point's columns, as SQL."""
    from psycopg import sql

    return sql.SQL(", ").join(sql.Identifier(name) for name in COLUMNS)


def is_read_only(connection: Connection) -> bool:
    """Tell whether the server takes no changes: a replica, or a user who may only look."""
    (answer,) = connection.execute("SELECT current_setting('transaction_read_only')").fetchone() or ("on",)
    return bool(answer == "on")


def make_tables(connection: Connection, label: str) -> None:
    """Make the tables where there are none; several processes may do so at once.

    Raises
    ------
    DataError
        The database has no PostGIS and this user may not bring it in, or the tables are another version's.
    """
    if read_format(connection) is None:
        with connection.transaction():
            lock_writers(connection)
            if read_format(connection) is None:
                _bring_postgis(connection, label)
                connection.execute((_TABLES % EXPECTED).encode())
    check_format(connection, label)


def check_format(connection: Connection, label: str) -> None:
    """Refuse tables of another version, with DataError; having none is fine.

    Raises
    ------
    DataError
        The tables were made by another version.
    """
    found = read_format(connection)
    if found not in (None, EXPECTED):
        raise DataError(
            f"the layer in {label} was made by another version of the program", code="layer_version", path=label
        )


def read_format(connection: Connection) -> int | None:
    """Return the format of the tables, None where there are none."""
    (found,) = connection.execute("SELECT to_regclass('locator.state')").fetchone() or (None,)
    if found is None:
        return None
    row = connection.execute("SELECT format FROM locator.state").fetchone()
    return int(row[0]) if row else None


def _bring_postgis(connection: Connection, label: str) -> None:
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone():
        return
    import psycopg

    try:
        connection.execute("CREATE EXTENSION postgis")
    except psycopg.Error as error:
        raise DataError(
            f"the database {label} has no PostGIS; its administrator runs there: CREATE EXTENSION postgis",
            code="postgis_missing",
            database=label,
        ) from error


def lock_writers(connection: Connection) -> None:
    """Wait for other writers, and keep them out until the end of the transaction."""
    connection.execute("SET LOCAL statement_timeout = 0")
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITERS,))


def read_state(connection: Connection) -> State:
    """Return what is served now."""
    row = connection.execute("SELECT generation, version FROM locator.state").fetchone()
    return State(*row) if row else State(0, "empty")


def to_chunks(layer: Layer) -> Iterator[bytes]:
    """Yield a layer as Parquet files of some thousand rows each; at least one."""
    table = layer.table.cast(SCHEMA).replace_schema_metadata(None)
    for start in range(0, max(len(layer), 1), _CHUNK_ROWS):
        out = io.BytesIO()
        pq.write_table(table.slice(start, _CHUNK_ROWS), out, compression="zstd")
        yield out.getvalue()


def from_chunks(chunks: Sequence[bytes], *, version: str = "") -> Layer:
    """Return the layer of such files."""
    tables = [pq.ParquetFile(pa.BufferReader(chunk)).read().cast(SCHEMA) for chunk in chunks]
    return Layer(pa.concat_tables([SCHEMA.empty_table(), *tables]), version=version)


def read_parts(connection: Connection) -> dict[str, Layer]:
    """Return what each source gave, in the order in which they came."""
    question = (
        "SELECT p.source, c.content FROM locator.part p"
        " JOIN locator.part_chunk c USING (source) ORDER BY p.position, c.number"
    )
    chunks: dict[str, list[bytes]] = {}
    for source, content in connection.execute(question).fetchall():
        chunks.setdefault(source, []).append(content)
    return {source: from_chunks(contents) for source, contents in chunks.items()}


def write_part(connection: Connection, source: str, layer: Layer, stamp: str) -> None:
    """Put what a source gives in place of what it gave."""
    chunks = list(to_chunks(layer))
    digest = blake2b("\n".join((source, stamp)).encode(), digest_size=8)
    for chunk in chunks:
        digest.update(chunk)
    connection.execute(
        "INSERT INTO locator.part (source, stamp, digest, rows, joined) VALUES (%s, %s, %s, %s, 0)"
        " ON CONFLICT (source) DO UPDATE"
        " SET stamp = excluded.stamp, digest = excluded.digest, rows = excluded.rows",
        (source, stamp, digest.hexdigest(), len(layer)),
    )
    connection.execute("DELETE FROM locator.part_chunk WHERE source = %s", (source,))
    for number, chunk in enumerate(chunks):
        connection.execute("INSERT INTO locator.part_chunk VALUES (%s, %s, %b)", (source, number, chunk))


def keep_before(connection: Connection, source: str) -> None:
    """Keep what a source gives, before it changes; that it gives nothing yet has no position."""
    connection.execute(_BEFORE)
    connection.execute(
        "INSERT INTO locator.part_before SELECT asked.source, p.position, p.stamp, p.digest, p.rows"
        " FROM (SELECT %s::text AS source) asked LEFT JOIN locator.part p USING (source)",
        (source,),
    )
    connection.execute(
        "INSERT INTO locator.part_chunk_before SELECT number, content FROM locator.part_chunk WHERE source = %s",
        (source,),
    )


def restore_before(connection: Connection) -> str | None:
    """Put back what was kept, keep what it replaces, and return the source; None when nothing was kept."""
    (made,) = connection.execute("SELECT to_regclass('locator.part_before')").fetchone() or (None,)
    row = (
        made and connection.execute("SELECT source, position, stamp, digest, rows FROM locator.part_before").fetchone()
    )
    if not row:
        return None
    source, position, *_ = row
    chunks = connection.execute("SELECT number, content FROM locator.part_chunk_before").fetchall()
    keep_before(connection, source)
    connection.execute("DELETE FROM locator.part WHERE source = %s", (source,))
    if position is not None:
        connection.execute(
            "INSERT INTO locator.part (source, position, stamp, digest, rows, joined) VALUES (%s, %s, %s, %s, %s, 0)",
            row,
        )
        for number, content in chunks:
            connection.execute("INSERT INTO locator.part_chunk VALUES (%s, %s, %b)", (source, number, content))
    return str(source)


def read_version(connection: Connection) -> str:
    """Return the version of the layer that the parts make: the same for the same content."""
    digests = connection.execute("SELECT digest FROM locator.part ORDER BY position").fetchall()
    return blake2b("\n".join(digest for (digest,) in digests).encode(), digest_size=8).hexdigest()


def write_generation(connection: Connection, generation: int, layer: Layer) -> None:
    """Write the table of points of a generation that nobody reads yet, and the layer's chunks."""
    from psycopg import sql

    table = table_of(generation)
    columns = [sql.SQL("{} " + _SQL_TYPES[kind]).format(sql.Identifier(name)) for name, kind in COLUMNS.items()]
    connection.execute(
        sql.SQL(
            "CREATE TABLE {} (row bigint NOT NULL, {}, geog geography(Point, 4326) GENERATED ALWAYS AS"
            " (CASE WHEN status <> 'vanished' THEN ST_MakePoint(lon, lat)::geography END) STORED)"
        ).format(table, sql.SQL(", ").join(columns))
    )
    _copy_rows(connection, table, layer)
    for form in (
        "CREATE INDEX ON {} USING gist (geog) WHERE geog IS NOT NULL",
        "CREATE UNIQUE INDEX ON {} (id)",
        "CREATE INDEX ON {} (adcode)",
        "CREATE INDEX ON {} (kind)",
        "ANALYZE {}",
    ):
        connection.execute(sql.SQL(form).format(table))
    with connection.cursor() as cursor:
        for number, chunk in enumerate(to_chunks(layer)):
            cursor.execute("INSERT INTO locator.layer_chunk VALUES (%s, %s, %b)", (generation, number, chunk))


def _copy_rows(connection: Connection, table: sql.Identifier, layer: Layer) -> None:
    """Copy a layer's rows in the order of a space-filling curve, so that neighbours share pages."""
    import pyarrow.csv as pc
    from psycopg import sql

    order = spatial_order(layer)
    rows = pa.array(order)
    ordered = layer.table.cast(SCHEMA).take(rows).add_column(0, "row", rows)
    form = sql.SQL("COPY {} (row, {}) FROM STDIN WITH (FORMAT csv, FREEZE)").format(table, column_names())
    options = pc.WriteOptions(include_header=False, quoting_style="all_valid")
    with connection.cursor() as cursor, cursor.copy(form) as copy:
        for start in range(0, len(layer), _CHUNK_ROWS):
            out = io.BytesIO()
            pc.write_csv(ordered.slice(start, _CHUNK_ROWS), out, options)
            copy.write(out.getvalue())


def spatial_order(layer: Layer) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the layer's rows along a space-filling curve; those without a position come last."""
    from locator.search.ellipsoid import morton_keys

    placed = np.flatnonzero(np.isfinite(layer.lon) & np.isfinite(layer.lat))
    keys = morton_keys(to_ecef(layer.lon[placed], layer.lat[placed]))
    rest = np.setdiff1d(np.arange(len(layer)), placed)
    return np.concatenate((placed[np.argsort(keys, kind="stable")], rest)).astype(np.int64)


def drop_old(connection: Connection) -> None:
    """Drop the tables of generations that are no longer served, except those that are still being read."""
    import psycopg
    from psycopg import sql

    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'locator'::regnamespace AND relkind = 'r'"
        " AND relname ~ '^point_[0-9]+$'"
    ).fetchall()
    for (name,) in names:
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '200ms'")
                lock_writers(connection)
                if int(name.removeprefix("point_")) == read_state(connection).generation:
                    continue
                connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(SCHEMA_NAME, name)))
        except psycopg.OperationalError:
            continue  # still read, or another import is at work: the next one drops it
