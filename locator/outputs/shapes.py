"""Answers as plain JSON values, the same for the command and the API (``interfaces.md``), and in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from locator.gazetteer.text import simplify, spell
from locator.guide.records import NATIONAL_HOTLINE
from locator.i18n import choose, language, text
from locator.model import (
    EXACT,
    Answer,
    DesignatedPlace,
    Fallback,
    Hit,
    HoursState,
    Notice,
    Phone,
    Place,
    RegionWithOffices,
    ServicePoint,
)
from locator.outputs.html_document import lang_of
from locator.routing.route import Route
from locator.wording import say_distance, say_length


def region_of(point: ServicePoint) -> str | None:
    """Return a point's region in one piece, as 山东省济南市槐荫区."""
    parts = [point.province, point.city if point.city != point.province else None, point.district, point.township]
    return "".join(part for part in parts if part) or None


def say_notice(notice: Notice, lang: str) -> str:
    """Return a notice as a sentence."""
    params = dict(notice.params)
    if "precision" in params:
        params["precision"] = text(f"names.precision.{params['precision']}", lang)
    return text(f"notices.{notice.code}", lang, **params)


GROUPS = ("yours", "near", "about", "area", "elsewhere", "unplaced", "unknown")
"""The headings that a tier's hits stand under, in order."""


def group_of(hit: Hit, *, open_only: bool = False) -> str:
    """Return the heading of a hit: ``yours`` (it states that it serves the place), ``near``, ``about`` …

    Parameters
    ----------
    open_only
        The closed were left out: those whose hours are not known then stand under a heading of their own.
    """
    if open_only and hit.status.state == "unknown":
        return "unknown"
    if hit.serves_you:
        return "yours"
    if hit.distance_m is None:
        return "area" if hit.area == "own" else "elsewhere" if hit.area else "unplaced"
    return "near" if hit.point.position in EXACT else "about"


_OWN_DESK = re.compile("社保卡|社会保险|社保|医保|医疗|咨询|总机|办公室|热线|大厅|服务台|预约|挂失|电话")
_HOTLINE = re.compile(r"(?<!\d)(?:0\d{2,3}-?)?1[0-9]{4}(?!\d)")
_OTHER_DESK = re.compile("补贴|仲裁|争议|劳动关系|监察|就业|人才|失业|工伤|养老|贷款|投诉")


def split_phones(phones: Iterable[Phone]) -> tuple[list[Phone], list[Phone]]:
    """Return an office's numbers for card and insurance, those without a label first, and its other desks' numbers.

    A number whose label names another desk (arbitration, labour relations) is called after the hotline.
    """
    own: list[Phone] = []
    others: list[Phone] = []
    for phone in phones:
        label = phone.label or ""
        ours = not label or (_OWN_DESK.search(label) and not _OTHER_DESK.search(label))
        (own if ours else others).append(phone)
    return sorted(own, key=lambda phone: bool(phone.label)), others


def order_phones(phones: Iterable[Phone], hotline: Phone) -> list[Phone]:
    """Return whom to call for an office: its own numbers, the hotline where those do not suffice, other desks last.

    Parameters
    ----------
    hotline
        Asked where the office has no number of its own, and before another desk of it.
    """
    own, others = split_phones(phones)
    return [*own, *([] if own and not others else [hotline]), *others]


def hotline_of(answer: Answer) -> Phone:
    """Return the hotline of an answer's matter, with the city's area code where it is known."""
    lines = [
        (line["from_elsewhere"] or line["number"], line["name"]) for line in (answer.guide or {}).get("hotlines", ())
    ]
    known = [*lines, *((line.number, line.label) for line in (answer.fallback.hotlines if answer.fallback else ()))]
    return Phone(*known[0]) if known else NATIONAL_HOTLINE


def guide_hotline(guide: Mapping[str, Any] | None) -> str:
    """Return the number to call where an office has none of its own: the guide's first hotline, or the nation's."""
    lines = (guide or {}).get("hotlines") or []
    return str(lines[0]["number"]) if lines else NATIONAL_HOTLINE.number


def find_hotline(sentence: str) -> str | None:
    """Return the hotline that a sentence names (12333, 0531-12333), or None."""
    found = _HOTLINE.search(sentence)
    return found[0] if found else None


def say_hit_distance(hit: Hit, lang: str) -> str | None:
    """Return a hit's distance in words, no more finely than it is known; None where it is not known."""
    if hit.distance_m is None:
        return None
    return say_distance(hit.distance_m, lang, approximate=hit.approximate, error_m=hit.error_m)


def shape_notice(notice: Notice, lang: str) -> dict[str, Any]:
    """Return a notice as JSON values."""
    return {"code": notice.code, "text": say_notice(notice, lang)}


def label_beside(place: Place, lang: str) -> str | None:
    """Return the name of a place in the reader's language where its label is in another, or None."""
    shown = choose({"zh": place.label, "en": place.label_en}, lang)
    return shown if shown != place.label else None


def say_label(place: Place, lang: str) -> str:
    """Return the label of a place, and behind it the name in the reader's language where the label is in another."""
    return " ".join(part for part in (place.label, label_beside(place, lang)) if part)


def shape_place(place: Place) -> dict[str, Any]:
    """Return a place as JSON values."""
    return {
        "label": place.label,
        "label_en": place.label_en,
        "lon": place.lon,
        "lat": place.lat,
        "precision": str(place.precision),
        "error_m": place.error_m,
        "source": place.source,
        "adcode": place.adcode,
        "township": place.township,
        "note": place.note,
        "also": list(place.also),
        "district_probable": place.district_probable,
    }


def shape_state(state: HoursState, at: datetime, lang: str) -> dict[str, Any]:
    """Return open, closed or unknown as JSON values."""
    from locator.hours.telling import describe, say_usual

    return {
        "state": state.state,
        "reason": state.reason,
        "until": state.until.isoformat() if state.until else None,
        "reopens": state.reopens.isoformat() if state.reopens else None,
        "text": describe(state, at, lang),
        "rule": state.rule,
        "notes": list(state.notes),
        "hint": say_usual(state, lang),
    }


def shape_point(point: ServicePoint, lang: str = "zh") -> dict[str, Any]:
    """Return a point as JSON values; ``phone`` is its own desk's, other desks' numbers are the last of ``phones``."""
    source, (own, others) = point.provenance, split_phones(point.phones)
    return {
        "id": point.id,
        "name": point.name,
        "name_en": point.name_en,
        "kind": str(point.kind),
        "address": point.address,
        "region": region_of(point),
        "adcode": point.adcode,
        "phone": own[0].number if own else None,
        "phones": [{"number": number, "label": label} for number, label in (*own, *others)],
        "lon": point.lon,
        "lat": point.lat,
        "position": str(point.position) if point.position else None,
        "error_m": point.error_m,
        "hours": point.hours,
        "hours_text": point.hours_text,
        "hours_date": point.hours_date,
        "services": point.services,
        "tasks": None if point.tasks is None else sorted(point.tasks),
        "not_tasks": sorted(point.not_tasks),
        "wheelchair": point.wheelchair,
        "website": point.website,
        "status": point.status,
        "notes": choose({"zh": point.notes, "en": point.notes_en}, lang),
        "provenance": {
            "source": source.source,
            "url": source.url,
            "date": source.date,
            "verified": source.verified,
            "confidence": source.confidence,
            "licence": "; ".join(point.licences) or None,
        },
    }


def shape_hit(hit: Hit, at: datetime, lang: str) -> dict[str, Any]:
    """Return a hit as JSON values; ``status`` is about opening hours, ``listing`` about the row."""
    point = shape_point(hit.point, lang)
    listing = point.pop("status")
    return {
        "rank": hit.rank,
        **point,
        "listing": listing,
        "distance_m": None if hit.distance_m is None else round(hit.distance_m, 3),
        "approximate": hit.approximate,
        "distance_error_m": hit.error_m,
        "duration_s": hit.duration_s,
        "tier": hit.tier,
        "status": shape_state(hit.status, at, lang),
        "can_do": hit.can_do,
        "serves_you": hit.serves_you,
        "serves_why": hit.serves_why,
        "same_building": list(hit.same_building),
        "may_not_handle": hit.may_not_handle,
    }


def shape_answer(answer: Answer, at: datetime) -> dict[str, Any]:
    """Return an answer as JSON values; ``at`` is the moment open and closed were told at."""
    lang = answer.query.lang
    return {
        "place": shape_place(answer.place) if answer.place else None,
        "candidates": [shape_place(place) for place in answer.candidates],
        "hits": [shape_hit(hit, at, lang) for hit in answer.hits],
        "guide": answer.guide,
        "notices": [shape_notice(notice, lang) for notice in answer.notices],
        "may_ask": list(answer.may_ask),
        "may_ask_live": answer.may_ask_live,
        "fallback": shape_fallback(answer.fallback) if answer.fallback else None,
    }


def shape_fallback(fallback: Fallback) -> dict[str, Any]:
    """Return what helps where no office is near as JSON values."""
    return {
        "designated": [
            {"name": item.name, "what": item.what, "basis": {"name": b.source, "url": b.url, "date": b.date}}
            for item in fallback.designated
            for b in (item.basis,)
        ],
        "searches": [{**item._asdict(), "datum": str(item.datum)} for item in fallback.searches],
        "hotlines": [item._asdict() for item in fallback.hotlines],
        "online": [item._asdict() for item in fallback.online],
        "elsewhere": [
            {**item._asdict(), "nearest": item.nearest._asdict() if item.nearest else None}
            for item in fallback.elsewhere
        ],
    }


class AdviceLine(NamedTuple):
    """One line of a fallback in words, and where it leads: a web address, a telephone number, or nowhere."""

    text: str
    href: str | None = None
    remark: str | None = None
    """What stands under it: what is generally so there, and on what that rests."""


def say_fallback(fallback: Fallback, lang: str, *, exact: bool) -> list[tuple[str, list[AdviceLine]]]:
    """Return what helps where no office is near as titled lists of lines, those that are empty left out.

    Parameters
    ----------
    exact
        Whether the map searches are around the person's own position (then the apps learn it).
    """
    designated = [AdviceLine(item.name, None, f"{item.what} {_say_basis(item, lang)}") for item in fallback.designated]
    words = list(dict.fromkeys(search.keyword for search in fallback.searches))
    searches = [
        AdviceLine(text("fallback.search_row", lang, app=text(f"routing.app.{s.app}", lang), keyword=s.keyword), s.url)
        for s in fallback.searches
        if s.keyword == words[0]
    ]
    if len(words) > 1:
        others = language(lang).join(language(lang).quote(word) for word in words[1:])
        searches.append(AdviceLine(text("fallback.other_words", lang, words=others)))
    if searches:
        searches.append(AdviceLine(text("fallback.learns" if exact else "fallback.learns_area", lang)))
    hotlines = [AdviceLine(f"{line.number} {line.label}", f"tel:{line.number}") for line in fallback.hotlines]
    parts = [
        ("designated", designated),
        ("searches", searches),
        ("hotlines", hotlines),
        ("online", [AdviceLine(service.name, service.url) for service in fallback.online]),
        ("elsewhere", [AdviceLine(_say_region(region, lang)) for region in fallback.elsewhere]),
    ]
    return [(text(f"fallback.{name}", lang), lines) for name, lines in parts if lines]


def _say_basis(item: DesignatedPlace, lang: str) -> str:
    code = "fallback.basis" if item.basis.date else "fallback.basis_undated"
    return language(lang).in_brackets(text(code, lang, name=item.basis.source, date=item.basis.date))


def _say_region(region: RegionWithOffices, lang: str) -> str:
    nearest = region.nearest
    if nearest is None:
        return f"{region.region} {region.points}"
    values = {"region": region.region, "points": region.points, "name": nearest.name}
    if nearest.distance_m is None:
        return text("fallback.elsewhere_some", lang, **values)
    return text("fallback.elsewhere_row", lang, distance=say_length(nearest.distance_m, lang), **values)


def shape_route(route: Route) -> dict[str, Any]:
    """Return a route as JSON values, its line as GeoJSON."""
    return {
        "engine": route.engine,
        "mode": str(route.mode),
        "distance_m": route.distance_m,
        "duration_s": route.duration_s,
        "geometry": {"type": "LineString", "coordinates": [list(pair) for pair in route.line]},
        "steps": [
            {"text": s.text, "distance_m": s.distance_m, "duration_s": s.duration_s, "lon": s.lon, "lat": s.lat}
            for s in route.steps
        ],
        "gap_start_m": route.gap_start_m,
        "gap_end_m": route.gap_end_m,
    }


def shape_route_feature(route: Route) -> Mapping[str, Any]:
    """Return a route as a GeoJSON feature."""
    shape = shape_route(route)
    return {"type": "Feature", "geometry": shape.pop("geometry"), "properties": shape}


class NameBeside(NamedTuple):
    """What stands beside a Chinese name for those who do not read it."""

    said: str
    lang: str
    """Its HTML language."""


def name_beside(point: ServicePoint, lang: str) -> NameBeside | None:
    """Return the name a source prints in English, else how the Chinese one is read; None for readers of Chinese."""
    if lang == "zh":
        return None
    if point.name_en or lang_of(point.name) == "en":
        return NameBeside(point.name_en, "en") if point.name_en not in (None, point.name) else None
    return NameBeside(say_pinyin(point.name), "zh-Latn")


_NAME_WORDS = re.compile(
    "人力|资源|社会|保障|保险|公共|政务|行政|服务|分中心|中心|医疗|医保|人社|社保|劳动|就业|街道|社区|便民|市民|居民|事务|业务|事业|市场|"
    "综合|管理|经办|受理|办理|办事|网点|大厅|客厅|窗口|人民|政府|党群|审批|信息|[农工建中商]行|银行|支行|分行|营业|分局|新区|园区|"
    "开发区|工业区|高新区|卫生|健康|委员会|办公|代办|之家|和|与|局|厅|处|所|站|点|部|室|(?<=[^省市区县旗镇乡].)[省市区旗镇乡]|(?<=.)县"
)
"""Words of which names of offices are made; the last are what a division is, behind its own name (市中区 has one)."""


@lru_cache(maxsize=4096)
def say_pinyin(name: str) -> str:
    """Return a Chinese name in pinyin without tones, one capitalised word for each word of the name."""
    said: list[str] = []
    for run in re.findall("[\u3400-\u9fff]+|[^\u3400-\u9fff]+", name):
        if not "\u3400" <= run[0] <= "\u9fff":
            said.append(run.translate(_BRACKETS).strip())
            continue
        syllables = spell(simplify(run))
        if len(syllables) != len(run):  # a character without a known reading
            return name
        ends = {0, len(run), *(end for found in _NAME_WORDS.finditer(run) for end in found.span())}
        cuts = sorted(ends)
        # The names of a district and its town may stand together: 徐汇湖南, 静安静安寺.
        cuts += [start + 2 for start, end in pairwise(cuts) if end - start > 3]
        said += ["".join(syllables[start:end]).capitalize() for start, end in pairwise(sorted(cuts))]
    return " ".join(filter(None, said)).replace("( ", "(").replace(" )", ")")


_BRACKETS = str.maketrans("（）、，", "(),,")
