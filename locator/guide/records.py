"""What the guide is made of: sources, statements, materials, channels, hotlines, laws, regions, task rules.

Each record keeps the region whose file says it and the sources it rests on, so that every line an
answer shows can name where it comes from; :class:`Shaper` turns them into JSON values in one language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from locator.i18n import choose, text
from locator.model import Kind, Person, Phone, Task

NATIONAL_HOTLINE = Phone("12333")
"""The hotline of the human resources and social security authorities, the same in every city."""

CARD = "card"
"""Stands in a list of tasks for every task with ``card: yes`` (those about the plastic card)."""
NATION = "000000"
"""The code of the whole country, the widest region."""
SECTIONS = ("trip", "rule", "materials", "where", "activate", "fees", "times", "differs", "not_found", "tips")
"""The parts of an answer a statement may belong to."""
STEPS = ("rule", "materials", "where", "activate")
"""The four steps, in their order."""
VISITS = ("yes", "partly", "no", "ask")
"""Can it be done without going there?"""
AUTHORITIES = ("hrss", "medical", "both")
CONFIDENCES = ("H", "M", "L")
FORMS = ("original", "copy", "original-and-copy", "photo", "paper", "electronic", "any")
CHANNEL_TYPES = ("app", "website", "mini-program", "wechat", "phone", "counter", "terminal", "post")

Json = dict[str, Any]
Translations = Mapping[str, str]
"""A text by language."""


class Fault(NamedTuple):
    """One thing that is wrong in a guide file; ``code`` is a key ``fault.<code>`` of the texts ``guide``."""

    file: str
    line: int
    code: str
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideSource:
    """Where a statement comes from."""

    id: str
    name: str
    publisher: str
    url: str
    date: str | None
    """The day, month or year of the source; None when it carries none."""
    read: str | None
    """The day somebody of this project read it; there where the source carries no date."""
    confidence: str
    """``H`` official text, ``M`` a copy of one or several pages that agree, ``L`` a single unofficial page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What every piece of the guide has in common."""

    id: str
    region: str
    """Adcode of the region whose file says it; ``000000`` is the nation."""
    tasks: frozenset[Task]
    persons: frozenset[Person]
    sources: tuple[str, ...]
    """The first is the one that is shown beside the line."""
    confidence: str
    """The weakest of its sources', or what the file says."""
    replaces: tuple[str, ...] = ()
    """Ids of wider entries that this one stands in for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Entry):
    """One sentence of a section."""

    section: str
    text: Translations
    visit: str | None = None
    """In the section ``trip`` only: one of ``VISITS``."""
    urgent: bool = False
    """True for the one thing to do before anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Entry):
    """What people ask beside the task, with a short answer or who knows it."""

    text: Translations
    answer: Translations


@dataclass(frozen=True, slots=True, kw_only=True)
class Material(Entry):
    """One thing to bring."""

    name: Translations
    required: bool | None
    """None: may be asked for locally."""
    form: str
    count: int
    note: Translations | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Entry):
    """A way to do it: an application, a site, a counter."""

    type: str
    name: Translations
    url: str | None
    note: Translations | None
    official: bool
    """True for the official site or application of the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotline(Entry):
    """A number to call."""

    number: str
    authority: str
    """``hrss``, ``medical``, ``government``, ``card`` or ``bank``."""
    name: Translations
    note: Translations | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Law(Entry):
    """An article a task rests on."""

    name: Translations
    article: Translations
    summary: Translations
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region with an entry of its own."""

    adcode: str
    name: Translations
    area_code: str | None
    """The telephone area code, ``0755``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRule:
    """Who does a task and what belongs to it."""

    task: Task
    authority: str
    first: frozenset[Kind]
    """Every kind of office the task does not exclude."""
    second: frozenset[Kind]
    """The other authority's counters."""
    card: bool
    """True when the task is about the plastic card."""
    insured_city_only: bool
    """True when a counter of the city where one is insured (or where the card was issued) is needed."""
    related: tuple[Task, ...]


class Shaper:
    """Shapes records in one language, with the sources of one guide."""

    def __init__(self, sources: Mapping[str, GuideSource], lang: str) -> None:
        self._sources = sources
        self._lang = lang

    def line(self, entry: Statement) -> Json:
        """Return a statement."""
        return {"text": self._said(entry.text), **self._basis(entry)}

    def question(self, entry: Question) -> Json:
        """Return a question with its answer."""
        return {"text": self._said(entry.text), "answer": self._said(entry.answer), **self._basis(entry)}

    def material(self, entry: Material) -> Json:
        """Return a thing to bring; ``required`` None means that it may be asked for locally."""
        form = text(f"guide.form.{entry.form}", self._lang)
        if entry.count > 1:
            form = text("guide.form_count", self._lang, form=form, count=entry.count)
        return {
            "name": self._said(entry.name),
            "required": entry.required,
            "form": entry.form,
            "form_name": form,
            "count": entry.count,
            "note": self._words(entry.note),
            **self._basis(entry),
        }

    def channel(self, entry: Channel) -> Json:
        """Return a way to do it."""
        return {
            "type": entry.type,
            "type_name": text(f"guide.channel.{entry.type}", self._lang),
            "name": self._said(entry.name),
            "url": entry.url,
            "note": self._words(entry.note),
            "official": entry.official,
            **self._basis(entry),
        }

    def hotline(self, entry: Hotline, area_code: str | None) -> Json:
        """Return a number to call; ``from_elsewhere`` is the same with the city's area code."""
        short = entry.number.startswith("12") and "-" not in entry.number
        return {
            "number": entry.number,
            "name": self._said(entry.name),
            "for": entry.authority,
            "note": self._words(entry.note),
            "from_elsewhere": f"{area_code}-{entry.number}" if area_code and short else None,
            **self._basis(entry),
        }

    def law(self, entry: Law) -> Json:
        """Return an article."""
        return {
            "name": self._said(entry.name),
            "article": self._said(entry.article),
            "summary": self._said(entry.summary),
            "url": entry.url or self._basis(entry)["source_url"],
            **self._basis(entry),
        }

    def sources_of(self, made: object) -> list[Json]:
        """Return every source that a shaped answer names, each once, in the order of its first use."""
        return [
            {
                "id": s.id,
                "name": s.name,
                "publisher": s.publisher,
                "url": s.url,
                "date": s.date or s.read,
                "undated": s.date is None,
                "confidence": s.confidence,
            }
            for s in (self._sources[key] for key in dict.fromkeys(_source_ids(made)))
        ]

    def _words(self, words: Translations | None) -> str | None:
        return self._said(words) if words else None

    def _said(self, words: Translations) -> str:
        """Return the words in the language asked for, or in the one a reader of it understands best."""
        return choose(words, self._lang) or ""

    def _basis(self, entry: Entry) -> Json:
        first = self._sources[entry.sources[0]]
        return {
            "id": entry.id,
            "region": entry.region,
            "source": first.name,
            "publisher": first.publisher,
            "source_url": first.url,
            "date": first.date or first.read,
            "undated": first.date is None,
            "confidence": entry.confidence,
            "source_ids": list(entry.sources),
        }


def _source_ids(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        yield from value.get("source_ids", ())
        for inner in value.values():
            yield from _source_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _source_ids(inner)
