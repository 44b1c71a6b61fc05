"""AMap's faults mean the same to its geocoder and to its directions, and both keep one pace."""

from __future__ import annotations

import pytest
from servers import Loopback, loopback

from locator.errors import ServiceError, ServiceRateLimited, ServiceRefused, ServiceReplyError
from locator.geocode.providers import open_provider
from locator.geocode.records import Hint
from locator.http import HttpClient
from locator.http.amap import NOTHING, REFUSED, TOO_MANY, WRONG_QUESTION
from locator.model import Mode
from locator.routing.router import open_router
from locator.settings import Secrets, Settings

ERRORS = {
    **dict.fromkeys(REFUSED, ServiceRefused),
    **dict.fromkeys(TOO_MANY, ServiceRateLimited),
    **dict.fromkeys(WRONG_QUESTION, ServiceReplyError),
    "10016": ServiceError,
    "10017": ServiceError,
}


@pytest.fixture(scope="module")
def amap() -> Loopback:
    with loopback(lambda _: {}) as server:
        yield server


@pytest.mark.parametrize("infocode", sorted(ERRORS))
def test_every_infocode_means_the_same_to_both(amap, infocode, tmp_path):
    amap.answer = lambda _: {"status": "0", "infocode": infocode, "info": "…"}
    settings = Settings(data=tmp_path, router="amap", urls={"amap": amap.url}, keys=Secrets(amap="k"))
    with pytest.raises(ServiceError) as geocoding:
        open_provider("amap", settings, HttpClient(settings)).find("济南市经十路1号", Hint())
    with pytest.raises(ServiceError) as routing:
        open_router(settings).route((117.0, 36.6), (117.01, 36.61), Mode.WALK)
    assert type(geocoding.value) is type(routing.value) is ERRORS[infocode]
    assert geocoding.value.code == routing.value.code


def test_the_sets_do_not_overlap_and_are_infocodes():
    codes = [*REFUSED, *TOO_MANY, *WRONG_QUESTION, *NOTHING]
    assert len(codes) == len(set(codes))
    assert all(code.isdigit() and len(code) == 5 for code in codes)
