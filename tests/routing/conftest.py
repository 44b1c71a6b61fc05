"""Engines over the made-up town: the embedded one, and real servers from the wheels on loopback."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import town
from servers import Answer, Asked, free_port, loopback

from locator.routing.roads import find_roads
from locator.routing.tiles import build_tiles, engine_dir


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's extract, as OSM XML."""
    return town.write_town(tmp_path_factory.mktemp("town") / "town.osm")


@pytest.fixture(scope="session")
def town_data(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``LOCATOR_DATA`` with the town's road tiles; read only."""
    data = tmp_path_factory.mktemp("data")
    build_tiles(town_file, data)
    return data


@contextlib.contextmanager
def running(command: list[str | Path], url: str, cwd: Path) -> Iterator[str]:
    """Run a server until the block ends; wait until it answers anything."""
    log = cwd / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen([str(c) for c in command], cwd=cwd, stdout=file, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            assert process.poll() is None, log.read_text("utf-8", "replace")
            try:
                urllib.request.urlopen(url, timeout=2).close()
                break
            except urllib.error.HTTPError as error:
                error.close()
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def valhalla_url(town_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The wheel's own ``valhalla_service`` over the same tiles."""
    from valhalla import get_config

    folder, port = tmp_path_factory.mktemp("vh"), free_port()
    config = get_config(tile_extract=find_roads(town_data).tiles, tile_dir="")
    service = config["httpd"]["service"]
    service["listen"] = f"tcp://127.0.0.1:{port}"
    service["loopback"], service["interrupt"] = f"ipc://{folder}/loopback", f"ipc://{folder}/interrupt"
    for part in ("loki", "thor", "odin", "meili"):
        config[part]["service"]["proxy"] = f"ipc://{folder}/{part}"
    (folder / "valhalla.json").write_text(json.dumps(config))
    command = [engine_dir() / "bin" / "valhalla_service", folder / "valhalla.json", "1"]
    with running(command, f"http://127.0.0.1:{port}/status", folder):
        yield f"http://127.0.0.1:{port}"


def osrm_dir() -> Path:
    """The programs of the osrm-bindings wheel."""
    osrm = pytest.importorskip("osrm", reason="osrm-bindings has no wheel for this platform")
    return Path(osrm.__file__).parent


@pytest.fixture(scope="session")
def osrm_servers(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Three ``osrm-routed`` over the same extract: foot, bike, car."""
    programs = osrm_dir()
    with contextlib.ExitStack() as stack:
        urls = {}
        for profile, lua in (("foot", "foot"), ("bike", "bicycle"), ("car", "car")):
            folder, port = tmp_path_factory.mktemp(profile), free_port()
            (folder / "town.osm").write_bytes(town_file.read_bytes())
            for step in (
                ["osrm-extract", "-p", programs / "share" / "profiles" / f"{lua}.lua", "town.osm"],
                ["osrm-contract", "town.osrm"],
            ):
                done = subprocess.run(
                    [str(programs / "bin" / str(step[0])), *map(str, step[1:])],
                    cwd=folder,
                    capture_output=True,
                    check=False,
                )
                assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
            command = [
                programs / "bin" / "osrm-routed",
                "--ip",
                "127.0.0.1",
                "--port",
                str(port),
                "--algorithm",
                "ch",
                "town.osrm",
            ]
            where = ",".join(map(str, town.corner(1, 1)))
            stack.enter_context(running(command, f"http://127.0.0.1:{port}/nearest/v1/{profile}/{where}", folder))
            urls[profile] = f"http://127.0.0.1:{port}"
        yield urls


@pytest.fixture(scope="session")
def osrm_url(osrm_servers: dict[str, str]) -> Iterator[str]:
    """One address for the three servers, as an operator's reverse proxy would make it: ``…/{profile}``."""

    def forward(asked: Asked) -> Answer:
        _, profile, rest = asked.path.split("/", 2)
        query = "&".join(f"{key}={value}" for key, value in asked.query.items())
        try:
            with urllib.request.urlopen(f"{osrm_servers[profile]}/{rest}?{query}", timeout=20) as reply:
                return Answer(json.load(reply))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(json.load(error), status=error.code)

    with loopback(forward) as server:
        yield server.url + "/{profile}"
