"""The batch: from a CSV file to a CSV file, with progress, rejects, and a way on after a crash."""

from __future__ import annotations

import codecs
import csv
import io
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from locator.batch.answer import (
    NEAREST_PLACED,
    BatchQuestion,
    BlockAnswer,
    Opener,
    RefusedRow,
    answer_block,
    open_engine,
)
from locator.batch.checkpoint import Checkpoint, Progress
from locator.batch.csv_blocks import CsvBlock, CsvFile, open_csv, read_blocks
from locator.batch.dask_workers import open_cluster
from locator.datum import Datum
from locator.errors import DataError, InvalidInput
from locator.finder.hits import NEAR_M
from locator.i18n import load_catalogue
from locator.model import Filter
from locator.search.index import check_bounds
from locator.settings import Settings

POSITIONS_BLOCK = 1 << 20
"""Bytes of a file of positions that are answered at once, some 30,000 rows."""
ADDRESSES_BLOCK = 1 << 14
"""Bytes of a file of addresses: some 300 rows, since each takes much longer."""
AHEAD = 2
"""Blocks under way for each thread or worker."""

AnswerBlocks = Callable[[Iterator[CsvBlock]], Iterator[tuple[CsvBlock, BlockAnswer]]]
REJECT_HEADER = ("file", "row", "column", "code", "value", "reason")


class BatchSummary(NamedTuple):
    """What became of a file."""

    rows: int
    answered: int
    """Rows with at least one point."""
    refused: int
    """Rows in the reject file."""
    resumed_rows: int
    """Rows that an earlier, killed run had done."""
    seconds: float
    output: Path
    rejects: Path


def run_batch(
    settings: Settings,
    source: Path,
    target: Path,
    *,
    address: str | None = None,
    lon: str | None = None,
    lat: str | None = None,
    datum: Datum = Datum.WGS84,
    limit: int = 5,
    within_m: float | None = NEAR_M,
    where: Filter = NEAREST_PLACED,
    rejects: Path | None = None,
    threads: int | None = None,
    workers: int = 0,
    scheduler: str | None = None,
    fresh: bool = False,
    progress: bool = True,
    encoding: str | None = None,
    opener: Opener | None = None,
) -> BatchSummary:
    """Find the nearest points for every row of a CSV file.

    Parameters
    ----------
    source, target
        CSV in (UTF-8 or GB18030, with a header) and CSV out (UTF-8 with a mark, as Excel wants it). The
        output has, for every row in order, a line for each of its nearest points: the row's own columns,
        where it lies (``origin_…``, WGS-84), ``rank``, the point (``point_…``), ``distance_m`` and
        ``approximate``. A row with nothing in reach has one line without a rank, and ``notice`` says why.
    address
        The column of addresses; or ``lon`` and ``lat``, columns of degrees in ``datum``.
    limit, within_m, where
        How many at most, within how many metres (50 km as in ``find``; None for no bound), and which points.
    rejects
        Where rows that are not understood go; ``<target>.rejects.csv`` when None.
    threads
        Threads of this process; as many as there are processors when None.
    workers, scheduler
        Dask instead: that many local processes, or a running cluster (each of its workers opens the
        layer of ``settings`` itself, so the data folder must be there too). The answers are the same.
    fresh
        True to start anew over an unfinished run; else the same question goes on where it stopped.
    progress
        A bar with rate and remaining time on stderr.
    opener
        Makes the engine; that of ``settings`` when None.

    Raises
    ------
    InvalidInput
        The columns do not exist or none are named, the limit is below 1, or an unfinished run of another
        question is in the way.
    NotFound, DataError
        The file is not there; a file cannot be read or written; the layer changed in between.
    MissingExtra, ServiceError
        Dask is not installed; its scheduler does not answer.
    """
    started = time.monotonic()
    question = _ask(open_csv(source, encoding=encoding), address, lon, lat)
    if limit < 1:
        raise InvalidInput(f"limit is {limit}; expected 1 or more", code="batch_limit", value=limit)
    check_bounds(limit, within_m)
    question = replace(question, datum=datum, limit=limit, within_m=within_m, where=where)
    rejects = rejects or target.with_name(target.name + ".rejects.csv")
    _check_paths(source, target, rejects)
    first = Progress(question=_describe(question), read=question.source.start)
    with Checkpoint(target, rejects, first, fresh=fresh) as checkpoint:
        done_before = checkpoint.progress.rows
        if not checkpoint.progress.done:
            work = spread(
                opener or partial(open_engine, settings),
                question,
                threads=threads or os.cpu_count() or 1,
                workers=workers,
                scheduler=scheduler,
                spool_dir=checkpoint.spool_dir,
            )
            with work as answer, _bar(question.source, checkpoint.progress, shown=progress) as bar:
                size = POSITIONS_BLOCK if address is None else ADDRESSES_BLOCK
                blocks = read_blocks(question.source, start=checkpoint.progress.read, size=size)
                for block, answered in answer(blocks):
                    _keep(checkpoint, question, block, answered, settings.lang)
                    _advance(bar, checkpoint.progress, done_before)
                _begin(checkpoint, question)
        checkpoint.finish()
        end = checkpoint.progress
    return BatchSummary(end.rows, end.answered, end.refused, done_before, time.monotonic() - started, target, rejects)


class _Future(Protocol):
    def result(self) -> BlockAnswer: ...


@contextmanager
def spread(
    opener: Opener, question: BatchQuestion, *, threads: int, workers: int, scheduler: str | None, spool_dir: Path
) -> Iterator[AnswerBlocks]:
    """Yield what turns blocks into answers, in order.

    Parameters
    ----------
    opener
        Makes the engine; called once in each process that answers.
    workers
        With 1 or more: that many local Dask processes.
    scheduler
        The address of a Dask scheduler; wins over ``workers``.
    spool_dir
        A folder that does not exist, beside the output: where local workers leave what they wrote.

    Raises
    ------
    MissingExtra
        Dask is asked for and not installed.
    ServiceError
        The scheduler does not answer.
    """
    submit: Callable[[CsvBlock], _Future]
    with ExitStack() as stack:
        if scheduler is None and workers <= 0:
            engine = opener()
            pool = stack.enter_context(ThreadPoolExecutor(threads))
            count, submit = threads, lambda block: pool.submit(answer_block, engine, question, block)
        else:
            cluster = open_cluster(opener, question, workers=workers, scheduler=scheduler, spool_dir=spool_dir)
            count, submit = stack.enter_context(cluster)
        yield lambda blocks: _in_order(submit, blocks, AHEAD * count)


def _in_order(
    submit: Callable[[CsvBlock], _Future], blocks: Iterator[CsvBlock], ahead: int
) -> Iterator[tuple[CsvBlock, BlockAnswer]]:
    waiting: deque[tuple[CsvBlock, _Future]] = deque()
    for block in blocks:
        waiting.append((block, submit(block)))
        if len(waiting) > ahead:
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()


def _ask(source: CsvFile, address: str | None, lon: str | None, lat: str | None) -> BatchQuestion:
    if address is not None and lon is None and lat is None:
        return BatchQuestion(source=source, address=source.column(address))
    if address is None and lon is not None and lat is not None:
        return BatchQuestion(source=source, lon=source.column(lon), lat=source.column(lat))
    raise InvalidInput("give the column of addresses, or those of longitude and latitude", code="batch_what")


def _check_paths(source: Path, target: Path, rejects: Path) -> None:
    if len({path.resolve() for path in (source, target, rejects)}) < 3:
        raise InvalidInput("input, output and rejects must be three files", code="batch_paths")


def _describe(question: BatchQuestion) -> str:
    """Return a question as a text that is the same when the question is; a predicate counts by its name."""
    predicate = question.where.predicate
    where = replace(question.where, predicate=None)
    parts = (
        question.source.path.resolve().name, question.source.size, question.source.path.stat().st_mtime_ns,
        question.source.encoding, question.address, question.lon, question.lat, str(question.datum), question.limit,
        question.within_m, sorted(map(str, where.kinds or ())), where.regions, sorted(map(str, where.positions or ())),
        where.wheelchair, where.hours_known, where.task and str(where.task),
        getattr(predicate, "__qualname__", None),
    )  # fmt: skip
    return repr(parts)


def _begin(checkpoint: Checkpoint, question: BatchQuestion) -> None:
    """Write the headers, if nothing is written yet."""
    if checkpoint.progress.written == 0:
        checkpoint.add(_csv([question.header], mark=True), _csv([REJECT_HEADER], mark=True), checkpoint.progress)


def _keep(checkpoint: Checkpoint, question: BatchQuestion, block: CsvBlock, answered: BlockAnswer, lang: str) -> None:
    """Write a block's answers and rejects, and that it is done."""
    _begin(checkpoint, question)
    before = checkpoint.progress
    if before.version is not None and before.version != answered.version:
        raise DataError("the layer changed during the batch: start it anew", code="batch_layer_changed")
    rejects = _csv(_reject_rows(answered.refused, question.source, before.rows, lang))
    after = replace(
        before,
        read=block.end,
        rows=before.rows + answered.rows,
        answered=before.answered + answered.answered,
        refused=before.refused + len(answered.refused),
        version=answered.version,
    )
    checkpoint.add(answered.lines, rejects, after)


def _reject_rows(
    refused: list[RefusedRow], source: CsvFile, rows_before: int, lang: str
) -> Iterator[tuple[object, ...]]:
    texts = load_catalogue(lang)
    for number, column, code, value in refused:
        reason = texts.get(f"batch.{code}") or texts.get(f"notices.{code}") or code
        yield source.path.name, rows_before + number + 1, column, code, _shown(value), reason


def _shown(value: str) -> str:
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in value)
    return "'" + text if text[:1] in "=+-@" and text[:1] else text


def _csv(rows: Any, *, mark: bool = False) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return (codecs.BOM_UTF8 if mark else b"") + out.getvalue().encode()


def _bar(source: CsvFile, done: Progress, *, shown: bool) -> Any:
    from tqdm import tqdm

    form = "{percentage:3.0f}% |{bar}| {elapsed} < {remaining}{postfix}"
    return tqdm(
        total=source.size,
        initial=done.read,
        disable=not shown,
        bar_format=form,
        leave=True,
        postfix="",
        mininterval=0.5,
    )


def _advance(bar: Any, done: Progress, rows_before: int) -> None:
    seconds = bar.format_dict["elapsed"] or 1e-9
    bar.set_postfix_str(f"{done.rows:,} rows, {(done.rows - rows_before) / seconds:,.0f}/s", refresh=False)
    bar.update(done.read - bar.n)
