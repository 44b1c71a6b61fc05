"""The questions that are put to a PostGIS layer: filters as SQL, values never in the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from locator.layer import COLUMNS
from locator.model import Filter
from locator.search.columns import region_prefix
from locator.stores.tables import table_of

if TYPE_CHECKING:
    from psycopg import sql

    type Question = tuple[sql.Composed, dict[str, Any]]

FIELDS = tuple(COLUMNS)
"""The columns of a row that a question returns, in order."""
_LAST = "\U0010ffff"
"""Comes after every text with the same beginning, in the byte order of the columns."""


def nearest_question(generation: int, lon: float, lat: float, where: Filter, limit: int) -> Question:
    """Return the question for the nearest points by sphere: rows of ``(sphere_m, *FIELDS)``, nearest first.

    Points in a region are found first and sorted then: walking outward from far away would pass every
    other point of the country.
    """
    from psycopg import sql

    values: dict[str, Any] = {"lon": (lon + 180) % 360 - 180, "lat": lat}
    conditions = sql.SQL(" AND ").join([sql.SQL("geog IS NOT NULL"), *_conditions(where, values)])
    form = (
        "WITH inside AS MATERIALIZED (SELECT * FROM {table} WHERE {conditions})"
        " SELECT {way}, {fields} FROM inside ORDER BY {way} LIMIT {limit}"
        if where.regions is not None
        else "SELECT {way}, {fields} FROM {table} WHERE {conditions} ORDER BY {way} LIMIT {limit}"
    )
    # the limit is in the text: a plan for any limit would be one for a tenth of the table
    return sql.SQL(form).format(
        table=table_of(generation),
        conditions=conditions,
        fields=_fields(),
        way=sql.SQL("geog <-> ST_MakePoint(%(lon)s::float8, %(lat)s::float8)::geography"),
        limit=sql.Literal(limit),
    ), values


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
    conditions = sql.SQL(" AND ").join([listed, *_conditions(where or Filter(), values)])
    form = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY row").format(_fields(), table, conditions)
    return form + sql.SQL(" LIMIT {}").format(sql.Literal(limit)), values


def _fields() -> sql.Composed:
    from psycopg import sql

    return sql.SQL(", ").join(sql.Identifier(name) for name in FIELDS)


def _conditions(where: Filter, values: dict[str, Any]) -> Iterator[sql.SQL]:
    """Yield a filter's conditions, and put their values beside them; they mean what ``Columns.parts`` means."""
    from psycopg import sql

    if where.kinds is not None:
        values["kinds"] = sorted(map(str, where.kinds))
        yield sql.SQL("kind = ANY(%(kinds)s::text[])")
    if where.regions is not None:
        tests = []
        for number, prefix in enumerate(region_prefix(region).replace("\0", " ") for region in where.regions):
            values |= {f"from{number}": prefix, f"to{number}": prefix + _LAST}
            tests.append(f"(adcode >= %(from{number})s AND adcode < %(to{number})s)")
        yield sql.SQL("(" + (" OR ".join(tests) or "false") + ")")
    if where.positions is not None:
        values["positions"] = sorted(map(str, where.positions))
        yield sql.SQL("position = ANY(%(positions)s::text[])")
    if where.task is not None:
        values["task"] = str(where.task)
        yield sql.SQL("NOT %(task)s::text = ANY(string_to_array(coalesce(not_tasks, ''), ' '))")
    if where.wheelchair is not None:
        yield sql.SQL("wheelchair" if where.wheelchair else "NOT wheelchair")
    if where.hours_known is not None:
        yield sql.SQL("hours IS NOT NULL" if where.hours_known else "hours IS NULL")
