"""What an operator sees: counts without words, log lines, and a wrong setting at the start."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from locator.errors import InvalidInput
from locator.model import Query
from locator.service import OUTCOMES, SearchMetrics
from locator.settings import Settings
from locator.web import shared
from locator.web.process import JsonLines, WordlessRecord
from locator.web.routes import build_routes, open_assets

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
ADDRESS = "济南市槐荫区经四路478号"


@pytest.fixture
def served(locator, monkeypatch, tmp_path):
    """The routes over the shipped data, with counts of its own."""
    monkeypatch.setattr(locator, "metrics", SearchMetrics())
    settings, assets = Settings(data=tmp_path), open_assets(tmp_path / "assets")
    return Starlette(routes=build_routes(settings, assets, locate=lambda: locator, clock=shared.read_clock))


def _read(client, **headers):
    return client.get("/metrics", headers=headers)


def test_searches_are_counted_by_what_came_of_them_without_a_word_of_them(served, locator):
    for text in (ADDRESS, ADDRESS, "鼓楼区", "qqqqxyzzy"):
        locator.find(Query(text=text), NOW)
    with pytest.raises(InvalidInput):
        locator.find(Query(text=ADDRESS, limit=0), NOW)
    said = _read(TestClient(served, client=("127.0.0.1", 5000))).text
    counts = dict(line.rsplit(" ", 1) for line in said.splitlines() if not line.startswith("#"))
    assert counts == {
        'locator_searches_total{outcome="answered"}': "2",
        'locator_searches_total{outcome="ambiguous_place"}': "1",
        'locator_searches_total{outcome="place_not_found"}': "1",
        'locator_searches_total{outcome="nothing_near"}': "0",
        'locator_searches_total{outcome="limit"}': "1",
    }
    assert not any(word in said for word in ("济南", "鼓楼", "qqqq"))


def test_every_outcome_is_there_from_the_start():
    assert dict(SearchMetrics().read()) == dict.fromkeys(OUTCOMES, 0)


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1"])
def test_the_machine_itself_may_read_the_counts(served, peer):
    assert _read(TestClient(served, client=(peer, 5000))).status_code == 200


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.2", "testclient"])
def test_nobody_elsewhere_may(served, peer):
    assert _read(TestClient(served, client=(peer, 5000))).status_code == 404


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_nobody_through_a_proxy_on_the_machine_may(served, header):
    assert _read(TestClient(served, client=("127.0.0.1", 5000)), **{header: "127.0.0.1"}).status_code == 404


def test_a_log_line_is_one_json_object_and_keeps_an_exceptions_words_to_itself():
    try:
        raise ValueError(ADDRESS)
    except ValueError:
        record = logging.LogRecord("locator.web", logging.ERROR, "", 1, "a search broke: %s", ("X",), sys.exc_info())
    line = JsonLines().format(record)
    assert "\n" not in line and ADDRESS not in line
    said = json.loads(line)
    assert said.pop("time").endswith("+00:00")
    assert said.pop("at").startswith("tests/web/test_operator.py:")
    assert said == {"level": "error", "logger": "locator.web", "event": "a search broke: X", "error": "ValueError"}


def _break(text: str) -> None:
    raise ValueError(f"cannot read {text}")


def _log_of(logger: logging.Logger, tell: Callable[[Exception], object]) -> str:
    """Return what a logger writes when it is told of an exception that holds an address."""
    out = io.StringIO()
    handler, factory = logging.StreamHandler(out), logging.getLogRecordFactory()
    logger.addHandler(handler)
    logging.setLogRecordFactory(WordlessRecord)
    try:
        _break(ADDRESS)
    except ValueError as error:
        tell(error)
    finally:
        logging.setLogRecordFactory(factory)
        logger.removeHandler(handler)
    return out.getvalue()


@pytest.mark.parametrize("name", ["uvicorn.error", "streamlit.error_util", "asyncio", "some.library"])
def test_no_library_logs_the_words_of_an_exception(name):
    logger = logging.getLogger(name)
    ways = {
        "as uvicorn": lambda error: logger.error("Exception in ASGI application\n", exc_info=error),
        "as asyncio": lambda error: logger.error(f"never retrieved: <Task exception={error!r}>", exc_info=error),
        "as a message": logger.error,
        "as an argument": lambda error: logger.error("it broke: %s after %d", error, 3),
    }
    for way, tell in ways.items():
        said = _log_of(logger, tell)
        assert "ValueError" in said and "test_operator.py:" in said, way
        assert ADDRESS not in said and "Traceback" not in said, way


def test_streamlits_own_note_of_a_broken_script_has_no_words():
    from streamlit.error_util import _LOGGER, _log_uncaught_app_exception

    said = _log_of(_LOGGER, _log_uncaught_app_exception)
    assert "ValueError at web/test_operator.py" in said.replace("tests/", "") and ADDRESS not in said


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("ROUTER", "teleport", "valhalla-http"),
        ("TILES", "tianditu", "LOCATOR_TIANDITU_KEY"),
        ("TILE", "osm", "LOCATOR_TILES"),
        ("LAYER", "/no/such/layer.parquet", "a file that is there"),
    ],
)
def test_a_wrong_setting_stops_the_server_with_one_line_that_names_it(tmp_path, name, value, hint):
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("LOCATOR_", "STREAMLIT_"))}
    environ |= {"LOCATOR_DATA": str(tmp_path), f"LOCATOR_{name}": value}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert f"LOCATOR_{name}" in line and hint in line
