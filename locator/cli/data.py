"""``locator import``, ``check``, ``export`` and ``info``."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locator.cli import add_choice, say, write_json
from locator.datum import Datum
from locator.errors import SourceError
from locator.i18n import text
from locator.layer import COLUMNS
from locator.model import Kind
from locator.settings import Settings, now_of

if TYPE_CHECKING:
    from locator.ingest import Issue
    from locator.ingest.importing import ImportSummary

COMMON = 3
"""A fault of more rows than this is told once, with their number."""


def add_import(parser: argparse.ArgumentParser) -> None:
    """Add ``locator import``."""
    from locator.ingest import SOURCES

    parser.description = "Read a source, check every row, place what has no position, and put all of it in at once."
    parser.epilog = "example: locator import table docs/examples/offices.csv --dry-run"
    kinds = [*SOURCES, "places"]
    parser.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    parser.add_argument("location", help="a file, a place name, a box … as docs/SOURCES.md says")
    parser.add_argument("--name", help="what the layer calls this source (the same name again replaces it)")
    add_choice(parser, "--datum", Datum, help="what positions are measured against, if the source does not say")
    parser.add_argument("--rejects", type=Path, metavar="FILE", help="a CSV of every fault and doubt")
    parser.add_argument("--dry-run", action="store_true", help="read, check and place; change nothing")
    parser.add_argument("--mapping", metavar="FILE", help="which column is which, where the headers are not known")
    parser.add_argument("--encoding", help="of a table, if it is neither UTF-8 nor GB18030")
    parser.add_argument(
        "--sheet", help="of a workbook (all that are shown and have a header when not given), or a layer of a file"
    )
    parser.add_argument("--country", metavar="CODE", help="of its telephone numbers, when that is not China: JP, CA …")
    parser.add_argument(
        "--boundaries", type=Path, metavar="GEOJSON", help="areas by adcode, to check positions against"
    )
    parser.add_argument("--source-date", metavar="DATE", help="the date of rows that state none")
    parser.add_argument("--licence", help="the licence of rows that state none")
    parser.add_argument("--region", metavar="NAME_OR_ADCODE", help="for amap: where to search")
    parser.add_argument("--download", action="store_true", help="for osm: fetch the extract of the region named first")
    parser.add_argument("--no-roads", action="store_true", help="for osm: leave the road data as it is")
    parser.add_argument("--append", action="store_true", help="keep what the source gave before and does not name now")
    parser.add_argument("--yes", action="store_true", help="go on where more than a third of the source would vanish")
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_import(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator import``."""
    if args.kind == "places":
        _import_places(args, settings)
        return
    with _offering_mapping(args.location):
        summary = _import(args, settings)
    if args.format == "json":
        write_json(_shape_summary(summary))
        return
    sys.stdout.writelines(line + "\n" for line in _summary_lines(summary, args))


def _import(args: argparse.Namespace, settings: Settings) -> ImportSummary:
    from locator.ingest.importing import import_source

    defaults = {"source_date": args.source_date, "licence": args.licence}
    return import_source(
        args.kind,
        args.location,
        settings,
        name=args.name,
        datum=Datum(args.datum) if args.datum else None,
        rejects=args.rejects,
        dry_run=args.dry_run,
        boundaries=args.boundaries,
        defaults={key: value for key, value in defaults.items() if value},
        show_progress=True,
        download=args.download,
        roads=not args.no_roads,
        country=args.country,
        append=args.append,
        sure=args.yes,
        **_options(args),
    )


@contextlib.contextmanager
def _offering_mapping(location: str) -> Iterator[None]:
    """Write a mapping file to start from, in the working folder, when no column of a table is a name."""
    try:
        yield
    except SourceError as error:
        columns = getattr(error, "seen_columns", [])
        path = Path(f"{Path(location).stem}.mapping.yaml")
        if not columns or path.exists():
            raise
        with contextlib.suppress(OSError):
            write_mapping(path, location, columns)
            error.code = "header_unknown_mapping"
            error.params["mapping"] = str(path)
        raise


def write_mapping(path: Path, file: str, columns: Iterable[tuple[str, str]]) -> None:
    """Write a mapping file to start from: every column of a table that could not be read, with its first value.

    Parameters
    ----------
    file
        The table's name, for the command in the first lines.
    """
    lines = [
        "# Write the layer's column after each of the table's, or ignore; one of them must be: name",
        f"# then: locator import table {file} --mapping {path.name}",
        f"# columns: {', '.join(name for name in COLUMNS if name != 'origins')}",
        "columns:",
    ]
    for name, value in columns:
        shown = " ".join(value.split())[:40]
        lines.append(f"  {json.dumps(name, ensure_ascii=False)}: ignore" + (f"  # {shown}" if shown else ""))
    path.write_text("\n".join([*lines, "defaults: {}", ""]), "utf-8")


def _import_places(args: argparse.Namespace, settings: Settings) -> None:
    from locator.ingest.importing import write_rejects
    from locator.ingest.place_files import import_places

    datum = Datum(args.datum) if args.datum else None
    count = import_places(Path(args.location), settings, name=args.name, datum=datum, dry_run=args.dry_run)
    if args.rejects is not None:
        write_rejects(args.rejects, count.rejects)
    told = {name: getattr(count, name) for name in ("source", "read", "kept", "seats")}
    told["refused"] = len(count.rejects)
    if args.format == "json":
        write_json({**told, "placed": dict(count.placed), "dry_run": args.dry_run})
        return
    lines = [text("import.summary_places", args.lang, **told)]
    lines += [text("import.summary_dry", args.lang)] if args.dry_run else []
    lines += [_reject_line(reject, args.lang) for reject in count.rejects[:10]] if args.rejects is None else []
    sys.stdout.writelines(line + "\n" for line in lines)


def _options(args: argparse.Namespace) -> dict[str, object]:
    """Return the options that only some kinds of source know, where they were given."""
    given = {name: getattr(args, name) for name in ("mapping", "encoding", "sheet", "region")}
    return {name: value for name, value in given.items() if value}


def _shape_summary(summary: ImportSummary) -> dict[str, object]:
    stored = summary.stored
    return {
        "source": summary.source,
        "read": summary.read,
        "kept": summary.kept,
        "refused": summary.refused,
        "values_left_out": summary.values_left_out,
        "doubts": summary.doubts,
        "merged": stored.merged if stored else 0,
        "placed": dict(summary.placed),
        "geocoded": summary.geocoded,
        "notices": [{"code": code, **params} for code, params in summary.notices],
        "stored": None
        if stored is None
        else {name: getattr(stored, name) for name in ("added", "changed", "unchanged", "vanished", "total")},
    }


def _summary_lines(summary: ImportSummary, args: argparse.Namespace) -> list[str]:
    lang, stored = args.lang, summary.stored

    def tell(code: str, /, **params: object) -> str:
        return text(f"import.{code}", lang, **params)

    positions = ", ".join(
        f"{text(f'names.precision.{name}', lang) if name != 'none' else '–'} {count}"
        for name, count in summary.placed.items()
    )
    lines = [
        tell(
            "summary",
            source=summary.source,
            read=summary.read,
            kept=summary.kept,
            merged=stored.merged if stored else 0,
            refused=summary.refused,
            values=summary.values_left_out,
            doubts=summary.doubts,
        ),
        tell("summary_placed", positions=positions, geocoded=summary.geocoded),
    ]
    if stored is None:
        lines.append(tell("summary_dry"))
    else:
        counts = {name: getattr(stored, name) for name in ("added", "changed", "unchanged", "vanished", "total")}
        lines.append(tell("summary_stored", **counts))
    lines += [tell(code, **{k: _shorten(v) for k, v in params.items()}) for code, params in summary.notices]
    if args.rejects is not None:
        lines.append(tell("summary_rejects", path=args.rejects))
    elif summary.rejects:
        lines += _issue_lines(summary.rejects, lang)
    return lines


def _shorten(value: object, most: int = 300) -> object:
    """Return what a line tells of a value: a hundred columns are not named one by one."""
    return f"{value[:most].rpartition(',')[0]} …" if isinstance(value, str) and len(value) > most else value


def _issue_lines(issues: Sequence[Issue], lang: str) -> list[str]:
    """Return the first ten lines about what was wrong; what many rows have in common is one line."""
    same: dict[tuple[str, str, str], list[Issue]] = {}
    for issue in issues:
        same.setdefault((issue.column, issue.code, issue.severity), []).append(issue)
    lines = []
    for (column, code, severity), found in same.items():
        if len(found) <= COMMON:
            lines += [_reject_line(issue, lang) for issue in found]
            continue
        first = found[0]
        words = {"sentence": text(f"import.fault.{code}", lang), "severity": text(f"import.severity.{severity}", lang)}
        common = {"column": column, "code": code, "count": len(found), "row": first.row, "value": repr(first.value)}
        lines.append(text("import.issue_common", lang, **common, **words))
    return lines[:10]


def add_check(parser: argparse.ArgumentParser) -> None:
    """Add ``locator check``."""
    parser.description = "Every fault with row, column, code and value; exit 1 if any. Without a file: the layer."
    parser.epilog = "example: locator check data/offices"
    parser.add_argument("file", nargs="?", type=Path, help="a table, a GeoJSON, a folder of them, or data/guide")
    add_choice(parser, "--datum", Datum, help="what positions are measured against, if the file does not say")
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_check(args: argparse.Namespace, settings: Settings) -> int:
    """Run ``locator check``; 1 when there is any fault."""
    from locator.geocode.index_files import open_data_gazetteer
    from locator.ingest.place import Placer, places_of
    from locator.ingest.validate import check_file, check_layer
    from locator.service import Locator

    if args.file is not None and args.file.is_dir() and any(args.file.rglob("*.yaml")):
        return _check_guide(args)
    locator = Locator(settings)
    gazetteer = open_data_gazetteer(settings)
    placer = Placer(gazetteer, places_of(gazetteer))
    if args.file is None:
        layer, districts = locator.engines.store.layer(), locator.engines.districts
        reports = [check_layer(layer, centre_of=placer.centre_of, districts=districts)]
    else:
        datum = Datum(args.datum) if args.datum else None
        files = sorted(args.file.glob("*.csv")) if args.file.is_dir() else [args.file]
        known = locator.engines.store.parts()
        reports = [
            check_file(
                file,
                datum=datum,
                centre_of=placer.centre_of,
                adcode_of=placer.adcode_of,
                districts=locator.engines.districts,
                known=known,
            )
            for file in files
        ]
    rows, rejects = sum(report.rows for report in reports), [r for report in reports for r in report.rejects]
    faults = sum(len(report.faults) for report in reports)
    if args.format == "json":
        write_json({"rows": rows, "faults": faults, "rejects": [reject._asdict() for reject in rejects]})
    else:
        sys.stdout.writelines(_reject_line(reject, args.lang) + "\n" for reject in rejects)
        code = "check_ok" if not rejects else "check_faults"
        print(text(f"import.{code}", args.lang, rows=rows, faults=faults, doubts=len(rejects) - faults))
    return 1 if faults else 0


def _reject_line(reject: Issue, lang: str) -> str:
    sentence = text(f"import.fault.{reject.code}", lang)
    severity = text(f"import.severity.{reject.severity}", lang)
    return f"{reject.file}:{reject.row}: {reject.column} {reject.code}: {reject.value!r} – {sentence} ({severity})"


def _check_guide(args: argparse.Namespace) -> int:
    from locator.guide.book import check_guide, describe_fault

    faults = check_guide(args.file)
    if args.format == "json":
        found = [{"file": f.file, "line": f.line, "code": f.code, "text": describe_fault(f, args.lang)} for f in faults]
        write_json({"faults": len(faults), "rejects": found})
    else:
        sys.stdout.writelines(describe_fault(fault, args.lang) + "\n" for fault in faults)
        print(say("guide_checked", args.lang, faults=len(faults)))
    return 1 if faults else 0


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add ``locator export``."""
    from locator.outputs.exports import FORMATS

    parser.description = "Points as CSV, GeoJSON, KML, GeoPackage or GeoParquet."
    parser.epilog = "example: locator export -o /tmp/locator-jinan.csv --region 济南市"
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", required=True)
    parser.add_argument("--region", metavar="NAME_OR_ADCODE")
    add_choice(parser, "--kind", Kind, nargs="+", action="extend")
    parser.add_argument("--format", choices=list(FORMATS), help="default: by the file's ending")


def run_export(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator export``."""
    from locator.outputs.exports import write_points
    from locator.service import Locator

    kinds = frozenset(map(Kind, args.kind)) if args.kind else None
    count = write_points(Locator(settings).points(region=args.region, kinds=kinds), args.output, args.format)
    print(say("exported", args.lang, count=count, path=args.output), file=sys.stderr)


def add_info(parser: argparse.ArgumentParser) -> None:
    """Add ``locator info``."""
    parser.description = "Counts, age, sources, licences, and which engines are available."
    parser.epilog = "example: locator info"
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_info(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator info``."""
    from locator.geocode.index_files import describe_places
    from locator.service import Locator
    from locator.stores.contents import describe_layer

    locator = Locator(settings)
    info = describe_layer(locator.engines.store, now=now_of(settings)) | {"engines": locator.engines.describe()}
    info["calendar_known_until"] = locator.engines.clock.calendar.known_until
    info["named_places"] = describe_places(settings)
    if args.format == "json":
        write_json(info)
    else:
        info["named_places"] = say(f"info.places_{info['named_places']}", args.lang)
        _print_info(info, lambda key: say(f"info.{key}", args.lang))


def _print_info(info: Mapping[str, Any], name_of: Callable[[str], str]) -> None:
    for key, value in info.items():
        if isinstance(value, Mapping):
            print(f"{name_of(key)}:")
            for name, count in list(value.items())[:40]:
                print(f"  {name}: {count}")
        else:
            shown = f"{value:.0%}" if isinstance(value, float) else value
            print(f"{name_of(key)}: {shown}")
