"""The API's routes: the same parameters and shapes as the command (``interfaces.md``).

What a person typed travels only in a ``POST`` body and is answered with ``Cache-Control: no-store``.
Positions in an address are rounded to three decimals (about 100 m), because addresses end up in logs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, Path, Query, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from locator import __version__
from locator import model as m
from locator.api.limits import ClientLimits, Limits
from locator.api.problems import (
    ErrorMiddleware,
    HeadMiddleware,
    add_problem_handlers,
    document_problems,
    make_problem,
)
from locator.datum import Datum
from locator.geocode.coordinates import parse_lon_lat
from locator.hours.reader import read_hours
from locator.i18n import LANGS
from locator.outputs.html_document import join, tag, write_document
from locator.outputs.shapes import shape_answer, shape_notice, shape_place, shape_point, shape_route, shape_state
from locator.service import Locator
from locator.settings import Settings, now_of, parse_moment

CACHE_S = 300
MAX_TEXT = 500
NO_STORE = {"cache-control": "no-store"}

Lang = Annotated[Literal[LANGS], Query(description="language of the texts")]  # type: ignore[valid-type]
PAIR = r"^-?\d{1,3}(\.\d{1,15})?,-?\d{1,2}(\.\d{1,15})?$"
MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?([+-]\d{2}:\d{2}|Z)?$"
ID = r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,119}$"


class Choices(BaseModel):
    """What narrows and orders an answer."""

    model_config = ConfigDict(extra="forbid")

    task: m.Task | None = None
    person: m.Person = m.Person.ADULT
    kind: list[m.Kind] | None = Field(default=None, max_length=8)
    open_now: bool = False
    open_at: str | None = Field(default=None, pattern=MOMENT)
    region: str | None = Field(default=None, max_length=40)
    wheelchair: bool | None = None
    limit: int = Field(default=5, ge=1, le=100)
    within_m: float | None = Field(default=None, gt=0, le=1e7)
    mode: m.Mode | None = None
    lang: Literal[LANGS] = "zh"  # type: ignore[valid-type]

    def to_query(self, **origin: Any) -> m.Query:
        """Return the query these choices make with an origin."""
        return m.Query(
            task=self.task,
            person=self.person,
            kinds=frozenset(self.kind) if self.kind else None,
            open_now=self.open_now,
            open_at=parse_moment(self.open_at) if self.open_at else None,
            region=self.region,
            wheelchair=self.wheelchair,
            limit=self.limit,
            within_m=self.within_m,
            mode=self.mode,
            lang=self.lang,
            **origin,
        )


class FindBody(Choices):
    """A search by what a person typed."""

    text: str = Field(min_length=1, max_length=MAX_TEXT)
    datum: Datum = Datum.WGS84
    online: bool = Field(default=False, description="also ask the services elsewhere that the operator switched on")


class FindParameters(Choices):
    """A search by a position."""

    at: str = Field(pattern=PAIR, description="LON,LAT; used to three decimals")
    datum: Datum = Datum.WGS84


class PlaceBody(BaseModel):
    """A text to understand, and where its writer is known to be."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=MAX_TEXT)
    limit: int = Field(default=5, ge=1, le=20)
    near: str | None = Field(default=None, pattern=PAIR)
    region: str | None = Field(default=None, max_length=40, description="name or adcode of the chosen region")
    online: bool = Field(default=False, description="also ask the services elsewhere that the operator switched on")
    lang: Literal[LANGS] = "zh"  # type: ignore[valid-type]


def _read_rounded(value: str) -> tuple[float, float]:
    """Return ``LON,LAT`` as two numbers of three decimals, about 100 m."""
    lon, lat = parse_lon_lat(value)
    return round(lon, 3), round(lat, 3)


def build_api(locate: Callable[[], Locator], settings: Settings, *, limits: ClientLimits | None = None) -> FastAPI:
    """Return the API, to be mounted under ``/api``.

    Parameters
    ----------
    locate
        Returns the process's one :class:`~locator.service.Locator`; called at the first request.
    settings
        CORS, rate limit and trusted proxies come from here.
    limits
        What each client has used already, where the page counts too; of the API's own when None.
    """
    api = FastAPI(
        title="locator",
        version=__version__,
        description="Service points for the social security card and medical insurance in China.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # it would name the scheme that the proxy uses, not the caller's
    )
    add_problem_handlers(api)
    api.add_middleware(
        ErrorMiddleware, answer=lambda: make_problem(500)
    )  # the innermost: the next added stands around it
    api.add_middleware(HeadMiddleware)
    api.add_middleware(Limits, limits=limits or ClientLimits(settings))
    if settings.cors:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type", "if-none-match"],
            expose_headers=["etag", "retry-after"],
        )
    _add_typed(api, locate, settings)
    _add_positions(api, locate, settings)
    _add_facts(api, locate)
    _add_rules(api, locate, settings)

    @api.get("/docs", include_in_schema=False)
    def read_docs() -> HTMLResponse:
        return HTMLResponse(_write_docs(api.openapi()))

    return api


def _private(value: object) -> JSONResponse:
    return JSONResponse(value, headers=NO_STORE)


def _cached(request: Request, value: object) -> Response:
    """Return a fact with an ETag, or 304 to a client that has it."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": f"public, max-age={CACHE_S}"}
    had = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in had or "*" in had:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _add_typed(api: FastAPI, locate: Callable[[], Locator], settings: Settings) -> None:
    """Add the operations that take what a person typed."""

    @api.post("/v1/find", responses=document_problems(404, 413, 422, 502, 504), tags=["find"])
    def find(body: Annotated[FindBody, Body()]) -> JSONResponse:
        """Return the nearest points to a typed address."""
        query = body.to_query(text=body.text, datum=body.datum, online=body.online)
        now = now_of(settings)
        return _private(shape_answer(locate().find(query, now), query.open_at or now))

    @api.post("/v1/geocode", responses=document_problems(404, 413, 422, 502, 504), tags=["places"])
    def geocode(body: Annotated[PlaceBody, Body()]) -> JSONResponse:
        """Return the places a text may mean, best first."""
        near = parse_lon_lat(body.near) if body.near else None
        locate().regions_of(body.region)
        located = locate().engines.geocoder.locate(
            body.text, lang=body.lang, near=near, region=body.region, online=body.online
        )
        places = ([located.place] if located.place else []) + list(located.candidates)
        notices = [shape_notice(notice, body.lang) for notice in located.notices]
        return _private({"places": [shape_place(place) for place in places[: body.limit]], "notices": notices})

    @api.post("/v1/suggest", responses=document_problems(404, 413, 422), tags=["places"])
    def suggest(body: Annotated[PlaceBody, Body()]) -> JSONResponse:
        """Return suggestions for what is being typed; asks no service."""
        near = parse_lon_lat(body.near) if body.near else None
        locate().regions_of(body.region)
        found = locate().suggest(body.text, near=near, region=body.region, limit=body.limit)
        return _private({"suggestions": [{"text": s.text, "place": shape_place(s.place)} for s in found]})


def _add_positions(api: FastAPI, locate: Callable[[], Locator], settings: Settings) -> None:
    """Add the operations that take a position in the address."""

    @api.get("/v1/find", responses=document_problems(404, 422), tags=["find"])
    def find_at(parameters: Annotated[FindParameters, Query()]) -> JSONResponse:
        """Return the nearest points to a position, rounded to about 100 m."""
        query = parameters.to_query(at=_read_rounded(parameters.at), datum=parameters.datum)
        now = now_of(settings)
        return _private(shape_answer(locate().find(query, now), query.open_at or now))

    @api.get("/v1/route", responses=document_problems(404, 422, 502, 504), tags=["ways"])
    def route(
        start: Annotated[str, Query(alias="from", pattern=PAIR, description="LON,LAT; used to three decimals")],
        to: Annotated[str, Query(max_length=120, description="a point's id, or LON,LAT")],
        mode: m.Mode = m.Mode.WALK,
        lang: Lang = "zh",
    ) -> JSONResponse:
        """Return the way to a point; without road data the straight line, as an estimate."""
        target = _read_rounded(to) if "," in to else to
        return _private(shape_route(locate().route(_read_rounded(start), target, mode, lang)))


def _add_facts(api: FastAPI, locate: Callable[[], Locator]) -> None:
    """Add the operations that answer with the layer's facts, which a client may keep."""

    @api.get("/v1/points", responses=document_problems(404, 422), tags=["points"])
    def points(
        request: Request,
        *,
        region: Annotated[str | None, Query(max_length=40)] = None,
        kind: Annotated[list[m.Kind] | None, Query(max_length=8)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        lang: Lang = "zh",
    ) -> Response:
        """Return the layer's points, page by page."""
        found = locate().points(region=region, kinds=frozenset(kind) if kind else None)
        page = [shape_point(point, lang) for point in islice(found, offset, offset + limit)]
        return _cached(request, {"points": page, "offset": offset, "limit": limit})

    @api.get("/v1/points/{id}", responses=document_problems(404, 422), tags=["points"])
    def point(request: Request, id: Annotated[str, Path(pattern=ID)], lang: Lang = "zh") -> Response:  # noqa: A002 - its name in the address
        """Return one point."""
        return _cached(request, shape_point(locate().point(id), lang))


def _add_rules(api: FastAPI, locate: Callable[[], Locator], settings: Settings) -> None:
    """Add the operations that read opening hours and the guide."""

    @api.get("/v1/hours", responses=document_problems(422), tags=["hours"])
    def hours(
        request: Request,
        expr: Annotated[str, Query(min_length=1, max_length=MAX_TEXT)],
        at: Annotated[str | None, Query(pattern=MOMENT)] = None,
        lang: Lang = "zh",
    ) -> Response:
        """Return open, closed or unknown at a moment, by China's working calendar."""
        moment = parse_moment(at) if at else now_of(settings)
        read, note = read_hours(expr)
        state = locate().engines.clock.evaluate(read, moment)
        value = {**shape_state(state, moment, lang), "expression": read, "note": note}
        return _cached(request, value) if at else _private(value)

    @api.get("/v1/guide", responses=document_problems(404, 422), tags=["guide"])
    def guide(
        request: Request,
        task: m.Task,
        person: m.Person = m.Person.ADULT,
        region: Annotated[str | None, Query(max_length=40, description="name or adcode of the insured city")] = None,
        lang: Lang = "zh",
    ) -> Response:
        """Return steps, materials, channels and law."""
        return _cached(request, locate().guide(task, person, locate().one_region(region, lang), lang))


_DOCS_STYLE = (
    "body{font:16px sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "td,th{text-align:left;padding:.4rem;border-bottom:1px solid #ccc;vertical-align:top}"
)


def _write_docs(schema: dict[str, Any]) -> str:
    """Return the operations as one plain page: no script, nothing from elsewhere."""
    rows = [tag("tr", [tag("th", name) for name in ("Operation", "Answer", "Parameters")])]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            names = ", ".join(parameter["name"] for parameter in operation.get("parameters", []))
            cells = (f"{method.upper()} /api{path}", operation.get("description", ""), names)
            rows.append(tag("tr", [tag("td", cell) for cell in cells]))
    machine = tag("p", "Machine-readable: ", tag("a", "openapi.json", href="openapi.json"))
    body = join(tag("h1", "locator API"), machine, tag("table", rows))
    return write_document(body, title="locator API", lang="en", style=_DOCS_STYLE)
