"""Serve a real Nominatim over an extract, on loopback, until interrupted; or for the length of another command.

    python benchmarks/nominatim_server.py EXTRACT.osm.pbf
    python benchmarks/nominatim_server.py EXTRACT.osm.pbf -- python benchmarks/bench_geocode.py --nominatim {url}

Prints the address when it is ready. Needs what the tests marked ``nominatim`` need (docs/GEOCODERS.md).
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from nominatim_server import missing, run_nominatim
from servers import run_cluster


def main() -> int:
    if len(sys.argv) < 2 or (lacking := missing()):
        print(__doc__ if len(sys.argv) < 2 else lacking, file=sys.stderr)
        return 2
    extract, command = Path(sys.argv[1]), sys.argv[3:]
    with run_cluster() as cluster, run_nominatim(cluster, extract) as url:
        print(url, flush=True)
        if command:
            return subprocess.run([word.replace("{url}", url) for word in command], check=False).returncode
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
