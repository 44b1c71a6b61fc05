"""``locator import``, ``check``, ``export`` and ``info``."""

from __future__ import annotations
