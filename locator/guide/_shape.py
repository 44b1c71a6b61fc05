"""Turn the guide's records into JSON values in one language, each with what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from locator.guide.records import (
    Channel,
    Entry,
    GuideSource,
    Hotline,
    Law,
    Material,
    Question,
    Statement,
    Translations,
)
from locator.i18n import choose, text

Json = dict[str, Any]


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
