"""HTML made from data, with one rule: text is always escaped, and only :class:`Markup` is not text.

The result list, the form and the guide are real HTML (ordered lists, headings, telephone links, labels), and
names in the data layer may be hostile. Therefore there is no template or string formatting: elements are built by
:func:`tag`, which escapes every child and attribute and refuses addresses that run code, and
:func:`write_document` puts the whole page around them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import urlsplit

from locator.i18n import DATA_HTML_LANG, language

_LINKS = frozenset({"href", "src", "action"})
_VOID = frozenset({"input", "br", "hr", "img", "link", "meta"})
_SCHEMES = frozenset(
    {"", "http", "https", "tel", "mailto", "geo", "baidumap", "bdapp", "iosamap", "androidamap", "amapuri", "qqmap"}
)
_SAFE_ADDRESS = "#"
_UNSEEN = re.compile(r"[\x00-\x20]")
"""What a browser leaves out of an address."""
_PLAIN_ADDRESS = re.compile(r"(?:https?://[A-Za-z0-9.:-]+(?:[/?#]|\Z)|tel:|\./|#)[^\[\]]*")
"""An address whose scheme is seen without taking it apart."""
_CONTROLS = [c for c in (*range(32), *range(0x7F, 0xA0)) if chr(c) not in "\t\n"]
_ENTITIES: Mapping[int, str | None] = {
    **dict.fromkeys(_CONTROLS),
    **{ord(sign): html.escape(sign) for sign in "&<>\"'"},
    **{ord(sign): f"&#{ord(sign)};" for sign in "{}$`\\"},
}
"""What becomes of a character: controls vanish, signs that mean something become entities."""
_SPECIAL = re.compile("[" + "".join(f"\\U{sign:08x}" for sign in _ENTITIES) + "]")


_HAN = re.compile(r"([\u3400-\u9fff][\u3000-\u9fff\uff00-\uffef\d“”·]*)")
"""A stretch of Chinese, with its punctuation and numbers."""


class Markup(str):
    """Text that is already HTML, made by :func:`tag` and :func:`join` only."""

    __slots__ = ()


type Child = Markup | str | int | bool | Iterable["Child"] | None


def escape(value: object) -> str:
    """Return a text for HTML, in an element or an attribute; ``{ } $`` and back-ticks also become entities.

    The last four mean nothing to HTML: they are encoded so that a text stays text even if a template engine or
    a JavaScript template literal came between.
    """
    text = str(value)
    return text.translate(_ENTITIES) if _SPECIAL.search(text) else text


def check_address(address: str) -> str:
    """Return a link's address, or ``#`` when its scheme is not allowed."""
    cleaned = _UNSEEN.sub("", address)
    if _PLAIN_ADDRESS.fullmatch(cleaned):
        return cleaned
    try:
        scheme = urlsplit(cleaned).scheme.lower()
    except ValueError:
        return _SAFE_ADDRESS
    return cleaned if scheme in _SCHEMES else _SAFE_ADDRESS


def link_out(words: Child, address: str | None) -> Markup:
    """Return words as a link to another site, or just the words when the address is not one of the web's.

    Addresses in the data are written by others: only ``http`` and ``https`` with a host become links.
    """
    cleaned = check_address(address or "")
    if not cleaned.lower().startswith(("http://", "https://")) or not urlsplit(cleaned).netloc:
        return tag("span", words)
    return tag("a", words, href=cleaned, target="_blank", rel="noopener noreferrer")


def join(*children: Child) -> Markup:
    """Return children one after the other; None and booleans are nothing."""
    return Markup(_write(children))


def _write(children: Iterable[Child]) -> str:
    text = ""
    for child in children:
        if type(child) is Markup:
            text += child
        elif child is None or child is True or child is False:
            continue
        elif isinstance(child, str | int):
            text += escape(child)
        else:
            text += _write(child)
    return text


@cache
def _name_attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """Return an element.

    Parameters
    ----------
    name
        ``p``, ``ol``; a literal of this program, never data.
    children
        Texts (escaped), elements, or iterables of both.
    attributes
        ``class_`` is ``class``, ``data_act`` is ``data-act``. True is an attribute without a value, None and
        False leave it out.
    """
    start = f"<{name}"
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = _name_attribute(key)
        if value is True:
            start += f" {attribute}"
            continue
        content = check_address(str(value)) if attribute in _LINKS else value
        start += f' {attribute}="{escape(content)}"'
    return Markup(f"{start}>" if name in _VOID else f"{start}>{_write(children)}</{name}>")


def button(*children: Child, **attributes: str | int | bool | None) -> Markup:
    """Return a button that submits no form; else like :func:`tag`."""
    return tag("button", *children, type="button", **attributes)


def hide(*children: Child) -> Markup:
    """Return text for screen readers only."""
    return tag("span", *children, class_="sr")


def lang_of(said: str) -> str:
    """Return the language of a text of the data, for a screen reader's voice."""
    return "zh-CN" if _HAN.search(said) else "en"


def mark_chinese(said: str, lang: str) -> Markup:
    """Return a text of the page; in English, the Chinese names in it are marked as such."""
    if language(lang).html == DATA_HTML_LANG:
        return join(said)
    parts = _HAN.split(said)  # every second one is Chinese
    return join(tag("span", part, lang="zh-CN") if n % 2 else part for n, part in enumerate(parts) if part)


def write_document(body: Child, *, title: str, lang: str, style: str) -> str:
    """Return a whole HTML document that loads nothing from elsewhere.

    Parameters
    ----------
    body
        What stands in ``body``: texts (escaped) and elements.
    lang
        The language of its sentences, ``zh`` or ``en``.
    style
        A style sheet of this program, never data.
    """
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    root = tag("html", tag("head", head), "\n", tag("body", body), lang=language(lang).html)
    return f"<!doctype html>\n{root}\n"
