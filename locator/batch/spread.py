"""Who answers the blocks: threads of this process, or Dask workers here or elsewhere.

Both give the answers back in the order of the blocks, with a few blocks under way at any time, so
memory stays the same however long the file is.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any, Protocol

from locator.batch.answer import Answered, Question, answer_block
from locator.batch.engine import Opener, opened
from locator.batch.intake import Block
from locator.errors import MissingExtra, ServiceError

CONNECT_S = 10.0
"""How long a Dask scheduler may take to answer."""
AHEAD = 2
"""Blocks under way for each thread or worker."""

Answer = Callable[[Iterator[Block]], Iterator[tuple[Block, Answered]]]


class _Future(Protocol):
    def result(self) -> Answered: ...


@contextmanager
def spread(
    opener: Opener, question: Question, *, threads: int, workers: int, scheduler: str | None
) -> Iterator[Answer]:
    """Yield what turns blocks into answers, in order.

    Parameters
    ----------
    opener
        Makes the engine; called once in each process that answers.
    workers
        With 1 or more: that many local Dask processes.
    scheduler
        The address of a Dask scheduler; wins over ``workers``.

    Raises
    ------
    MissingExtra
        Dask is asked for and not installed.
    ServiceError
        The scheduler does not answer.
    """
    with ExitStack() as stack:
        if scheduler is None and workers <= 0:
            engine = opener()
            pool = stack.enter_context(ThreadPoolExecutor(threads))

            def submit(block: Block) -> _Future:
                return pool.submit(answer_block, engine, question, block)

            count = threads
        else:
            client = _open_client(stack, workers, scheduler)
            pickled = pickle.dumps(opener)
            asked = client.scatter(question, broadcast=True)

            def submit(block: Block) -> _Future:
                future: _Future = client.submit(_answer_there, pickled, asked, block, pure=False, retries=2)
                return future

            count = max(1, len(client.scheduler_info()["workers"]))
        yield lambda blocks: _in_order(submit, blocks, AHEAD * count)


def _in_order(
    submit: Callable[[Block], _Future], blocks: Iterator[Block], ahead: int
) -> Iterator[tuple[Block, Answered]]:
    waiting: deque[tuple[Block, _Future]] = deque()
    for block in blocks:
        waiting.append((block, submit(block)))
        if len(waiting) > ahead:
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()


def _answer_there(pickled: bytes, question: Question, block: Block) -> Answered:
    return answer_block(opened(pickled), question, Block(*block))


def _open_client(stack: ExitStack, workers: int, scheduler: str | None) -> Any:
    try:
        dask: Any = import_module("distributed")
    except ImportError as error:
        message = "Dask is not installed: uv sync --extra cluster"
        raise MissingExtra(message, code="extra_cluster") from error
    if scheduler is None:
        stack.enter_context(import_module("dask").config.set({"distributed.worker.profile.enabled": False}))
        cluster = stack.enter_context(
            dask.LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
        )
        return stack.enter_context(dask.Client(cluster, direct_to_workers=True))
    try:
        return stack.enter_context(dask.Client(scheduler, timeout=CONNECT_S, direct_to_workers=True))
    except (OSError, ValueError) as error:
        message = f"the Dask scheduler {scheduler} does not answer"
        raise ServiceError(message, code="batch_scheduler", address=scheduler) from error
