"""The chain: who is asked, in which order, what is believed, and what the person reads when a service fails."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from servers import Answer, loopback
from service_replies import ASKED, KEY, SERVICES, TRUE, TRUE_GCJ02

from locator.datum import Datum, distance_m
from locator.gazetteer.divisions import Division
from locator.geocode.fallback import FallbackGeocoder
from locator.geocode.providers import PROVIDERS, load_provider
from locator.geocode.records import GeocodeResult
from locator.i18n import LANGS, load_catalogue
from locator.model import Notice, Place, Precision
from locator.settings import Secrets, Settings

HUAIYIN = Place(
    label="山东省济南市槐荫区", lon=116.90, lat=36.65, precision=Precision.DISTRICT, error_m=9000, source="gazetteer",
    adcode="370104", note="rest_unknown",
)  # fmt: skip
STREET = Place(
    label="山东省济南市槐荫区经四路", lon=TRUE[0], lat=TRUE[1], precision=Precision.STREET, error_m=120,
    source="gazetteer", adcode="370104", note="number_unknown",
)  # fmt: skip
DIVISIONS = {
    "370000": Division("370000", "山东省", "province", None, 117.02, 36.67, "", "", 250_000),
    "370100": Division("370100", "济南市", "city", "370000", 117.12, 36.65, "", "", 50_000),
    "370104": Division("370104", "槐荫区", "district", "370100", 116.90, 36.65, "", "", 9000),
    "110000": Division("110000", "北京市", "province", None, 116.40, 39.90, "", "", 50_000),
}


class FewDivisions:
    def division(self, code):
        return DIVISIONS.get(code)

    def suggest(self, prefix, *, near=None, region=None, limit=8):
        return [(prefix, near, region, limit)]


def understands(**known: GeocodeResult):
    """Return an embedded geocoder that understands these texts, and the district's name in any."""

    def locate(text, gazetteer, *, datum=Datum.WGS84, lang="zh", near=None, region=None):
        if text in known:
            return known[text]
        if "槐荫区" in text:
            return GeocodeResult(place=HUAIYIN, notices=(Notice(code="rest_unknown"),))
        return GeocodeResult()

    return locate


def make_chain(folder: Path, urls: dict[str, str], embedded=None, *, names=None, **more) -> FallbackGeocoder:
    names = names if names is not None else tuple(urls)
    settings = Settings(
        data=folder, geocoders=("gazetteer", *names), urls=urls, keys=Secrets(dict.fromkeys(PROVIDERS, KEY)),
        **{"timeout_s": 1.0, **more},
    )  # fmt: skip
    return FallbackGeocoder(settings, FewDivisions(), embedded=embedded or understands())


def codes(located: GeocodeResult) -> list[str]:
    return [notice.code for notice in located.notices]


@pytest.fixture
def nominatim():
    with loopback(lambda _: SERVICES["nominatim"].reply(*TRUE)) as server:
        yield server


@pytest.fixture
def amap():
    with loopback(lambda _: SERVICES["amap"].reply(*TRUE_GCJ02)) as server:
        yield server


def test_no_service_is_asked_unless_the_person_asks(tmp_path, nominatim):
    chain = make_chain(tmp_path, {"nominatim": nominatim.url})
    assert chain.locate(ASKED).place == HUAIYIN
    assert nominatim.asked == []
    assert chain.locate(ASKED, online=True).place.precision is Precision.ROOFTOP
    assert len(nominatim.asked) == 1


def test_no_service_is_asked_unless_the_operator_switched_it_on(tmp_path, nominatim):
    chain = make_chain(tmp_path, {"nominatim": nominatim.url}, names=())
    found = chain.locate(ASKED, online=True)
    assert found == chain.locate(ASKED)
    assert chain.may_ask(ASKED, found) == ()
    assert nominatim.asked == []


def test_a_suggestion_never_goes_online(tmp_path, nominatim):
    chain = make_chain(tmp_path, {"nominatim": nominatim.url})
    assert chain.suggest("济", near=(117.0, 36.6), region="370100", limit=3) == [("济", (117.0, 36.6), "370100", 3)]
    assert nominatim.asked == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (ASKED, Place(label="经四路478号", lon=1, lat=1, precision=Precision.ROOFTOP, source="gazetteer")),
        ("22.54,114.06", Place(label="22.54, 114.06", lon=1, lat=1, precision=Precision.POINT, source="coordinates")),
        (
            "五里沟街道人社中心",
            Place(label="五里沟街道人社中心", lon=1, lat=1, precision=Precision.POI, source="points"),
        ),
        ("济南市槐荫区", replace(HUAIYIN, note=None)),
        ("Huaiyin, Jinan", replace(HUAIYIN, note=None)),
        ("槐荫区经四路", Place(label="经四路", lon=1, lat=1, precision=Precision.STREET, source="gazetteer")),
    ],
)
def test_no_service_is_asked_for_what_is_understood(tmp_path, nominatim, text, place):
    chain = make_chain(tmp_path, {"nominatim": nominatim.url}, understands(**{text: GeocodeResult(place=place)}))
    assert chain.locate(text, online=True).place == place
    assert nominatim.asked == []


def test_coordinates_that_are_none_go_nowhere(tmp_path, nominatim):
    wrong = GeocodeResult(notices=(Notice(code="coordinates_invalid"),))
    chain = make_chain(tmp_path, {"nominatim": nominatim.url}, understands(**{"91.0,181.0": wrong}))
    assert chain.locate("91.0,181.0", online=True) == wrong
    assert nominatim.asked == []


def test_an_ambiguous_text_is_the_persons_to_settle_not_a_services(tmp_path, nominatim):
    ambiguous = GeocodeResult(candidates=(HUAIYIN, STREET), notices=(Notice(code="ambiguous_place"),))
    chain = make_chain(tmp_path, {"nominatim": nominatim.url}, understands(鼓楼区=ambiguous))
    assert chain.locate("鼓楼区", online=True) == ambiguous
    assert nominatim.asked == []


@pytest.mark.parametrize("text", [ASKED, "济南市槐荫区经四路", "济南市槐荫区天桥大厦", "槐荫区 西市场 东门"])
def test_a_text_that_says_more_than_was_understood_is_asked(tmp_path, nominatim, text):
    chain = make_chain(tmp_path, {"nominatim": nominatim.url})
    found = chain.locate(text, online=True)
    assert found.place.source == "nominatim"
    assert found.place.adcode == "370104"
    assert found.candidates == (HUAIYIN,)
    assert codes(found) == ["located_by"]
    assert chain.may_ask(text, GeocodeResult(place=HUAIYIN)) == ("nominatim",)


def test_the_datum_is_converted_and_the_service_named(tmp_path, amap):
    place = make_chain(tmp_path, {"amap": amap.url}).locate(ASKED, online=True).place
    assert float(distance_m(place.lon, place.lat, *TRUE)) < 0.5
    assert place.source == "amap"


FAILURES = {
    "hanging": Answer({}, delay_s=30),
    "dripping": Answer({"a": "x" * 1000}, drip_s=0.1),
    "too many": Answer({}, status=429),
    "a web page": Answer(b"<html>log in</html>"),
    "a fault": Answer({}, status=500),
    "refusing": Answer({}, status=403),
    "nonsense": {"surprise": True},
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_service_that_fails_costs_its_timeout_and_the_next_answers(tmp_path, amap, failure, lang, caplog):
    caplog.set_level(logging.DEBUG)
    with loopback(lambda _: FAILURES[failure]) as broken:
        chain = make_chain(tmp_path, {"nominatim": broken.url, "amap": amap.url}, timeout_s=0.6)
        start = time.monotonic()
        found = chain.locate(ASKED, online=True, lang=lang)
        assert time.monotonic() - start < 8
    assert found.place.source == "amap"
    assert codes(found) == ["located_by", "geocoder_unavailable"]
    sentence = load_catalogue(lang)["notices.geocoder_unavailable"].format(**found.notices[-1].params)
    assert "Nominatim" in sentence
    assert "AMap" not in sentence
    assert "\n" not in sentence
    assert "经四路" not in caplog.text
    assert "478号" not in caplog.text and "478%E5" not in caplog.text
    assert KEY not in caplog.text


def test_a_dead_service_leaves_what_the_gazetteer_understood(tmp_path):
    with loopback(lambda _: {}) as server:
        url = server.url
    found = make_chain(tmp_path, {"nominatim": url, "photon": url}).locate(ASKED, online=True)
    assert found.place == HUAIYIN
    assert codes(found) == ["rest_unknown", "geocoder_unavailable"]
    assert "Nominatim" in found.notices[1].params["services"]
    assert "Photon" in found.notices[1].params["services"]


def test_a_service_that_hung_is_left_alone_for_a_while(tmp_path):
    with loopback(lambda _: Answer({}, delay_s=30)) as broken:
        chain = make_chain(tmp_path, {"nominatim": broken.url}, timeout_s=0.4)
        chain.locate(ASKED, online=True)
        start = time.monotonic()
        found = chain.locate(ASKED, online=True)
        assert time.monotonic() - start < 5
        assert codes(found) == ["rest_unknown", "geocoder_unavailable"]
        assert len(broken.asked) == 1


def test_a_service_without_its_key_is_unavailable_and_no_more(tmp_path, nominatim):
    settings = Settings(data=tmp_path, geocoders=("amap", "nominatim"), urls={"nominatim": nominatim.url})
    found = FallbackGeocoder(settings, FewDivisions(), embedded=understands()).locate(ASKED, online=True)
    assert found.place.source == "nominatim"
    assert codes(found) == ["located_by", "geocoder_unavailable"]


def in_beijing(name: str):
    reply = SERVICES[name].reply(116.397, 39.908)
    if name == "amap":
        reply["geocodes"][0]["adcode"] = "110101"
    if name == "tencent":
        reply["result"]["ad_info"]["adcode"] = "110101"
    return reply


@pytest.mark.parametrize("name", list(PROVIDERS))
@pytest.mark.parametrize("embedded", ["text", "setting"])
def test_a_place_outside_the_region_asked_for_is_not_believed(tmp_path, name, embedded, nominatim):
    with loopback(lambda _: in_beijing(name)) as liar:
        if embedded == "text":
            found = make_chain(tmp_path, {name: liar.url}).locate(ASKED, online=True)
            assert found.place == HUAIYIN
        else:
            found = make_chain(tmp_path, {name: liar.url}).locate("经四路478号", region="370100", online=True)
            assert found.place is None
        assert liar.asked
    assert found.candidates == ()


def test_the_next_service_answers_after_a_liar(tmp_path, amap):
    with loopback(lambda _: in_beijing("nominatim")) as liar:
        found = make_chain(tmp_path, {"nominatim": liar.url, "amap": amap.url}).locate(ASKED, online=True)
    assert found.place.source == "amap"


@pytest.mark.parametrize("name", list(PROVIDERS))
def test_a_position_in_a_wrong_datum_is_not_taken_where_the_street_is_known(tmp_path, name):
    """A service that answers GCJ-02 for WGS-84, or WGS-84 for GCJ-02, is half a kilometre off the known street."""
    wrong = TRUE_GCJ02 if load_provider(name).datum is Datum.WGS84 else TRUE
    embedded = understands(**{ASKED: GeocodeResult(place=STREET)})
    with loopback(lambda _: SERVICES[name].reply(*wrong)) as liar:
        found = make_chain(tmp_path, {name: liar.url}, embedded).locate(ASKED, online=True)
        assert liar.asked
    assert found.place == STREET
    right = TRUE if load_provider(name).datum is Datum.WGS84 else TRUE_GCJ02
    with loopback(lambda _: SERVICES[name].reply(*right)) as honest:
        found = make_chain(tmp_path / "2", {name: honest.url}, embedded).locate(ASKED, online=True)
    assert found.place.source == name


def test_a_coarser_answer_does_not_replace_what_is_known(tmp_path):
    reply = SERVICES["amap"].reply(*TRUE_GCJ02)
    reply["geocodes"][0]["level"] = "市"
    with loopback(lambda _: reply) as server:
        found = make_chain(tmp_path, {"amap": server.url}).locate(ASKED, online=True)
    assert found.place == HUAIYIN
    assert found.candidates == ()


def test_equally_good_answers_in_different_cities_are_candidates(tmp_path):
    near = SERVICES["amap"].reply(*TRUE_GCJ02)
    far = SERVICES["amap"].reply(116.397, 39.908)
    far["geocodes"][0].update(adcode="110101", formatted_address="北京市东城区经四路478号")
    near["geocodes"] += far["geocodes"]
    with loopback(lambda _: near) as server:
        found = make_chain(tmp_path, {"amap": server.url}).locate("经四路478号", online=True)
    assert found.place is None
    assert [place.adcode for place in found.candidates] == ["370104", "110101"]


def test_the_pieces_of_one_street_are_one_place(tmp_path):
    pieces = []
    for shift in (0.0, 0.004):
        piece = SERVICES["nominatim"].reply(TRUE[0] + shift, TRUE[1])[0]
        piece.update(place_rank=26, display_name="经四路, 槐荫区, 济南市, 中国", addresstype="road")
        piece["address"].pop("house_number")
        pieces.append(piece)
    with loopback(lambda _: pieces) as server:
        found = make_chain(tmp_path, {"nominatim": server.url}).locate(ASKED, online=True)
    assert found.place.precision is Precision.STREET
    assert found.place.note == "number_unknown"
    assert found.place.error_m > 350
    assert found.candidates == (HUAIYIN,)


CHILD = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_fallback import make_chain
from locator.geocode.providers import load_provider
cls = load_provider("nominatim")
cls.url, cls.pace_s = sys.argv[2], 1.0
chains = [make_chain(Path(sys.argv[1]), {"nominatim": sys.argv[2]}, timeout_s=60.0) for _ in range(2)]
def person(chain, number):
    found = chain.locate(f"济南市槐荫区经{number}路478号", online=True)
    assert found.place.source == "nominatim", found
threads = [threading.Thread(target=person, args=(chains[n % 2], f"{n}{sys.argv[4]}")) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
"""


def test_a_public_nominatim_never_gets_two_requests_at_once_whoever_asks(tmp_path, nominatim):
    """Eight people on four chains in two processes, each with threads; its pace is 1.1 s in earnest."""
    script = [sys.executable, "-c", CHILD, str(tmp_path), nominatim.url, str(Path(__file__).parent)]
    path = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin"}
    children = [subprocess.Popen([*script, str(child)], env=path) for child in range(2)]
    assert [child.wait(120) for child in children] == [0, 0]
    times = sorted(asked.at for asked in nominatim.asked)
    assert len(times) == 8
    assert (
        min(b - a for a, b in pairwise(times)) >= 0.6
    )  # of 1.0: a busy machine takes its time between sending and receiving


def test_what_was_typed_is_nowhere_but_at_the_service(tmp_path, nominatim, amap, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("geopy").setLevel(logging.DEBUG)
    chain = make_chain(tmp_path, {"nominatim": nominatim.url, "amap": amap.url})
    threads = [threading.Thread(target=chain.locate, args=(ASKED,), kwargs={"online": True}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert nominatim.asked
    printed = caplog.text + "".join(capsys.readouterr())
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (ASKED, "经四路", quote("经四路"), KEY):
        assert secret not in printed
        assert secret.encode() not in kept
