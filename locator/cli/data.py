"""``locator import``, ``check``, ``export`` and ``info``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from locator.cli.terms import add_choice, write_json
from locator.datum import Datum
from locator.model import Kind
from locator.settings import Settings
