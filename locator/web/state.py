"""What the page remembers: choices in the address bar, the question and the answer in the session.

The address bar holds plain text that is checked word by word when it comes back (filters, the chosen point, the
language, a place as coarse as its adcode), never what was typed nor an exact position. Everything in it is
enough to build the answer again after a reload or on another replica.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlencode

from locator.adcode import ADCODE_PATTERN, prefecture_of
from locator.i18n import LANGS
from locator.model import Kind, Person, Task
from locator.routing.links import LinkMode

PAGES = ("find", "guide", "centers", "about")
"""The views in the order of the header; the first is the page itself."""
LIMITS = (5, 10, 20)
"""How many points a person may ask for."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,119}")
_ADCODE = re.compile(ADCODE_PATTERN)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """The choices that the address bar carries."""

    task: Task = Task.APPLY
    person: Person = Person.ADULT
    kind: Kind | None = None
    open_now: bool = False
    limit: int = LIMITS[0]
    mode: LinkMode = LinkMode.WALK
    """How the person travels. Buses are known to the navigation apps only."""
    area: str | None = None
    """A six-digit adcode: where the last answer was about, as coarse as a county."""
    region: str | None = None
    """A six-digit adcode: the region that the list of centers and the guide are about."""
    hours: bool = False
    """On the list of centers: only those whose hours are known."""
    chosen: str | None = None
    """A point's id."""
    lang: str = "zh"
    large: bool = False

    def with_choice(self, **changes: object) -> PageState:
        """Return the state with some choices changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def _read[E: StrEnum](choices: type[E], word: str | None, default: E | None) -> E | None:
    return choices(word) if word is not None and word in choices.__members__.values() else default


def _match(pattern: re.Pattern[str], word: str | None) -> str | None:
    return word if word and pattern.fullmatch(word) else None


def parse_state(params: Mapping[str, str], *, default_lang: str = "zh") -> PageState:
    """Return the state an address asks for; unknown values are ignored."""
    limit = params.get("limit", "")
    lang = params.get("lang", default_lang)
    return PageState(
        task=_read(Task, params.get("task"), Task.APPLY) or Task.APPLY,
        person=_read(Person, params.get("person"), Person.ADULT) or Person.ADULT,
        kind=_read(Kind, params.get("kind"), None),
        open_now=params.get("open") == "1",
        limit=int(limit) if limit in map(str, LIMITS) else LIMITS[0],
        mode=_read(LinkMode, params.get("mode"), LinkMode.WALK) or LinkMode.WALK,
        area=_match(_ADCODE, params.get("area")),
        region=_match(_ADCODE, params.get("region")),
        hours=params.get("hours") == "1",
        chosen=_match(_ID, params.get("id")),
        lang=lang if lang in LANGS else default_lang,
        large=params.get("large") == "1",
    )


def to_params(state: PageState, *, default_lang: str = "zh") -> dict[str, str]:
    """Return what the address bar carries for a state: only what differs from the default."""
    plain = PageState(lang=default_lang)
    pairs = {
        "task": (state.task, plain.task),
        "person": (state.person, plain.person),
        "kind": (state.kind, None),
        "open": ("1" if state.open_now else None, None),
        "limit": (str(state.limit), str(plain.limit)),
        "mode": (state.mode, plain.mode),
        "area": (state.area, None),
        "region": (state.region, None),
        "hours": ("1" if state.hours else None, None),
        "id": (state.chosen, None),
        "lang": (state.lang, plain.lang),
        "large": ("1" if state.large else None, None),
    }
    return {name: str(value) for name, (value, default) in pairs.items() if value is not None and value != default}


def address_of(page: str, state: PageState, *, default_lang: str = "zh") -> str:
    """Return a view's address, relative to any view."""
    query = urlencode(to_params(state, default_lang=default_lang))
    return ("./" if page == PAGES[0] else f"./{page}") + (f"?{query}" if query else "")


def city_of(adcode: str | None) -> str | None:
    """Return the adcode of the city that an adcode lies in."""
    return prefecture_of(adcode) if adcode else None
