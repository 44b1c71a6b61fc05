"""How data comes in: the shipped files on first use, and whatever the operator imports.

A source yields raw records; the check makes points of them; the gazetteer says where the positionless
are; the store takes all of them at once or none. Everything built lands in ``LOCATOR_DATA``.
"""

from locator.ingest.shipped import GAZETTEER_FILE, SHIPPED, ensure_data, open_data_gazetteer, rebuild_gazetteer

__all__ = ["GAZETTEER_FILE", "SHIPPED", "ensure_data", "open_data_gazetteer", "rebuild_gazetteer"]
