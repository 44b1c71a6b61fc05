"""``locator route`` and ``locator links``."""

from __future__ import annotations

import argparse
import sys

from locator.cli.terms import add_mode, read_pair, say, write_json
from locator.model import Mode, Route
from locator.outputs.shapes import mode_name, shape_route, shape_route_feature
from locator.settings import Settings
from locator.wording import say_duration, say_rough_length


def add_route(parser: argparse.ArgumentParser) -> None:
    """Add ``locator route``."""
    parser.description = "Line, distance, duration and steps; without road data the straight line, as an estimate."
    parser.epilog = "example: locator route --from 116.974,36.658 --to 117.0,36.66 --mode walk"
    _add_ends(parser)
    parser.add_argument("--format", choices=["text", "json", "geojson"], default="text")


def _add_ends(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="origin", metavar="LON,LAT", required=True, help="WGS-84, longitude first")
    parser.add_argument("--to", dest="target", metavar="POINT_ID_OR_LON,LAT", required=True)
    add_mode(parser, default="walk", help="default: walk")


def _target(value: str) -> tuple[float, float] | str:
    return read_pair(value) if "," in value else value


def run_route(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator route``."""
    from locator.service import Locator

    route = Locator(settings).route(read_pair(args.origin), _target(args.target), Mode(args.mode), args.lang)
    if args.format == "json":
        write_json(shape_route(route))
    elif args.format == "geojson":
        write_json(shape_route_feature(route))
    else:
        sys.stdout.writelines(line + "\n" for line in _route_lines(route, args.lang))


def _route_lines(route: Route, lang: str) -> list[str]:
    mode = mode_name(route.mode, lang)
    distance = say_rough_length(route.distance_m, lang)
    if route.duration_s is None:
        head = say("route_untimed", lang, mode=mode, distance=distance)
    else:
        head = say("route", lang, mode=mode, distance=distance, duration=say_duration(route.duration_s, lang))
    return [head, *(f"{number:>2}. {step.text}" for number, step in enumerate(route.steps, 1))]


def add_links(parser: argparse.ArgumentParser) -> None:
    """Add ``locator links``."""
    parser.description = "Links into AMap, Baidu, Tencent, Apple, OsmAnd and Google, each in the datum it expects."
    parser.epilog = "example: locator links --from 116.974,36.658 --to 117.0,36.66 --mode walk"
    _add_ends(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_links(args: argparse.Namespace, settings: Settings) -> None:
    """Run ``locator links``."""
    from locator.service import Locator

    links = Locator(settings).links_to(read_pair(args.origin), _target(args.target), args.mode, args.lang)
    if args.format == "json":
        write_json({"links": [{"app": str(link.app), "url": link.url} for link in links]})
    else:
        sys.stdout.writelines(f"{link.app}: {link.url}\n" for link in links)
