"""Two page processes behind nginx on one PostGIS: who goes where, an import seen by both, one process killed.

    apt-get install nginx-light postgresql-15-postgis-3
    python benchmarks/bench_proxy.py [--visitors 8] [--searches 5]

Everything runs on loopback, nginx with a configuration of its own. The two processes have a data folder each, as
two machines would; visitors come from addresses of their own (127.1.0.1, 127.2.0.1 …), because ``ip_hash`` goes by
the first three numbers, and drive the page over its websocket. ``ip_hash`` and a cookie are both tried.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from page_server import run_server
from page_visitor import Visitor
from websockets.asyncio.client import connect

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import Cluster, free_port, run_cluster

from locator.ingest.shipped import ensure_data
from locator.settings import Settings

NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    map $cookie_sticky $sticky {{ "" $request_id; default $cookie_sticky; }}
    upstream by_address {{ ip_hash; {servers} }}
    upstream by_cookie {{ hash $sticky consistent; {servers} }}
    {sites}
}}
"""
SITE = """
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_read_timeout 1d;
            add_header X-Served-By $upstream_addr always;
            {more}
        }}
    }}
"""
COOKIE = 'add_header Set-Cookie "sticky=$sticky; Path=/; HttpOnly; SameSite=Lax" always;'


@contextmanager
def run_nginx(pages: list[str]) -> Iterator[dict[str, str]]:
    """Run nginx before the pages; yield the address of each way to be sticky."""
    ports = {"ip_hash": free_port(), "cookie": free_port()}
    with tempfile.TemporaryDirectory(prefix="locator-nginx-") as folder:
        servers = " ".join(f"server {page.removeprefix('http://')} max_fails=1 fail_timeout=5s;" for page in pages)
        sites = SITE.format(port=ports["ip_hash"], upstream="by_address", more="")
        sites += SITE.format(port=ports["cookie"], upstream="by_cookie", more=COOKIE)
        config = Path(folder) / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, servers=servers, sites=sites))
        process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", config, "-p", folder])
        try:
            time.sleep(0.5)
            yield {way: f"http://127.0.0.1:{port}" for way, port in ports.items()}
        finally:
            process.terminate()
            process.wait(20)


class Person:
    """A visitor who comes from one address with one cookie, and comes again when the connection breaks."""

    def __init__(self, url: str, number: int) -> None:
        self.url, self.address, self.cookie = url, f"127.{number + 1}.0.1", ""
        self.page = ""
        """Which process serves."""

    async def come(self, query: str = "") -> None:
        """Open the page."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        socket = await connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream", subprotocols=["streamlit"], max_size=None,
            origin=self.url, open_timeout=60, local_addr=(self.address, 0), additional_headers=headers,
        )  # type: ignore[arg-type,list-item]  # fmt: skip
        answer = socket.response.headers if socket.response else {}
        self.page = answer.get("X-Served-By", "").split(", ")[-1]
        self.cookie = answer.get("Set-Cookie", "").partition(";")[0] or self.cookie
        self.visitor = Visitor(socket)
        await self.visitor.open(query)

    async def search(self, text: str) -> tuple[float, list[str]]:
        """Return how long a search took, in ms, and the ids it found."""
        reply = await self.visitor.search(text)
        if reply.faults or not reply.cards:
            raise RuntimeError(f"{text}: {reply.faults or 'nothing found'}")
        return reply.ms, reply.cards


async def visit(way: str, url: str, count: int, searches: int) -> list[Person]:
    """Let people come and search; print where they went and how long it took."""
    people = [Person(url, number) for number in range(count)]
    await asyncio.gather(*(person.come() for person in people))
    first = {person: person.page for person in people}

    async def look(person: Person) -> list[float]:
        texts = ("济南市槐荫区经四路478号", "济南市历下区", "大连市沙河口区", "济南市市中区", "117.0,36.66")
        return [(await person.search(texts[n % len(texts)]))[0] for n in range(searches)]

    spent = [ms for times in await asyncio.gather(*map(look, people)) for ms in times]
    for person in people:
        await person.visitor.close()
        await person.come()
    stayed = sum(person.page == first[person] for person in people)
    shares = " + ".join(str(number) for number in Counter(first.values()).values())
    print(f"{way}: {count} people, {shares} on each process, {stayed} came back to theirs; "
          f"{len(spent)} searches, p50 {statistics.median(spent):.0f} ms, most {max(spent):.0f} ms")  # fmt: skip
    return people


def import_office(folder: Path, address: str, data: Path) -> None:
    """Import one office, as another process does."""
    table = folder / "mine.csv"
    with table.open("w", encoding="utf-8", newline="") as handle:
        rows = [["id", "名称", "经度", "纬度", "城市"], ["new-1", "星河社保中心", "117.0", "36.66", "济南市"]]
        csv.writer(handle).writerows(rows)
    environ = {**os.environ, "LOCATOR_DATA": str(data), "LOCATOR_LAYER": address}
    command = [sys.executable, "-m", "locator", "import", "table", str(table), "--datum", "wgs84"]
    subprocess.run(command, check=True, env=environ, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL)


async def lose(people: list[Person], dead: str) -> None:
    """Let those whose process was killed come again, and print how long they were without an answer."""
    since = time.perf_counter()
    broken = [person for person in people if person.page == dead]
    for person in broken:
        await person.come("task=collect&id=new-1")
        await person.search("117.0,36.66")
    spent = time.perf_counter() - since
    moved = Counter(person.page for person in broken)
    assert dead not in moved
    print(f"one process killed: its {len(broken)} people went on at the other, all answered after {spent:.1f} s")
    for person in people:
        if person not in broken:
            await person.search("117.0,36.66")
    print(f"the other {len(people) - len(broken)} noticed nothing")


class World(NamedTuple):
    """What runs."""

    folder: Path
    cluster: Cluster
    address: str
    pids: list[int]
    pages: list[str]


async def drive(args: argparse.Namespace, ways: dict[str, str], world: World) -> None:
    """Do everything in turn."""
    folder, cluster, address, pids, pages = world
    for number, page in enumerate(pages):  # the first search of a process loads what the later ones have
        person = Person(page, number)
        await person.come()
        await person.search("济南市历下区")
    for way, url in ways.items():
        people = await visit(way, url, args.visitors, args.searches)
    import_office(folder, address, folder / "first")
    found = [(await person.search("117.0,36.66"))[1] for person in people]
    assert all("new-1" in ids for ids in found) and len({person.page for person in people}) == 2
    print("an import by another process was in the next answer of both")
    await asyncio.to_thread(cluster.restart)
    for person in people:
        await person.search("117.0,36.66")
    print("the database restarted: the next answer of everybody was whole")
    dead = people[0].page
    os.kill(pids[pages.index(f"http://{dead}")], signal.SIGKILL)
    await lose(people, dead)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=8)
    parser.add_argument("--searches", type=int, default=5)
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="locator-proxy-")))
        cluster = stack.enter_context(run_cluster())
        address = cluster.create_database("layer")
        ensure_data(Settings(data=folder / "first", layer=address))
        shutil.copytree(folder / "first", folder / "second")
        more = {"LOCATOR_LAYER": address, "LOCATOR_TRUSTED_PROXY": "127.0.0.0/8"}
        started = [stack.enter_context(run_server(folder / name, **more)) for name in ("first", "second")]
        pages, pids = [url for url, _ in started], [pid for _, pid in started]
        ways = stack.enter_context(run_nginx(pages))
        asyncio.run(drive(args, ways, World(folder, cluster, address, pids, pages)))


if __name__ == "__main__":
    main()
