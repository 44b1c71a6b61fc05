"""The text catalogues: every sentence a person reads, in Chinese and English.

A catalogue is a folder of YAML files under ``locator/locales/<lang>/``; a text's code is
``<file>.<key>``, and its ``{placeholders}`` are filled from keyword arguments. A further language is a
further folder; ``tests/test_i18n.py`` compares keys and placeholders.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from locator.errors import LocatorError

LANGS = ("zh", "en")
LOCALES = Path(__file__).parent / "locales"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def load_catalogue(lang: str) -> Mapping[str, str]:
    """Return every text of ``lang`` by its code; read once for each process."""
    texts: dict[str, str] = {}
    for path in sorted((LOCALES / lang).glob("*.yaml")):
        content = yaml.load(path.read_text("utf-8"), Loader=_Loader) or {}  # noqa: S506 - a safe loader
        texts.update({f"{path.stem}.{key}": str(value) for key, value in content.items()})
    return texts


def text(code: str, lang: str, **params: object) -> str:
    """Return the text of ``code`` in ``lang`` with its placeholders filled.

    Raises
    ------
    KeyError
        The catalogue has no such code: a fault of the program, found by the tests.
    """
    template = load_catalogue(lang)[code]
    return template.format(**params) if params else template


def explain(error: LocatorError, lang: str) -> str:
    """Return one sentence for a person: what was given, what was expected, what to do."""
    template = load_catalogue(lang).get(f"errors.{error.code}")
    return template.format(**error.params) if template else str(error)
