"""Whether two pictures of a page show the same: what is lost, moved or repainted counts, a font's smoothing does not."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TILE = 20
"""The side of a tile in pixels of the shrunk picture: 40 of the page's."""
FULL = 0.08
"""The part of a tile that must differ for the tile to count: a lost button without a ground of its own is a tenth."""

_COMPARE = """async ([one, two, side, full]) => {
  const read = async (data) => {
    const image = await createImageBitmap(await (await fetch("data:image/jpeg;base64," + data)).blob());
    const canvas = new OffscreenCanvas(Math.round(image.width / 2), Math.round(image.height / 2));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  const [a, b] = [await read(one), await read(two)];
  if (a.width !== b.width || a.height !== b.height) return {share: 1, tiles: 1e6};
  const w = a.width, h = a.height;
  const near = (from, to, x, y) => {  // whether a pixel has its like in the other picture, at most one pixel away
    const i = 4 * (y * w + x);
    for (let v = Math.max(0, y - 1); v <= Math.min(h - 1, y + 1); v += 1)
      for (let u = Math.max(0, x - 1); u <= Math.min(w - 1, x + 1); u += 1) {
        const k = 4 * (v * w + u);
        if ([0, 1, 2].every((c) => Math.abs(from[i + c] - to[k + c]) <= 30)) return true;
      }
    return false;
  };
  const across = Math.ceil(w / side), counts = new Array(across * Math.ceil(h / side)).fill(0);
  let apart = 0;
  for (let y = 0; y < h; y += 1)
    for (let x = 0; x < w; x += 1) {
      const i = 4 * (y * w + x);
      if ([0, 1, 2].every((c) => Math.abs(a.data[i + c] - b.data[i + c]) <= 30)) continue;
      if (near(a.data, b.data, x, y) && near(b.data, a.data, x, y)) continue;
      counts[Math.floor(y / side) * across + Math.floor(x / side)] += 1;
      apart += 1;
    }
  return {share: apart / (w * h), tiles: counts.filter((n) => n > full * side * side).length};
}"""


class Difference(NamedTuple):
    """How far two pictures are apart."""

    share: float
    """The part of all pixels that differ."""
    tiles: int
    """How many squares of 40 pixels look different."""

    @property
    def is_seen(self) -> bool:
        """True where somebody who looks would see it."""
        return self.tiles > 0


def compare_pictures(browser: Browser, one: bytes, two: bytes) -> Difference:
    """Return how far two JPEG pictures are apart, shrunk to a half."""
    page = browser.new_page()
    try:
        found = page.evaluate(_COMPARE, [*(base64.b64encode(data).decode() for data in (one, two)), TILE, FULL])
    finally:
        page.close()
    return Difference(found["share"], found["tiles"])
