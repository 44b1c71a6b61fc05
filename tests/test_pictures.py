"""The comparison of pictures sees a lost button and not a letter's smoothing."""

from __future__ import annotations

import pytest
from pictures import compare_pictures

PAGE = """<!doctype html><html lang="zh-CN"><style>
body{{font:16px sans-serif;margin:1rem;max-width:60rem;color:#16202b;background:#fff}}
button{{font:inherit;min-height:44px;padding:0 1rem;border:1px solid #c9d2dc;border-radius:8px;background:#fff}}
.main{{background:#0b5cad;color:#fff;border:0}}
</style><h1>办理社保卡的网点</h1><p>这里是一段话，说明附近的网点和它们的开放时间。</p>
<p id="row"><button id="plain">导航</button> <button id="primary" class="main">查找</button> <button>打印</button></p>
<ul>{}</ul></html>""".format("".join(f"<li>第{n}个网点，地址某路{n}号，电话 0531-1234567{n}</li>" for n in range(9)))


def shoot(page) -> bytes:
    return page.screenshot(type="jpeg", quality=72, animations="disabled", caret="hide")


@pytest.fixture
def page(chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_content(PAGE)
    yield page
    page.close()


@pytest.mark.parametrize("button", ["#plain", "#primary"])
def test_a_lost_button_is_seen(chromium, page, button):
    good = shoot(page)
    page.evaluate("(which) => { document.querySelector(which).style.visibility = 'hidden' }", button)
    assert compare_pictures(chromium, good, shoot(page)).is_seen


def test_a_line_that_moved_is_seen(chromium, page):
    good = shoot(page)
    page.evaluate("() => { document.querySelector('#row').style.marginTop = '3rem' }")
    assert compare_pictures(chromium, good, shoot(page)).is_seen


def test_the_same_page_is_the_same(chromium, page):
    good = shoot(page)
    assert compare_pictures(chromium, good, good) == (0, 0)
    page.evaluate("() => { document.body.style.webkitFontSmoothing = 'antialiased'; "
                  "document.body.style.transform = 'translate(0.3px, 0.2px)' }")  # fmt: skip
    assert not compare_pictures(chromium, good, shoot(page)).is_seen
