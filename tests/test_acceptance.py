"""What the main job promises, through the command, on the shipped offices."""

from __future__ import annotations

import json

import pytest

from locator.cli import main

WULIGOU = "五里沟街道人社中心"


@pytest.fixture
def run(in_data_folder, capsys):
    """Return a function that runs a command and returns its JSON answer."""

    def run_command(*argv: str, code: int = 0):
        assert main([*argv, "--format", "json"]) == code
        return json.loads(capsys.readouterr().out)

    return run_command


def test_an_address_in_jinan_finds_its_street_s_own_center(run):
    answer = run("find", "济南市槐荫区经四路478号", "--task", "apply")
    first = answer["hits"][0]
    assert first["name"] == WULIGOU and first["distance_m"] < 100
    assert (first["tier"], first["can_do"], first["status"]["state"]) == (1, None, "unknown")
    assert first["status"]["reason"] == "hours_unknown" and first["provenance"]["date"] == "2018-07-25"
    assert answer["place"]["precision"] == "rooftop" and answer["place"]["adcode"] == "370104"
    assert answer["guide"]["task"] == "apply" and answer["guide"]["materials"] and len(answer["guide"]["steps"]) >= 4


def test_the_street_s_own_center_is_yours_and_another_street_s_is_not(run, capsys):
    hits = run("find", "济南市槐荫区经四路478号", "--task", "apply", "--limit", "20")["hits"]
    first = hits[0]
    assert (first["name"], first["serves_you"], first["serves_why"]) == (WULIGOU, True, "township_name")
    others = [hit for hit in hits[1:] if hit["tier"] == 1]
    assert {hit["serves_you"] for hit in others} == {False, None}, "another street's, and those that state nothing"
    assert main(["find", "济南市槐荫区经四路478号", "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert said.index("你所在的街道、片区") < said.index(f" 1. {WULIGOU}") < said.index("离你最近")
    assert "你所在的街道（乡镇）的办事点：从名称看。" in said


def test_a_task_of_the_insured_city_says_so_first(run):
    notices = run("find", "济南市槐荫区经四路478号", "--task", "transfer")["notices"]
    assert notices[0]["code"] == "insured_city_only" and "参保" in notices[0]["text"]
    assert "insured_city_only" not in [n["code"] for n in run("find", "济南市槐荫区经四路478号")["notices"]]


def test_the_datum_decides_where_a_pair_is(run):
    right = run("find", "--at", "116.98,36.658517", "--datum", "gcj02")["hits"][0]
    assert right["name"] == WULIGOU and right["distance_m"] < 1
    shifted = run("find", "--at", "116.98,36.658517", "--datum", "wgs84", "--limit", "20")["hits"]
    assert 300 < next(hit["distance_m"] for hit in shifted if hit["name"] == WULIGOU) < 900


def test_a_dalian_pair_is_baidu_s(run):
    right = run("find", "--at", "121.605,38.9183", "--datum", "bd09")["hits"][0]
    assert right["name"] == "沙河口区行政服务大厅" and right["distance_m"] < 1
    wrong = run("find", "--at", "121.605,38.9183", "--limit", "20")["hits"]
    assert next(hit["distance_m"] for hit in wrong if hit["name"] == "沙河口区行政服务大厅") > 300


@pytest.mark.parametrize(("now", "state"), [("2026-11-23T10:00", "open"), ("2026-11-23T12:30", "closed")])
def test_xiaolan_is_listed_first_about_and_keeps_its_lunch_break(run, now, state):
    answer = run("find", "中山市小榄镇", "--now", now)
    first = answer["hits"][0]
    assert first["name"].endswith("小榄分局") and first["approximate"] and first["position"] == "township"
    assert first["status"]["state"] == state


def test_zhongshan_asks_which(run):
    answer = run("find", "中山")
    assert answer["place"] is None and answer["hits"] == []
    assert {place["adcode"] for place in answer["candidates"]} >= {"442000", "210202"}
    assert [notice["code"] for notice in answer["notices"]] == ["ambiguous_place"]


def test_gulou_is_in_many_cities(run):
    assert {place["adcode"] for place in run("find", "鼓楼区")["candidates"]} >= {
        "320106",
        "350102",
        "410204",
        "320302",
    }


def test_a_hall_is_found_by_its_name(run):
    first = run("find", "大连市沙河口区行政服务大厅")["hits"][0]
    assert first["name"] == "沙河口区行政服务大厅" and first["distance_m"] < 50


def test_nothing_is_near_lhasa_and_the_hotline_comes_first(run):
    answer = run("find", "拉萨", "--task", "apply")
    assert answer["hits"] == []
    notice = answer["notices"][0]
    assert (
        notice["code"] == "nothing_near"
        and "拉萨" in notice["text"]
        and "12333" in notice["text"]
        and "济南市" in notice["text"]
    )


def test_another_number_of_a_street_known_from_one_address_is_not_placed_on_it(run):
    place = run("find", "济南市槐荫区经四路12号")["place"]
    assert place["precision"] in ("township", "district") and place["note"] == "number_unknown"


def test_the_other_authority_comes_under_its_own_heading(run):
    tiers = {
        hit["kind"]: hit["tier"] for hit in run("find", "大连市西岗区", "--task", "apply", "--limit", "20")["hits"]
    }
    assert tiers["medical-insurance"] == 2 and tiers["hrss-bureau"] == 1
    tiers = {
        hit["kind"]: hit["tier"] for hit in run("find", "大连市西岗区", "--task", "medical", "--limit", "20")["hits"]
    }
    assert tiers["medical-insurance"] == 1 and tiers["hrss-bureau"] == 2


HOSTILE = [
    "",
    " ",
    "x" * 10_000,
    "😀😀",
    "\x00\x1b[31m",
    "{{7*7}}",
    "${alert(1)}",
    "<script>alert(1)</script>",
    '" OR *',
    "New York",
    "0,0",
    "36.65,116.99",
    "999,999",
    "'; DROP TABLE place;--",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:20]) for text in HOSTILE])
def test_bad_input_gets_one_clear_sentence(text, in_data_folder, capsys):
    code = main(["find", text, "--format", "json"])
    out, err = capsys.readouterr()
    assert code in (0, 2) and "Traceback" not in err and "49" not in err
    if code == 0:
        answer = json.loads(out)
        assert answer["place"] is not None or answer["notices"]
    else:
        assert err.startswith("locator: ") and err.count("\n") == 1 and out == ""


@pytest.mark.parametrize(
    ("words", "expression", "state"),
    [
        ("工作日 9:00-12:00, 13:30-17:00", "Mo-Fr 09:00-12:00,13:30-17:00; PH off", "open"),
        ("周一至周五上午8:30—12:00 下午14:00—17:30", "Mo-Fr 08:30-12:00,14:00-17:30", "open"),
        ("上午8点到12点", None, "unknown"),
        ("Mo-Fr 09:00-12:00", "Mo-Fr 09:00-12:00", "open"),
    ],
)
def test_hours_takes_a_source_s_own_words(run, words, expression, state):
    answer = run("hours", words, "--at", "2026-11-23T10:00")
    assert (answer["expression"], answer["state"]) == (expression, state)
    assert answer["note"] == (words if expression is None else None)


@pytest.mark.parametrize(
    "argv",
    [
        ["find"],
        ["find", "--at", "a,b"],
        ["find", "--at", "36.65,116.99"],
        ["find", "--at", "nan,1"],
        ["find", "x", "--limit", "0"],
        ["find", "x", "--task", "fly"],
        ["find", "x", "--region", "nowhere-at-all"],
        ["nonsense"],
        ["hours", "whenever"],
        ["batch", "x.csv", "-o", "y.csv"],
        ["route", "--from", "0,0", "--to", "117,36"],
        ["import", "table", "/nonexistent.csv"],
        ["check", "/nonexistent.csv"],
        ["find", "济南", "--open-at", "soon"],
    ],
    ids=" ".join,
)
def test_misuse_is_one_line_and_exit_2_or_1(argv, in_data_folder, capsys):
    code = main(argv)
    err = capsys.readouterr().err
    assert code in (1, 2) and err.count("\n") == 1 and err.startswith("locator: ") and "Traceback" not in err


def test_csv_has_a_mark_and_starts_no_formula(in_data_folder, capsysbinary):
    assert main(["find", "济南市槐荫区经四路478号", "--format", "csv"]) == 0
    out = capsysbinary.readouterr().out
    assert out.startswith(b"\xef\xbb\xbf")
    assert not any(
        cell[:1] in "=+-@"
        for line in out.decode("utf-8-sig").splitlines()
        for cell in line.split(",")
        if cell and not cell[1:2].isdigit()
    )


@pytest.mark.parametrize("form", ["geojson", "kml", "text"])
def test_the_other_formats_write_something(form, in_data_folder, capsys):
    assert main(["find", "济南市槐荫区经四路478号", "--format", form]) == 0
    assert WULIGOU in capsys.readouterr().out


def test_open_now_lists_the_unknown_under_their_own_heading(in_data_folder, capsys):
    assert main(["find", "中山市小榄镇", "--open-now", "--now", "2026-11-23T10:00", "--lang", "en"]) == 0
    out, err = capsys.readouterr()
    assert out.index("小榄分局") < out.index("Hours not known (call first)") < out.index("古镇人社分局")
    assert "listed after the open ones" in err
    assert main(["find", "中山市小榄镇", "--open-now", "--now", "2026-11-23T12:30", "--lang", "en"]) == 0
    at_noon = capsys.readouterr().out
    assert "opens 13:30" in at_noon[at_noon.index("小榄分局") :][:400] and "古镇人社分局" in at_noon
    assert main(["find", "中山市小榄镇", "--open-now", "--now", "2026-11-23T18:30", "--lang", "en"]) == 0
    assert "小榄分局" not in capsys.readouterr().out
