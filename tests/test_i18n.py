"""Both catalogues are complete: same codes, same placeholders, every choice named."""

from __future__ import annotations

import string

import pytest

from locator.datum import Datum
from locator.errors import InvalidInput, LocatorError
from locator.i18n import LANGS, explain, load_catalogue, text
from locator.model import Kind, Mode, Person, Precision, Task


def placeholders(template: str) -> set[str]:
    """Return the names in braces of a template."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("lang", LANGS)
def test_same_codes_and_placeholders(lang):
    reference, other = load_catalogue("zh"), load_catalogue(lang)
    assert set(reference) == set(other)
    for code in reference:
        assert placeholders(reference[code]) == placeholders(other[code]), code


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("choice", [*Kind, *Task, *Person, *Mode, *Precision, *Datum], ids=repr)
def test_every_choice_has_a_name(choice, lang):
    assert text(f"names.{type(choice).__name__.lower()}.{choice.value}", lang)


def test_english_has_no_chinese_left():
    for code, template in load_catalogue("en").items():
        if not code.startswith(("guide.", "page.language", "page.example")):
            assert not any("\u3400" <= c <= "\u9fff" for c in template), code


def test_explain_fills_the_sentence_and_falls_back_to_english():
    known = InvalidInput("bad", code="setting", name="LOCATOR_LANG", value="xx", expected="zh, en")
    assert "LOCATOR_LANG" in explain(known, "zh") and "xx" in explain(known, "en")
    assert explain(LocatorError("a sentence", code="no_such_code"), "zh") == "a sentence"


def test_a_hostile_parameter_is_not_a_template():
    assert "{0.__class__}" in text("errors.setting", "en", name="{0.__class__}", value="", expected="")
