"""``locator batch``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from locator.cli.terms import add_choice, say
from locator.datum import Datum
from locator.errors import InvalidInput
from locator.settings import Settings


def add_batch(parser: argparse.ArgumentParser) -> None:
    """Add ``locator batch``."""
    parser.description = "The nearest points for every row of a CSV. Killed and started again, it goes on where it was."
    parser.epilog = (
        "example: locator batch docs/examples/addresses.csv -o /tmp/locator-nearest.csv --address 地址 --fresh"
    )
    parser.add_argument("input", type=Path, metavar="IN.csv")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.csv", required=True)
    parser.add_argument("--address", metavar="COLUMN", help="the column of addresses")
    parser.add_argument("--lon", metavar="COLUMN", help="the column of longitudes")
    parser.add_argument("--lat", metavar="COLUMN", help="the column of latitudes")
    add_choice(parser, "--datum", Datum, default="wgs84", help="what the columns are measured against")
    parser.add_argument("--limit", type=int, default=5, metavar="K", help="how many points a row (default: 5)")
    parser.add_argument("--within-m", type=float, metavar="M", help="no farther than this (default: 50 km)")
    parser.add_argument(
        "--rejects", type=Path, metavar="FILE", help="rows not understood (default: OUT.csv.rejects.csv)"
    )
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="that many Dask processes on this machine")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a running Dask cluster, as tcp://host:8786")
    parser.add_argument("--encoding", help="of the input, if it is neither UTF-8 nor GB18030")
    parser.add_argument("--fresh", action="store_true", help="start anew over an unfinished run")


def run_batch(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator batch``.

    Raises
    ------
    InvalidInput
        Neither an address nor a position is named, or both.
    """
    from locator.batch import run_batch as answer_file

    if bool(args.address) == bool(args.lon and args.lat):
        raise InvalidInput("give either --address, or --lon and --lat", code="batch_columns")
    done = answer_file(
        settings,
        args.input,
        args.output,
        address=args.address,
        lon=args.lon,
        lat=args.lat,
        datum=Datum(args.datum),
        limit=args.limit,
        **({} if args.within_m is None else {"within_m": args.within_m}),
        rejects=args.rejects,
        workers=args.workers,
        scheduler=args.scheduler,
        fresh=args.fresh,
        encoding=args.encoding,
    )
    summary = say(
        "batch_done",
        args.lang,
        rows=done.rows,
        answered=done.answered,
        refused=done.refused,
        seconds=f"{done.seconds:.1f}",
        output=done.output,
        rejects=done.rejects,
    )
    print(summary, file=sys.stderr)
