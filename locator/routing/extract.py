"""OpenStreetMap extracts by name from the usual mirror, for machines with internet.

Geofabrik cuts China into provinces, new every day (https://download.geofabrik.de/asia/china.html, © OpenStreetMap
contributors, ODbL). ``LOCATOR_GEOFABRIK_URL`` names another mirror with the same folders. Each file has its MD5
beside it; a file that is not what its MD5 says is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from locator.errors import NotFound, ServiceReplyError
from locator.http import HttpClient
from locator.settings import Settings

MIRROR = "https://download.geofabrik.de"
SERVICE = "geofabrik"
FOLDER = "asia/china"
WHOLE = "asia/china"
REGIONS: Mapping[str, tuple[str, str]] = {
    "beijing": ("11", "北京"), "tianjin": ("12", "天津"), "hebei": ("13", "河北"), "shanxi": ("14", "山西"),
    "inner-mongolia": ("15", "内蒙古"), "liaoning": ("21", "辽宁"), "jilin": ("22", "吉林"),
    "heilongjiang": ("23", "黑龙江"), "shanghai": ("31", "上海"), "jiangsu": ("32", "江苏"),
    "zhejiang": ("33", "浙江"), "anhui": ("34", "安徽"), "fujian": ("35", "福建"), "jiangxi": ("36", "江西"),
    "shandong": ("37", "山东"), "henan": ("41", "河南"), "hubei": ("42", "湖北"), "hunan": ("43", "湖南"),
    "guangdong": ("44", "广东"), "guangxi": ("45", "广西"), "hainan": ("46", "海南"), "chongqing": ("50", "重庆"),
    "sichuan": ("51", "四川"), "guizhou": ("52", "贵州"), "yunnan": ("53", "云南"), "tibet": ("54", "西藏"),
    "shaanxi": ("61", "陕西"), "gansu": ("62", "甘肃"), "qinghai": ("63", "青海"), "ningxia": ("64", "宁夏"),
    "xinjiang": ("65", "新疆"), "hong-kong": ("81", "香港"), "macau": ("82", "澳门"),
}  # fmt: skip
"""The mirror's name of each province, with its adcode's first two digits and its short name."""
_PATH = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")
_MD5 = re.compile(r"\b[0-9a-fA-F]{32}\b")

type Progress = Callable[[int, int | None], None]
"""Told the bytes so far and the total, None where it is not known."""


def find_region(region: str) -> str:
    """Return the mirror's path of a region: ``asia/china/shandong``.

    Parameters
    ----------
    region
        A province by Chinese name (山东, 山东省), the mirror's name (shandong), or adcode (37, 370000);
        ``china`` for the whole; or a path of the mirror with a slash (``europe/liechtenstein``).

    Raises
    ------
    NotFound
        None of these.
    """
    wanted = region.strip()
    if wanted.lower() in ("china", "中国", "全国"):
        return WHOLE
    for name, (code, short) in REGIONS.items():
        if wanted.lower() == name or wanted in (code, code + "0000") or (wanted and wanted.startswith(short)):
            return f"{FOLDER}/{name}"
    if "/" in wanted and _PATH.fullmatch(wanted):
        return wanted
    raise NotFound(
        f"no region to download is called {wanted[:40]!r}; known: {', '.join(REGIONS)}",
        code="extract_region",
        region=wanted[:40],
        known=", ".join(REGIONS),
    )


def download_extract(
    region: str, settings: Settings, *, folder: Path | None = None, progress: Progress = lambda _done, _total: None
) -> Path:
    """Fetch the newest extract of a region, whole or not at all.

    Parameters
    ----------
    region
        As :func:`find_region` reads it.
    folder
        Where to put it; ``<data>/extracts`` when None. A file of the same region there is replaced.

    Returns
    -------
    Path
        The ``.osm.pbf`` file.

    Raises
    ------
    NotFound
        No such region.
    ServiceError
        The mirror cannot be reached, has no checksum, or sent something else than its checksum says.
    """
    path = find_region(region)
    url = f"{settings.urls.get(SERVICE, MIRROR).rstrip('/')}/{path}-latest.osm.pbf"
    out = (folder or settings.data / "extracts") / f"{path.rsplit('/', 1)[-1]}-latest.osm.pbf"
    client = HttpClient(settings)
    found = _MD5.search(client.get_bytes(SERVICE, url + ".md5", max_bytes=10_000).decode("ascii", "replace"))
    if found is None:
        raise ServiceReplyError("the mirror has no checksum for this extract", code="service_reply", service=SERVICE)
    return client.download(url, out, progress, service=SERVICE, checksum=f"md5:{found[0]}")
