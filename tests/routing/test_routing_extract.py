"""Fetching extracts from a mirror, on loopback."""

import hashlib
from pathlib import Path

import pytest
from servers import Answer, Asked, loopback

from locator.errors import NotFound, ServiceError, ServiceReplyError
from locator.routing.osm_files import REGIONS, download_extract, find_region
from locator.settings import Settings

CONTENT = b"not really a pbf, but whole" * 5000


def mirror(asked: Asked) -> Answer:
    if asked.path == "/asia/china/shandong-latest.osm.pbf":
        return Answer(CONTENT)
    if asked.path == "/asia/china/shandong-latest.osm.pbf.md5":
        return Answer(f"{hashlib.md5(CONTENT).hexdigest()}  shandong-latest.osm.pbf\n".encode())
    return Answer(b"<html>404</html>", status=404)


def test_an_extract_arrives_whole_with_progress(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with loopback(mirror) as server:
        settings = Settings(data=tmp_path, urls={"geofabrik": server.url})
        path = download_extract("山东省", settings, progress=lambda done, total: seen.append((done, total)))
    assert path == tmp_path / "extracts" / "shandong-latest.osm.pbf" and path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT)) and [s[0] for s in seen] == sorted(s[0] for s in seen)
    assert len(server.asked) == 2


def test_a_damaged_or_cut_extract_is_not_kept(tmp_path: Path) -> None:
    kept = tmp_path / "extracts" / "shandong-latest.osm.pbf"
    kept.parent.mkdir()
    kept.write_bytes(b"the old one")
    for answer in (Answer(CONTENT[:-1] + b"?"), Answer(CONTENT, cut=1000)):

        def answers(asked: Asked, bad: Answer = answer) -> Answer:
            return mirror(asked) if asked.path.endswith("md5") else bad

        with loopback(answers) as server, pytest.raises(ServiceReplyError):
            download_extract("shandong", Settings(data=tmp_path, urls={"geofabrik": server.url}))
        assert kept.read_bytes() == b"the old one" and list(kept.parent.iterdir()) == [kept]


def test_no_checksum_no_download(tmp_path: Path) -> None:
    for reply in (Answer(b"<html>sign in</html>"), Answer(b"", status=404)):
        with loopback(lambda asked, r=reply: r) as server, pytest.raises(ServiceError):
            download_extract("shandong", Settings(data=tmp_path, urls={"geofabrik": server.url}))
        assert [asked.path for asked in server.asked] == ["/asia/china/shandong-latest.osm.pbf.md5"]
    assert not (tmp_path / "extracts").exists()


@pytest.mark.parametrize(
    ("given", "path"),
    [("37", "asia/china/shandong"), ("370000", "asia/china/shandong"), ("内蒙古自治区", "asia/china/inner-mongolia"),
     ("Zhejiang", "asia/china/zhejiang"), ("香港", "asia/china/hong-kong"), ("全国", "asia/china"), ("europe/liechtenstein", "europe/liechtenstein")],
)  # fmt: skip
def test_regions_by_name_and_code(given: str, path: str) -> None:
    assert find_region(given) == path


@pytest.mark.parametrize("given", ["", "atlantis", "../../etc/passwd", "a/../b", "http://x/y", "济南"])
def test_other_names_are_refused_with_the_known_ones(given: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_region(given)
    assert caught.value.code == "extract_region" and "shandong" in str(caught.value)


def test_every_province_has_its_two_digits_once() -> None:
    codes = [code for code, _ in REGIONS.values()]
    assert len(set(codes)) == len(codes) == 33 == len({short for _, short in REGIONS.values()})
    # GB/T 2260's provinces without Taiwan (71), which the mirror keeps elsewhere
    known = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 81, 82}
    assert set(map(int, codes)) == known
