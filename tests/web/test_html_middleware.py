"""The document, its headers and its assets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import streamlit
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route

from locator.errors import DataError
from locator.settings import Settings
from locator.web import routes, shared
from locator.web.html_middleware import HtmlMiddleware, list_tile_hosts, open_packed_files, rewrite_page
from locator.web.routes import OWN, SCRIPTS, STYLES, TILE_SCRIPTS, VENDOR, PackedFiles, build_routes, open_assets
from locator.web.streamlit_patches import static_folder

DOCUMENT = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    return open_assets(tmp_path_factory.mktemp("assets"))


def _client(assets, settings: Settings) -> AsyncClient:
    async def page(request):
        return HTMLResponse(DOCUMENT)

    async def other(request):
        return PlainTextResponse("x", headers={"x-content-type-options": "own"})

    async def host_config(request):
        return JSONResponse(
            {"allowedOrigins": ["https://*.streamlit.app"], "blockErrorDialogs": False, "metricsUrl": ""}
        )

    own = [Route("/other.txt", other), Route("/_stcore/host-config", host_config)]
    served = [
        *own,
        *build_routes(settings, assets, locate=shared.open_locator, clock=shared.read_clock),
        Route("/{rest:path}", page),
    ]
    return AsyncClient(
        transport=ASGITransport(HtmlMiddleware(Starlette(routes=served), settings=settings, assets=assets)),
        base_url="http://t",
    )


def _get(assets, path: str, settings: Settings | None = None, **kwargs):
    import asyncio

    async def ask():
        async with _client(assets, settings or Settings()) as client:
            return await client.get(path, **kwargs)

    return asyncio.run(ask())


@pytest.mark.parametrize(("path", "lang"), [("/", "zh-CN"), ("/centers?lang=en", "en"), ("/?lang=<x>", "zh-CN")])
def test_the_document_speaks_the_persons_language(assets, path, lang):
    page = _get(assets, path).text
    assert f'<html lang="{lang}">' in page
    assert "<title>Streamlit</title>" not in page
    assert ('action="./plain"' in page) == (path.startswith("/?") or path == "/")
    assert "prerenderReady = false" not in page, "no inline script is left for the policy to allow"
    assert "SourceSans" not in page and "service-desc" not in page


def test_a_view_without_a_form_leads_to_the_plain_page_before_it_is_drawn(assets):
    page = _get(assets, "/guide?lang=en").text
    opening = page[page.index('<div id="opening"') : page.index('<div id="root">')]
    assert "Opening" in opening and 'href="./plain?lang=' in opening


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_first_html_holds_a_form_that_works_before_any_script(assets, lang):
    page = _get(assets, f"/?lang={lang}").text
    opening = page[page.index('<div id="opening"') : page.index('<div id="root">')]
    assert '<form method="post" action="./plain" id="first-form">' in opening
    fields = re.findall(r'<(?:input|select)[^>]* name="(\w+)"', opening)
    assert fields == ["task", "text", "person", "lang"] and f'value="{lang}"' in opening
    assert "<script" not in opening
    before = page[: page.index('<div id="opening"')]
    assert 'rel="stylesheet"' not in before, "nothing that is loaded stands between the form and the screen"
    assert len(re.findall('rel="stylesheet"', page)) == 2


@pytest.mark.parametrize(
    ("accepted", "used"), [("br, gzip", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("", None)]
)
@pytest.mark.parametrize("kind", ["js", "css"])
def test_the_frameworks_files_are_compressed_once_and_kept_for_a_year(assets, accepted, used, kind):
    file = next((static_folder() / "static" / kind).glob("index.*"))
    reply = _get(assets, f"/static/{kind}/{file.name}", headers={"accept-encoding": accepted})
    assert reply.headers.get("content-encoding") == used
    assert "max-age=31536000" in reply.headers["cache-control"] and "x-content-type-options" in reply.headers
    packed = int(reply.headers["content-length"])
    assert packed < 0.4 * file.stat().st_size if used else packed <= file.stat().st_size
    if kind == "js":
        assert reply.text == file.read_text("utf-8")
    else:
        assert "@font-face" not in reply.text


@pytest.mark.parametrize("path", ["/static/js/../../index.html", "/static/js/nothing.js", "/static/../../net_util.py"])
def test_no_other_file_is_sent_from_the_frameworks_folder(path):
    assert open_packed_files().find(path) is None


def test_a_file_is_compressed_once(tmp_path, monkeypatch):
    (tmp_path / "a.js").write_text("x" * 1000)
    files, calls = PackedFiles({"/static/": tmp_path}), []
    monkeypatch.setattr(routes, "pack", lambda content, encoding: calls.append(encoding) or b"packed")
    file = files.find("/static/a.js")
    assert [files.read(file, encoding) for encoding in ("br", "br", "gzip")] == [b"packed"] * 3
    assert calls == ["br", "gzip"]


def test_nobody_steers_the_page_from_outside_and_no_dialog_is_streamlits(assets):
    reply = _get(assets, "/_stcore/host-config", headers={"accept-encoding": ""})
    assert reply.json() == {"allowedOrigins": [], "blockErrorDialogs": True, "metricsUrl": ""}
    assert int(reply.headers["content-length"]) == len(reply.content)


def test_the_document_asks_only_this_machine(assets):
    page = rewrite_page(DOCUMENT, assets, "zh")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    sizes = _get(assets, "/", headers={"accept-encoding": ""})
    assert int(sizes.headers["content-length"]) == len(sizes.content)


@pytest.mark.parametrize("ground", [False, True])
def test_what_the_map_will_load_is_fetched_ahead(assets, ground):
    page = rewrite_page(DOCUMENT, assets, "zh", ground=ground)
    fetched = re.findall(r'<link rel="prefetch" href="([^"]+)">', page)
    for name in (*SCRIPTS, *STYLES):
        assert assets.url(name) in fetched
    for name in TILE_SCRIPTS:
        assert (assets.url(name) in fetched) == ground, name


@pytest.mark.parametrize(
    "path", ["/", "/centers", "/assets/page.js", "/healthz", "/api/v1/nothing", "/plain", "/none.png"]
)
def test_every_reply_carries_the_security_headers(assets, path):
    headers = _get(assets, path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in policy["script-src"]
    assert policy["object-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "geolocation=(self)" in headers["permissions-policy"]


def test_a_header_that_is_there_is_left(assets):
    assert _get(assets, "/other.txt").headers["x-content-type-options"] == "own"


def test_the_operator_says_who_may_embed_the_page(assets):
    headers = _get(assets, "/", Settings(frame_ancestors=("https://a.example",))).headers
    assert "frame-ancestors 'self' https://a.example" in headers["content-security-policy"]
    assert "x-frame-options" not in headers


@pytest.mark.parametrize(
    ("tiles", "hosts"),
    [
        ("osm", ("https://tile.openstreetmap.org",)),
        ("auto", ("https://tile.openstreetmap.org",)),
        ("ground", ()),
        ("none", ()),
        ("/tiles/{z}/{x}/{y}.png", ()),
        (
            "https://t{s}.tiles.example/{z}/{x}/{y}.png",
            ("https://ta.tiles.example", "https://tb.tiles.example", "https://tc.tiles.example"),
        ),
    ],
)
def test_only_the_maps_frame_may_load_tiles(assets, tiles, hosts):
    assert list_tile_hosts(tiles) == hosts
    policy = _get(assets, "/component/streamlit_folium.st_folium/index.html", Settings(tiles=tiles)).headers[
        "content-security-policy"
    ]
    assert all(host in policy for host in hosts)
    assert all(
        host not in _get(assets, "/", Settings(tiles=tiles)).headers["content-security-policy"] for host in hosts
    )


def test_assets_are_kept_by_their_hash(assets):
    for name in (*OWN, *VENDOR):
        address = assets.url(name).removeprefix(".")
        reply = _get(assets, address)
        assert reply.status_code == 200
        assert "immutable" in reply.headers["cache-control"]
        again = _get(assets, address, headers={"if-none-match": reply.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert _get(assets, "/assets/page.js?v=old").headers["cache-control"] == "no-cache"
    assert _get(assets, "/assets/nothing.js").status_code == 404


def test_no_asset_names_another_host(assets):
    for name in OWN:
        content = assets.get(name).content.decode()
        assert set(re.findall(r"https?://[^\s\"')]+", content)) <= {"http://www.w3.org/2000/svg"}


def test_library_files_are_written_once(tmp_path):
    first = open_assets(tmp_path / "a")
    (path,) = (tmp_path / "a").glob("*/leaflet.js")
    path.write_bytes(b"kept")
    assert open_assets(tmp_path / "a").get("leaflet.js").content == b"kept"
    assert first.get("leaflet.js").content.lstrip().startswith(b"/* @preserve")


def test_a_folder_that_cannot_be_written_is_a_data_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError):
        open_assets(tmp_path / "file" / "assets")


def test_health_is_told_and_not_cached(assets):
    reply = _get(assets, "/healthz")
    assert reply.json()["status"] == "ok"
    assert reply.headers["cache-control"] == "no-store"
