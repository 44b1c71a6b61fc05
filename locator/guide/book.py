"""The guide itself: what to bring, where, and by which rule, for a task, a person and a region."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from locator.adcode import ancestors, holds_cities, is_adcode, prefecture_of
from locator.errors import DataError, InvalidInput
from locator.guide._load import Shelf, read_folder
from locator.guide.records import (
    NATION,
    SECTIONS,
    STEPS,
    Entry,
    Fault,
    GuideSource,
    Material,
    Region,
    Shaper,
    Statement,
    TaskRule,
)
from locator.i18n import LANGS, choose, text
from locator.model import Kind, Person, Task

_FIRST_LINE: Mapping[str, tuple[str, ...]] = {
    "hrss": ("card", "hrss", "government", "medical", "bank"),
    "medical": ("medical", "government", "hrss", "card", "bank"),
    "both": ("hrss", "medical", "card", "government", "bank"),
}
"""Whom to call first, by the authority of the task."""

AREA_CODES = "area_codes.csv"
"""The table of telephone area codes beside the guide's files (``data/guide/build_area_codes.py`` makes it)."""


def load_guide(folder: Path, *, kept: Path | None = None) -> Guide:
    """Return the guide of a folder of YAML files (``docs/GUIDE.md`` describes them).

    Parameters
    ----------
    kept
        A file to keep what was read and checked in, and to take it from while nothing changes; None keeps nothing.

    Raises
    ------
    DataError
        A file is wrong; the message names the first fault with its file and line.
    """
    shelf = read_folder(folder, kept=kept)
    if shelf.faults:
        first = shelf.faults[0]
        raise DataError(
            describe_fault(first, "en"), code="guide", fault=describe_fault(first, "zh"), count=len(shelf.faults)
        )
    return Guide(shelf, area_codes=_read_area_codes(folder / AREA_CODES))


def _read_area_codes(path: Path) -> dict[str, str]:
    """Return the telephone area codes of cities by adcode; none where the folder has no such table."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["adcode"]: row["code"] for row in csv.DictReader(file)}


def check_guide(folder: Path) -> list[Fault]:
    """Return every fault of a folder of guide files, in the order of the files and their lines."""
    return sorted(read_folder(folder).faults, key=lambda fault: (fault.file, fault.line))


def describe_fault(fault: Fault, lang: str) -> str:
    """Return ``file:line: one sentence`` for a fault."""
    return f"{fault.file}:{fault.line}: " + text(f"guide.fault.{fault.code}", lang, **fault.params)


class Guide:
    """Answers from one folder of guide files; nothing in it changes after loading."""

    def __init__(self, shelf: Shelf, *, area_codes: Mapping[str, str] | None = None) -> None:
        self._shelf = shelf
        self._area_codes = area_codes or {}

    @cached_property
    def regions(self) -> Mapping[str, Region]:
        """The regions with an entry of their own, by adcode (the nation is no region)."""
        return {code: region for code, region in sorted(self._shelf.regions.items()) if code != NATION}

    def rule(self, task: Task | str) -> TaskRule:
        """Return who does a task."""
        return self._shelf.rules[_choice(Task, task, "task")]

    def hotlines(self, adcode: str | None, task: Task | str | None, lang: str) -> list[dict[str, Any]]:
        """Return whom to call, the most fitting first; a local number stands for the national one.

        ``from_elsewhere`` is the number with the city's area code, for a call from another place.

        Parameters
        ----------
        adcode
            Six digits (nine of a township do too), or None for the national numbers.
        task
            What for; None keeps the order of a card task.
        lang
            ``zh`` or ``en``.
        """
        chosen = None if task is None else _choice(Task, task, "task")
        order = _FIRST_LINE[self.rule(chosen).authority if chosen else "hrss"]
        found = [line for line in self._pick("hotlines", adcode, chosen, None) if _shown(line)]
        local = {line.authority for line in found if line.region != NATION}
        found = [line for line in found if line.region != NATION or line.authority not in local]
        found.sort(key=lambda line: order.index(line.authority))
        area = self.area_code(adcode)
        shaper = Shaper(self._shelf.sources, _language(lang))
        return [shaper.hotline(line, area) for line in found]

    def area_code(self, adcode: str | None) -> str | None:
        """Return the telephone area code of the city that holds an adcode, with its 0; None where it is not known."""
        chain = _chain(adcode)  # a province's area code is its capital's: no other city's
        near = [code for code in chain if code == chain[0] or not holds_cities(code)]
        own = next((r.area_code for c in near if (r := self.regions.get(c)) and r.area_code), None)
        return own or (self._area_codes.get(prefecture_of(adcode)) if adcode else None)

    def source(self, source_id: str) -> GuideSource:
        """Return a source that the guide's files name; KeyError where they do not."""
        return self._shelf.sources[source_id]

    def answer(self, task: Task | str, person: Person | str, adcode: str | None, lang: str) -> dict[str, Any]:
        """Return everything the guide knows for a task, a person and a region (JSON values only).

        Parameters
        ----------
        task, person
            Identifiers, see ``locator.model``.
        adcode
            Six digits (nine of a township do too), or None: then only what holds nationally.
        lang
            ``zh`` or ``en``.

        Returns
        -------
        dict
            The shape ``guide`` of ``docs/GUIDE.md``: each line carries its id, source, date and
            confidence. Statements with confidence L are left out except where the guide tells that
            sources differ; a material with confidence L has ``required`` None ("may be asked").

        Raises
        ------
        InvalidInput
            No such task, person or language.
        """
        chosen, who, lang = _choice(Task, task, "task"), _choice(Person, person, "person"), _language(lang)
        shaper, chain, rule = Shaper(self._shelf.sources, lang), _chain(adcode), self.rule(chosen)
        said = _with_one_visit([s for s in self._pick("statements", adcode, chosen, who) if _shown(s)])
        urgent = next((s for s in said if s.urgent), None)
        steps, rest = _short_steps([s for s in said if s is not urgent])
        lines = {section: [shaper.line(s) for s in said if s.section == section] for section in SECTIONS}
        lines |= {step: [shaper.line(s) for s in kept] for step, kept in steps.items()}
        lines["trip"] = [shaper.line(s) for s in said if s.section == "trip" and s is not urgent]
        lines["tips"] = [shaper.line(s) for s in rest] + lines["tips"]
        channels = [c for c in self._pick("channels", adcode, chosen, who) if _shown(c)]
        made = {
            "task": chosen.value,
            "task_name": text(f"names.task.{chosen}", lang),
            "person": who.value,
            "person_name": text(f"names.person.{who}", lang),
            "lang": lang,
            **self._place(chain, lang),
            "first": shaper.line(urgent) if urgent else None,
            "trip": {"without_visit": _visit(said), "lines": lines["trip"]},
            "steps": [{"id": step, "title": text(f"guide.step.{step}", lang), "lines": lines[step]} for step in STEPS],
            "materials": [shaper.material(m) for m in self._bring(adcode, chosen, who)],
            "kinds": {"first": _in_order(rule.first), "second": _in_order(rule.second)},
            "insured_city_only": rule.insured_city_only,
            "channels": [shaper.channel(c) for c in channels],
            "hotlines": self.hotlines(adcode, chosen, lang),
            **{section: lines[section] for section in ("fees", "times", "differs", "not_found", "tips")},
            "law": [shaper.law(law) for law in self._pick("laws", adcode, chosen, who) if _shown(law)],
            "questions": [shaper.question(q) for q in self._pick("questions", adcode, chosen, who) if _shown(q)],
            "related": [{"task": t.value, "name": text(f"names.task.{t}", lang)} for t in rule.related],
        }
        return {**made, "sources": shaper.sources_of(made)}

    def _place(self, chain: tuple[str, ...], lang: str) -> dict[str, Any]:
        local = [self.regions[code] for code in chain if code in self.regions]
        told = any(entry.region in chain[:-1] for name in ("statements", "materials") for entry in self._entries(name))
        return {
            "region": chain[0] if chain[0] != NATION else None,
            "region_name": choose(local[0].name, lang) if local else None,
            "regions": [{"adcode": region.adcode, "name": choose(region.name, lang)} for region in local],
            "local": told,
        }

    def _entries(self, name: str) -> list[Entry]:
        return self._shelf.entries[name]

    def _pick(self, name: str, adcode: str | None, task: Task | None, person: Person | None) -> list[Any]:
        """Return the entries that hold here, the finest region's first, less those that are replaced."""
        chain = _chain(adcode)
        found: list[Entry] = [
            entry
            for entry in self._shelf.entries[name]
            if entry.region in chain
            and (task is None or task in entry.tasks)
            and (person is None or person in entry.persons)
        ]
        gone = {key for entry in found for key in entry.replaces}
        return sorted((entry for entry in found if entry.id not in gone), key=lambda e: chain.index(e.region))

    def _bring(self, adcode: str | None, task: Task, person: Person) -> list[Material]:
        """Return the materials: what is required first, each at the place of what it stands in for."""
        places = {entry.id: n for n, entry in enumerate(self._shelf.entries["materials"])}

        def rank(item: Material) -> tuple[int, int]:
            need = 0 if item.required else 1 if item.required is None else 2
            return need, min((places[key] for key in item.replaces), default=places[item.id])

        return sorted(self._pick("materials", adcode, task, person), key=rank)


def _chain(adcode: str | None) -> tuple[str, ...]:
    """Return the codes from the finest region to the nation; anything that is no code is the nation."""
    code = (adcode or "")[:6]
    return (code, *ancestors(code), NATION) if is_adcode(code) else (NATION,)


def _shown(entry: Entry) -> bool:
    return entry.confidence != "L" or (isinstance(entry, Statement) and entry.section == "differs")


def _with_one_visit(said: list[Statement]) -> list[Statement]:
    """Of the statements on saving the trip keep the finest region's, and put it first."""
    finest = next((s.region for s in said if s.visit), NATION)
    kept = [s for s in said if not s.visit or s.region == finest]
    return sorted(kept, key=lambda s: s.section == "trip" and s.visit is None)


MAX_STEPS = 8
"""Lines that the four steps of an answer hold together; what is over stands below them."""


def _short_steps(said: list[Statement]) -> tuple[dict[str, list[Statement]], list[Statement]]:
    """Return the four steps with at most :data:`MAX_STEPS` lines, and the lines that are over.

    A finer region's lines come first; what one region says of most tasks comes after what it says of a few. Over is
    what is said most generally: of the widest region the line about the most tasks and persons, of equals the last.
    Every step keeps one line.
    """
    own_first = sorted(said, key=lambda s: (-len(_chain(s.region)), len(s.tasks) > len(Task) / 2))
    order = [s for step in STEPS for s in own_first if s.section == step]
    general = sorted(range(len(order)), key=lambda n: (_generality(order[n]), n), reverse=True)
    over = set[int]()
    for n in general:
        kept = [m for m, s in enumerate(order) if m not in over and s.section == order[n].section]
        if len(order) - len(over) > MAX_STEPS and len(kept) > 1:
            over.add(n)
    shown = [s for n, s in enumerate(order) if n not in over]
    return {step: [s for s in shown if s.section == step] for step in STEPS}, [order[n] for n in sorted(over)]


def _generality(entry: Entry) -> tuple[int, int]:
    """Return how generally an entry speaks: how wide its region is, and for how many tasks and persons."""
    return -len(_chain(entry.region)), len(entry.tasks) * len(entry.persons)


def _visit(said: list[Statement]) -> str:
    return next((s.visit for s in said if s.visit), "ask")


def _in_order(kinds: frozenset[Kind]) -> list[str]:
    return [kind.value for kind in Kind if kind in kinds]


def _choice[T: (Task, Person)](kind: type[T], value: str, what: str) -> T:
    try:
        return kind(value)
    except ValueError:
        raise _unknown(what, value, tuple(kind)) from None


def _language(lang: str) -> str:
    if lang not in LANGS:
        raise _unknown("lang", lang, LANGS)
    return lang


def _unknown(what: str, value: str, allowed: tuple[str, ...]) -> InvalidInput:
    shown, words = str(value)[:40], ", ".join(allowed)
    return InvalidInput(
        f"{what} is {shown!r}; expected one of {words}", code="guide_choice", what=what, value=shown, allowed=words
    )
