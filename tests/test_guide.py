"""The guide's answers: complete, sourced, honest, the finer region over the wider one."""

from __future__ import annotations

import csv
import json
import re

import pytest

from locator.errors import InvalidInput
from locator.guide.book import load_guide
from locator.i18n import LANGS
from locator.model import Kind, Person, Task
from locator.settings import shipped_dir

CARD_TASKS = (
    "apply", "collect", "activate", "replace-lost", "replace-damaged", "renew", "report-loss", "pin", "change-data",
)  # fmt: skip
CITIES = ("440300", "440000", "442000", "330100", "330182", "210200", "370100", "110000", "310000", "440100", "510100", "500000")  # fmt: skip
LINE_LISTS = ("fees", "times", "differs", "not_found", "tips")


@pytest.fixture(scope="module")
def guide():
    return load_guide(shipped_dir() / "guide")


def lines_of(answer):
    """Yield everything an answer states."""
    yield from [answer["first"]] if answer["first"] else []
    yield from answer["trip"]["lines"]
    for step in answer["steps"]:
        yield from step["lines"]
    for name in (*LINE_LISTS, "materials", "channels", "hotlines", "law"):
        yield from answer[name]


def words_of(answer):
    """Return all sentences of an answer in one text."""
    return "\n".join(line.get("text") or line.get("summary") or line["name"] for line in lines_of(answer))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("person", Person)
@pytest.mark.parametrize("task", Task)
def test_every_task_person_and_language_has_an_answer(guide, task, person, lang):
    answer = guide.answer(task, person, None, lang)
    assert answer["trip"]["lines"] and answer["trip"]["without_visit"] in ("yes", "partly", "no", "ask")
    assert [step["id"] for step in answer["steps"]] == ["rule", "materials", "where", "activate"]
    assert all(step["title"] and step["lines"] for step in answer["steps"])
    assert answer["materials"] and answer["law"] and answer["hotlines"] and answer["sources"]
    assert answer["kinds"]["first"] and answer["related"] and answer["region"] is None
    assert json.loads(json.dumps(answer, ensure_ascii=False)) == answer


@pytest.mark.parametrize("adcode", [None, *CITIES])
def test_every_statement_has_a_source_with_confidence_and_a_date_field(guide, adcode):
    for task in Task:
        answer = guide.answer(task, Person.ADULT, adcode, "en")
        known = {source["id"]: source for source in answer["sources"]}
        for line in lines_of(answer):
            assert line["source"] and line["source_ids"] and line["confidence"] in ("H", "M", "L") and "date" in line
            assert set(line["source_ids"]) <= set(known)
        assert len(known) == len(answer["sources"])


@pytest.mark.parametrize("adcode", [None, *CITIES])
def test_low_confidence_is_told_as_a_difference_or_as_perhaps_asked_or_not_at_all(guide, adcode):
    for task in Task:
        for person in Person:
            answer = guide.answer(task, person, adcode, "zh")
            for item in answer["materials"]:
                assert item["confidence"] != "L" or item["required"] is None
            for line in lines_of(answer):
                assert line["confidence"] != "L" or line in answer["differs"] or line in answer["materials"]


@pytest.mark.parametrize("adcode", CITIES)
def test_a_region_with_an_entry_says_who_issues_where_how_to_reach_them_and_what_is_missing(guide, adcode):
    answer = guide.answer("apply", "adult", adcode, "en")
    assert answer["local"] and answer["region"] == adcode and answer["regions"][0]["adcode"] == adcode
    assert any(c["official"] and c["url"] and c["type"] == "website" for c in answer["channels"])
    assert any(line["region"] != "000000" for line in answer["steps"][0]["lines"]), "who issues"
    own = [line for line in answer["not_found"] if line["region"] == adcode]
    assert own, "what was not found is said"
    assert any(h["from_elsewhere"] or "-" in h["number"] for h in answer["hotlines"]) or adcode == "440000"
    local = [
        c for c in answer["channels"] if c["region"] != "000000" and c["type"] in ("app", "mini-program", "wechat")
    ]
    assert local or any("app" in line["text"] for line in own), "its own app, or that none was found"
    where = [line["text"] for line in answer["steps"][2]["lines"] if line["region"] != "000000"]
    assert where or any(re.search("counter|outlet|hours|hall", line["text"]) for line in own), (
        "where, or that it is not known"
    )


def test_a_region_without_an_entry_says_so_and_gives_what_holds_nationally(guide):
    lhasa, nation = guide.answer("apply", "adult", "540100", "zh"), guide.answer("apply", "adult", None, "zh")
    assert not lhasa["local"] and lhasa["region"] == "540100" and lhasa["region_name"] == "西藏自治区"
    assert any(c["url"] and c["region"] == "540000" for c in lhasa["channels"]), "the province's site is known"
    assert lhasa["materials"] == nation["materials"] and lhasa["trip"] == nation["trip"]
    assert lhasa["hotlines"][0]["from_elsewhere"] == "0891-12333"


def test_the_finest_region_comes_first_and_a_county_has_its_city_and_province(guide):
    answer = guide.answer("apply", "adult", "330182", "zh")
    assert [r["adcode"] for r in answer["regions"]] == ["330182", "330100", "330000"]
    regions = [line["region"] for line in answer["steps"][0]["lines"]]
    assert regions == sorted(regions, key=["330182", "330100", "330000", "000000"].index)
    assert guide.answer("apply", "adult", "330182003", "zh")["regions"] == answer["regions"]


def test_a_city_s_material_stands_in_for_the_nation_s(guide):
    nation = {m["id"]: m for m in guide.answer("apply", "adult", None, "zh")["materials"]}
    chongqing = {m["id"]: m for m in guide.answer("apply", "adult", "500103", "zh")["materials"]}
    assert nation["photo"]["required"] is None and "photo" not in chongqing
    assert chongqing["cq-photo"]["required"] is True and "一寸" in chongqing["cq-photo"]["name"]


def test_a_city_decides_whether_the_trip_can_be_saved(guide):
    assert guide.answer("apply", "foreigner", None, "zh")["trip"]["without_visit"] == "ask"
    assert guide.answer("apply", "foreigner", "440100", "zh")["trip"]["without_visit"] == "no"
    chongqing = guide.answer("apply", "foreigner", "500000", "zh")["trip"]
    assert chongqing["without_visit"] == "partly" and "广州" not in "".join(line["text"] for line in chongqing["lines"])
    assert guide.answer("pin", "adult", "442000", "zh")["trip"]["without_visit"] == "no"


def test_what_is_required_stands_first(guide):
    for person in Person:
        needs = [m["required"] for m in guide.answer("apply", person, "440100", "zh")["materials"]]
        assert needs == sorted(needs, key=[True, None, False].index) and needs[0] is True


@pytest.mark.parametrize("task", CARD_TASKS)
def test_card_tasks_go_to_every_kind_but_the_medical_counters(guide, task):
    first, second = guide.rule(task).first, guide.rule(task).second
    assert second == {Kind.MEDICAL_INSURANCE} and first == set(Kind) - second


@pytest.mark.parametrize("task", ["medical", "e-voucher"])
def test_medical_tasks_go_the_other_way_round(guide, task):
    first, second = guide.rule(task).first, guide.rule(task).second
    assert Kind.MEDICAL_INSURANCE in first and {Kind.HRSS_BUREAU, Kind.INSURANCE_AGENCY, Kind.BANK} <= second


@pytest.mark.parametrize("task", Task)
def test_the_two_tiers_share_no_kind_and_leave_none_out(guide, task):
    first, second = guide.rule(task).first, guide.rule(task).second
    assert not first & second and first | second == set(Kind)


def test_where_the_insured_city_matters(guide):
    told = {task for task in Task if guide.rule(task).insured_city_only}
    assert {"apply", "collect", "replace-lost", "renew", "pin", "medical", "transfer"} <= told
    assert not told & {"report-loss", "e-card", "e-voucher", "enquire"}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("task", ["activate", "collect", "apply"])
def test_activation_is_told_as_two_acts_in_two_places(guide, task, lang):
    said = words_of(guide.answer(task, "adult", None, lang))
    for phrase in {"zh": ("启用社保功能", "银行账户"), "en": ("social security function", "bank account")}[lang]:
        assert phrase in said


def test_the_bank_s_own_branches_are_said_to_be_missing(guide):
    assert "not in this list" in words_of(guide.answer("activate", "adult", "440300", "en"))


def test_the_agent_is_told_that_the_bank_account_cannot_be_activated_for_somebody(guide):
    said = words_of(guide.answer("activate", "agent", None, "en"))
    assert "cannot be activated by an agent" in said
    assert "where-bank-account" not in [
        x["id"] for x in guide.answer("activate", "agent", None, "en")["steps"][2]["lines"]
    ]


@pytest.mark.parametrize("person", Person)
def test_the_e_voucher_needs_no_card(guide, person):
    answer = guide.answer("e-voucher", person, None, "en")
    assert all("card" not in m["id"] for m in answer["materials"])
    assert person in (Person.FOREIGNER, Person.HKMT) or answer["trip"]["without_visit"] == "yes"


def test_who_lost_the_card_is_told_to_freeze_the_bank_account_too(guide):
    for person in Person:
        for task in ("report-loss", "replace-lost"):
            assert "冻结" in words_of(guide.answer(task, person, "370100", "zh")), (task, person)


def test_who_only_telephones_is_not_told_to_bring_originals(guide):
    for person in Person:
        items = guide.answer("report-loss", person, "440100", "en")["materials"]
        assert [item["form"] for item in items if item["required"]] == ["any"], person


def test_no_nationwide_application_online_is_offered_to_who_cannot_use_it(guide):
    for person in ("foreigner", "hkmt"):
        names = [channel["name"] for channel in guide.answer("apply", person, "440100", "zh")["channels"]]
        assert not any("12333" in name or "电子社保卡" in name or "国家政务" in name for name in names)


def test_an_agent_is_not_sent_where_the_holder_has_to_collect(guide):
    assert guide.answer("collect", "agent", "440100", "zh")["trip"]["without_visit"] == "ask"


def test_a_contradiction_is_told(guide):
    assert "differs" in words_of(guide.answer("report-loss", "adult", None, "en"))
    assert re.search(r"Jiangxi 32 yuan.+Hangzhou 15", words_of(guide.answer("replace-lost", "adult", None, "en")))
    assert re.search(r"6, 8 and 10 tries", words_of(guide.answer("pin", "adult", None, "en")))


def test_fees_and_times_name_a_place_and_a_date(guide):
    for adcode in (None, *CITIES):
        for task in Task:
            answer = guide.answer(task, "adult", adcode, "en")
            for line in answer["fees"] + answer["times"]:
                assert re.search(r"20\d\d|older|nationwide|Article", line["text"]), line["text"]


@pytest.mark.parametrize(
    ("task", "article"),
    [
        ("apply", "第五十八条"), ("apply", "第六条"), ("apply", "第七条"), ("enquire", "第七十四条"),
        ("collect", "第七十二条"), ("collect", "第二十八条、第二十九条"), ("pin", "第三十条"),
        ("pin", "第三十一条、第五十三条第二项"), ("e-card", "第二条、第三条"), ("renew", "第十六条"),
        ("medical", "第二十条"), ("transfer", "第十二条至第十六条"),
    ],
)  # fmt: skip
def test_the_law_is_named_with_its_article(guide, task, article):
    laws = guide.answer(task, "adult", None, "zh")["law"]
    assert article in [law["article"] for law in laws]
    assert all(law["name"] and law["summary"] for law in laws)


def test_the_hotline_of_the_task_s_authority_comes_first(guide):
    assert guide.hotlines(None, "apply", "zh")[0]["number"] == "12333"
    assert guide.hotlines(None, "medical", "zh")[0]["number"] == "12393"
    assert guide.hotlines("330100", "apply", "zh")[0]["number"] == "96225"
    assert {h["number"] for h in guide.hotlines(None, None, "zh")} == {"12333", "12393", "12345"}


def test_a_local_number_stands_for_the_national_one_and_has_its_area_code(guide):
    assert guide.hotlines("500103", "apply", "en")[0]["number"] == "023-12333"
    assert [h["number"] for h in guide.hotlines("440106", "apply", "en")] == ["020-12333", "020-12345", "12393"]
    beijing = guide.hotlines("110105", "apply", "en")[0]
    assert (
        beijing["number"] == "12333"
        and beijing["from_elsewhere"] == "010-12333"
        and "press 1, then 0" in beijing["note"]
    )
    assert guide.hotlines("440305", "medical", "en")[0]["from_elsewhere"] == "0755-12393"


@pytest.mark.parametrize(
    "adcode", ["", "37", "abcdef", "３７０１００", "999999", "000000", "370100'; DROP", "\x00" * 6]
)
def test_a_strange_adcode_gives_the_national_answer(guide, adcode):
    answer = guide.answer("apply", "adult", adcode, "zh")
    assert answer["local"] in (False, True) and answer["materials"]


@pytest.mark.parametrize(
    ("task", "person", "lang"), [("fly", "adult", "zh"), ("apply", "cat", "zh"), ("apply", "adult", "fr")]
)
def test_an_unknown_choice_is_refused_in_one_sentence(guide, task, person, lang):
    with pytest.raises(InvalidInput, match="expected one of"):
        guide.answer(task, person, None, lang)


def test_english_has_no_chinese_but_names_of_things_to_tap(guide):
    """Chinese in the English text is only the name of an application, a button or a sign."""
    for adcode in (None, *CITIES):
        for task in Task:
            for person in Person:
                for line in lines_of(guide.answer(task, person, adcode, "en")):
                    words = line.get("text") or line.get("summary") or line["name"]
                    chinese = sum("\u3400" <= c <= "\u9fff" for c in words)
                    assert "type" in line or chinese <= len(words) / 5, words


def test_chinese_sentences_use_chinese_punctuation(guide):
    for adcode in (None, *CITIES):
        for task in Task:
            for person in Person:
                for line in lines_of(guide.answer(task, person, adcode, "zh")):
                    words = line.get("text") or line.get("summary") or ""
                    assert not re.search(r"[\u3400-\u9fff][,;:?!(]|[)][\u3400-\u9fff]", words), words


def test_ids_are_unique_and_stay_the_same(guide):
    again = load_guide(shipped_dir() / "guide")
    ids = [line["id"] for line in lines_of(guide.answer("apply", "child", "440305", "zh"))]
    assert len(ids) == len(set(ids))
    assert ids == [line["id"] for line in lines_of(again.answer("apply", "child", "440305", "zh"))]


@pytest.mark.parametrize("adcode", [None, "442000", "370200", "360100", "610100"])
@pytest.mark.parametrize("lang", LANGS)
def test_an_answer_is_at_most_eight_short_steps_each_with_address_publisher_and_date(guide, adcode, lang):
    for task in Task:
        for person in Person:
            answer = guide.answer(task, person, adcode, lang)
            lines = [line for step in answer["steps"] for line in step["lines"]]
            assert len(lines) <= 8 and all(step["lines"] for step in answer["steps"])
            assert max(len(line["text"]) for line in lines) <= (95 if lang == "zh" else 280)
            for line in lines_of(answer):
                assert re.fullmatch(r"https?://[a-z0-9.-]+\.[a-z]{2,}(:\d+)?/\S*", line["source_url"] + "/", re.I)
                assert line["publisher"].strip() and re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", line["date"])
            for source in answer["sources"]:
                assert source["url"] and source["publisher"] and source["date"] and source["undated"] in (True, False)


ANOTHERS = {
    "adult": "孩子|监护人|家长",
    "foreigner": "孩子|监护人|家长",
    "hkmt": "孩子|监护人|家长",
    "agent": "孩子|监护人|家长|护照|通行证",
    "child": "离职|离开单位|有没有工作|换城市工作|委托书|护照|通行证",
}
"""Words that speak to somebody else than the person who asks."""


def told(answer):
    """Return what an answer tells a person to do or to bring."""
    steps = [line for step in answer["steps"] for line in step["lines"]]
    return [*answer["trip"]["lines"], *steps, *answer["materials"], *answer["tips"]]


@pytest.mark.parametrize("person", Person)
def test_a_line_is_about_the_person_who_asks(guide, person):
    for adcode in (None, *guide.regions):
        for task in Task:
            for line in told(guide.answer(task, person, adcode, "zh")):
                words = line.get("text") or line["name"] + (line["note"] or "")
                assert not re.search(ANOTHERS[person.value], words), words


def test_an_agent_is_never_addressed_as_the_holder(guide):
    for adcode in (None, *guide.regions):
        for task in Task:
            for line in told(guide.answer(task, "agent", adcode, "en")):
                words = line.get("text") or line["name"]
                assert not re.search(r"\b(by )?yourself\b|\byour own card\b", words), words


def test_what_is_over_eight_steps_is_the_most_general_and_never_the_task_s_own(guide):
    """A line of a task or a person stays in its step while a line for everybody stands there."""
    wide = {s.id: (s.section, s.region, len(s.tasks) * len(s.persons)) for s in guide._entries("statements")}
    over = 0
    for adcode in (None, *CITIES[:6], "610100"):
        for task in Task:
            for person in Person:
                answer = guide.answer(task, person, adcode, "zh")
                steps = {step["id"]: [wide[line["id"]] for line in step["lines"]] for step in answer["steps"]}
                for section, region, breadth in (wide[line["id"]] for line in answer["tips"]):
                    kept = [width for _, where, width in steps.get(section, ()) if where == region]
                    over += section in steps
                    assert not kept or max(kept) <= breadth, (adcode, task, person)
    assert over, "no answer has more than eight lines: the limit is not tried"


def test_a_national_line_that_names_a_place_has_a_source_of_that_place(guide):
    with (shipped_dir() / "gazetteer" / "divisions.csv").open(encoding="utf-8", newline="") as file:
        names = {re.sub("(市|省|地区|盟|(壮族|回族|维吾尔)?自治区)$", "", row["name"]) for row in csv.DictReader(file)
                 if row["code"].endswith("00")} - {"台湾", "香港", "澳门"}  # fmt: skip
    tried = 0
    for kind in ("statements", "materials", "channels", "hotlines", "questions"):
        for entry in guide._entries(kind):
            if entry.region != "000000":
                continue
            parts = (getattr(entry, field, None) for field in ("text", "answer", "name", "note"))
            words = " ".join(part["zh"] for part in parts if part)
            basis = " ".join(guide.source(key).name + guide.source(key).publisher for key in entry.sources)
            for name in (name for name in names if len(name) > 1 and name in words):
                tried += 1
                assert name in basis, f"{words}: no source about {name}"
    assert tried > 20


def test_a_year_said_in_brackets_is_a_source_s_and_both_languages_say_the_same_years(guide):
    tried = 0
    for kind in ("statements", "materials", "channels", "hotlines", "questions"):
        for entry in guide._entries(kind):
            parts = [part for field in ("text", "answer", "name", "note") if (part := getattr(entry, field, None))]
            zh, en = (" ".join(part[lang] for part in parts) for lang in ("zh", "en"))
            years = re.compile(r"(?:19|20)\d\d")
            assert set(years.findall(zh)) == set(years.findall(en)), zh
            dates = [guide.source(key).date for key in entry.sources]
            for year in re.findall(r"（[^（）]*?((?:19|20)\d\d) ?年[^（）]*）", zh):
                tried += 1
                assert None in dates or any(date.startswith(year) for date in dates), (zh, dates)
    assert tried > 20


def test_no_two_sources_are_one_page(guide):
    urls = [source.url.rstrip("/") for source in guide._shelf.sources.values()]
    assert not {url for url in urls if urls.count(url) > 1}


@pytest.mark.parametrize("task", Task)
def test_the_loss_report_comes_before_everything_else(guide, task):
    for person in Person:
        first = guide.answer(task, person, "370200", "zh")["first"]
        assert (first is not None) == (task in (Task.REPORT_LOSS, Task.REPLACE_LOST))
        assert first is None or ("12333" in first["text"] and "银行" in first["text"] and first["source_url"])


def test_every_province_has_its_site_and_hotline_and_most_have_more(guide):
    provinces = [f"{code}0000" for code in (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44,
                                           45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65)]  # fmt: skip
    told = set()
    for adcode in provinces:
        answer = guide.answer("apply", "adult", adcode, "zh")
        sites = [c for c in answer["channels"] if c["official"] and c["url"] and c["type"] == "website"]
        assert any(c["region"] == adcode for c in sites), adcode
        assert answer["region_name"] and answer["hotlines"][0]["number"]
        assert any(h["from_elsewhere"] or "-" in h["number"] for h in answer["hotlines"]), adcode
    for adcode in guide.regions:
        if guide.answer("apply", "adult", adcode, "zh")["local"]:
            told.add(adcode[:2])
    assert len(told) >= 20, sorted(told)
    largest = ("310000", "110000", "440300", "500000", "440100", "510100", "120000", "420100", "441900", "610100",
               "330100", "440600", "320100", "370100", "410100", "370200", "320500", "330200", "350200", "130100")  # fmt: skip
    assert all(guide.answer("apply", "adult", adcode, "zh")["local"] for adcode in largest)


def test_the_hotline_of_any_prefecture_has_its_area_code_and_never_another_citys(guide):
    cases = {"130200": "0315-12333", "510700": "0816-12333", "653100": "0998-12333", "130202": "0315-12333",
             "130000": "0311-12333", "110105": "010-12333", "130300": "0335-12333", "000000": None}  # fmt: skip
    for adcode, number in cases.items():
        assert guide.hotlines(adcode, "apply", "zh")[0]["from_elsewhere"] == number, adcode


QUESTIONS = {"q-leave-company", "q-drugs", "q-app", "q-to-shenzhen", "q-jiande-flexible", "q-dalian-renew", "q-password",
             "q-zhongshan-contribution", "q-guangdong-interest", "q-move"}  # fmt: skip


def test_questions_people_ask_beside_it_have_an_answer_or_who_knows_it(guide):
    found = {}
    for task in Task:
        for adcode in (None, *guide.regions):
            for lang in LANGS:
                for question in guide.answer(task, "adult", adcode, lang)["questions"]:
                    found[question["id"], lang] = question
    assert {key for key, _ in found} >= QUESTIONS and len(found) == 2 * len({key for key, _ in found})
    for (key, lang), question in found.items():
        assert question["text"].endswith("？" if lang == "zh" else "?") and len(question["answer"]) <= 300
        assert question["source"] and question["source_url"] and question["date"]
        assert not re.search(r"\d\s*(元|yuan|%|％)", question["answer"]), f"{key} names an amount"
        if re.search("没有查到|没有收录|不收录|not held|found no|did not find", question["answer"]):
            assert re.search(r"12333|12393", question["answer"]), key
