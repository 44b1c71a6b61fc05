"""Dask workers that answer blocks: processes here, or a cluster that is already running.

Workers on this machine are forked from one process that has imported everything, so that starting
them costs the imports once and not once each. They leave the lines they write in a folder beside the
output, and only say how long they are; those of a cluster send them.
"""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from multiprocessing import forkserver
from pathlib import Path
from typing import Any
from uuid import uuid4

from locator.batch.answer import BatchQuestion, BlockAnswer, Opener, answer_block, opened
from locator.batch.csv_blocks import CsvBlock
from locator.errors import MissingExtra, ServiceError

CONNECT_S = 10.0
"""How long a Dask scheduler may take to answer."""
IMPORTED_ONCE = ["distributed", "locator.batch.dask_workers", "locator.service", "scipy.spatial", "pandas"]
"""What local workers have in them when they are forked (pandas, because Arrow asks for it)."""


@contextmanager
def open_cluster(
    opener: Opener, question: BatchQuestion, *, workers: int, scheduler: str | None, spool_dir: Path
) -> Iterator[tuple[int, Callable[[CsvBlock], Any]]]:
    """Yield how many workers there are, and what submits a block to them and returns its future.

    Parameters
    ----------
    spool_dir
        The folder in which local workers leave their lines.

    Raises
    ------
    MissingExtra
        Dask is not installed.
    ServiceError
        The scheduler does not answer.
    """
    with ExitStack() as stack:
        client = _open_client(stack, workers, scheduler)
        pickled = pickle.dumps(opener)
        asked = client.scatter(question, broadcast=True)
        folder = None if scheduler is not None else stack.enter_context(_folder(spool_dir))

        def submit(block: CsvBlock) -> Any:
            return client.submit(_answer_there, pickled, asked, block, folder, pure=False, retries=2)

        yield max(1, len(client.scheduler_info()["workers"])), submit


def _answer_there(pickled: bytes, question: BatchQuestion, block: CsvBlock, folder: Path | None) -> BlockAnswer:
    answered = answer_block(opened(pickled), question, CsvBlock(*block))
    if folder is None or isinstance(answered.lines, Path):
        return answered
    path = folder / uuid4().hex
    path.write_bytes(answered.lines)
    return answered._replace(lines=path)


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """Make a folder, and take it away afterwards with all that is in it."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _open_client(stack: ExitStack, workers: int, scheduler: str | None) -> Any:
    try:
        dask: Any = import_module("distributed")
    except ImportError as error:
        message = "Dask is not installed: uv sync --extra cluster"
        raise MissingExtra(message, code="extra_cluster") from error
    if scheduler is None:
        return _open_local(stack, dask, workers)
    try:
        return stack.enter_context(dask.Client(scheduler, timeout=CONNECT_S, direct_to_workers=True))
    except (OSError, ValueError) as error:
        message = f"the Dask scheduler {scheduler} does not answer"
        raise ServiceError(message, code="batch_scheduler", address=scheduler) from error


def fits_private_parts(dask: Any) -> bool:
    """Tell whether the installed Dask still has what :func:`_open_local` sets.

    Read from distributed 2026.8.0, ``distributed/utils.py``; ``pyproject.toml`` holds the upper bound. Where it is
    gone, a start takes half a second longer and nothing else changes.
    """
    return hasattr(dask.utils, "_forkserver_preload_set")


def _open_local(stack: ExitStack, dask: Any, workers: int) -> Any:
    multiprocessing.get_context("forkserver").set_forkserver_preload(IMPORTED_ONCE)
    forkserver.ensure_running()
    if fits_private_parts(dask):
        dask.utils._forkserver_preload_set = True  # else Dask imports pandas here too, to name what is imported there
    options = {"distributed.worker.profile.enabled": False, "distributed.worker.multiprocessing-method": "forkserver"}
    stack.enter_context(import_module("dask").config.set(options))
    cluster = stack.enter_context(
        dask.LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
    )
    return stack.enter_context(dask.Client(cluster, direct_to_workers=True))
