"""Find where to collect, replace or activate a social security card in China.

Which room may import which is written in ``tests/test_imports.py``; ``locator.service`` is the way in from Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

__version__ = "0.1.0"


def import_when_asked(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return a module's ``__getattr__`` that imports each name when it is first asked for.

    Parameters
    ----------
    package
        Its ``__name__``.
    homes
        The module below it in which each name is written.
    """

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return find
