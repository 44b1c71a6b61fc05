"""The page without JavaScript: every task in both languages, and nothing typed in an address."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from locator.i18n import LANGS, text
from locator.model import Person, Task
from locator.outputs.html_document import escape
from locator.web.plain import MAX_BODY_BYTES, plain_routes

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
TYPED = "济南市槐荫区经四路478号"


@pytest.fixture(scope="module")
def client(locator):
    with TestClient(Starlette(routes=plain_routes(lambda: locator, lambda: NOW, "zh"))) as client:
        yield client


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("task", Task)
def test_every_task_is_answered_in_both_languages(client, locator, task, lang):
    reply = client.post("/plain", data={"text": TYPED, "task": task, "person": Person.AGENT, "lang": lang})
    page = reply.text
    assert reply.status_code == 200 and reply.headers["cache-control"] == "no-store"
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in page
    assert page.count("<li value=") >= 5 and "五里沟街道人社中心" in page and "tel:0531-87920528" in page
    assert f'<option value="{task}" selected>' in page and f'<option value="{Person.AGENT}" selected>' in page
    assert ("Wuligou Jiedao Renshe Zhongxin" in page) == (lang == "en")
    needed = locator.guide(task, Person.AGENT, "370104", lang)["materials"]
    assert (text("page.bring", lang) in page) == bool(needed)
    assert [item["name"] for item in needed if escape(item["name"]) not in page] == []
    assert not re.search(r"<script|\son\w+=|javascript:|https?://[^\"]*478", page)


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_usual_where_hours_are_unknown_is_said_once(client, lang):
    page = client.post("/plain", data={"text": TYPED, "lang": lang}).text
    assert page.count(text("hours.usual_day", lang)) == 1
    assert page.index(text("hours.usual_day", lang)) < page.index("<ol")
    assert page.count(text("hours.unknown_hours_unknown", lang)) > 3


@pytest.mark.parametrize("lang", LANGS)
def test_the_form_stands_empty_whatever_its_address_says(client, lang):
    page = client.get("/plain", params={"lang": lang, "text": TYPED, "task": "pin"}).text
    assert TYPED not in page and "<ol" not in page and text("plain.find", lang) in page
    assert 'method="post"' in page and 'autocomplete="off"' in page


@pytest.mark.parametrize("typed", ["", "   ", "x" * 201])
@pytest.mark.parametrize("lang", LANGS)
def test_what_cannot_be_asked_gets_a_sentence(client, typed, lang):
    page = client.post("/plain", data={"text": typed, "lang": lang}).text
    assert 'role="alert"' in page and "<ol" not in page


def test_a_form_that_is_too_long_is_refused_in_one_piece_and_in_many(client):
    pieces = (b"text=" + b"x" * 1024 for _ in range(MAX_BODY_BYTES // 1024 + 1))
    for body in (b"x" * (MAX_BODY_BYTES + 1), pieces):
        assert client.post("/plain", content=body).status_code == 413


@pytest.mark.parametrize("lang", LANGS)
def test_one_city_with_a_slip_is_offered_and_not_called_several(client, lang):
    page = client.post("/plain", data={"text": "Shenzen", "lang": lang}).text
    assert page.count('name="again"') == 1 and "深圳市" in page
    assert text("notices.ambiguous_place", lang) in page and text("notices.respelt", lang) in page
    assert not re.search("不止一处|[Mm]ore than one|[Ss]everal", page)
