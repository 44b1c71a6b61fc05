/* Draws a tile of the map's own ground. The same file runs in a worker of ground.js, so that the map moves while its
   squares are drawn, and in the page itself where a browser has no canvas for workers.
   The numbers of the classes are those of GroundClass in locator/ground/features.py. */
(function () {
  "use strict";
  /* Widths in pixels at the zooms 10, 12, 14, 16 and 18. */
  var LINES = {
    11: { fill: "water", widths: [0, 0, 0.8, 2, 4] },
    10: { fill: "water", widths: [1, 1.6, 2.5, 6, 12] },
    30: { fill: "path", widths: [0, 0, 0.7, 1.3, 2.4], dash: [4, 3] },
    31: { fill: "minor", edge: "edge", widths: [0, 0, 1, 3, 8] },
    32: { fill: "minor", edge: "edge", widths: [0, 0.6, 1.8, 5.5, 12] },
    33: { fill: "minor", edge: "edge", widths: [0.5, 1.1, 2.8, 7, 14] },
    34: { fill: "secondary", edge: "edge", widths: [0.8, 1.6, 3.6, 8, 16] },
    35: { fill: "primary", edge: "edge", widths: [1.2, 2.2, 4.4, 9, 18] },
    36: { fill: "trunk", edge: "edge", widths: [1.5, 2.6, 5, 10, 20] },
    37: { fill: "motorway", edge: "edge", widths: [1.8, 2.8, 5, 10, 20] },
    20: { fill: "rail", widths: [0.8, 1.1, 1.8, 2.6, 4], ties: true },
    21: { fill: "rail", widths: [0, 0.7, 1.1, 1.6, 2.4], dash: [6, 4] },
  };
  var AREAS = [[1, "green"], [2, "campus"], [3, "water"], [4, "building"]];
  var UNDER = [11, 10, 30], ROADS = [31, 32, 33, 34, 35, 36, 37], OVER = [20, 21];

  function widthAt(style, zoom) {
    var at = Math.min(Math.max((zoom - 10) / 2, 0), 4), low = Math.min(Math.floor(at), 3);
    return style.widths[low] + (style.widths[low + 1] - style.widths[low]) * (at - low);
  }
  /* ``shape``: the coordinates of all runs of a class one after the other, and where each run ends. */
  function trace(shape, closed) {
    var path = new Path2D(), at = 0;
    for (var run = 0; run < shape.ends.length; run++) {
      path.moveTo(shape.at[at], shape.at[at + 1]);
      for (at += 2; at < shape.ends[run]; at += 2) path.lineTo(shape.at[at], shape.at[at + 1]);
      if (closed) path.closePath();
    }
    return path;
  }
  /* ``job``: the square's side in pixels, the tile's shapes, where in the tile the square is, the colours. */
  function draw(ink, job) {
    var scale = job.side / job.units, px = job.dense / scale, zoom = job.zoom, palette = job.palette, paths = {};
    Object.keys(job.shapes).forEach(function (kind) { paths[kind] = trace(job.shapes[kind], kind < 10); });
    ink.setTransform(scale, 0, 0, scale, -job.left * scale, -job.top * scale);
    ink.lineJoin = ink.lineCap = "round";
    AREAS.forEach(function (row) {
      var path = paths[row[0]];
      if (!path) return;
      ink.fillStyle = palette[row[1]];
      ink.fill(path, "nonzero");
      if (row[1] === "building") { ink.strokeStyle = palette.wall; ink.lineWidth = 0.7 * px; ink.stroke(path); }
    });
    UNDER.forEach(function (kind) { line(kind); });
    ROADS.forEach(function (kind) { if (widthAt(LINES[kind], zoom) > 1.5) line(kind, true); });
    ROADS.forEach(function (kind) { line(kind); });
    OVER.forEach(function (kind) { line(kind); });
    function line(kind, edge) {
      var path = paths[kind], style = LINES[kind], width = widthAt(style, zoom);
      if (!path || !width) return;
      ink.strokeStyle = palette[edge || (width < 1.5 && style.edge && style.fill === "minor") ? "edge" : style.fill];
      ink.lineWidth = (edge ? width + 1.6 : width) * px;
      ink.setLineDash(style.dash && zoom > 14 ? style.dash.map(function (n) { return n * px; }) : []);
      ink.lineCap = style.dash ? "butt" : "round";
      ink.stroke(path);
      if (style.ties && width > 1.5) {
        ink.strokeStyle = palette.land;
        ink.lineWidth = Math.max(0.8, width - 1.4) * px;
        ink.lineCap = "butt";
        ink.setLineDash([8 * px, 8 * px]);
        ink.stroke(path);
      }
      ink.setLineDash([]);
    }
  }
  if (self.document) { self.locatorDraw = draw; return; }
  self.onmessage = function (event) {
    var canvas = new OffscreenCanvas(event.data.side, event.data.side);
    draw(canvas.getContext("2d"), event.data);
    var picture = canvas.transferToImageBitmap();
    self.postMessage(picture, [picture]);
  };
})();
