"""``locator import``, ``check``, ``export`` and ``info``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from locator.cli.terms import add_choice, say, write_json
from locator.datum import Datum
from locator.errors import InvalidInput
from locator.exports import EXPORT_FORMATS, export_points
from locator.ingest import IMPORT_KINDS, check_path, import_source
from locator.model import Kind
from locator.service import Locator
from locator.settings import Settings
