"""A file of addresses or positions in, the nearest points of each out."""

from locator.batch.answer import NEAREST_PLACED, Engine, open_engine
from locator.batch.run import BatchSummary, run_batch

__all__ = ["NEAREST_PLACED", "BatchSummary", "Engine", "open_engine", "run_batch"]
