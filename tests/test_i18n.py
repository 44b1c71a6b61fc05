"""Both catalogues are complete: same codes, same placeholders, every choice named."""

from __future__ import annotations

import string
import subprocess
import sys
import textwrap

import pytest

from locator.datum import Datum
from locator.errors import InvalidInput, LocatorError
from locator.i18n import (
    LANGS,
    SOURCE_LANGS,
    choose,
    explain,
    language,
    load_catalogue,
    next_language,
    own_texts,
    text,
)
from locator.model import Kind, Mode, Person, Precision, Task


def placeholders(template: str) -> set[str]:
    """Return the names in braces of a template."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_the_source_languages_have_every_text():
    first, *others = (set(own_texts(lang)) for lang in SOURCE_LANGS)
    assert all(first == other for other in others)


@pytest.mark.parametrize("lang", LANGS)
def test_same_placeholders_and_no_unknown_codes(lang):
    reference, own = own_texts("zh"), own_texts(lang)
    assert set(own) <= set(reference)
    for code, template in own.items():
        assert placeholders(reference[code]) == placeholders(template), code


@pytest.mark.parametrize("lang", LANGS)
def test_a_language_says_how_it_punctuates(lang):
    known = language(lang)
    assert known.code == lang and known.chain[0] == lang and set(known.chain) >= set(SOURCE_LANGS)
    assert known.in_brackets("") == "" and "x" in known.in_brackets("x") and known.quote("x")[1:-1] == "x"
    assert known.join(["a", "b"]) == f"a{known.list_separator}b" and known.join([]) == ""
    assert next_language(lang).code != lang


def test_the_source_languages_are_called_what_html_calls_them():
    assert [language(lang).html for lang in SOURCE_LANGS] == ["zh-CN", "en"]
    assert [language(lang).own_name for lang in SOURCE_LANGS] == ["中文", "English"]
    assert next_language("zh").code == "en"
    with pytest.raises(KeyError):
        language("xx")


def test_a_value_in_several_languages():
    assert choose({"zh": "局", "en": "bureau"}, "en") == "bureau"
    assert choose({"zh": "局", "en": None}, "en") == choose({"zh": "局", "en": ""}, "en") == "局"
    assert choose({"zh": None}, "zh") is None and choose({}, "en") is None


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


LIKE_A_TRANSLATOR = r"""
import shutil, sys
from pathlib import Path
import locator.i18n as i18n
folder = Path(sys.argv[1])
shutil.copytree(i18n.LOCALES, folder / "locales")
shutil.copytree(folder / "locales" / "en", folder / "locales" / "ja")
(folder / "locales" / "ja" / "language.yaml").write_text(
    'own_name: "日本語"\nhtml: "ja"\norder: "3"\nlist_separator: "、"\n', "utf-8")
(folder / "locales" / "ja" / "notices.yaml").unlink()
names = folder / "locales" / "ja" / "names.yaml"
names.write_text('task.apply: "申請する"\n', "utf-8")
code = Path(i18n.__file__).read_text("utf-8").replace('Path(__file__).parent / "locales"', f'Path({str(folder)!r}) / "locales"')
exec(compile(code, i18n.__file__, "exec"), i18n.__dict__)
"""


def test_a_copied_language_works_in_every_face(tmp_path):
    """Page, plain page, API, guide and command speak it; what it lacks is said in its fallback."""
    code = LIKE_A_TRANSLATOR + textwrap.dedent("""
        from datetime import datetime
        from locator.i18n import LANGS, language, next_language, text
        assert LANGS == ("zh", "en", "ja"), LANGS
        assert text("names.task.apply", "ja") == "申請する" and text("names.task.renew", "ja") == text("names.task.renew", "en")
        assert text("notices.nothing_matches", "ja") == text("notices.nothing_matches", "en")
        assert language("ja").html == "ja" and next_language("ja").code == "zh" and next_language("en").code == "ja"
        from locator.cli import main
        from locator.guide.book import load_guide
        from locator.outputs.html_document import write_document
        from locator.settings import shipped_dir
        from locator.wording import Translator
        answer = load_guide(shipped_dir() / "guide").answer("apply", "adult", "370100", "ja")
        assert answer["task_name"] == "申請する" and answer["materials"][0]["name"].isascii() and answer["region_name"]
        assert 'lang="ja"' in write_document("x", title="t", lang="ja", style="")
        assert Translator("ja")("title")
        from locator.api.application import FindBody
        assert FindBody(text="x", lang="ja").lang == "ja"
        sys.exit(main(["hours", "Mo-Fr 09:00-17:00", "--at", "2026-11-27T10:00", "--lang", "ja"]))
    """)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
