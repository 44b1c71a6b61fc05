"""The words of a route: complete against the engine's own list, in both languages, fit to be read aloud."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from locator.i18n import LANGS, load_catalogue
from locator.routing.narrative import ARRIVALS, CODES, Manoeuvre, StreetNames, pick_street, say_step, to_steps

NONE = StreetNames()
NAMES = StreetNames({"en": {"延龄巷": "Yanling Lane"}, "zh": {"Nathan Road": "弥敦道"}})
TEXTS = {lang: load_catalogue(lang) for lang in LANGS}


def step(code: str, **more: object) -> Manoeuvre:
    return Manoeuvre(**{"code": code, "lon": 118.78, "lat": 32.04, "distance_m": 0.0, "duration_s": 0.0, **more})  # type: ignore[arg-type]


def engine_names() -> list[str]:
    """Read the manoeuvre names out of the installed engine: its enumeration lies in the library as one sorted run."""
    import valhalla

    library = next(p for p in Path(valhalla.__file__).parent.glob("_valhalla*.*") if p.suffix != ".pyi").read_bytes()
    start = library.index(b"kBecomeskBuildingEnter")
    run = library[start : library.index(b"\0", start)].decode("ascii").replace("kParkVehicle", "kParqVehicle")
    return [name.replace("Parq", "Park") for name in re.findall(r"k[A-Z][A-Za-z]*?(?=k[A-Z]|$)", run)]


def test_every_manoeuvre_of_the_installed_engine_has_a_code() -> None:
    def as_name(code: str) -> str:
        return "k" + "".join(part.capitalize() for part in code.split("_"))

    assert set(engine_names()) == set(map(as_name, CODES))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_own_words(code: str, lang: str) -> None:
    bare = say_step(step(code), NONE, lang)
    assert bare.endswith("。" if lang == "zh" else ".") and "{" not in bare and len(bare) > 2
    on = say_step(step(code, streets=("延龄巷",), distance_m=350, duration_s=300), NAMES, lang)
    if f"routing.step.{code}.on" in TEXTS[lang]:
        assert ("延龄巷" if lang == "zh" else "Yanling Lane") in on
    if code not in ARRIVALS:
        assert ("约 350 米，5 分钟" if lang == "zh" else "about 350 m, 5 minutes") in on
    if "right" in code and "start" not in code:
        assert ("右" if lang == "zh" else "right") in on and ("左" if lang == "zh" else "left") not in on
    if "left" in code and "start" not in code and "uturn" not in code:
        assert ("左" if lang == "zh" else "left") in on and ("右" if lang == "zh" else "right") not in on


@pytest.mark.parametrize("lang", LANGS)
def test_no_two_manoeuvres_are_told_alike_unless_they_are(lang: str) -> None:
    told = {code: TEXTS[lang][f"routing.step.{code}"] for code in CODES}
    seen: dict[str, list[str]] = {}
    for code, words in told.items():
        seen.setdefault(words, []).append(code)
    assert [codes for codes in seen.values() if len(codes) > 1] in ([], [["becomes", "continue"]])


def test_both_languages_have_the_same_phrases() -> None:
    zh, en = ({key for key in TEXTS[lang] if key.startswith("routing.step.")} for lang in LANGS)
    assert zh == en
    codes = {key.removeprefix("routing.step.").split(".")[0] for key in zh}
    assert codes == set(CODES)


@pytest.mark.parametrize(
    ("manoeuvre", "zh", "en"),
    [
        (step("start", bearing=92, streets=("延龄巷",), distance_m=804, duration_s=571),
         "沿延龄巷向东出发，约 800 米，10 分钟。", "Head east on Yanling Lane, about 800 m, 10 minutes."),
        (step("right", streets=("延龄巷",), distance_m=24, duration_s=17), "右转进入延龄巷，约 20 米。", "Turn right onto Yanling Lane, about 20 m."),
        (step("left", distance_m=0.4, duration_s=0.3), "左转。", "Turn left."),
        (step("roundabout_enter", exit_count=3), "进入环岛，从第 3 个出口离开。", "Enter the roundabout and take exit 3."),
        (step("exit_right", streets=("G2",), toward="北京"), "从右侧出口驶出，进入G2，往北京方向。", "Take the exit on the right onto G2, toward 北京."),
        (step("steps_enter", distance_m=30, duration_s=60), "走楼梯，约 30 米，1 分钟。", "Take the stairs, about 30 m, 1 minute."),
        (step("destination_left"), "到达终点，在你的左侧。", "You have arrived; it is on your left."),
        (step("something of 2030", distance_m=100), "继续直行，约 100 米。", "Go straight on, about 100 m."),
    ],
)  # fmt: skip
def test_sentences(manoeuvre: Manoeuvre, zh: str, en: str) -> None:
    assert say_step(manoeuvre, NAMES, "zh") == zh
    assert say_step(manoeuvre, NAMES, "en") == en


def test_a_street_is_called_by_its_name_in_the_readers_language() -> None:
    assert pick_street(["延龄巷"], NAMES, "en") == "Yanling Lane" and pick_street(["延龄巷"], NAMES, "zh") == "延龄巷"
    assert pick_street(["Nathan Road"], NAMES, "zh") == "弥敦道"
    assert pick_street(["珠江路"], NAMES, "en") == "珠江路"
    assert pick_street(["S101", "经十路"], NAMES, "zh") == "经十路" and pick_street(["G2", "S29"], NAMES, "zh") == "G2"
    assert pick_street(["", " \n"], NAMES, "zh") is None and pick_street([], NAMES, "zh") is None


def test_hostile_street_names_stay_one_line_and_are_not_formatted() -> None:
    said = say_step(step("right", streets=("{street.__class__}\u202e\u0000\n" + "长" * 500,)), NONE, "zh")
    assert said.startswith("右转进入{street.__class__} 长") and len(said) < 80 and said.isprintable()


def test_steps_keep_their_order_and_numbers() -> None:
    made = to_steps([step("start", distance_m=5.0, duration_s=4.0), step("destination")], NONE, "zh")
    assert [(s.text, s.distance_m, s.duration_s, s.lon, s.lat) for s in made] == [
        ("出发，约 10 米。", 5.0, 4.0, 118.78, 32.04),
        ("到达终点。", 0.0, 0.0, 118.78, 32.04),
    ]
