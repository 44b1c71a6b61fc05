"""Record the answers to 200 questions, and compare two recordings.

    PYTHON benchmarks/record_answers.py FOLDER                  record this checkout
    PYTHON benchmarks/record_answers.py FOLDER --compare OLD    record, then print what differs from OLD
    PYTHON benchmarks/record_answers.py NEW --only-compare OLD  compare two folders

Only what is promised to callers is used (the command line, and HTTP of the page's server), so that a recording of
an older checkout is comparable: ``PYTHONPATH=OTHER_CHECKOUT PYTHON benchmarks/record_answers.py …`` records that
one. The clock stands still, the data folder is built anew from the shipped data, nothing outside is asked.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import cycle, product
from pathlib import Path
from typing import Any

NOW = "2026-11-23T10:00"
TASKS = ("apply", "collect", "activate", "replace-lost", "replace-damaged", "renew", "report-loss", "pin",
         "change-data", "transfer", "e-card", "e-voucher", "medical", "enquire")  # fmt: skip
PERSONS = ("adult", "child", "agent", "foreigner", "hkmt")
TEXTS = (
    "济南市槐荫区经四路478号", "五里沟街道", "山东省济南市历下区", "大连市中山区", "中山", "北京市东城区", "上海",
    "朝阳区", "深圳市南山区", "济南火车站", "经四路478号", "大连", "历城", "西湖区文三路", "乌鲁木齐",
    "拉萨市城关区", "三亚",
    "jinan", "dalian shi", "Zhongshan", "鼓楼区", "济南市纬二路", "槐荫区人力资源和社会保障局",
    "济南市医疗保险事业中心", "臺北", "香港", "不存在的地方一二三", "济南市市中区", "116.974,36.658", "36.658, 116.974",
    "N36.65 E117.0",
    "济南市槐荫区段店北路西城大厦", "大连市沙河口区", "内蒙古呼和浩特", "临夏回族自治州", "济源市", "仙桃",
    "东莞市莞城", "海南省儋州市", "浦东新区世纪大道",
)  # fmt: skip
PREFIXES = ("j", "jn", "jinan", "济", "济南", "大连市", "zhongshan", "chaoyang", "鼓楼", "槐荫", "五里沟", "wulig",
            "社保", "上海", "xizang", "内蒙", "hk", "深", "经四", "历下区")  # fmt: skip
SPOTS = ("116.974,36.658", "121.614,38.914", "116.397,39.908", "121.473,31.230", "87.617,43.826", "113.33,23.13",
         "0.5,51.5", "117.0,36.66")  # fmt: skip
HOURS = (
    "Mo-Fr 09:00-12:00,13:30-17:00; PH off", "24/7", "Mo-Sa 08:30-17:30", "周一至周五 9:00-17:00", "上午9点到12点",
    "Tu,Th 14:00-20:00", "工作日 8:30-12:00 13:00-17:30，周六上午", "sunrise-sunset", "全年无休", "法定节假日除外 9-17",
)  # fmt: skip
MOMENTS = ("2026-10-10T10:00", "2026-10-01T10:00", "2026-11-28T09:30", "2026-02-17T10:00")
TABLES = {
    "plain": "name,kind,address,province,city,district,source,source_date\n甲街道人社中心,community-center,"
    "槐荫区经四路1号,山东省,济南市,槐荫区,表,2026-01-02\n乙社保局,hrss-bureau,中山区解放路2号,辽宁省,大连市,中山区,表,2026-01-03\n",
    "chinese": "单位名称,地址,联系电话,办公时间,经度,纬度\n丙人社局,济南市历下区泺源大街3号,0531-12345678,"
    "周一至周五 9:00-17:00,117.02,36.66\n丁医保中心,济南市市中区经七路4号,12393,,,\n",
    "faults": "name,kind,lon,lat\n戊中心,card-center,36.66,117.02\n,card-center,117.0,36.6\n<b>己</b>,bank,117,36\n"
    "庚社保所,,999,36\n",
    "tabs": "名称\t地址\n辛政务服务中心\t大连市西岗区北岗街5号\n",
    "formula": 'name,address,notes\n壬街道人社中心,济南市历城区山大北路6号,"=HYPERLINK(""x"")"\n',
}
"""Small tables to import, each with a kind of trouble of its own."""


def list_commands() -> Iterator[list[str]]:
    """Yield the command lines; ``{tables}`` and ``{out}`` stand for folders of this run."""
    tasks, persons = cycle(TASKS), cycle(PERSONS)
    for number, place in enumerate(TEXTS):
        options = (
            [],
            ["--open-now"],
            ["--limit", "3"],
            ["--kind", "hrss-bureau", "medical-insurance"],
            ["--lang", "en"],
        )
        yield [
            "find",
            place,
            "--task",
            next(tasks),
            "--person",
            next(persons),
            *options[number % 5],
            "--format",
            "json",
        ]
    for number, spot in enumerate(SPOTS):
        options = (
            ["--datum", "gcj02"],
            ["--within-m", "5000"],
            ["--open-at", "2026-11-28T09:30"],
            ["--region", "济南"],
        )
        yield ["find", "--at", spot, *options[number % 4], "--format", "json"]
    for form in ("text", "csv", "geojson", "kml"):
        yield ["find", "济南市槐荫区经四路478号", "--task", "apply", "--format", form]
    yield ["find", "济南市槐荫区", "--open-now", "--lang", "en", "--format", "text"]
    for place in TEXTS[:28]:
        yield ["geocode", place, "--format", "json"]
    yield ["geocode", "朝阳区", "--near", "116.4,39.9", "--limit", "3", "--format", "text"]
    for prefix in PREFIXES:
        yield ["suggest", prefix, "--format", "json"]
    for number, expression in enumerate(HOURS):
        yield ["hours", expression, "--at", MOMENTS[number % 4], "--lang", ("zh", "en")[number % 2], "--format", "json"]
    regions = ("济南", "440300", "大连市", None)
    for number, task in enumerate(TASKS):
        region = regions[number % 4]
        yield ["guide", task, "--person", next(persons), *(["--region", region] if region else []), "--format", "json"]
    yield ["guide", "apply", "--person", "child", "--region", "济南", "--format", "text"]
    yield ["guide", "renew", "--lang", "en", "--format", "html"]
    for mode in ("walk", "drive"):
        yield ["route", "--from", "116.974,36.658", "--to", "117.0,36.66", "--mode", mode, "--format", "json"]
    yield ["links", "--from", "116.974,36.658", "--to", "117.0,36.66", "--format", "json"]
    yield ["check", "--format", "json"]
    for name in TABLES:
        yield ["check", f"{{tables}}/{name}.csv", "--format", "json"]
    for form in ("csv", "geojson", "kml"):
        yield ["export", "-o", f"{{out}}/points.{form}", "--region", "济南市", "--format", form]
    yield ["export", "-o", "{out}/bureaus.csv", "--kind", "hrss-bureau"]
    yield ["batch", "{tables}/addresses.csv", "-o", "{out}/nearest.csv", "--address", "address", "--limit", "2"]
    yield ["info", "--format", "json"]
    yield ["find"]
    yield ["find", "济南", "--at", "900,1"]
    yield ["guide", "fly"]
    # What changes the layer comes last.
    for name in TABLES:
        yield ["import", "table", f"{{tables}}/{name}.csv", "--format", "json"]
    yield ["find", "--at", "117.02,36.66", "--limit", "8", "--format", "json"]
    yield ["export", "-o", "{out}/after.csv"]


def list_requests() -> Iterator[tuple[str, str, object | None]]:
    """Yield method, path and JSON body (or form fields) of what is asked over HTTP."""
    for place, task in zip(TEXTS[:16], cycle(TASKS)):
        yield "POST", "/api/v1/find", {"text": place, "task": task, "limit": 3}
    for place in TEXTS[16:22]:
        yield "POST", "/api/v1/geocode", {"text": place}
    for prefix in PREFIXES[:5]:
        yield "POST", "/api/v1/suggest", {"text": prefix}
    for spot in SPOTS:
        yield "GET", f"/api/v1/find?at={spot}&limit=3", None
    yield "GET", "/api/v1/points?region=370104", None
    yield "GET", "/api/v1/hours?" + urllib.parse.urlencode({"expression": HOURS[0], "at": MOMENTS[0]}), None
    yield "GET", "/api/v1/guide?task=apply&person=child&region=370100", None
    yield "GET", "/api/v1/points/nothing", None
    for place, lang in product(("济南市槐荫区经四路478号", "中山", "大连市中山区", "nowhere at all"), ("zh", "en")):
        yield "POST", "/plain", {"text": place, "task": "renew", "person": "adult", "lang": lang}
    yield "GET", "/plain?lang=en", None


class _Seen(HTMLParser):
    """What a person sees of a page: its texts, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script")
        self.lines += [f"{name}={value}" for name, value in attrs if name in ("href", "value", "action", "lang")]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._hidden:
            self.lines.append(" ".join(data.split()))


def normalise(said: str, folders: dict[str, str]) -> Any:
    """Return an answer as a JSON value without what differs between two runs of the same program."""
    for name, folder in folders.items():
        said = said.replace(folder, f"<{name}>")
    said = re.sub(r"\b\d+\.\d s\b|\b\d+\.\d 秒", "<seconds>", said)
    if said.lstrip().lower().startswith("<!doctype html"):
        seen = _Seen()
        seen.feed(said)
        return seen.lines
    with contextlib.suppress(ValueError):
        return json.loads(said)
    return said.removeprefix("\ufeff").splitlines()


def run_command(argv: list[str], folders: dict[str, str]) -> dict[str, Any]:
    """Return exit code, stdout, stderr, and the file a command wrote."""
    from locator.cli import main

    given = [word.format(**folders) if "{" in word else word for word in argv]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(given)
        except SystemExit as error:
            code = error.code
    answer = {"asked": argv, "exit": code, "out": normalise(out.getvalue(), folders)}
    told = [line for line in normalise(err.getvalue(), folders) if "it/s" not in line and "%" not in line]
    answer["err"] = told
    if "-o" in given:
        written = Path(given[given.index("-o") + 1])
        answer["file"] = normalise(written.read_text("utf-8"), folders) if written.is_file() else None
    return answer


def ask(base: str, method: str, path: str, body: object | None, folders: dict[str, str]) -> dict[str, Any]:
    """Return status and body of one request."""
    data, headers = None, {}
    if body is not None and path.startswith("/plain"):
        data = urllib.parse.urlencode(body).encode()  # type: ignore[arg-type]
        headers = {"content-type": "application/x-www-form-urlencoded"}
    elif body is not None:
        data, headers = json.dumps(body).encode(), {"content-type": "application/json"}
    request = urllib.request.Request(base + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            status, said = reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        status, said = error.code, error.read().decode()
    return {"asked": [method, path, body], "status": status, "out": normalise(said, folders)}


@contextlib.contextmanager
def serve(checkout: Path, log: Path) -> Iterator[str]:
    """Yield the address of the page's server on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.address",
               "127.0.0.1", "--server.headless", "true", "--browser.gatherUsageStats", "false"]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    with log.open("wb") as sink:
        server = subprocess.Popen(command, cwd=checkout, stdout=sink, stderr=sink, env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(base + "/healthz", timeout=5).close()
                break
            time.sleep(0.5)
        else:
            raise SystemExit(f"the server did not start: {log.read_text('utf-8')[-2000:]}")
        yield base
    finally:
        server.terminate()
        server.wait(20)


def record(folder: Path) -> int:
    """Write one JSON document for each question to a folder and return how many."""
    import locator

    checkout = Path(locator.__file__).parents[1]
    for old in folder.glob("*.json"):
        old.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    count = 0

    def keep(answer: dict[str, Any]) -> None:
        nonlocal count
        count += 1
        text = json.dumps(answer, ensure_ascii=False, indent=1, sort_keys=True)
        (folder / f"{count:03d}.json").write_text(text + "\n", "utf-8")

    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch)
        folders = {name: str(top / name) for name in ("tables", "out", "data")}
        for path in folders.values():
            Path(path).mkdir()
        for name, table in (TABLES | {"addresses": "address\n" + "\n".join(TEXTS[:12]) + "\n"}).items():
            (Path(folders["tables"]) / f"{name}.csv").write_text(table, "utf-8")
        for name in [name for name in os.environ if name.startswith("LOCATOR_")]:
            del os.environ[name]
        os.environ |= {"LOCATOR_DATA": folders["data"], "LOCATOR_NOW": NOW, "LOCATOR_TILES": "none"}
        os.environ |= {"LOCATOR_RATE_LIMIT": "0"}
        os.chdir(checkout)
        run_command(["info"], folders)  # builds the data folder
        with serve(checkout, top / "server.log") as base:
            for method, path, body in list_requests():
                keep(ask(base, method, path, body, folders))
        for argv in list_commands():
            keep(run_command(argv, folders))
    return count


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield where two JSON values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from differences(old.get(key, "<nothing>"), new.get(key, "<nothing>"), f"{path}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif old != new:
        shown = (json.dumps(value, ensure_ascii=False)[:160] for value in (old, new))
        yield f"  {path}: {' -> '.join(shown)}"


def compare(old: Path, new: Path, say: Callable[[str], None] = print) -> int:
    """Print what differs between two recordings and return how many questions have another answer.

    Fields that only the newer recording has are counted and named, not taken for differences: more is welcome.
    """
    before = {json.dumps(read["asked"], ensure_ascii=False): read for read in map(_read, sorted(old.glob("*.json")))}
    after = {json.dumps(read["asked"], ensure_ascii=False): read for read in map(_read, sorted(new.glob("*.json")))}
    changed, added = 0, {}
    for asked, answer in before.items():
        found = list(differences(answer, after.get(asked, {})))
        more = [line for line in found if '"<nothing>" -> ' in line]
        for line in more:
            name = re.sub(r"\[\d+\]", "[]", line.split(":")[0].strip())
            added[name] = added.get(name, 0) + 1
        found = [line for line in found if line not in more]
        if found:
            changed += 1
            say(asked)
            for line in found[:6]:
                say(line)
            if len(found) > 6:
                say(f"  … and {len(found) - 6} more")
    for name, times in sorted(added.items()):
        say(f"new field {name}, {times} times")
    say(f"{len(before)} answers, {changed} differ")
    return changed


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


def main() -> int:
    """Record, compare, or both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compare", type=Path, metavar="OLD")
    parser.add_argument("--only-compare", type=Path, metavar="OLD")
    options = parser.parse_args()
    folder = options.folder.resolve()
    old = options.only_compare or options.compare
    old = old.resolve() if old else None
    if not options.only_compare:
        print(f"{record(folder)} answers in {folder}")
    return 1 if old and compare(old, folder) else 0


if __name__ == "__main__":
    sys.exit(main())
