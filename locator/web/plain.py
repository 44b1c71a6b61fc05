"""The page without JavaScript: a form that posts, and the same answer as plain HTML.

What was typed travels in the body of a ``POST`` and is answered with ``no-store``; nothing of it comes back
in an address.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from locator.errors import LocatorError
from locator.i18n import LANGS, explain_outside, text
from locator.model import EXACT, Answer, Person, Phone, Query, Task
from locator.outputs.html_document import Markup, join, tag, write_document
from locator.outputs.shapes import (
    hotline_of,
    name_beside,
    order_phones,
    say_fallback,
    say_hit_distance,
    say_label,
    say_notice,
)
from locator.routing.links import links as links_into_apps
from locator.web.session import MAX_TEXT, say_text_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from locator.model import Hit
    from locator.service import Locator

MAX_BODY_BYTES = 16_384
_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.05rem/1.6 sans-serif;max-width:44rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}"
    "select,input,button{font:inherit;min-height:44px;max-width:100%;box-sizing:border-box;padding:.4rem .8rem}"
    "[name=text]{width:100%}h1{font-size:1.3rem}h2{font-size:1.1rem;margin:.5rem 0 0}"
    "ol,ul{padding-left:1.6rem}li{margin-bottom:1rem}p{margin:.3rem 0}a{display:inline-block;padding:.45rem .3rem}"
)


async def read_form(request: Request, *, limit: int = MAX_BODY_BYTES) -> dict[str, list[str]] | None:
    """Return the fields of a posted form, each with its values in order; None when it has more than ``limit`` bytes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > limit:
            return None
    return parse_qs(body.decode("utf-8", "replace"))


def plain_routes(locate: Callable[[], Locator], clock: Callable[[], datetime], lang: str) -> list[BaseRoute]:
    """Return the routes of the page without JavaScript.

    Parameters
    ----------
    locate
        Returns the process's one Locator.
    clock
        Returns now (aware).
    lang
        The language when none is asked for.
    """

    async def show(request: Request) -> Response:
        asked = request.query_params.get("lang", lang)
        return _page(asked if asked in LANGS else lang, {}, None)

    async def answer(request: Request) -> Response:
        posted = await read_form(request)
        if posted is None:
            return Response(status_code=413)
        fields = {key: values[0] for key, values in posted.items()}
        chosen = fields["lang"] if fields.get("lang") in LANGS else lang
        result = await run_in_threadpool(_find, locate, clock(), fields, chosen)
        return _page(chosen, fields, result)

    return [Route("/plain", show, methods=["GET"]), Route("/plain", answer, methods=["POST"])]


def _find(locate: Callable[[], Locator], now: datetime, fields: Mapping[str, str], lang: str) -> Markup:
    """Return the answer to a posted form, or the one sentence that stands in its place."""
    typed = " ".join((fields.get("again") or fields.get("text", "")).split())
    fault = say_text_fault(typed, lang)
    if fault:
        return tag("p", fault, role="alert")
    task, person = fields.get("task", ""), fields.get("person", "")
    query = Query(
        text=typed,
        task=Task(task) if task in Task else None,
        person=Person(person) if person in Person else Person.ADULT,
        lang=lang,
    )
    try:
        found = locate().find(query, now)
    except LocatorError as error:
        return tag("p", explain_outside(error, lang), role="alert")
    return _write_answer(found, now, lang)


def _write_answer(answer: Answer, now: datetime, lang: str) -> Markup:
    from locator.hours.telling import say_usual

    notices = [tag("p", say_notice(notice, lang), role="status") for notice in answer.notices]
    if answer.place is None:
        labels = [
            tag("li", tag("button", say_label(place, lang), type="submit", form="ask", name="again", value=place.label))
            for place in answer.candidates
        ]
        return join(*notices, tag("ul", *labels) if labels else None)
    precision = text(f"names.precision.{answer.place.precision}", lang)
    understood = text(
        "cli.understood", lang, place=text("cli.place", lang, label=say_label(answer.place, lang), precision=precision)
    )
    usual = dict.fromkeys(said for hit in answer.hits if (said := say_usual(hit.status, lang)))
    rows = [_write_hit(hit, now, lang, hotline_of(answer), alone=len(usual) > 1) for hit in answer.hits]
    urgent = (answer.guide or {}).get("first")
    return join(
        tag("p", tag("strong", str(urgent["text"])), role="note") if urgent else None,
        tag("p", understood),
        *notices,
        tag("p", *usual) if len(usual) == 1 else None,
        tag("ol", *rows),
        _write_fallback(answer, lang),
        _write_materials(answer, lang),
    )


def _write_fallback(answer: Answer, lang: str) -> Markup | None:
    """Return what helps where no office is near."""
    if answer.fallback is None or answer.place is None:
        return None
    heading = text("fallback.heading_beside" if answer.hits else "fallback.heading", lang)
    parts = [tag("h2", heading)]
    for title, advice in say_fallback(answer.fallback, lang, exact=answer.place.precision in EXACT):
        rows = [
            tag(
                "li",
                tag("a", line.text, href=line.href) if line.href else line.text,
                tag("p", tag("small", line.remark)) if line.remark else None,
            )
            for line in advice
        ]
        parts += [tag("h3", title), tag("ul", *rows)]
    return tag("section", *parts)


def _write_hit(hit: Hit, now: datetime, lang: str, hotline: Phone, *, alone: bool) -> Markup:
    """Return one office; what is usual where its hours are not known stands with it only if it is ``alone`` in that."""
    from locator.hours.telling import describe, say_usual

    point = hit.point
    known = order_phones(point.phones, hotline)[:3]
    phones = [join(tag("a", p.number, href=f"tel:{p.number}"), f" {p.label or ''} ") for p in known]
    where = say_hit_distance(hit, lang) or ((point.district or point.city or "") if hit.area else "")
    date = point.provenance.date or text("cli.date_unknown", lang)
    links = links_into_apps(None, point.pin, point.name, lang=lang) if point.pin else []
    ways = [join(tag("a", text(f"routing.app.{link.app}", lang), href=link.url), " ") for link in links]
    return tag(
        "li",
        tag("h2", point.name, lang="zh-CN"),
        tag("p", beside.said, lang=beside.lang) if (beside := name_beside(point, lang)) else None,
        tag("p", text(f"names.kind.{point.kind}", lang), " · ", where),
        tag("p", point.address, lang="zh-CN") if point.address else None,
        tag("p", *phones),
        tag("p", text("fallback.may_not_handle", lang)) if hit.may_not_handle else None,
        tag("p", describe(hit.status, now, lang)),
        tag("p", usual) if alone and (usual := say_usual(hit.status, lang)) else None,
        tag("p", text("cli.data_of", lang, date=date, source=point.provenance.source)),
        tag("p", *ways) if ways else None,
        value=hit.rank,
    )


def _write_materials(answer: Answer, lang: str) -> Markup | None:
    materials = (answer.guide or {}).get("materials") or []
    rows = [
        tag("li", str(item["name"]), tag("small", f" {item['note']}") if item.get("note") else None)
        for item in materials
    ]
    return tag("section", tag("h2", text("page.bring", lang)), tag("ul", *rows)) if rows else None


def _options(names: type[Task] | type[Person], lang: str, chosen: str | None) -> list[Markup]:
    what = names.__name__.lower()
    return [
        tag("option", text(f"names.{what}.{value}", lang), value=str(value), selected=chosen == str(value))
        for value in names
    ]


def _field(name: str, control: Markup, lang: str) -> Markup:
    return tag("p", tag("label", text(f"plain.{name}", lang), " ", control))


_OPENING_STYLE = (
    "#opening{position:fixed;z-index:50;inset:0;overflow:auto;background:#f6f8fa;color:#16202b;"
    "font:1rem/1.55 'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Noto Sans SC',sans-serif}"
    "#opening>div{max-width:56rem;margin:0 auto;padding:8px 24px;box-sizing:border-box}"
    "#opening h1{font-size:1.1rem;margin:0 0 12px;padding:0 0 10px;border-bottom:1px solid #c9d2dc}"
    "#opening label{display:block;font-weight:700;font-size:1.1rem;margin:12px 0 6px}"
    "#opening :is(input,select,button){font:inherit;box-sizing:border-box;width:100%;min-height:50px;padding:8px 14px;"
    "border:1px solid #7c8894;border-radius:8px;background:#fff;color:inherit}"
    "#opening input{border:2px solid #0b5cad}"
    "#opening button{background:#0b5cad;color:#fff;font-weight:700;margin-top:14px}"
    "#opening p{margin:12px 0;color:#4f5b68}#opening a{color:#0b5cad}"
    "@media(prefers-color-scheme:dark){#opening{background:#10161d;color:#e6ecf2}"
    "#opening :is(input,select){background:#18212b}"
    "#opening button{background:#8ec3f7;color:#0b1a29}#opening p{color:#a9b6c3}#opening a{color:#8ec3f7}}"
)


@cache
def render_opening(lang: str, *, with_form: bool) -> Markup:
    """Return what stands in the first HTML until the page's own script is there.

    On the page itself that is a form that works: it posts to the page without JavaScript, and ``static/first.js``
    and ``static/page.js`` hand what was typed over to the page.
    """
    style = tag("style", Markup(_OPENING_STYLE))
    waiting = tag("p", text("page.opening", lang), role="status")
    plain = tag("p", tag("a", text("page.slow", lang), href=f"./plain?lang={lang}"))
    heading = tag("h1", text("page.brand", lang))
    if not with_form:
        return tag("div", style, tag("div", heading, waiting, plain), id="opening")
    box = tag("input", id="first-text", name="text", required=True, maxlength=MAX_TEXT, autocomplete="off",
              enterkeyhint="search", placeholder=text("page.ask.placeholder", lang))  # fmt: skip
    form = tag(
        "form",
        tag("label", text("page.ask.task", lang), for_="first-task"),
        tag("select", *_options(Task, lang, Task.APPLY), id="first-task", name="task"),
        tag("label", text("page.ask.text", lang), for_="first-text"),
        box,
        tag("label", text("page.ask.person", lang), for_="first-person"),
        tag("select", *_options(Person, lang, Person.ADULT), id="first-person", name="person"),
        tag("input", type="hidden", name="lang", value=lang),
        tag("button", text("page.ask.submit", lang), type="submit"),
        method="post",
        action="./plain",
        id="first-form",
    )
    return tag("div", style, tag("div", heading, form, tag("p", text("page.welcome.privacy", lang))), id="opening")


def _page(lang: str, fields: Mapping[str, str], result: Markup | None) -> HTMLResponse:
    """Return the form with what was chosen, and the answer under it."""
    typed = tag(
        "input",
        name="text",
        value=fields.get("again") or fields.get("text", ""),
        required=True,
        maxlength=MAX_TEXT,
        autocomplete="off",
    )
    form = tag(
        "form",
        _field("task", tag("select", *_options(Task, lang, fields.get("task")), name="task"), lang),
        _field("person", tag("select", *_options(Person, lang, fields.get("person")), name="person"), lang),
        _field("address", typed, lang),
        tag("input", type="hidden", name="lang", value=lang),
        tag("p", tag("button", text("plain.find", lang), type="submit")),
        method="post",
        action="./plain",
        id="ask",
    )
    body = tag("main", tag("h1", text("page.title", lang)), form, result)
    document = write_document(body, title=text("page.title", lang), lang=lang, style=_STYLE)
    return HTMLResponse(document, headers={"cache-control": "no-store"})
