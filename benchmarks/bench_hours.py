"""Open now over 100,000 offices with 500 distinct expressions, beside opening-hours-py asked office by office.

Run: ``python benchmarks/bench_hours.py``. Both answer the same question in one run on one machine; the
library does not know China's calendar, so only its speed is compared, not its answer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from opening_hours import OpeningHours

from locator.hours import HoursClock, shipped_clock
from locator.layer import Layer
from locator.model import ServicePoint

OFFICES, DISTINCT, ROUNDS = 100_000, 500, 15
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
    chance = random.Random(7)
    exprs = [chance.choice(distinct) for _ in range(OFFICES)]
    layer = Layer.from_points(ServicePoint(id=str(n), name="x", hours=expr) for n, expr in enumerate(exprs))
    codes = layer.codes("hours")

    begun = time.perf_counter()
    cold = HoursClock().open_states(exprs, AT)
    cold_ms = (time.perf_counter() - begun) * 1000
    clock = shipped_clock()
    clock.open_states(exprs, AT)
    from_list = time_of(lambda: clock.open_states(exprs, AT))
    from_layer = time_of(lambda: clock.open_states(codes, AT))
    minutes = iter(range(1, 10_000))
    moving = time_of(lambda: clock.open_states(codes, AT + timedelta(minutes=next(minutes))))

    parsed = {expr: OpeningHours(expr) for expr in distinct}
    naive = AT.replace(tzinfo=None)
    peer = time_of(lambda: [parsed[expr].state(naive) for expr in exprs], 3)
    peer_distinct = time_of(lambda: {expr: each.state(naive) for expr, each in parsed.items()})
    single = time_of(lambda: [clock.evaluate(expr, AT) for expr in distinct]) / DISTINCT * 1000

    print(
        f"{OFFICES} offices, {len(distinct)} distinct expressions, {int(np.sum(cold == 1))} open at {AT:%Y-%m-%d %H:%M}"
    )
    print(f"first time, nothing cached (texts)       {cold_ms:8.1f} ms")
    print(f"cached, a list of texts                  {from_list:8.1f} ms")
    print(f"cached, the layer's coded column         {from_layer:8.1f} ms")
    print(f"cached, another minute each time         {moving:8.1f} ms")
    print(f"opening-hours-py, parsed, every office   {peer:8.1f} ms   {peer / from_list:6.1f} times ours")
    print(f"opening-hours-py, parsed, distinct only  {peer_distinct:8.1f} ms")
    print(f"evaluate() with until, one expression    {single:8.1f} us")


if __name__ == "__main__":
    main()
