"""The languages: every sentence a person reads, and how each language writes lists, brackets and quotes.

A language is a folder of YAML files under ``locator/locales/<code>/``; a text's code is ``<file>.<key>``,
and its ``{placeholders}`` are filled from keyword arguments. ``language.yaml`` says what the language is
called and how it punctuates (:class:`Language`). A further language is a further folder, found when the
program starts: a text it lacks is taken from the language it names as its ``fallback``, then from English,
then from Chinese, in which every text exists. Data in two languages is chosen from in the same order
(:func:`choose`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import yaml

from locator.errors import DataError, LocatorError

LOCALES = Path(__file__).parent / "locales"
SOURCE_LANGS = ("zh", "en")
"""The languages in which everything is written: texts, guide and notes of offices."""
DATA_HTML_LANG = "zh-CN"
"""The language of names and addresses in the data, as HTML calls it."""
_LAST_RESORTS = ("en", "zh")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language as ``locales/<code>/language.yaml`` describes it."""

    code: str
    """The name of its folder: ``zh``, ``en``, ``pt-BR``."""
    html: str
    """Its tag in HTML and HTTP (BCP 47): ``zh-CN``."""
    own_name: str
    """What it calls itself: 中文."""
    chain: tuple[str, ...]
    """The codes to look a text up in, its own first."""
    list_separator: str
    """What stands between the members of a list: ``、``."""
    colon: str
    """What stands between a label and its value: ``：``."""
    brackets: tuple[str, str]
    """What is put around a remark, with the space before it where the language has one."""
    quotes: tuple[str, str]
    """What is put around words that are quoted."""

    def join(self, members: Iterable[str]) -> str:
        """Return a list as one phrase."""
        return self.list_separator.join(members)

    def in_brackets(self, remark: str) -> str:
        """Return a remark in brackets, to be put behind what it is about; empty for an empty one."""
        return f"{self.brackets[0]}{remark}{self.brackets[1]}" if remark else ""

    def quote(self, words: str) -> str:
        """Return words in quotation marks."""
        return f"{self.quotes[0]}{words}{self.quotes[1]}"


@cache
def _file_texts(lang: str, name: str) -> Mapping[str, str]:
    """Return the texts that a language itself has in one file, by their codes; read once for each process."""
    path = LOCALES / lang / f"{name}.yaml"
    content = (yaml.load(path.read_text("utf-8"), Loader=_Loader) or {}) if path.is_file() else {}  # noqa: S506
    return {f"{name}.{key}": str(value) for key, value in content.items()}


@cache
def own_texts(lang: str) -> Mapping[str, str]:
    """Return the texts that a language itself has, by their codes."""
    texts: dict[str, str] = {}
    for path in sorted((LOCALES / lang).glob("*.yaml")):
        texts |= _file_texts(lang, path.stem)
    return texts


@cache
def _chain(lang: str) -> tuple[str, ...]:
    """Return the codes of the languages that a language's texts are looked up in, its own first."""
    chain, code = [lang], _file_texts(lang, "language").get("language.fallback", "")
    while code and code not in chain:
        chain.append(code)
        code = _file_texts(code, "language").get("language.fallback", "")
    return tuple(dict.fromkeys([*chain, *_LAST_RESORTS]))


@cache
def load_catalogue(lang: str) -> Mapping[str, str]:
    """Return every text of ``lang`` by its code, those it lacks from the languages behind it."""
    texts: dict[str, str] = {}
    for code in reversed(_chain(lang)):
        texts |= own_texts(code)
    return texts


@lru_cache(8192)
def find_template(code: str, lang: str) -> str | None:
    """Return the text of ``code`` in ``lang`` with its placeholders unfilled; None where there is no such code.

    Only the file it stands in is read, and of the languages behind ``lang`` only those that are needed.
    """
    name = code.partition(".")[0]
    texts = (_file_texts(one, name).get(code) for one in _chain(lang))
    return next((template for template in texts if template is not None), None)


@cache
def language(code: str) -> Language:
    """Return a language by its code.

    Raises
    ------
    KeyError
        There is no folder of that name: a fault of the program, which checks what it is asked for.
    """
    if code not in LANGS:
        raise KeyError(code)
    own = _file_texts(code, "language")
    return Language(
        code=code,
        html=own.get("language.html", code),
        own_name=own.get("language.own_name", code),
        chain=_chain(code),
        list_separator=text("language.list_separator", code),
        colon=text("language.colon", code),
        brackets=(text("language.bracket_open", code), text("language.bracket_close", code)),
        quotes=(text("language.quote_open", code), text("language.quote_close", code)),
    )


def _find_langs() -> tuple[str, ...]:
    """Return the codes of the languages that have a folder with texts, in their order."""
    codes = [folder.name for folder in LOCALES.iterdir() if folder.is_dir() and any(folder.glob("*.yaml"))]
    return tuple(sorted(codes, key=lambda code: (int(_file_texts(code, "language").get("language.order", 100)), code)))


LANGS = _find_langs()
"""The codes of all languages, in their order."""


def next_language(code: str) -> Language:
    """Return the language that a switch goes on to: the next in their order, the first after the last."""
    return language(LANGS[(LANGS.index(code) + 1) % len(LANGS)])


def choose[T](values: Mapping[str, T | None], lang: str) -> T | None:
    """Return of a value in several languages the one to show: the first that is there, in the language's order.

    Parameters
    ----------
    values
        By language; None and "" count as missing.
    """
    return next((value for code in _chain(lang) if (value := values.get(code))), None)


def text(code: str, lang: str, /, **params: object) -> str:
    """Return the text of ``code`` in ``lang`` with its placeholders filled.

    Raises
    ------
    KeyError
        No catalogue has such a code: a fault of the program, found by the tests.
    """
    template = find_template(code, lang)
    if template is None:
        raise KeyError(code)
    return template.format(**params) if params else template


def explain(error: LocatorError, lang: str) -> str:
    """Return one sentence for a person: what was given, what was expected, what to do."""
    template = find_template(f"errors.{error.code}", lang)
    if template is None:
        return str(error)
    fault = error.params.get("fault")  # a code where an import has a sentence for it
    told = find_template(fault, lang) if isinstance(fault, str) and fault.startswith("import.fault.") else None
    return template.format(**error.params | ({"fault": told} if told else {}))


def explain_outside(error: LocatorError, lang: str) -> str:
    """Return :func:`explain` for somebody who is not the operator: of our own files and databases no name is told."""
    return text("page.trouble.data", lang) if isinstance(error, DataError) else explain(error, lang)
