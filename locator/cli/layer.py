"""``locator sources``, ``remove``, ``undo``, ``edit``, ``same`` and ``reports``: the life of a layer."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from locator.cli import write_json
from locator.errors import InvalidInput
from locator.i18n import text
from locator.settings import now_of

if TYPE_CHECKING:
    from locator.model import ServicePoint
    from locator.settings import Settings


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text")


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add ``locator sources``."""
    parser.description = "Each source of the layer: its name, rows, newest date, licence, and the file it came from."
    parser.epilog = "example: locator sources"
    _add_format(parser)


def run_sources(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator sources``."""
    from locator.ingest.shipped import ensure_data, open_own_store
    from locator.stores.contents import list_sources

    ensure_data(settings)
    found = list_sources(open_own_store(settings))
    if args.format == "json":
        write_json({"sources": found})
        return
    for source in found:
        shown = {key: value or "–" for key, value in source.items()} | {
            "licences": ", ".join(source["licences"]) or "–"
        }
        print(text("cli.source_line", args.lang, **shown | {"vanished": source["vanished"], "rows": source["rows"]}))


def add_remove(parser: argparse.ArgumentParser) -> None:
    """Add ``locator remove``."""
    parser.description = "Take a source and every office that only it gave out of the layer, or one office by its id."
    parser.epilog = "example: locator remove jinan-044"
    parser.add_argument("name", metavar="NAME_OR_ID", help="a source as `locator sources` names it, or an office's id")
    parser.add_argument("--source", metavar="URL", default="", help="where it is said that an office is gone")
    _add_format(parser)


def run_remove(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator remove``.

    Raises
    ------
    NotFound
        No source and no office has this name or id.
    """
    from locator.errors import NotFound
    from locator.ingest.corrections import edit_office
    from locator.ingest.importing import remove_source

    try:
        rows = remove_source(settings, args.name)
    except NotFound as missing:
        source, now = args.source or "operator", now_of(settings)
        try:
            point = edit_office(settings, args.name, {"status": "vanished"}, source=source, now=now)
        except NotFound:
            raise missing from None
        _tell(args, {"removed": point.id, "rows": 1}, "cli.office_removed", name=point.name)
        return
    _tell(args, {"removed": args.name, "rows": rows}, "cli.source_removed", name=args.name, rows=rows)


def add_undo(parser: argparse.ArgumentParser) -> None:
    """Add ``locator undo``."""
    parser.description = "Undo the last change of the layer, whatever it was; once more brings the change back."
    parser.epilog = "example: locator undo"
    _add_format(parser)


def run_undo(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator undo``."""
    from locator.ingest.importing import undo_change

    source = undo_change(settings)
    _tell(args, {"undone": source}, "cli.undone" if source else "cli.undo_nothing", name=source or "")


def add_edit(parser: argparse.ArgumentParser) -> None:
    """Add ``locator edit``."""
    parser.description = "Correct fields of one office; the correction has its date and survives the next import."
    parser.epilog = 'example: locator edit jinan-044 "hours=Mo-Fr 09:00-17:00" --source https://jinan.gov.cn/'
    parser.add_argument("id", help="the office's id, as find and export give it")
    parser.add_argument("values", nargs="+", metavar="FIELD=VALUE", help="columns as docs/DATA_FORMAT.md; empty: none")
    parser.add_argument("--source", metavar="URL", required=True, help="where that is said")
    _add_format(parser)


def run_edit(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator edit``."""
    from locator.ingest.corrections import edit_office

    point = edit_office(settings, args.id, _to_values(args.values), source=args.source, now=now_of(settings))
    _tell_office(args, point)


def add_same(parser: argparse.ArgumentParser) -> None:
    """Add ``locator same``."""
    parser.description = (
        "Offices of one kind with one telephone number within 150 m: list them; with two ids, make them one office,"
        " or keep them apart. The decision has its date, survives imports, and locator undo takes it back."
    )
    parser.epilog = "example: locator same"
    parser.add_argument("ids", nargs="*", metavar="ID", help="two offices; none: the pairs that nobody has decided")
    parser.add_argument("--apart", action="store_true", help="they are two offices")
    parser.add_argument("--source", metavar="URL", default="operator", help="where that is said")
    _add_format(parser)


def run_same(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator same``.

    Raises
    ------
    InvalidInput
        Another number of ids than none or two.
    """
    from locator.ingest.corrections import decide_same, list_near

    if not args.ids and not args.apart:
        pairs = [pair.describe() for pair in list_near(settings)]
        if args.format == "json":
            write_json({"pairs": pairs})
            return
        lines = [text("import.near_duplicate", args.lang, **pair) for pair in pairs]
        print("\n".join(lines) or text("cli.same_none", args.lang))
        return
    if len(args.ids) != 2:
        raise InvalidInput("locator same ID ID, or locator same --apart ID ID", code="same_usage")
    one, other = args.ids
    point = decide_same(settings, one, other, apart=args.apart, source=args.source, now=now_of(settings))
    decided = {"apart" if args.apart else "same": args.ids, "office": point.id}
    _tell(args, decided, "cli.kept_apart" if args.apart else "cli.made_same", one=one, other=other, name=point.name)


def _to_values(pairs: Sequence[str]) -> dict[str, str]:
    values = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise InvalidInput(f"{pair!r} is not FIELD=VALUE", code="edit_pair", given=pair)
        values[name.strip()] = value.strip()
    return values


def add_reports(parser: argparse.ArgumentParser) -> None:
    """Add ``locator reports``."""
    parser.description = "What people reported and nobody has decided; accept makes a dated correction of a report."
    parser.epilog = "example: locator reports"
    parser.add_argument("act", nargs="?", choices=["accept", "reject"], help="what becomes of a report")
    parser.add_argument("id", nargs="?", help="the report's id")
    parser.add_argument("values", nargs="*", metavar="FIELD=VALUE", help="what the office becomes; else as reported")
    parser.add_argument("--source", metavar="URL", default="", help="where it was looked up; needed to accept")
    _add_format(parser)


def run_reports(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator reports``.

    Raises
    ------
    InvalidInput
        An act without an id, or accepted without a source.
    """
    from locator.ingest.corrections import decide_report, list_reports

    if args.act is None:
        found = list_reports(settings)
        if args.format == "json":
            write_json({"reports": [report._asdict() for report in found]})
        for report in found if args.format == "text" else ():
            print(
                " ".join(
                    f"{report.report_id}  {report.time}  {report.entry_id}  {report.field}: {report.message}".split()
                )
            )
        if not found and args.format == "text":
            print(text("cli.reports_none", args.lang))
        return
    if not args.id or (args.act == "accept" and not args.source):
        raise InvalidInput("reports accept ID --source URL, or reports reject ID", code="reports_usage")
    point = decide_report(
        settings, args.id, accept=args.act == "accept", values=_to_values(args.values), source=args.source,
        now=now_of(settings),
    )  # fmt: skip
    if point is None:
        _tell(args, {"rejected": args.id}, "cli.report_rejected", id=args.id)
    else:
        _tell_office(args, point)


def _tell_office(args: argparse.Namespace, point: ServicePoint) -> None:
    from locator.layer import to_row

    row = {name: value for name, value in to_row(point).items() if value is not None}
    _tell(args, {"office": row}, "cli.edited", id=point.id, name=point.name)


def _tell(args: argparse.Namespace, shape: object, code: str, **params: object) -> None:
    if args.format == "json":
        write_json(shape)
    else:
        print(text(code, args.lang, **params))
