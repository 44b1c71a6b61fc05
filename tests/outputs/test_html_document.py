"""Text is always text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hostile import CORPUS, looped
from hypothesis import given
from hypothesis import strategies as st

from locator.outputs.html_document import (
    Markup,
    check_address,
    escape,
    hide,
    join,
    lang_of,
    link_out,
    mark_chinese,
    tag,
)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.attributes = [], [], []

    def handle_starttag(self, name, attrs):
        self.tags.append(name)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


@looped("text", CORPUS)
def test_a_hostile_text_stays_text(text):
    page = tag("li", tag("b", text, title=text), data_card=text)
    reader = _read(page)
    shown = "".join(c for c in text if c in "\t\n" or (ord(c) >= 32 and not 0x7F <= ord(c) <= 0x9F))
    assert reader.tags == ["li", "b"]
    assert "".join(reader.text) == shown
    assert dict(reader.attributes)["title"] == shown
    assert not set("{}$`\\") & set(page.replace("&#", ""))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_what_is_escaped_reads_back(text):
    assert "".join(_read(tag("p", text)).text).replace("\r", "\n") == text.replace("\r", "\n")


@given(st.text())
def test_escaped_text_has_no_sign_that_means_something(text):
    assert not set("<>\"'{}$`\\") & set(escape(text))


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://example.cn/a?b=c", True),
        ("http://example.cn", True),
        ("tel:0531-1", True),
        ("mailto:a@b.cn", True),
        ("./guide?lang=en", True),
        ("#map", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        (" java\nscript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("vbscript:x", False),
        ("file:///etc/passwd", False),
        ("http://[", False),
    ],
)
def test_only_addresses_that_lead_somewhere_are_links(address, kept):
    assert (check_address(address) == address) is kept
    assert ('href="#"' in tag("a", "x", href=address)) is (not kept)


def test_attributes_and_children():
    assert tag("input", type="checkbox", checked=True, disabled=False, id=None) == '<input type="checkbox" checked>'
    assert tag("label", "x", for_="a", class_="b", data_own_attributes="c") == (
        '<label for="a" class="b" data-own-attributes="c">x</label>'
    )
    assert join("a", None, True, 3, [tag("b"), ["<"]]) == "a3<b></b>&lt;"
    assert isinstance(join("a"), Markup)
    assert hide("x") == '<span class="sr">x</span>'


@pytest.mark.parametrize(
    ("address", "linked"),
    [
        ("https://a.cn/x", True),
        ("HTTP://a.cn", True),
        ("//a.cn", False),
        ("x", False),
        ("https:", False),
        (None, False),
        ("tel:1", False),
    ],
)
def test_only_the_webs_addresses_lead_out(address, linked):
    page = link_out("<b>", address)
    assert ("<a " in page) is linked
    assert "&lt;b&gt;" in page


def test_chinese_in_an_english_sentence_is_marked_and_nothing_is_lost():
    said = "No office is on record for 拉萨市 <b>. Cities: 济南市, 中山市小榄镇12号（东门）."
    marked = mark_chinese(said, "en")
    assert marked == (
        'No office is on record for <span lang="zh-CN">拉萨市</span> &lt;b&gt;. Cities: <span lang="zh-CN">济南市</span>,'
        ' <span lang="zh-CN">中山市小榄镇12号（东门）</span>.'
    )
    assert mark_chinese(said, "zh") == join(said)
    assert mark_chinese("济南", "en") == '<span lang="zh-CN">济南</span>'
    assert mark_chinese("", "en") == ""


@looped("text", CORPUS)
def test_a_hostile_text_stays_text_when_its_chinese_is_marked(text):
    assert mark_chinese(text, "en").replace('<span lang="zh-CN">', "").replace("</span>", "") == escape(text)


@pytest.mark.parametrize(
    ("said", "lang"), [("济南市", "zh-CN"), ("www.gov.cn（转载）", "zh-CN"), ("official page", "en"), ("", "en")]
)
def test_the_language_of_a_text_of_the_data(said, lang):
    assert lang_of(said) == lang
