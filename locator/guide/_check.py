"""What a file of the guide may hold, checked field by field; every fault has its file and line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from locator.adcode import ADCODE_PATTERN
from locator.guide.records import (
    AUTHORITIES,
    CARD,
    CHANNEL_TYPES,
    CONFIDENCES,
    FORMS,
    SECTIONS,
    VISITS,
    Fault,
)
from locator.i18n import SOURCE_LANGS
from locator.model import Kind, Person, Task

Where = tuple[str | int, ...]
"""A path into a document: keys and list positions."""
Test = Callable[["Document", Any, Where], None]


class Field(NamedTuple):
    """One key of a mapping."""

    test: Test
    required: bool = False


class Document:
    """A file while it is checked: its values, its lines, and the faults found so far."""

    def __init__(self, shown: str, lines: Mapping[Where, int]) -> None:
        self.shown = shown
        self.lines = lines
        self.faults: list[Fault] = []

    def line(self, where: Where) -> int:
        """Return the line of a path, or of the nearest thing around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def fault(self, code: str, where: Where, **params: object) -> None:
        """Note a fault at a path."""
        shown = {k: v[:80] if isinstance(v, str) and k != "first" else v for k, v in params.items()}
        self.faults.append(Fault(self.shown, self.line(where), code, shown))


def mapping(fields: Mapping[str, Field]) -> Test:
    """Return a test for a mapping with exactly these keys."""

    def test(doc: Document, value: Any, where: Where) -> None:
        if not isinstance(value, dict):
            doc.fault("not_mapping", where, name=_name(where))
            return
        for key, inner in value.items():
            if key in fields:
                fields[key].test(doc, inner, (*where, key))
            else:
                doc.fault("unknown_key", (*where, key), key=key, allowed=", ".join(fields))
        for key, field in fields.items():
            if field.required and value.get(key) is None:
                doc.fault("missing_key", where, key=key, name=_name(where))

    return test


def table(key_test: Test, test_value: Test) -> Test:
    """Return a test for a mapping with free keys."""

    def test(doc: Document, value: Any, where: Where) -> None:
        if not isinstance(value, dict):
            doc.fault("not_mapping", where, name=_name(where))
            return
        for key, inner in value.items():
            key_test(doc, key, (*where, key))
            test_value(doc, inner, (*where, key))

    return test


def items(test_item: Test, *, single: bool = False) -> Test:
    """Return a test for a list; with ``single``, one item may stand without its list."""

    def test(doc: Document, value: Any, where: Where) -> None:
        if isinstance(value, list):
            for i, inner in enumerate(value):
                test_item(doc, inner, (*where, i))
        elif single:
            test_item(doc, value, where)
        else:
            doc.fault("not_list", where, name=_name(where))

    return test


def one_of(*allowed: str) -> Test:
    """Return a test for a word of a fixed list."""

    def test(doc: Document, value: Any, where: Where) -> None:
        if value not in allowed:
            doc.fault("not_one_of", where, name=_name(where), value=str(value), allowed=", ".join(allowed))

    return test


def pattern(expression: str, code: str) -> Test:
    """Return a test for a text of a fixed form; ``code`` names the fault."""
    compiled = re.compile(expression)

    def test(doc: Document, value: Any, where: Where) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            doc.fault(code, where, name=_name(where), value=str(value))

    return test


def sentence(doc: Document, value: Any, where: Where) -> None:
    """Test a text that people read: not empty, not over 600 characters, nothing invisible in it."""
    if not isinstance(value, str) or not value.strip():
        doc.fault("empty_text", where, name=_name(where))
    elif len(value) > 600:
        doc.fault("long_text", where, name=_name(where), length=len(value))
    elif any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") and c != "\n" for c in value):
        doc.fault("invisible_character", where, name=_name(where))


def _name(where: Where) -> str:
    words = [str(part + 1) if isinstance(part, int) else part for part in where]
    return " › ".join(words) or "file"


IDENTIFIER = pattern(r"[a-z0-9][a-z0-9-]{1,60}", "bad_id")
URL = pattern(r"https?://[^\s\"'<>`\\]{3,400}", "bad_url")
DATE = pattern(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?|unknown", "bad_date")
ADCODE = pattern(f"nation|{ADCODE_PATTERN}", "bad_adcode")
DAY = pattern(r"(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "bad_date")
PHONE = pattern(r"(0\d{2,3}-)?\d{5,12}", "bad_phone")
WORDS = mapping({lang: Field(sentence, required=True) for lang in SOURCE_LANGS})
TASKS = items(one_of(CARD, *Task), single=True)
PERSONS = items(one_of(*Person), single=True)
KINDS = items(one_of(*Kind))
FLAG = one_of("yes", "no", "true", "false")

_ENTRY = {
    "id": Field(IDENTIFIER),
    "tasks": Field(TASKS),
    "persons": Field(PERSONS),
    "source": Field(items(IDENTIFIER, single=True), required=True),
    "confidence": Field(one_of(*CONFIDENCES)),
    "replaces": Field(items(IDENTIFIER, single=True)),
}
_NAMED = {"name": Field(WORDS, required=True), "note": Field(WORDS)}
FILE = mapping(
    {
        "region": Field(ADCODE, required=True),
        "name": Field(WORDS),
        "area_code": Field(
            mapping(
                {
                    "code": Field(pattern(r"0\d{2,3}", "bad_area_code"), required=True),
                    "source": Field(IDENTIFIER, required=True),
                }
            )
        ),
        "sources": Field(
            table(
                IDENTIFIER,
                mapping(
                    {
                        "name": Field(sentence, required=True),
                        "publisher": Field(sentence, required=True),
                        "url": Field(URL, required=True),
                        "date": Field(DATE, required=True),
                        "read": Field(DAY),
                        "confidence": Field(one_of(*CONFIDENCES), required=True),
                    }
                ),
            )
        ),
        "tasks": Field(
            table(
                one_of(*Task),
                mapping(
                    {
                        "authority": Field(one_of(*AUTHORITIES), required=True),
                        "first": Field(KINDS, required=True),
                        "second": Field(KINDS, required=True),
                        "card": Field(FLAG, required=True),
                        "insured_city_only": Field(FLAG, required=True),
                        "related": Field(items(one_of(*Task)), required=True),
                    }
                ),
            )
        ),
        "statements": Field(
            items(
                mapping(
                    {
                        **_ENTRY,
                        "section": Field(one_of(*SECTIONS), required=True),
                        "visit": Field(one_of(*VISITS)),
                        "urgent": Field(FLAG),
                        **{lang: Field(sentence, required=True) for lang in SOURCE_LANGS},
                    }
                )
            )
        ),
        "materials": Field(
            items(
                mapping(
                    {
                        **_ENTRY,
                        **_NAMED,
                        "id": Field(IDENTIFIER, required=True),
                        "required": Field(one_of("yes", "no", "ask"), required=True),
                        "form": Field(one_of(*FORMS), required=True),
                        "count": Field(pattern(r"[1-9]", "bad_count")),
                    }
                )
            )
        ),
        "channels": Field(
            items(
                mapping(
                    {
                        **_ENTRY,
                        **_NAMED,
                        "type": Field(one_of(*CHANNEL_TYPES), required=True),
                        "url": Field(URL),
                        "official": Field(FLAG),
                    }
                )
            )
        ),
        "questions": Field(
            items(
                mapping({**_ENTRY, "text": Field(WORDS, required=True), "answer": Field(WORDS, required=True)}),
            )
        ),
        "hotlines": Field(
            items(
                mapping(
                    {
                        **_ENTRY,
                        **_NAMED,
                        "number": Field(PHONE, required=True),
                        "authority": Field(one_of("hrss", "medical", "government", "card", "bank"), required=True),
                    }
                )
            )
        ),
        "laws": Field(
            items(
                mapping(
                    {
                        **_ENTRY,
                        "name": Field(WORDS, required=True),
                        "article": Field(WORDS, required=True),
                        "summary": Field(WORDS, required=True),
                        "url": Field(URL),
                    }
                )
            )
        ),
    }
)
