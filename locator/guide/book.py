"""The guide itself: what to bring, where, and by which rule, for a task, a person and a region."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from locator.errors import DataError, InvalidInput
from locator.guide._load import Shelf, read_folder
from locator.guide.records import (
    NATION,
    SECTIONS,
    STEPS,
    Channel,
    Entry,
    Fault,
    Hotline,
    Law,
    Material,
    Region,
    Statement,
    TaskRule,
    Words,
)
from locator.i18n import text
from locator.model import Kind, Person, Task

_FIRST_LINE: Mapping[str, tuple[str, ...]] = {
    "hrss": ("card", "hrss", "government", "medical", "bank"),
    "medical": ("medical", "government", "hrss", "card", "bank"),
    "both": ("hrss", "medical", "card", "government", "bank"),
}


def load_guide(folder: Path) -> Guide:
    """Return the guide of a folder of YAML files (``docs/GUIDE.md`` describes them).

    Raises
    ------
    DataError
        A file is wrong; the message names the first fault with its file and line.
    """
    shelf = read_folder(folder)
    if shelf.faults:
        first = shelf.faults[0]
        raise DataError(
            describe_fault(first, "en"), code="guide", fault=describe_fault(first, "zh"), count=len(shelf.faults)
        )
    return Guide(shelf)


def check_guide(folder: Path) -> list[Fault]:
    """Return every fault of a folder of guide files, in the order of the files and their lines."""
    return sorted(read_folder(folder).faults, key=lambda fault: (fault.file, fault.line))


def describe_fault(fault: Fault, lang: str) -> str:
    """Return ``file:line: one sentence`` for a fault."""
    return f"{fault.file}:{fault.line}: " + text(f"guide.fault.{fault.code}", lang, **fault.params)


class Guide:
    """Answers from one folder of guide files; nothing in it changes after loading."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    @cached_property
    def regions(self) -> Mapping[str, Region]:
        """The regions with an entry of their own, by adcode (the nation is no region)."""
        return {code: region for code, region in sorted(self._shelf.regions.items()) if code != NATION}

    def rule(self, task: Task | str) -> TaskRule:
        """Return who does a task."""
        return self._shelf.rules[_choice(Task, task, "task")]

    def kinds_for(self, task: Task | str) -> tuple[frozenset[Kind], frozenset[Kind]]:
        """Return the kinds of office that a task does not exclude, and the other authority's counters."""
        rule = self.rule(task)
        return rule.first, rule.second

    def insured_city_only(self, task: Task | str) -> bool:
        """Return whether a counter must be of the city where one is insured or the card was issued."""
        return self.rule(task).insured_city_only

    def hotlines(self, adcode: str | None, task: Task | str | None, lang: str) -> list[dict[str, Any]]:
        """Return whom to call, the most fitting first: local numbers before national ones.

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
        found = cast("list[Hotline]", self._pick("hotlines", adcode, chosen, None))
        found = [line for line in found if line.confidence != "L"]
        local = {line.authority for line in found if line.region != NATION}
        area = next((r.area_code for c in self._chain(adcode) if (r := self.regions.get(c)) and r.area_code), None)
        found.sort(key=lambda line: (order.index(line.authority), line.region == NATION))
        return [
            {
                "number": line.number,
                "name": line.name[lang],
                "for": line.authority,
                "note": _words(line.note, lang),
                "from_elsewhere": f"{area}-{line.number}" if area and line.region == NATION else None,
                **self._basis(line),
            }
            for line in found
            if line.region != NATION or line.authority not in local
        ]

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
        chosen, who = _choice(Task, task, "task"), _choice(Person, person, "person")
        if lang not in ("zh", "en"):
            raise _unknown("lang", lang, ("zh", "en"))
        chain = self._chain(adcode)
        said = cast("list[Statement]", self._pick("statements", adcode, chosen, who))
        lines = {
            section: [self._line(s, lang) for s in said if s.section == section and _shown(s)] for section in SECTIONS
        }
        materials = cast("list[Material]", self._pick("materials", adcode, chosen, who))
        channels = cast("list[Channel]", self._pick("channels", adcode, chosen, who))
        laws = cast("list[Law]", self._pick("laws", adcode, chosen, who))
        rule, visits = self.rule(chosen), [s.visit for s in said if s.visit and _shown(s)]
        local = [self.regions[code] for code in chain if code in self.regions]
        made = {
            "task": chosen.value,
            "task_name": text(f"names.task.{chosen}", lang),
            "person": who.value,
            "person_name": text(f"names.person.{who}", lang),
            "lang": lang,
            "region": chain[0] if len(chain) > 1 else None,
            "region_name": local[0].name[lang] if local else None,
            "regions": [{"adcode": region.adcode, "name": region.name[lang]} for region in local],
            "local": bool(local),
            "trip": {"without_visit": visits[0] if visits else "ask", "lines": lines["trip"]},
            "steps": [{"id": step, "title": text(f"guide.step.{step}", lang), "lines": lines[step]} for step in STEPS],
            "materials": [self._material(m, lang) for m in materials],
            "kinds": {
                "first": sorted(rule.first, key=list(Kind).index),
                "second": sorted(rule.second, key=list(Kind).index),
            },
            "insured_city_only": rule.insured_city_only,
            "channels": [self._channel(c, lang) for c in channels if _shown(c)],
            "hotlines": self.hotlines(adcode, chosen, lang),
            **{section: lines[section] for section in ("fees", "times", "differs", "not_found", "tips")},
            "law": [self._law(law, lang) for law in laws],
            "related": [{"task": t.value, "name": text(f"names.task.{t}", lang)} for t in rule.related],
        }
        made["sources"] = self._sources(made)
        return made

    def _chain(self, adcode: str | None) -> tuple[str, ...]:
        """Return the codes from the finest region to the nation."""
        if adcode is None or not adcode[:6].isdecimal() or len(adcode) < 6 or adcode[:6] == NATION:
            return (NATION,)
        code = adcode[:6]
        return tuple(dict.fromkeys((code, code[:4] + "00", code[:2] + "0000", NATION)))

    def _pick(self, name: str, adcode: str | None, task: Task | None, person: Person | None) -> list[Entry]:
        """Return the entries that hold here, the finest region's first, less those that are replaced."""
        chain = self._chain(adcode)
        found = [
            entry
            for entry in self._shelf.entries[name]
            if entry.region in chain
            and (task is None or task in entry.tasks)
            and (person is None or person in entry.persons)
        ]
        gone = {key for entry in found for key in entry.replaces}
        return sorted((e for e in found if e.id not in gone), key=lambda e: chain.index(e.region))

    def _basis(self, entry: Entry) -> dict[str, Any]:
        sources = [self._shelf.sources[key] for key in entry.sources]
        best = min(sources, key=lambda source: "HML".index(source.confidence))
        return {
            "id": entry.id,
            "region": entry.region,
            "source": best.name,
            "source_url": best.url,
            "date": best.date,
            "confidence": entry.confidence,
            "source_ids": list(entry.sources),
        }

    def _line(self, entry: Statement, lang: str) -> dict[str, Any]:
        return {"text": entry.text[lang], **self._basis(entry)}

    def _material(self, entry: Material, lang: str) -> dict[str, Any]:
        return {
            "name": entry.name[lang],
            "required": entry.required,
            "form": entry.form,
            "form_name": _form(entry, lang),
            "count": entry.count,
            "note": _words(entry.note, lang),
            **self._basis(entry),
        }

    def _channel(self, entry: Channel, lang: str) -> dict[str, Any]:
        return {
            "type": entry.type,
            "type_name": text(f"guide.channel.{entry.type}", lang),
            "name": entry.name[lang],
            "url": entry.url,
            "note": _words(entry.note, lang),
            "official": entry.official,
            **self._basis(entry),
        }

    def _law(self, entry: Law, lang: str) -> dict[str, Any]:
        return {
            "name": entry.name[lang],
            "article": entry.article[lang],
            "summary": entry.summary[lang],
            "url": entry.url,
            **self._basis(entry),
        }

    def _sources(self, made: Mapping[str, Any]) -> list[dict[str, Any]]:
        used = dict.fromkeys(_source_ids(made))
        return [
            {"id": s.id, "name": s.name, "url": s.url, "date": s.date, "confidence": s.confidence}
            for s in (self._shelf.sources[key] for key in used)
        ]


def _shown(entry: Entry) -> bool:
    return entry.confidence != "L" or getattr(entry, "section", None) == "differs"


def _words(words: Words | None, lang: str) -> str | None:
    return words[lang] if words else None


def _form(entry: Material, lang: str) -> str:
    form = text(f"guide.form.{entry.form}", lang)
    return form if entry.count == 1 else text("guide.form_count", lang, form=form, count=entry.count)


def _source_ids(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        with contextlib.suppress(KeyError):
            yield from value["source_ids"]
        for inner in value.values():
            yield from _source_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _source_ids(inner)


def _choice[T: (Task, Person)](kind: type[T], value: str, what: str) -> T:
    try:
        return kind(value)
    except ValueError:
        raise _unknown(what, value, tuple(kind)) from None


def _unknown(what: str, value: str, allowed: tuple[str, ...]) -> InvalidInput:
    words = ", ".join(allowed)
    return InvalidInput(
        f"{what} is {value[:40]!r}; expected one of {words}",
        code="guide_choice",
        what=what,
        value=value[:40],
        allowed=words,
    )
