"""Texts made of a week that is known, in the many ways people write it: none may be read as another week.

A text that stays words is no fault here; how many are read is kept from falling.
"""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from test_hours_weeks import HOLIDAYS, WEEKS, clerk, differences, program

from locator.hours.reader import read_hours_text

DAYS = [WEEKS[0].replace(day=WEEKS[0].day + n) for n in range(7)]
NAMES = "一二三四五六日"
MORNINGS = ((510, 720), (540, 690), (540, 720), (480, 690))
AFTERNOONS = ((810, 1020), (840, 1050), (780, 1020), (870, 1080))
WHOLE = ((540, 1020), (510, 1050), (600, 960))
BASES = (
    (0, 1, 2, 3, 4),
    (0, 1, 2, 3, 4),
    (0, 1, 2, 3, 4, 5),
    tuple(range(7)),
    (1, 2, 3, 4, 5),
    (0, 2, 4),
    (0, 1, 2, 3),
)
HOLIDAYS_OFF = ("法定节假日休息", "节假日休息", "国家法定节假日除外", "（节假日除外）", "法定节假日不办公")
NOTES = ("电话：0571-87654321", "咨询电话12345678", "请提前取号", "16:30停止取号", "具体以现场为准", "（自助区24小时）", "24小时自助服务")  # fmt: skip
LUNCH = ("午休12:00-13:00", "中午12:00-13:00休息", "（12:00-13:00午休）", "（午休12:00-13:00）")
Times = list[tuple[int, int]]


def say_days(draw: Random, days: set[int]) -> tuple[str, bool]:
    """Return days in words, and whether the words say that holidays are off."""
    named, prefix = sorted(days), draw.choice(("周", "星期", "周", "礼拜"))
    if named == [0, 1, 2, 3, 4] and draw.random() < 0.2:
        return "工作日", True
    if named == [5, 6] and draw.random() < 0.4:
        return draw.choice(("周末", "双休日")), False
    if len(named) == 7 and draw.random() < 0.5:
        return draw.choice(("每天", "每日", "天天")), False
    if len(named) > 2 and named[-1] - named[0] == len(named) - 1:
        return f"{prefix}{NAMES[named[0]]}{draw.choice('至到-~')}{draw.choice((prefix, ''))}{NAMES[named[-1]]}", False
    joint = "、" if draw.random() < 0.5 else "、" + prefix
    return prefix + joint.join(NAMES[day] for day in named), False


def say_times(draw: Random, times: Times) -> str:
    def clock(minute: int, *, twelve: bool) -> str:
        hour, rest = divmod(minute, 60)
        hour -= 12 if twelve and hour > 12 else 0
        written = {0: "", 30: "半"}.get(rest, f"{rest}分")
        return f"{hour}:{rest:02d}" if draw.random() < 0.75 else f"{hour}点{written}"

    def span(times: tuple[int, int], *, twelve: bool = False) -> str:
        return draw.choice(("-", "—", "至", "到", "~")).join(clock(minute, twelve=twelve) for minute in times)

    if len(times) == 2 and draw.random() < 0.5:
        joint = draw.choice(("，", "、", " ", ""))
        return f"上午{span(times[0])}{joint}下午{span(times[1], twelve=draw.random() < 0.5)}"
    half = "上午" if len(times) == 1 and times[0][1] <= 720 and draw.random() < 0.4 else ""
    return half + draw.choice(("，", "、", " ")).join(map(span, times))


def choose_times(draw: Random) -> Times:
    chance = draw.random()
    if chance < 0.45:
        return [draw.choice(MORNINGS), draw.choice(AFTERNOONS)]
    return [draw.choice(WHOLE if chance < 0.8 else MORNINGS)]


def write_week(days: set[int], times: str) -> str:
    """Return a group in the notation of ``weeks.csv``."""
    return ",".join(str(day + 1) for day in sorted(days)) + " " + times


def add_remark(draw: Random, groups: list[tuple[set[int], Times]]) -> tuple[str, list[str]]:
    """Return something said beside the hours, and what it adds to the week."""
    left, base = set(range(7)).difference(*(days for days, _ in groups)), groups[0][0]
    kind = draw.choice(("holidays", "shut", "half", "lunch", "note", "appointment", "", "", ""))
    if kind == "holidays":
        return draw.choice(HOLIDAYS_OFF), ["H off"]
    if kind == "shut" and 0 < len(left) < 4:
        return say_days(draw, left)[0] + draw.choice(("休息", "不办公", "不上班", "公休")), []
    if kind == "half" and base & set(range(5)):
        day, half = draw.choice(sorted(base & set(range(5)))), draw.choice(("上午", "下午"))
        said = f"周{NAMES[day]}{half}{draw.choice(('不办公', '不对外办公', '休息', '不上班'))}"
        return said, [write_week({day}, "x0-12" if half == "上午" else "x12-24")]
    if kind == "lunch" and all(len(times) == 1 and times[0][1] > 780 for _, times in groups):
        return draw.choice(LUNCH), [write_week(set(range(7)), "x12-13")]
    if kind == "note":
        return draw.choice(NOTES), []
    if kind == "appointment" and left and left <= {5, 6}:
        said = draw.choice(("预约", "需预约", "值班（需预约）", "电话预约"))
        return say_days(draw, left)[0] + said, [write_week(left, "?")]
    return "", []


def make_text(draw: Random) -> tuple[str, str]:
    """Return a text and its week."""
    groups: list[tuple[set[int], Times]] = [(set(draw.choice(BASES)), choose_times(draw))]
    while draw.random() < 0.45:
        days = draw.choice(({5}, {6}, {5, 6}, {4}, {1, 3})).difference(*(said for said, _ in groups))
        if days:
            groups.append((days, choose_times(draw)))
    parts, week = list[str](), [
        write_week(days, ",".join(f"{a // 60}:{a % 60:02d}-{b // 60}:{b % 60:02d}" for a, b in times))
        for days, times in groups
    ]  # fmt: skip
    off = False
    for days, times in draw.sample(groups, len(groups)) if draw.random() < 0.2 else groups:
        (named, workdays), said = say_days(draw, days), say_times(draw, times)
        off |= workdays
        form = draw.choice(("{d}{t}", "{d}{t}", "{d}：{t}", "{d} {t}", "{d}:{t}", "{t}（{d}）", "{d}（{t}）"))
        parts.append(form.format(d=named, t=said))
    remark, more = add_remark(draw, groups)
    first = bool(remark) and not remark.startswith("（") and draw.random() < 0.25
    parts = [remark, *parts] if first else [*parts, *([remark] if remark else [])]
    label = draw.choice(("办公时间：", "营业时间：", "对外服务时间：", "工作时间 ")) if draw.random() < 0.15 else ""
    joints = ("；", "，", "。", "\n", "；") if remark[:1] == "（" else ("；", "，", "。", "\n", " ", "；")
    text = label + draw.choice(joints).join(parts)  # a bracket behind a space may be of the last line alone
    return text, "|".join([*week, *more, *(["H off"] if off else [])])


WRITTEN = {
    "as it is": str.maketrans({}),
    "full width": str.maketrans("0123456789:;-(),", "０１２３４５６７８９：；－（），"),
    "one line": str.maketrans({"；": " ", "。": " ", "，": " ", "\n": " "}),
    "without stops": str.maketrans({"；": "", "。": "", "，": "", "\n": ""}),
    "table cells": str.maketrans({"；": "\t", "。": "\t", "\n": "\t"}),
    "tags": str.maketrans({"；": "<br>", "。": "<br/>", "\n": "<br />"}),
    "slashes": str.maketrans({"；": " / ", "。": " | ", "\n": " / "}),
}
"""What copying makes of a text."""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", WRITTEN)
def test_no_generated_week_is_read_as_another(seed: int, form: str) -> None:
    draw, told = Random(seed), Counter[bool]()
    for _ in range(200):
        text, week = make_text(draw)
        if form != "as it is" and re.search(r"[；。，\n]（", text):
            continue  # without its stop a bracket may be of the last line alone
        copied = text.translate(WRITTEN[form])
        expr = read_hours_text(copied).expr
        told[expr is not None] += 1
        for day in (DAYS + HOLIDAYS[:2]) if expr is not None else ():
            expected = [clerk(week, day, holiday=day in HOLIDAYS)]
            assert not differences(program(expr, day), expected), (copied, week, expr, day)
    assert told[True] > 0.8 * told.total(), told
