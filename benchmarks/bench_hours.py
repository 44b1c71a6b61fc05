"""Whether 500 offices with distinct expressions are open, beside opening-hours-py.

Run: ``python benchmarks/bench_hours.py``. Both answer in one run on one machine; the library does not know
China's calendar, and our answer also says until when, so only the speed is compared.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours

from locator.hours.clock import HoursClock

DISTINCT, ROUNDS = 500, 15
CHINA = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 23, 12, 0, tzinfo=CHINA)


def make_expressions(count: int) -> list[str]:
    """Return distinct expressions as offices have them."""
    chance = random.Random(6)
    made = set[str]()
    while len(made) < count:
        start, noon, again, end = (
            chance.randrange(a, b) * 5 for a, b in ((96, 115), (138, 150), (156, 175), (192, 222))
        )
        clock = [f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (start, noon, again, end)]
        times = "{}-{},{}-{}".format(*clock) if chance.random() < 0.7 else f"{clock[0]}-{clock[3]}"
        saturday = chance.choice(["", "; Sa 09:00-12:00", '; Sa 09:00-12:00 unknown "预约"', "; Sa,Su,PH 08:30-11:30"])
        made.add(f"Mo-Fr {times}{saturday}" + ("" if "PH" in saturday else "; PH off"))
    return sorted(made)


def time_of(task: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the best time in milliseconds: what the machine can do when nobody else is on it."""
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        task()
        spent.append((time.perf_counter() - begun) * 1000)
    return min(spent)


def main() -> None:
    """Measure and print."""
    distinct = make_expressions(DISTINCT)
    clock = HoursClock()
    begun = time.perf_counter()
    states = [clock.evaluate(expr, AT).state for expr in distinct]
    cold_us = (time.perf_counter() - begun) * 1e6 / DISTINCT
    minutes = iter(range(1, 10_000))

    def ask_later() -> None:
        moment = AT + timedelta(minutes=next(minutes))
        for expr in distinct:
            clock.evaluate(expr, moment)

    warm_us = time_of(lambda: [clock.evaluate(expr, AT) for expr in distinct]) / DISTINCT * 1000
    moving_us = time_of(ask_later) / DISTINCT * 1000
    parsed = [OpeningHours(expr) for expr in distinct]
    naive = AT.replace(tzinfo=None)
    peer_us = time_of(lambda: [hours.state(naive) for hours in parsed]) / DISTINCT * 1000
    print(f"{DISTINCT} distinct expressions, {states.count('open')} open at {AT:%Y-%m-%d %H:%M}; microseconds for each")
    print(f"first time, nothing cached               {cold_us:8.1f}")
    print(f"cached                                   {warm_us:8.1f}")
    print(f"cached, another minute each time         {moving_us:8.1f}")
    print(f"opening-hours-py, parsed, state alone    {peer_us:8.1f}")


if __name__ == "__main__":
    main()
