"""The straight line and the words for distances, durations and directions."""

import math

import pytest

from locator.errors import InvalidInput
from locator.i18n import LANGS, text
from locator.model import Mode
from locator.routing.narrative import POINTS, say_direction
from locator.routing.router import straight_line

JINAN = (117.0, 36.65)


def test_a_line_says_that_it_is_an_estimate() -> None:
    route = straight_line(JINAN, (117.01, 36.66), Mode.WALK, "zh")
    assert route.engine == "line" and route.duration_s is None and route.line == (JINAN, (117.01, 36.66))
    assert route.distance_m == pytest.approx(1425.0, abs=1)
    assert route.steps[0].text == "直线估计：在你的东北边，约 1.4 公里。实际走的路会更长。"
    english = straight_line(JINAN, (117.01, 36.66), Mode.WALK, "en").steps[0].text
    assert english == "Straight-line estimate: about 1.4 km to the north-east of you. The way by road is longer."


def test_start_equal_to_end_is_here() -> None:
    route = straight_line(JINAN, JINAN, Mode.DRIVE, "zh")
    assert route.distance_m == 0 and route.steps[0].text == "你就在这里附近。"


@pytest.mark.parametrize("bad", [(0, 0), (math.nan, 1), (1, math.nan), (181, 0), (36.6, 117), (math.inf, 3)])
def test_no_line_to_nowhere(bad: tuple[float, float]) -> None:
    for pair in ((bad, JINAN), (JINAN, bad)):
        with pytest.raises(InvalidInput) as caught:
            straight_line(*pair)
        assert caught.value.code == "route_position"


def test_across_the_antimeridian_and_far() -> None:
    assert straight_line((179.9, 10), (-179.9, 10), lang="en").distance_m < 25_000
    kashgar, fuyuan = (75.9, 39.5), (134.2, 48.3)
    a, b = (math.radians(v) for v in (kashgar[1], fuyuan[1]))
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(math.radians(fuyuan[0] - kashgar[0]))
    assert straight_line(kashgar, fuyuan).distance_m == pytest.approx(6_371_000 * math.acos(cosine), rel=0.006)


@pytest.mark.parametrize(
    ("bearing", "zh", "en"),
    [(0, "北", "north"), (22, "北", "north"), (23, "东北", "north-east"), (90, "东", "east"), (135, "东南", "south-east"),
     (180, "南", "south"), (225, "西南", "south-west"), (270, "西", "west"), (315, "西北", "north-west"), (359, "北", "north"), (-45, "西北", "north-west")],
)  # fmt: skip
def test_directions(bearing: float, zh: str, en: str) -> None:
    assert say_direction(bearing, "zh") == zh and say_direction(bearing, "en") == en


def test_every_point_of_the_compass_has_words() -> None:
    for lang in LANGS:
        assert len({text(f"routing.compass.{point}", lang) for point in POINTS}) == len(POINTS) == 8
