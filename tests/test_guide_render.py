"""The guide as text and HTML: complete, and harmless whatever an operator wrote into it."""

from __future__ import annotations

import html
import re
import shutil
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from locator.api import build_api
from locator.guide.book import load_guide
from locator.guide.render import field_of, list_lines, render_text
from locator.i18n import LANGS
from locator.ingest.corrections import report_link
from locator.model import Person, Task
from locator.outputs.answer_files import write_guide_page
from locator.settings import Settings, shipped_dir

HOSTILE = (
    "<script>alert(1)</script>", "{{7*7}}", "${alert(1)}", '"><img src=x onerror=alert(1)>', "' onmouseover='x",
    "</title><script>", "&lt;b&gt;", "`${x}`", "=cmd|' /C calc'!A0", "{% raw %}",
)  # fmt: skip


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.extend((tag, *attr) for attr in attrs)


def tags_of(html):
    """Return the parsed tags of a page."""
    parser = Tags()
    parser.feed(html)
    return parser


@pytest.fixture(scope="module")
def guide():
    return load_guide(shipped_dir() / "guide")


@pytest.fixture(scope="module")
def hostile_answers(tmp_path_factory):
    """Answers of a guide in which every text an operator may write is hostile."""
    folder = tmp_path_factory.mktemp("hostile") / "guide"
    shutil.copytree(shipped_dir() / "guide", folder)
    for n, words in enumerate(HOSTILE):
        quoted = "'" + words.replace("'", "''") + "'"
        (folder / f"x{n}.yaml").write_text(
            f"""region: 5401{n:02d}
name: {{zh: {quoted}, en: {quoted}}}
sources:
  src-{n}: {{name: {quoted}, publisher: {quoted}, url: 'https://example.com/?a=1&b=%22', date: 2026, confidence: H}}
statements:
"""
            + "".join(
                f"  - {{section: {s}, zh: {quoted}, en: {quoted}, source: src-{n}}}\n"
                for s in ("trip", "rule", "where", "fees", "tips")
            )
            + f"""
materials:
  - {{id: mat-{n}, required: yes, form: original, name: {{zh: {quoted}, en: {quoted}}}, note: {{zh: {quoted}, en: {quoted}}}, source: src-{n}}}
channels:
  - {{type: app, name: {{zh: {quoted}, en: {quoted}}}, note: {{zh: {quoted}, en: {quoted}}}, source: src-{n}}}
""",
            "utf-8",
        )
    made = load_guide(folder)
    return [made.answer("apply", "adult", f"5401{n:02d}", "en") for n in range(len(HOSTILE))]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("task", Task)
def test_text_and_html_say_everything(guide, task, lang):
    for person in Person:
        answer = guide.answer(task, person, "440305", lang)
        plain, page = render_text(answer, lang), write_guide_page(answer, lang)
        for step in answer["steps"]:
            for line in step["lines"]:
                assert line["text"] in plain
        for item in answer["materials"]:
            assert item["name"] in plain
        assert len(re.findall('type="checkbox"', page)) == len(answer["materials"])
        assert page.startswith("<!doctype html>") and page.count("<h1>") == 1
        assert plain.endswith("\n") and "None" not in plain and "{" not in plain


def test_the_page_loads_nothing_and_runs_nothing(guide):
    page = tags_of(write_guide_page(guide.answer("apply", "adult", "110000", "zh"), "zh"))
    assert not page.tags & {"script", "img", "iframe", "link", "object", "form", "base"}
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] in ("src", "style")]


def test_hostile_words_stay_words(hostile_answers):
    for words, answer in zip(HOSTILE, hostile_answers, strict=True):
        html = write_guide_page(answer, "en")
        page = tags_of(html)
        assert page.tags <= {
            "html", "head", "meta", "title", "style", "body", "h1", "h2", "ul", "li", "p", "small", "a", "label", "input", "span",
        }  # fmt: skip
        assert not [a for a in page.attributes if a[1].startswith("on")]
        assert all(a[2].startswith(("https://", "http://")) for a in page.attributes if a[1] == "href")
        assert words in render_text(answer, "en")


def test_a_terminal_obeys_nothing_in_the_text(guide):
    answer = guide.answer("apply", "adult", None, "en")
    answer["fees"] = [{**answer["tips"][0], "text": "free\x1b]0;x\x07\x1b[2J\u202eeerf\r\nnext"}]
    plain = render_text(answer, "en")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", plain) and "free]0;x[2Jeerf" in plain


def test_a_link_that_is_no_web_address_stays_text(guide):
    answer = guide.answer("apply", "adult", None, "en")
    answer["channels"] = [{**answer["channels"][0], "url": "javascript:alert(1)"}]
    assert 'href="javascript' not in write_guide_page(answer, "en")


def test_each_line_has_its_report_link(guide):
    answer = guide.answer("apply", "adult", None, "en")
    settings = Settings(report_url="https://issues.example/new?title={id}%20{field}")
    page = write_guide_page(answer, "en", report=lambda entry, field: report_link(settings, entry, field))
    lines = list(list_lines(answer))
    assert {field_of(item) for item in lines} == {"text", "name", "number", "summary"}
    for item in lines:
        assert f"https://issues.example/new?title={item['id']}%20{field_of(item)}" in page


@pytest.mark.parametrize("adcode", [None, "442000", "210200", "330182", "440300"])
@pytest.mark.parametrize("lang", LANGS)
def test_related_questions_stand_in_the_text_the_page_and_the_api(guide, locator, adcode, lang):
    questions = guide.answer("renew", "adult", adcode, lang)["questions"]
    assert questions
    with TestClient(build_api(lambda: locator, Settings(rate_limit=0))) as client:
        asked = {"task": "renew", "person": "adult", "lang": lang} | ({"region": adcode} if adcode else {})
        told = client.get("/v1/guide", params=asked).json()["questions"]
    assert [(q["id"], q["text"], q["answer"]) for q in told] == [(q["id"], q["text"], q["answer"]) for q in questions]
    assert all(q["source"] for q in told)
    answer = guide.answer("renew", "adult", adcode, lang)
    said, page = render_text(answer, lang), html.unescape(write_guide_page(answer, lang))
    for question in questions:
        assert question["text"] in said and question["text"] in page
