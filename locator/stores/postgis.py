"""The store for more than one machine: the same points in PostgreSQL with PostGIS.

Every process asks the one database and keeps nothing but connections, so an import on one machine is
seen by all at once. The nearest points are as exact as the embedded index's: PostGIS orders by a sphere,
so a few more than wanted are fetched, measured by WGS-84 geodesic, and the answer is given only when
nothing unseen can be nearer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace as change
from typing import TYPE_CHECKING

from locator.errors import DataError
from locator.layer import Layer
from locator.model import Filter, Found, ServicePoint
from locator.search.index import check_bounds
from locator.search.tree import place_origin
from locator.stores import BY_ITSELF, EVERY_POINT, Summary, tables
from locator.stores.contents import count_changes, is_same, mark_vanished, sum_up
from locator.stores.database import Database
from locator.stores.merge import merge_parts
from locator.stores.queries import Candidates, nearest_question, points_question, to_point

if TYPE_CHECKING:
    from locator.stores.database import Connection

SPARE = 8
"""How many more than wanted are fetched at first."""
GROWTH = 4
TRIES = 20
"""How often a question is put again because the table it was for has been replaced meanwhile."""


class PostgisStore:
    """Points in PostgreSQL with PostGIS; one object serves all threads.

    Parameters
    ----------
    url
        ``postgresql://user:password@host:port/database``. The tables are made when first used.

    Raises
    ------
    MissingExtra
        psycopg is not installed.
    SettingError
        The address is none.
    DataError
        On use: the database cannot be reached, has no PostGIS, or holds another version's tables.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._ready = False
        self._read_only = False

    def __repr__(self) -> str:
        return f"PostgisStore({self._database.label!r})"

    def close(self) -> None:
        """Close the connections that nobody uses; the next question opens one again."""
        self._database.close()

    # --- reading

    @property
    def read_only(self) -> bool:
        """Whether this server takes no changes: a replica, or a user who may only look."""
        self._ask(lambda _: None)
        return self._read_only

    @property
    def version(self) -> str:
        """What changes when the content does."""
        return self._ask(tables.read_state).version

    def nearest(
        self, lon: float, lat: float, *, limit: int = 5, within_m: float | None = None, where: Filter = EVERY_POINT
    ) -> list[Found]:
        """Return the nearest points that pass, by WGS-84 geodesic; see :class:`locator.stores.Store`."""
        origin = place_origin(lon, lat)
        reach = check_bounds(limit, within_m)
        if limit == 0:
            return []

        def ask(connection: Connection, generation: int) -> list[Found]:
            search = Candidates(origin.lon, origin.lat, limit, reach, where)
            wanted = limit + SPARE
            while True:
                question, values = nearest_question(generation, origin.lon, origin.lat, where, wanted)
                rows = connection.execute(question, values).fetchall()
                if search.take(rows) or len(rows) < wanted:
                    return search.answer()
                wanted *= GROWTH

        return self._ask_points(ask) or []

    def point(self, point_id: str) -> ServicePoint | None:
        """Return the point of an id, vanished ones too; None when there is none."""
        if "\0" in point_id:
            return None

        def ask(connection: Connection, generation: int) -> ServicePoint | None:
            question, values = points_question(generation, point_id=point_id)
            row = connection.execute(question, values).fetchone()
            return None if row is None else to_point(row)

        return self._ask_points(ask)

    def points(self, where: Filter = EVERY_POINT) -> Iterator[ServicePoint]:
        """Yield the points that pass, but for the vanished ones, in the layer's order.

        The points are those of one version of the layer, however long the caller takes.
        """
        self._ask(lambda _: None)
        with self._database.living() as connection, connection.transaction(), connection.cursor("points") as cursor:
            for _ in range(TRIES):
                generation = tables.read_state(connection).generation
                if generation == 0:
                    return
                try:
                    with connection.transaction():
                        connection.execute(*points_question(generation, where=where, limit=0))
                    break
                except _undefined_table():
                    continue
            cursor.itersize = 1000
            cursor.execute(*points_question(generation, where=where))
            for row in cursor:
                point = to_point(row)
                if where.predicate is None or where.predicate(point):
                    yield point

    def count_by_city(self) -> Mapping[str, int]:
        """Return how many points each city has, but for the vanished ones, by the city's full name."""

        def ask(connection: Connection, generation: int) -> dict[str, int]:
            question, values = points_question(generation, count="city")
            return {str(city): int(count) for city, count in connection.execute(question, values).fetchall()}

        return self._ask_points(ask) or {}

    def layer(self) -> Layer:
        """Return a copy of every point, vanished ones too, as columns."""
        question = (
            "SELECT s.version, c.content FROM locator.state s"
            " LEFT JOIN locator.layer_chunk c USING (generation) ORDER BY c.number"
        )
        rows = self._ask(lambda connection: connection.execute(question).fetchall())
        return tables.from_chunks([row[1] for row in rows if row[1] is not None], version=rows[0][0] if rows else "")

    damaged = False
    """A database tells itself what is wrong with it."""

    def parts(self, *, without: Collection[str] = ()) -> Mapping[str, Layer]:
        """Return what each source gave, unmerged, by source name, in the order in which they came."""
        return {name: part for name, part in self._ask(tables.read_parts).items() if name not in without}

    def stamp(self, source: str) -> str | None:
        """Return the stamp of the last :meth:`replace` of a source, or None when it has none."""
        row = self._ask(lambda c: c.execute("SELECT stamp FROM locator.part WHERE source = %s", (source,)).fetchone())
        return None if row is None else str(row[0])

    def _ask[T](self, ask: Callable[[Connection], T]) -> T:
        """Return an answer of the tables, made first where there are none."""
        if not self._ready:
            self._database.read(self._make_ready)
            self._ready = True
        return self._database.read(ask)

    def _make_ready(self, connection: Connection) -> None:
        self._read_only = tables.is_read_only(connection)
        label = self._database.label
        if not self._read_only:
            tables.make_tables(connection, label)
        elif tables.read_format(connection) is None:
            raise DataError(
                f"the database {label} holds no layer and takes no changes", code="layer_missing", path=label
            )
        tables.check_format(connection, label)

    def _ask_points[T](self, ask: Callable[[Connection, int], T]) -> T | None:
        """Return an answer of the table that is served now, None when there is none yet."""

        def once(connection: Connection) -> T | None:
            for _ in range(TRIES):
                generation = tables.read_state(connection).generation
                if generation == 0:
                    return None
                try:
                    return ask(connection, generation)
                except _undefined_table():
                    continue  # an import has put the next one in its place between the two questions
            label = self._database.label
            raise DataError(f"the layer in {label} changes all the time", code="database_busy", database=label)

        return self._ask(once)

    # --- writing

    def replace(
        self, source: str, points: Iterable[ServicePoint] | Layer, *, stamp: str = "", partial: bool = False
    ) -> Summary:
        """Put a source's points in place of those it gave before; see :class:`locator.stores.Store`."""
        new = points if isinstance(points, Layer) else Layer.from_points(points)
        self._ask(lambda _: None)
        with self._database.living() as connection:
            with connection.transaction():
                tables.lock_writers(connection)
                layers = tables.read_parts(connection)
                old = layers.get(source)
                kept = mark_vanished(old, new, partial=partial)
                summary = count_changes(old, new, kept, partial=partial)
                known = connection.execute(
                    "SELECT stamp, joined FROM locator.part WHERE source = %s", (source,)
                ).fetchone()
                if known and old is not None and known[0] == stamp and is_same(kept, old):
                    return self._unchanged(connection, summary, known[1])
                layers[source] = kept
                if not source.startswith(BY_ITSELF):
                    tables.keep_before(connection, source)
                tables.write_part(connection, source, kept, stamp)
                summary = _commit(connection, layers, source, summary)
            tables.drop_old(connection)
        return summary

    def _unchanged(self, connection: Connection, summary: Summary, merged: int) -> Summary:
        state = tables.read_state(connection)
        question, values = points_question(state.generation, count="everything")
        row = connection.execute(question, values).fetchone()
        return change(summary, total=row[0] if row else 0, version=state.version, merged=merged)

    def undo(self) -> str | None:
        """Bring back what the source that changed last gave before; see :class:`locator.stores.Store`."""
        self._ask(lambda _: None)
        with self._database.living() as connection:
            with connection.transaction():
                tables.lock_writers(connection)
                source = tables.restore_before(connection)
                if source is not None:
                    _commit(connection, tables.read_parts(connection), source, Summary())
            tables.drop_old(connection)
        return source

    def remove(self, source: str) -> None:
        """Forget a source and every point that only it gave."""
        self._ask(lambda _: None)
        with self._database.living() as connection:
            with connection.transaction():
                tables.lock_writers(connection)
                if connection.execute("SELECT 1 FROM locator.part WHERE source = %s", (source,)).fetchone():
                    if not source.startswith(BY_ITSELF):
                        tables.keep_before(connection, source)
                    connection.execute("DELETE FROM locator.part WHERE source = %s", (source,))
                    _commit(connection, tables.read_parts(connection), source, Summary())
            tables.drop_old(connection)


def _undefined_table() -> type[Exception]:
    from psycopg.errors import UndefinedTable

    return UndefinedTable


def _commit(connection: Connection, layers: Mapping[str, Layer], source: str, summary: Summary) -> Summary:
    """Write the next generation and serve it from the end of the transaction on."""
    merged = merge_parts(layers)
    version = tables.read_version(connection)
    generation = tables.read_state(connection).generation + 1
    tables.write_generation(connection, generation, merged.layer)
    for name in layers:
        joined = merged.joined.get(name, 0)
        connection.execute("UPDATE locator.part SET joined = %s WHERE source = %s", (joined, name))
    connection.execute("DELETE FROM locator.layer_chunk WHERE generation <> %s", (generation,))
    connection.execute("UPDATE locator.state SET generation = %s, version = %s", (generation, version))
    return sum_up(summary, merged, layers, source, version)
