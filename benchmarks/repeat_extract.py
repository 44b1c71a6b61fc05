"""Write an OpenStreetMap extract several times over, side by side: a larger one to build road tiles from.

    python benchmarks/repeat_extract.py SOURCE.osm.pbf OUT.osm.pbf --copies 29 [--columns N] [--shift DEGREES]

Each copy lies ``--shift`` degrees east of the one before, with ids of its own, so nothing is shared; after
``--columns`` copies the next row begins as far north.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import osmium

IDS_APART = 20_000_000_000
"""More than any id that OpenStreetMap has given out."""


def repeat(source: Path, out: Path, copies: int, shift: float, columns: int = 0) -> int:
    """Write the copies, nodes before ways before relations as every reader expects; return the bytes."""
    with osmium.SimpleWriter(str(out), overwrite=True) as writer:
        for kind in (osmium.osm.NODE, osmium.osm.WAY, osmium.osm.RELATION):
            for copy in range(copies):
                extra = copy * IDS_APART
                row, column = divmod(copy, columns or copies)
                for thing in osmium.FileProcessor(str(source), kind):
                    if kind == osmium.osm.NODE:
                        place = (thing.location.lon + column * shift, thing.location.lat + row * shift)
                        writer.add_node(thing.replace(id=thing.id + extra, location=place))
                    elif kind == osmium.osm.WAY:
                        writer.add_way(thing.replace(id=thing.id + extra, nodes=[n.ref + extra for n in thing.nodes]))
                    else:
                        members = [(m.type, m.ref + extra, m.role) for m in thing.members]
                        writer.add_relation(thing.replace(id=thing.id + extra, members=members))
    return out.stat().st_size


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--copies", type=int, default=29)
    parser.add_argument("--shift", type=float, default=0.3, help="degrees between copies")
    parser.add_argument("--columns", type=int, default=0, help="copies in a row; all of them when 0")
    args = parser.parse_args()
    print(f"{args.out}: {repeat(args.source, args.out, args.copies, args.shift, args.columns) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
