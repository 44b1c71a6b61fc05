"""Who answers the blocks: threads of this process, or Dask workers here or elsewhere.

Both give the answers back in the order of the blocks, with a few blocks under way at any time, so
memory stays the same however long the file is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from locator.batch.answer import Answered, Question, answer_block
from locator.batch.cluster import open_cluster
from locator.batch.engine import Opener
from locator.batch.intake import Block

AHEAD = 2
"""Blocks under way for each thread or worker."""

Answer = Callable[[Iterator[Block]], Iterator[tuple[Block, Answered]]]


class _Future(Protocol):
    def result(self) -> Answered: ...


@contextmanager
def spread(
    opener: Opener, question: Question, *, threads: int, workers: int, scheduler: str | None, shelf: Path
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
    shelf
        A folder that does not exist, beside the output: where local workers leave what they wrote.

    Raises
    ------
    MissingExtra
        Dask is asked for and not installed.
    ServiceError
        The scheduler does not answer.
    """
    submit: Callable[[Block], _Future]
    with ExitStack() as stack:
        if scheduler is None and workers <= 0:
            engine = opener()
            pool = stack.enter_context(ThreadPoolExecutor(threads))
            count, submit = threads, lambda block: pool.submit(answer_block, engine, question, block)
        else:
            cluster = open_cluster(opener, question, workers=workers, scheduler=scheduler, shelf=shelf)
            count, submit = stack.enter_context(cluster)
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
