"""The questions that are put to a PostGIS layer: filters as SQL, values never in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from locator.adcode import stem
from locator.layer import COLUMNS
from locator.model import Filter
from locator.stores.tables import table_of

if TYPE_CHECKING:
    from psycopg import sql
import math

from locator.datum import distance_m
from locator.layer import from_row
from locator.model import Found, ServicePoint

type Question = tuple[sql.Composed, dict[str, Any]]

FIELDS = tuple(COLUMNS)
"""The columns of a row that a question returns, in order."""
_LAST = "\U0010ffff"
"""Comes after every text with the same beginning, in the byte order of the columns."""


def nearest_question(
    generation: int, lon: float, lat: float, where: Filter, limit: int
) -> tuple[bytes, dict[str, Any]]:
    """Return the question for the nearest points by sphere: rows of ``(sphere_m, *FIELDS)``, nearest first.

    Points in a region are found first and sorted then: walking outward from far away would pass every
    other point of the country.
    """
    values = {"lon": (lon + 180) % 360 - 180, "lat": lat, **_region_values(where)}
    plain = replace(where, regions=None, predicate=None)
    regions = None if where.regions is None else len(where.regions)
    return _nearest_text(generation, plain, regions, limit), values


@lru_cache(maxsize=1000)
def _nearest_text(generation: int, where: Filter, regions: int | None, limit: int) -> bytes:
    """Return the text of the question, made once: composing it takes longer than many an answer."""
    from psycopg import sql

    form = (
        "WITH inside AS MATERIALIZED (SELECT * FROM {table} WHERE {conditions})"
        " SELECT {way}, {fields} FROM inside ORDER BY {way} LIMIT {limit}"
        if regions is not None
        else "SELECT {way}, {fields} FROM {table} WHERE {conditions} ORDER BY {way} LIMIT {limit}"
    )
    # the limit is in the text: a plan for any limit would be one for a tenth of the table
    question = sql.SQL(form).format(
        table=table_of(generation),
        conditions=sql.SQL(" AND ").join([sql.SQL("geog IS NOT NULL"), *_conditions(where, regions)]),
        fields=_fields(),
        way=sql.SQL("geog <-> ST_MakePoint(%(lon)s::float8, %(lat)s::float8)::geography"),
        limit=sql.Literal(limit),
    )
    return question.as_bytes(None)


def points_question(
    generation: int,
    *,
    where: Filter | None = None,
    point_id: str | None = None,
    count: str | None = None,
    limit: int | None = None,
) -> Question:
    """Return the question for points in the layer's order, for one by id, or for how many there are.

    Parameters
    ----------
    where
        Which points; its predicate is left to the caller. Vanished points are left out.
    point_id
        The one point of this id, vanished or not.
    count
        ``everything``, or a column: rows of ``(value, count)`` instead.
    """
    from psycopg import sql

    table, values = table_of(generation), dict[str, Any]()
    if point_id is not None:
        return sql.SQL("SELECT {} FROM {} WHERE id = %(id)s").format(_fields(), table), {"id": point_id}
    listed = sql.SQL("status <> 'vanished'")
    if count == "everything":
        return sql.SQL("SELECT count(*) FROM {} WHERE {}").format(table, listed), values
    if count is not None:
        grouped = sql.SQL("SELECT {0}, count(*) FROM {1} WHERE {2} AND {0} IS NOT NULL GROUP BY 1")
        return grouped.format(sql.Identifier(count), table, listed), values
    where = where or Filter()
    values |= _region_values(where)
    regions = None if where.regions is None else len(where.regions)
    conditions = sql.SQL(" AND ").join([listed, *_conditions(where, regions)])
    form = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY row").format(_fields(), table, conditions)
    return form + sql.SQL(" LIMIT {}").format(sql.Literal(limit)), values


def _fields() -> sql.Composed:
    from psycopg import sql

    return sql.SQL(", ").join(sql.Identifier(name) for name in FIELDS)


def _region_values(where: Filter) -> dict[str, Any]:
    """Return the bounds of the adcodes inside each region of a filter."""
    values: dict[str, Any] = {}
    for number, region in enumerate(where.regions or ()):
        prefix = stem(region).replace("\0", " ")
        values |= {f"from{number}": prefix, f"to{number}": prefix + _LAST}
    return values


def _conditions(where: Filter, regions: int | None) -> Iterator[sql.Composed | sql.SQL]:
    """Yield a filter's conditions; they mean what ``Columns.parts`` means.

    Words of ours stand in the text, so that the plan knows how rare each is; what people typed never does.
    """
    from psycopg import sql

    if where.kinds is not None:
        yield sql.SQL("kind = ANY({}::text[])").format(sql.Literal(sorted(map(str, where.kinds))))
    if regions is not None:
        tests = [f"(adcode >= %(from{number})s AND adcode < %(to{number})s)" for number in range(regions)]
        yield sql.SQL("(" + (" OR ".join(tests) or "false") + ")")
    if where.positions is not None:
        yield sql.SQL("position = ANY({}::text[])").format(sql.Literal(sorted(map(str, where.positions))))
    if where.task is not None:
        yield sql.SQL("NOT {} = ANY(string_to_array(coalesce(not_tasks, ''), ' '))").format(
            sql.Literal(str(where.task))
        )
    if where.wheelchair is not None:
        yield sql.SQL("wheelchair" if where.wheelchair else "NOT wheelchair")
    if where.hours_known is not None:
        yield sql.SQL("hours IS NOT NULL" if where.hours_known else "hours IS NULL")


LEAST_RATIO = 6_335_439.0 / 6_371_009.0 - 1e-6
"""A geodesic is at least this share of PostGIS's distance on the sphere."""
EPSILON_M = 1e-6
DIGITS = 7
"""As in :mod:`locator.search.ellipsoid`: equal distances are equal however they were computed."""
_ID, _LON, _LAT = (FIELDS.index(name) for name in ("id", "lon", "lat"))


class Candidates:
    """Gathers candidates in the order of the sphere until the nearest by geodesic are certain."""

    def __init__(self, lon: float, lat: float, limit: int, reach: float, where: Filter) -> None:
        self._lon, self._lat, self._limit, self._reach, self._where = lon, lat, limit, reach, where
        self._hits: list[tuple[float, str, tuple[Any, ...]]] = []
        self._seen: set[str] = set()

    def take(self, rows: list[tuple[Any, ...]]) -> bool:
        """Take rows of ``(sphere_m, fields …)``, nearest first; True when no further ones are needed."""
        fresh = [row for row in rows if row[1 + _ID] not in self._seen]
        if fresh:
            there = [row[1 + _LON] for row in fresh], [row[1 + _LAT] for row in fresh]
            metres = distance_m(self._lon, self._lat, *there)
            for row, metre in zip(fresh, metres, strict=True):
                self._seen.add(row[1 + _ID])
                if self._where.predicate is None or self._where.predicate(to_point(row[1:])):
                    self._hits.append((round(float(metre), DIGITS), row[1 + _ID], row))
        self._hits.sort(key=lambda hit: hit[:2])
        last = self._hits[self._limit - 1][0] if len(self._hits) >= self._limit else math.inf
        return bool(rows) and float(rows[-1][0]) * LEAST_RATIO > min(last, self._reach) + EPSILON_M

    def answer(self) -> list[Found]:
        """Return the nearest of what was taken."""
        nearest = self._hits[: self._limit]
        return [Found(to_point(row[1:]), metres) for metres, _, row in nearest if metres <= self._reach]


def to_point(row: tuple[Any, ...]) -> ServicePoint:
    """Return the point of a row with the columns of :data:`FIELDS`."""
    return from_row(dict(zip(FIELDS, row, strict=True)))
