"""A guide file that is wrong is refused with its file, its line and one clear sentence."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from locator.errors import DataError
from locator.guide import _check, _load, records
from locator.guide.book import check_guide, describe_fault, load_guide
from locator.i18n import LANGS, load_catalogue
from locator.settings import shipped_dir

CITY = """region: 540100
name: {zh: 拉萨市, en: Lhasa}
sources:
  lasa-site:
    name: 拉萨市人力资源和社会保障局
    url: https://example.gov.cn/
    date: 2026-01
    confidence: H
    publisher: 拉萨市人社局
statements:
  - section: where
    tasks: [apply]
    zh: 到市民中心办。
    en: At the citizens' center.
    source: lasa-site
materials:
  - id: lasa-photo
    tasks: apply
    replaces: photo
    required: yes
    form: photo
    count: 2
    name: {zh: 一寸照片, en: Photo}
    source: [lasa-site]
channels:
  - type: website
    official: yes
    name: {zh: 官网, en: Official site}
    url: https://example.gov.cn/
    source: lasa-site
hotlines:
  - number: 0891-12333
    authority: hrss
    name: {zh: 拉萨热线, en: Lhasa hotline}
    source: lasa-site
"""


@pytest.fixture
def folder(tmp_path):
    """The shipped guide with a file for Lhasa beside it."""
    copy = tmp_path / "guide"
    shutil.copytree(shipped_dir() / "guide", copy)
    (copy / "lhasa.yaml").write_text(CITY, "utf-8")
    return copy


def change(folder, old, new):
    """Write Lhasa's file with one thing changed."""
    assert CITY.count(old) >= 1
    (folder / "lhasa.yaml").write_text(CITY.replace(old, new, 1), "utf-8")


def test_the_shipped_guide_has_no_fault():
    assert check_guide(shipped_dir() / "guide") == []


def test_a_new_city_works_at_once(folder):
    assert check_guide(folder) == []
    answer = load_guide(folder).answer("apply", "adult", "540102", "en")
    assert answer["region_name"] == "Lhasa" and answer["hotlines"][0]["number"] == "0891-12333"
    assert [m["id"] for m in answer["materials"]] == ["id-adult", "lasa-photo"]
    assert answer["materials"][1]["form_name"] == "photo, 2 of them"


def test_what_was_read_is_kept_until_a_file_changes(folder, tmp_path, monkeypatch):
    kept = tmp_path / "guide.json"
    fresh = load_guide(folder, kept=kept)
    with monkeypatch.context() as patch:
        patch.setattr(_load, "read_document", lambda *_: pytest.fail("the files are read again"))
        again = load_guide(folder, kept=kept)
    for region in ("540102", "370100", "440300"):
        for task in ("apply", "renew"):
            assert fresh.answer(task, "adult", region, "zh") == again.answer(task, "adult", region, "zh")
    kept.write_text(kept.read_text("utf-8")[:1000], "utf-8")
    assert load_guide(folder, kept=kept).regions == fresh.regions
    change(folder, "en: Lhasa", "en: Lhasa City")
    assert load_guide(folder, kept=kept).answer("apply", "adult", "540102", "en")["region_name"] == "Lhasa City"
    change(folder, "region: 540100", "region: Lhasa")
    before = kept.read_bytes()
    with pytest.raises(DataError):
        load_guide(folder, kept=kept)
    assert kept.read_bytes() == before, "what has a fault is not kept"


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("region: 540100", "region: Lhasa", 1, "bad_adcode"),
        ("region: 540100\n", "", 1, "missing_key"),
        ("en: Lhasa}", "de: Lhasa}", 2, "unknown_key"),
        ("name: {zh: 拉萨市, en: Lhasa}\n", "", 1, "no_region_name"),
        ("url: https://example.gov.cn/\n    date", "url: javascript:alert(1)\n    date", 6, "bad_url"),
        ("date: 2026-01", "date: January 2026", 7, "bad_date"),
        ("date: 2026-01", "date: 2026-13", 7, "bad_date"),
        ("    date: 2026-01\n", "", 4, "missing_key"),
        ("date: 2026-01", "date: unknown", 4, "no_day"),
        ("    publisher: 拉萨市人社局\n", "", 4, "missing_key"),
        ("    url: https://example.gov.cn/\n    date", "    date", 4, "missing_key"),
        ("confidence: H", "confidence: sure", 8, "not_one_of"),
        ("section: where", "section: wherever", 11, "not_one_of"),
        ("tasks: [apply]", "tasks: [apply, fly]", 12, "not_one_of"),
        ("zh: 到市民中心办。", "zh: ''", 13, "empty_text"),
        ("zh: 到市民中心办。", "zh: " + "长" * 601, 13, "long_text"),
        ("zh: 到市民中心办。", 'zh: "到\\e[31m"', 13, "invisible_character"),
        ("zh: 到市民中心办。", 'zh: "到\\u202E办"', 13, "invisible_character"),
        ("    en: At the citizens' center.\n", "", 11, "missing_key"),
        ("source: lasa-site\nmaterials", "source: nobody\nmaterials", 15, "unknown_source"),
        ("    source: lasa-site\nmaterials", "materials", 11, "missing_key"),
        ("source: lasa-site\nmaterials", "source: []\nmaterials", 15, "missing_key"),
        ("section: where", "section: where\n    visit: no", 11, "visit_place"),
        ("id: lasa-photo", "id: photo", 17, "id_twice"),
        ("id: lasa-photo", "id: Lasa Photo", 17, "bad_id"),
        ("replaces: photo", "replaces: picture", 19, "unknown_id"),
        ("confidence: H", "confidence: L", 20, "weak_required"),
        ("required: yes", "required: perhaps", 20, "not_one_of"),
        ("count: 2", "count: many", 22, "bad_count"),
        ("number: 0891-12333", "number: call us", 32, "bad_phone"),
        ("statements:", "statement:", 10, "unknown_key"),
        ("  - section: where", "    section: where", 10, "not_list"),
        ("tasks: apply\n", "tasks: apply\n    tasks: collect\n", 19, "key_twice"),
        ("zh: 到市民中心办。", "zh: 到: 市民: 中心", 13, "not_yaml"),
        ("    zh: 到市民中心办。", "\tzh: 到", 13, "not_yaml"),
        ("name: {zh: 拉萨市, en: Lhasa}", "name: &x {zh: 拉萨市, en: Lhasa}\narea_code: *x", 2, "alias"),
        ("name: {zh: 拉萨市, en: Lhasa}", "name: {zh: 拉萨市, en: Lhasa, so to say}", 2, "unknown_key"),
        ("hotlines:", "area_code: {code: '0891', source: nobody}\nhotlines:", 31, "unknown_source"),
        ("hotlines:", "area_code: {code: '891', source: lasa-site}\nhotlines:", 31, "bad_area_code"),
        ("hotlines:", "tasks: {}\nhotlines:", None, None),
        ("sources:\n", "sources:\n  si-law: {name: x, publisher: x, url: 'https://a.cn/', date: 2020, confidence: H}\n", None, "source_twice"),
        ("region: 540100", "[" * 5000, 1, "too_deep"),
        ("region: 540100", "- region", None, "not_yaml"),
    ],
)  # fmt: skip
def test_a_fault_has_its_line_and_a_sentence(folder, old, new, line, code):
    change(folder, old, new)
    faults = check_guide(folder)
    assert [fault.code for fault in faults][:1] == ([code] if code else [])
    for fault in faults:
        for lang in LANGS:
            said = describe_fault(fault, lang)
            assert said.startswith(f"{fault.file}:{fault.line}: ") and "\n" not in said and len(said) < 900
            assert said.rstrip().endswith(("。", "."))
    if line:
        assert (faults[0].file, faults[0].line) == (str(folder / "lhasa.yaml"), line)


def test_every_fault_of_a_file_is_told_at_once(folder):
    change(folder, "section: where", "section: wherever")
    wrong = (folder / "lhasa.yaml").read_text("utf-8").replace("count: 2", "count: 0").replace("H\n", "X\n", 1)
    (folder / "lhasa.yaml").write_text(wrong, "utf-8")
    assert [fault.line for fault in check_guide(folder)] == [8, 11, 22]


def test_loading_a_wrong_guide_names_the_first_fault(folder):
    change(folder, "section: where", "section: wherever")
    with pytest.raises(DataError, match=r"lhasa\.yaml:11: .*wherever"):
        load_guide(folder)


def test_a_task_rule_belongs_into_the_nation_s_files(folder):
    rule = (
        "tasks:\n  apply: {authority: hrss, card: yes, insured_city_only: no, first: [bank], second: [], related: []}\n"
    )
    change(folder, "hotlines:", rule + "hotlines:")
    assert [fault.code for fault in check_guide(folder)] == ["task_place"]


def test_a_nation_without_a_task_is_refused(folder):
    path = folder / "nation" / "tasks.yaml"
    path.write_text(path.read_text("utf-8").replace("  enquire:\n    authority", "  enquiry:\n    authority"), "utf-8")
    assert "not_one_of" in [fault.code for fault in check_guide(folder)]
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("  enquiry:")], "utf-8")
    assert [fault.code for fault in check_guide(folder)] == ["tasks_missing"]


def test_not_utf8_not_there_and_too_large(tmp_path):
    assert [fault.code for fault in check_guide(tmp_path)] == ["no_files"]
    (tmp_path / "a.yaml").write_bytes("region: nation\nname: 广".encode("gbk"))
    assert [(fault.code, fault.line) for fault in check_guide(tmp_path)] == [("not_utf8", 2)]
    (tmp_path / "a.yaml").write_bytes(b"# " + b"x" * 1_000_001)
    assert [fault.code for fault in check_guide(tmp_path)] == ["too_large"]


@pytest.mark.parametrize("depth", [21, 900, 5_000, 400_000])
def test_a_file_nested_without_end_is_a_fault_and_no_crash(tmp_path, depth):
    (tmp_path / "a.yaml").write_text("region: nation\nname: " + "[" * depth + "]" * depth, "utf-8")
    assert [(fault.code, fault.line) for fault in check_guide(tmp_path)] == [("too_deep", 2)]


WORDS = st.text(max_size=20) | st.sampled_from(["nation", "370100", "yes", "trip", "apply", "si-law", "2024", "H"])
KEYS = st.sampled_from(
    ["region", "name", "sources", "tasks", "statements", "materials", "channels", "hotlines", "laws", "area_code",
     "id", "zh", "en", "source", "section", "visit", "required", "form", "persons", "replaces", "url", "date"]
)  # fmt: skip
VALUES = st.recursive(
    WORDS | st.none() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | WORDS, inner, max_size=5),
    max_leaves=25,
)


@given(content=st.dictionaries(KEYS, VALUES, max_size=8) | VALUES)
def test_whatever_is_in_a_file_the_checker_answers(content):
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.yaml")
        path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8", errors="surrogatepass")
        for fault in check_guide(Path(folder)):
            assert fault.file == str(path) and fault.line >= 1
            assert all(describe_fault(fault, lang) for lang in LANGS)


def test_an_empty_file_is_a_fault(tmp_path):
    (tmp_path / "a.yaml").write_text("", "utf-8")
    assert [fault.code for fault in check_guide(tmp_path)] == ["not_mapping"]


@pytest.mark.parametrize("lang", LANGS)
def test_a_brace_in_a_file_is_no_template(folder, lang):
    change(folder, "section: where", "section: '{0.__class__}'")
    assert "{0.__class__}" in describe_fault(check_guide(folder)[0], lang)


def test_every_fault_has_a_sentence():
    told = {key.removeprefix("guide.fault.") for key in load_catalogue("en") if key.startswith("guide.fault.")}
    code = "".join(path.read_text("utf-8") for path in Path(_check.__file__).parent.glob("*.py"))
    assert all(f'"{name}"' in code for name in told)


def test_the_example_in_the_docs_is_a_good_file(tmp_path):
    docs = (Path(__file__).parents[1] / "docs" / "GUIDE.md").read_text("utf-8")
    shutil.copytree(shipped_dir() / "guide", tmp_path / "guide")
    example = re.search(r"^```yaml\n(.*?)^```", docs, re.M | re.S)[1]
    (tmp_path / "guide" / "lasa.yaml").write_text(example, "utf-8")
    assert check_guide(tmp_path / "guide") == []


def test_the_docs_name_every_key_section_and_word():
    docs = (Path(__file__).parents[1] / "docs" / "GUIDE.md").read_text("utf-8")
    keys = re.findall(r'^\s+"(\w+)": Field\(', Path(_check.__file__).read_text("utf-8"), re.M)
    words = (*records.SECTIONS, *records.FORMS, *records.CHANNEL_TYPES, *records.VISITS, *records.AUTHORITIES[:2])
    for word in (*keys, *words):
        assert f"`{word}`" in docs, word


def test_the_docs_name_every_field_of_an_answer():
    docs = (Path(__file__).parents[1] / "docs" / "GUIDE.md").read_text("utf-8")
    answer = load_guide(shipped_dir() / "guide").answer("apply", "adult", "110000", "en")
    line = answer["materials"][0] | answer["channels"][0] | answer["hotlines"][0] | answer["law"][0]
    for field in (*answer, *line):
        assert f"`{field}`" in docs, field
    for region in load_guide(shipped_dir() / "guide").regions.values():
        assert region.name["en"].split(" (")[0] in docs
