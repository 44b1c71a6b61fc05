"""What the guide is made of: sources, statements, materials, channels, hotlines, laws, regions, task rules.

Each record keeps the region whose file says it and the sources it rests on, so that every line an
answer shows can name where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from locator.model import Kind, Person, Task

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
