"""The built wheel, installed into an empty environment, has the command, the page, its settings and its data.

Built by the project's own back-end and installed without its dependencies (a ``.pth`` file lends those of the
environment of the tests), so nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from servers import free_port

ROOT = Path(__file__).parents[2]
ADDRESS = "济南市槐荫区经四路478号"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


class Installed(NamedTuple):
    """A wheel and the environment it went into."""

    wheel: Path
    command: Path
    folder: Path
    """An empty folder to work in, outside the checkout."""

    def environ(self) -> dict[str, str]:
        """Return an environment that names nothing of the checkout."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("LOCATOR_", "STREAMLIT_", "PYTHON"))}
        return plain | {
            "LOCATOR_DATA": str(self.folder / "data"), "LOCATOR_NOW": "2026-11-23T10:00", "LOCATOR_PLACES": "off",
            "LOCATOR_TILES": "none", "HOME": str(self.folder),
        }  # fmt: skip

    def run(self, *arguments: str) -> str:
        """Run the installed command and return what it prints."""
        return subprocess.run(
            [self.command, *arguments],
            env=self.environ(), cwd=self.folder, check=True, capture_output=True, text=True, encoding="utf-8",
        ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("locator-*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    uv = shutil.which("uv") or ROOT / ".tools" / "bin" / "uv"
    install = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(python), str(wheel)]
    subprocess.run(install, check=True, capture_output=True, cwd=folder)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    (folder / "empty").mkdir()
    return Installed(wheel, environment / "bin" / "locator", folder / "empty")


def test_everything_that_ships_is_in_the_wheel(installed):
    kept = subprocess.run(["git", "ls-files", "-z", "data", "locator"], cwd=ROOT, check=True, capture_output=True)
    tracked = [name for name in kept.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    wanted = {name.replace("data/", "locator/shipped/", 1) if name.startswith("data/") else name for name in tracked}
    wanted |= {"locator/page/app.py", "locator/page/.streamlit/config.toml"}
    with zipfile.ZipFile(installed.wheel) as wheel:
        assert wanted - set(wheel.namelist()) == set()
        assert wheel.read("locator/page/app.py") == (ROOT / "app.py").read_bytes()
    assert len(wanted) > 200


def test_the_installed_command_answers_from_the_shipped_data(installed):
    assert installed.run("--version").startswith("locator ")
    answer = json.loads(installed.run("find", ADDRESS, "--task", "apply", "--format", "json"))
    assert answer["place"]["adcode"] == "370104" and answer["hits"] and answer["guide"]["materials"]
    about = installed.run("info", "--format", "json")
    assert json.loads(about)["points"] > 500


def test_the_installed_command_serves_the_page(installed):
    with_settings = json.loads(_settings_of_streamlit(installed))
    assert with_settings == {"gatherUsageStats": False, "fileWatcherType": "none", "showErrorDetails": "none"}
    with Serving(installed) as url:
        page = _get(url + "/")
        assert page.status == 200 and "<title>" in page.text and "static/js" in page.text
        plain = _get(url + "/plain")
        assert plain.status == 200 and "<form" in plain.text and 'name="text"' in plain.text, plain.text[:500]
        asked = urllib.request.Request(
            url + "/api/v1/find",
            data=json.dumps({"text": ADDRESS, "task": "collect"}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert json.load(answer)["hits"]


def _settings_of_streamlit(installed: Installed) -> str:
    """Return the settings that Streamlit takes up for the installed page, as it runs it."""
    ask = (
        "import json, sys; from streamlit import config; from locator.cli.server import find_page;"
        "config._main_script_path = str(find_page()); config.get_config_options(force_reparse=True);"
        "names = ('browser.gatherUsageStats', 'server.fileWatcherType', 'client.showErrorDetails');"
        "print(json.dumps({name.partition('.')[2]: config.get_option(name) for name in names}))"
    )
    python = installed.command.with_name("python")
    done = subprocess.run(
        [python, "-c", ask], env=installed.environ(), cwd=installed.folder, check=True, capture_output=True, text=True
    )
    return done.stdout


class Page(NamedTuple):
    status: int
    text: str


def _get(url: str) -> Page:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return Page(answer.status, answer.read().decode())


class Serving:
    """``locator serve`` of the installed wheel, until the block ends; ended by its own process id."""

    def __init__(self, installed: Installed) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = installed.folder / "serve.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [installed.command, "serve", "--host", "127.0.0.1", "--port", str(port)],
                env=installed.environ(), cwd=installed.folder, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def __enter__(self) -> str:
        for _ in range(1200):
            if self.process.poll() is not None:
                break
            try:
                if _get(self.url + "/healthz").status == 200:
                    return self.url
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(self.log.read_text("utf-8", "replace"))

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
