"""Settings: offline as they are; a wrong one is refused with one line that names it and shows no secret."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hostile import CORPUS, looped

from locator.errors import SettingError
from locator.outputs.html_document import link_out
from locator.settings import _READERS, Settings, load_settings, shipped_dir
from locator.web.html_middleware import build_headers


def load(tmp_path: Path, **environ: str) -> Settings:
    """Load settings with no file."""
    return load_settings({f"LOCATOR_{name}": value for name, value in environ.items()}, tmp_path / "none.toml")


def test_the_default_asks_nobody(tmp_path):
    settings = load(tmp_path)
    assert settings.geocoders == ("gazetteer",)
    assert (settings.live, settings.router, settings.tiles) == ("off", "auto", "auto")


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("DATA", "/srv/x", "data", Path("/srv/x")),
        ("GEOCODERS", "gazetteer, nominatim", "geocoders", ("gazetteer", "nominatim")),
        ("TILES", "https://t.example/{z}/{x}/{y}.png", "tiles", "https://t.example/{z}/{x}/{y}.png"),
        ("LAYER", "postgresql://u@h/d", "layer", "postgresql://u@h/d"),
        ("NOW", "2026-11-23T10:00", "now", datetime.fromisoformat("2026-11-23T10:00:00+08:00")),
        ("PUBLIC_URL", "https://a.example/x/", "public_url", "https://a.example/x"),
        ("TIMEOUT_S", "2.5", "timeout_s", 2.5),
        ("TILES", "https://t{s}.t.example:8443/{z}/{x}/{y}", "tiles", "https://t{s}.t.example:8443/{z}/{x}/{y}"),
        ("RATE_LIMIT", "0", "rate_limit", 0),
        ("CLIENT_CONNECTIONS", "50", "client_connections", 50),
        ("TRUSTED_PROXY", "127.0.0.1,10.0.0.0/8, fd00::/8", "trusted_proxy", ("127.0.0.1", "10.0.0.0/8", "fd00::/8")),
        ("CORS", "https://A.example, http://localhost:8080", "cors", ("https://a.example", "http://localhost:8080")),
        ("CORS", "*", "cors", ("*",)),
        ("FRAME_ANCESTORS", "https://*.gov.cn", "frame_ancestors", ("https://*.gov.cn",)),
        ("POSTSCRIPT_GC", "TRUE", "postscript_gc", True),
        ("PLACES", "off", "places", "off"),
    ],
)
def test_a_good_value_is_read(tmp_path, name, value, field, expected):
    assert getattr(load(tmp_path, **{name: value}), field) == expected


WRONG = [
    ("LANG", "fr"), ("GEOCODERS", "gazetteer,google"), ("TILES", "javascript:alert(1)"), ("TILES", "https://a/b.png"),
    ("TILES", "https://a/{z}/{x}/{y}\">"), ("TILES", "https://a;script-src{z}{x}{y}/*"), ("TILES", "https://a,b/{z}/{x}/{y}"),
    ("LAYER", "mysql://u:secret@h/d"), ("NOW", "tomorrow"), ("LIVE", "yes"),
    ("TIMEOUT_S", "nan"), ("TIMEOUT_S", "0"), ("TIMEOUT_S", "inf"), ("RATE_LIMIT", "-1"), ("ROUTER", "magic"), ("PLACES", "on"),
    ("RATE_LIMIT", "0.5"), ("CLIENT_CONNECTIONS", "many"), ("TRUSTED_PROXY", "proxy.example.org"), ("TRUSTED_PROXY", "127.0.0.1, 10.0.0.0/99"),
    ("CORS", "a.example"), ("CORS", "https://a.example/"), ("CORS", "https://*.a.example"), ("CORS", "null"),
    ("FRAME_ANCESTORS", "https://a.example; script-src *"), ("FRAME_ANCESTORS", "https://a.example/x"),
    ("TILES_DATUM", "cgcs2000"), ("POSTSCRIPT_GC", "yes"), ("TRACE", "1"), ("USER_AGENT", "a\r\nx: y"),
    ("PUBLIC_URL", "ftp://a"), ("REPORT_URL", "javascript:x"), ("NO_SUCH_SETTING", "1"), ("NOMINATIM_URL", "file:///etc"),
    ("PUBLIC_URL", "https://a.example/?x=1"), ("PUBLIC_URL", "https://a.example/#x"), ("PUBLIC_URL", "https://"), ("PUBLIC_URL", "http://["),
    ("PUBLIC_URL", "https://a.example@evil.example"), ("REPORT_URL", "https://a.example\x00/"), ("TILES", "https://{x}/{z}/{x}/{y}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_by_name(tmp_path, name, value):
    with pytest.raises(SettingError) as caught:
        load(tmp_path, **{name: value})
    message = str(caught.value)
    assert f"LOCATOR_{name}" in message and "\n" not in message and "secret" not in message


def test_a_wrong_value_of_every_setting_is_tried():
    free = {"DATA", "TILES_ATTRIBUTION"}  # a path may be any text, whether it is there is looked at before serving
    assert {name for name, _ in WRONG} >= set(_READERS) - free


SHOWN = (
    "TILES_ATTRIBUTION",
    "PUBLIC_URL",
    "REPORT_URL",
    "TILES",
    "CORS",
    "FRAME_ANCESTORS",
    "TRUSTED_PROXY",
    "USER_AGENT",
)


@looped("word", CORPUS)
def test_a_hostile_setting_is_refused_or_fit_for_where_it_stands(tmp_path, word):
    """Alone, and behind what makes it look right: no header gets another rule, no link another host."""
    for name in SHOWN:
        good = {"TILES": "https://t.example/{z}/{x}/{y}", "USER_AGENT": "locator "}.get(name, "https://a.example")
        for value in (word, f"{good}{word}", f"{good}/{word}"):
            try:
                settings = load(tmp_path, **{name: value})
            except SettingError as error:
                assert str(error).startswith(f"LOCATOR_{name} is ") and str(error).isprintable()
                continue
            assert name != "TRUSTED_PROXY"
            for path in ("/", "/component/streamlit_folium/"):
                assert _rules(settings, path) == _rules(Settings(), path)
            assert settings.user_agent.isascii() and settings.user_agent.isprintable()
            for address in filter(None, (settings.public_url, settings.report_url)):
                assert urlsplit(address).netloc == "a.example" and link_out("x", address).count("<a ") == 1


def _rules(settings: Settings, path: str) -> list[str]:
    """Return the names of the headers of a reply and of the rules of its policy, in order."""
    headers = build_headers(settings, path)
    assert all(value.decode("ascii").isprintable() for _, value in headers)
    policy = dict(headers)[b"content-security-policy"].decode()
    names = [name.decode() for name, _ in headers if name != b"x-frame-options"]
    return [*names, *(rule.split()[0] for rule in policy.split(";"))]


def test_keys_are_never_shown(tmp_path):
    settings = load(tmp_path, AMAP_KEY="s3cr3t", AMAP_URL="http://127.0.0.1:1/")
    assert settings.keys["amap"] == "s3cr3t" and settings.urls["amap"] == "http://127.0.0.1:1"
    assert "s3cr3t" not in repr(settings) and "s3cr3t" not in str(settings.keys)


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / "locator.toml"
    file.write_text('lang = "en"\ngeocoders = ["gazetteer", "photon"]\ntimeout_s = 3\n', "utf-8")
    settings = load_settings({"LOCATOR_LANG": "zh"}, file)
    assert (settings.lang, settings.geocoders, settings.timeout_s) == ("zh", ("gazetteer", "photon"), 3.0)


def test_a_broken_file_is_named(tmp_path):
    file = tmp_path / "locator.toml"
    file.write_text("lang = ", "utf-8")
    with pytest.raises(SettingError, match=r"locator\.toml"):
        load_settings({}, file)


def test_shipped_data_is_there():
    assert (shipped_dir() / "offices").is_dir()
