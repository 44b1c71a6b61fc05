"""The API: the page's answers as JSON, problems as problems, and what was typed in no address."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from locator.api import build_api
from locator.api.limits import MAX_BODY_BYTES
from locator.settings import Settings

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
TYPED = "济南市槐荫区经四路478号"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(locator):
    settings = Settings(now=NOW, rate_limit=0, cors=("https://a.example",))
    with TestClient(build_api(lambda: locator, settings), raise_server_exceptions=False) as client:
        yield client


def test_find_by_text_is_posted_and_not_stored(client):
    reply = client.post("/v1/find", json={"text": TYPED, "task": "apply"})
    assert reply.status_code == 200 and reply.headers["cache-control"] == "no-store"
    assert reply.json()["hits"][0]["name"] == "五里沟街道人社中心"
    assert set(reply.json()) >= {"place", "candidates", "hits", "guide", "notices"}


def test_find_by_text_is_not_taken_from_an_address(client):
    reply = client.get("/v1/find", params={"text": TYPED})
    assert reply.status_code == 422 and TYPED not in reply.text


def test_a_position_in_an_address_is_used_to_three_decimals(client):
    place = client.get("/v1/find", params={"at": "116.97412345,36.65812345"}).json()["place"]
    assert (place["lon"], place["lat"]) == (116.974, 36.658)


def test_points_are_paged_and_kept_by_etag(client):
    first = client.get("/v1/points", params={"limit": 3})
    assert len(first.json()["points"]) == 3
    again = client.get("/v1/points", params={"limit": 3}, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    second = client.get("/v1/points", params={"limit": 3, "offset": 3}).json()["points"]
    assert {p["id"] for p in second}.isdisjoint({p["id"] for p in first.json()["points"]})


def test_points_by_region_and_kind(client):
    found = client.get("/v1/points", params={"region": "大连市", "kind": "government-hall"}).json()["points"]
    assert found and {p["kind"] for p in found} == {"government-hall"} and {p["adcode"][:4] for p in found} == {"2102"}


def test_one_point(client):
    listed = client.get("/v1/points", params={"limit": 1}).json()["points"][0]
    assert client.get(f"/v1/points/{listed['id']}").json() == listed


def test_hours_guide_route_geocode_suggest(client):
    hours = client.get(
        "/v1/hours", params={"expr": "Mo-Fr 09:00-12:00; PH off", "at": "2026-10-10T10:00", "lang": "en"}
    ).json()
    assert hours["state"] == "open" and set(hours) >= {"state", "until", "text", "rule"}
    guide = client.get("/v1/guide", params={"task": "apply", "person": "child", "region": "370100"}).json()
    assert guide["person"] == "child" and guide["steps"]
    point = client.get("/v1/points", params={"limit": 1}).json()["points"][0]["id"]
    route = client.get("/v1/route", params={"from": "117.0,36.6", "to": point, "mode": "walk"}).json()
    assert route["engine"] == "line" and route["geometry"]["type"] == "LineString"
    assert client.post("/v1/geocode", json={"text": "中山"}).json()["places"]
    assert client.post("/v1/suggest", json={"text": "jinan"}).json()["suggestions"][0]["place"]["adcode"] == "370100"


def test_the_chosen_region_comes_first_among_suggestions_and_decides_between_equals(client):
    for region, adcode in (("440300", "440305"), ("230400", "230404")):
        offered = client.post("/v1/suggest", json={"text": "南山", "region": region}).json()["suggestions"]
        assert offered[0]["place"]["adcode"] == adcode
        found = client.post("/v1/geocode", json={"text": "南山区", "region": region}).json()["places"]
        assert [place["adcode"] for place in found] == [adcode]
    named = client.post("/v1/suggest", json={"text": "南山", "region": "Shenzhen"}).json()["suggestions"]
    assert named[0]["place"]["adcode"] == "440305"


@pytest.mark.parametrize(
    ("method", "path", "kwargs", "status"),
    [
        ("get", "/v1/points/no-such", {}, 404), ("get", "/v1/nothing", {}, 404), ("delete", "/v1/find", {}, 405),
        ("get", "/v1/find", {"params": {"at": "200,10"}}, 422), ("get", "/v1/find", {"params": {"at": "0,0"}}, 422),
        ("get", "/v1/hours", {"params": {"expr": "whenever"}}, 422), ("get", "/v1/guide", {"params": {"task": "fly"}}, 422),
        ("post", "/v1/find", {"json": {"text": ""}}, 422), ("post", "/v1/find", {"content": b"{"}, 422),
        ("post", "/v1/find", {"json": {"text": "x", "region": "no such place"}}, 404),
        ("post", "/v1/find", {"content": b"x" * (MAX_BODY_BYTES + 1)}, 413),
        ("get", "/v1/route", {"params": {"from": "117,36", "to": "no-such"}}, 404),
        ("get", "/", {}, 404), ("get", "/v1/points/", {}, 404), ("post", "/v1/points", {}, 405), ("get", "/v1/suggest", {"params": {"text": "x"}}, 405),
        ("post", "/v1/find", {"json": {"text": "x", "open_at": "2026-13-45T10:00"}}, 422),
        ("get", "/v1/hours", {"params": {"expr": "24/7", "at": "2026-02-30T10:00"}}, 422),
        ("post", "/v1/find", {"content": (b"x" * 1024 for _ in range(MAX_BODY_BYTES // 1024 + 1)), "headers": JSON}, 413),
        ("post", "/v1/find", {"content": b'{"text":"\xff"}', "headers": JSON}, 422),
        ("post", "/v1/geocode", {"content": b"[" * 60_000, "headers": JSON}, 422),
    ],
)  # fmt: skip
def test_errors_are_problems(client, method, path, kwargs, status):
    reply = getattr(client, method)(path, **kwargs)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == status and reply.headers["cache-control"] == "no-store"
    assert "LOCATOR_" not in reply.text, "a caller has no settings"


def test_a_method_that_is_not_there_is_told_which_are(client):
    assert client.delete("/v1/find").headers["allow"] == "GET, HEAD, POST"
    assert client.get("/v1/geocode").headers["allow"] == "POST"
    assert client.options("/v1/points").headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "address",
    [
        "/v1/points?limit=2",
        "/v1/guide?task=apply",
        "/v1/hours?expr=24/7",
        "/v1/find?at=117.0,36.6",
        "/docs",
        "/openapi.json",
        "/v1/nothing",
    ],
)
def test_head_says_what_get_would(client, address):
    whole, head = client.get(address), client.head(address)
    assert head.content == b"" and head.status_code == whole.status_code
    assert {**head.headers, "x": ""} == {**whole.headers, "x": ""}


def test_facts_may_be_kept_and_what_was_asked_about_a_place_may_not(client):
    for address in (
        "/v1/points?limit=1",
        "/v1/points/jinan-001",
        "/v1/guide?task=apply",
        f"/v1/hours?expr=24/7&at={NOW:%FT%T}",
    ):
        first = client.get(address)
        assert first.headers["cache-control"] == "public, max-age=300"
        for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
            again = client.get(address, headers={"if-none-match": tag})
            assert (again.status_code, again.content) == (304, b"")
            assert (again.headers["etag"], again.headers["vary"]) == (first.headers["etag"], first.headers["vary"])
        assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200
        if "at=" not in address and "points" not in address:
            assert client.get(f"{address}&lang=en").headers["etag"] != first.headers["etag"]
    for address in ("/v1/find?at=117.0,36.6", "/v1/route?from=117.0,36.6&to=jinan-001", "/v1/hours?expr=24/7"):
        reply = client.get(address, headers={"if-none-match": "*"})
        assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store") and "etag" not in reply.headers
    for path in ("find", "geocode", "suggest"):
        reply = client.post(f"/v1/{path}", json={"text": TYPED}, headers={"if-none-match": "*"})
        assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store") and "etag" not in reply.headers


def test_no_operation_takes_words_of_a_person_from_an_address(client):
    operations = client.get("/openapi.json").json()["paths"]
    for path, methods in operations.items():
        names = {parameter["name"] for parameter in methods.get("get", {}).get("parameters", [])}
        assert names.isdisjoint({"text", "q", "query", "address", "prefix", "near"}), path
    assert {path for path, methods in operations.items() if "post" in methods} == {
        "/v1/find",
        "/v1/geocode",
        "/v1/suggest",
    }


def test_cors_is_for_the_origins_named(client):
    allowed = client.get("/v1/points", params={"limit": 1}, headers={"origin": "https://a.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://a.example"
    other = client.get("/v1/points", params={"limit": 1}, headers={"origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers
    same = client.get("/v1/points", params={"limit": 1})
    assert all("Origin" in reply.headers["vary"] for reply in (allowed, other, same)), "none is kept for another"
    assert {"etag", "retry-after"} <= set(allowed.headers["access-control-expose-headers"].lower().split(", "))


def test_a_browser_asks_first_whether_it_may_post(client):
    def ask(origin, method="POST", header="content-type"):
        wanted = {"access-control-request-method": method, "access-control-request-headers": header}
        return client.options("/v1/find", headers={"origin": origin, **wanted})

    granted = ask("https://a.example")
    assert granted.status_code == 200 and granted.headers["access-control-allow-origin"] == "https://a.example"
    assert "POST" in granted.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in granted.headers
    assert "access-control-allow-origin" not in ask("https://b.example").headers
    assert ask("https://a.example", "DELETE").status_code == ask("https://a.example", header="x-key").status_code == 400


def test_without_the_setting_no_other_site_may_read(locator):
    with TestClient(build_api(lambda: locator, Settings(rate_limit=0))) as client:
        reply = client.get("/v1/points", params={"limit": 1}, headers={"origin": "https://a.example"})
    assert not [name for name in reply.headers if name.startswith("access-control")]


def test_too_many_requests_are_told_when_to_come_back(locator):
    with TestClient(build_api(lambda: locator, Settings(rate_limit=4, cors=("https://a.example",)))) as client:
        replies = [
            client.get("/v1/points", params={"limit": 1}, headers={"origin": "https://a.example"}) for _ in range(3)
        ]
    assert [reply.status_code for reply in replies] == [200, 429, 429]
    assert int(replies[-1].headers["retry-after"]) >= 1
    assert replies[-1].headers["content-type"] == "application/problem+json"
    assert replies[-1].headers["access-control-allow-origin"] == "https://a.example", "or the caller could not read it"


def test_clients_behind_two_proxies_that_write_a_line_each_are_told_apart(locator):
    settings = Settings(rate_limit=4, trusted_proxy=("127.0.0.1", "10.0.0.0/8"))
    with TestClient(build_api(lambda: locator, settings), client=("127.0.0.1", 5000)) as client:
        for number in range(3):
            lines = [("x-forwarded-for", f"203.0.113.{number}"), ("x-forwarded-for", "10.0.0.7")]
            assert client.get("/v1/points", params={"limit": 1}, headers=lines).status_code == 200


def test_the_docs_need_nobody_else(client):
    page = client.get("/docs").text
    assert "/api/v1/find" in page and "<script" not in page and "//" not in page.replace("<!doctype html>", "")


def test_a_fault_of_ours_is_a_problem_without_a_trace(locator):
    def broken():
        raise RuntimeError("secret detail")

    with TestClient(build_api(broken, Settings(rate_limit=0)), raise_server_exceptions=False) as client:
        reply = client.get("/v1/points")
    assert reply.status_code == reply.json()["status"] == 500 and "secret" not in reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("region", ["999999", "123456", "٤٤٠٣٠٠", "４４０３９９", "不存在的地方"])
def test_a_region_that_does_not_exist_is_not_found_whatever_it_is_asked_for(client, region):
    replies = {
        "points": client.get("/v1/points", params={"region": region}),
        "guide": client.get("/v1/guide", params={"task": "apply", "region": region}),
        "find": client.post("/v1/find", json={"text": "济南市槐荫区", "region": region}),
        "find at": client.get("/v1/find", params={"at": "117.0,36.6", "region": region}),
        "geocode": client.post("/v1/geocode", json={"text": "槐荫区", "region": region}),
        "suggest": client.post("/v1/suggest", json={"text": "槐荫区", "region": region}),
    }
    assert {name: reply.status_code for name, reply in replies.items()} == dict.fromkeys(replies, 404)
    assert {reply.json()["code"] for reply in replies.values()} == {"region_not_found"}


def test_a_region_is_named_or_coded(client):
    for region in ("370100", "济南", "济南市"):
        assert client.get("/v1/points", params={"region": region, "limit": 1}).json()["points"]
        assert client.get("/v1/guide", params={"task": "apply", "region": region}).json()["region"] == "370100"
