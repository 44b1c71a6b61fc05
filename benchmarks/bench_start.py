"""How fast the command starts: user CPU of a few commands beside ``python -c "import geopandas"``, in one run.

    PYTHON benchmarks/bench_start.py [--rounds 7]

Each command runs once before, so that bytecode is compiled and the data folder built; the smallest of the rounds
counts, taken in turns so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile

COMMANDS = {
    "import geopandas": (None, ["-c", "import geopandas"]),
    "locator --version": (0.12, ["-m", "locator", "--version"]),
    "locator --help": (0.12, ["-m", "locator", "--help"]),
    "locator geocode": (0.5, ["-m", "locator", "geocode", "济南市槐荫区经四路478号"]),
    "locator find": (0.7, ["-m", "locator", "find", "济南市槐荫区经四路478号", "--task", "apply"]),
}
"""What is run, and the ratio it may have."""


def run_once(arguments: list[str], environment: dict[str, str]) -> float:
    """Return the user CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=environment)  # fmt: skip
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main() -> int:
    """Print seconds and ratios; 1 where a ratio is above its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LOCATOR_")}
        environment |= {"LOCATOR_DATA": folder, "LOCATOR_NOW": "2026-11-23T10:00", "LOCATOR_PLACES": "off"}
        best = dict.fromkeys(COMMANDS, float("inf"))
        for number in range(rounds + 1):
            for name, (_, arguments) in COMMANDS.items():
                seconds = run_once(arguments, environment)
                if number:
                    best[name] = min(best[name], seconds)
    base, broken = best["import geopandas"], False
    for name, (most, _) in COMMANDS.items():
        ratio = best[name] / base
        broken |= most is not None and ratio > most
        bound = "" if most is None else f"   at most {most}: {'holds' if ratio <= most else 'BROKEN'}"
        print(f"{name:<20}{best[name]:7.3f} s {ratio:6.2f}x{bound}")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
