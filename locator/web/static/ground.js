/* The map's own ground: tiles of our own (see locator/ground), drawn by ground_draw.js, and the names on top of them.
   Leaflet.VectorGrid reads the tiles; the numbers of the classes are those of GroundClass in locator/ground/features.py.
   Names come from outside: they are only ever text nodes. */
(function () {
  "use strict";
  var SIDE = 512, UNITS = 4096, FIRST = 5, KEEP = 90, MOST_NAMES = 70, APART = 240;
  /* Of each class of names: who comes first, the zooms it is shown at, its look. */
  var NAMES = {
    50: [0, 3, 13, "city"], 51: [1, 8, 15, "town"], 60: [2, 12, 19, "station"], 37: [3, 11, 19, "street"],
    36: [4, 12, 19, "street"], 35: [4, 12, 19, "street"], 52: [5, 11, 16, "village"], 34: [5, 13, 19, "street"],
    61: [6, 13, 19, "hospital"], 62: [6, 13, 19, "school"], 63: [7, 13, 19, "park"], 33: [7, 14, 19, "street"],
    53: [8, 14, 19, "village"], 65: [9, 15, 19, "place"], 66: [9, 15, 19, "school"], 67: [9, 15, 19, "place"],
    64: [9, 15, 19, "place"], 32: [10, 15, 19, "street"], 69: [10, 13, 19, "water"], 10: [10, 13, 19, "river"],
    68: [11, 16, 19, "place"], 31: [11, 16, 19, "street"], 30: [12, 17, 19, "street"], 11: [12, 15, 19, "river"],
    70: [4, 17, 19, "entrance"],
  };
  var DOTTED = { station: 1, hospital: 1, school: 1, place: 1, entrance: 1 };
  var COLOURS = ["green", "campus", "water", "building", "wall", "path", "minor", "edge", "secondary", "primary", "trunk", "motorway", "rail", "land"];
  var OUTSIDE_NAMES = "© OpenStreetMap contributors";

  var map = null, config = null, reader = null, layer = null, box = null, mode = "off", lang = "zh", palette = {}, waiting = 0;
  var tiles = new Map(), places = new Map(), widths = new Map(), timer = 0, pen = document.createElement("canvas").getContext("2d"), credit = "", moving = false, worker = null, jobs = [];

  function start(given, said) {
    map = given;
    config = said || {};
    map.createPane("ground").style.zIndex = 150;
    var pane = map.createPane("names");
    pane.style.zIndex = 450;
    pane.style.pointerEvents = "none";
    box = L.DomUtil.create("div", "ground-names leaflet-zoom-hide", pane);
    box.setAttribute("aria-hidden", "true");
    if (config.tiles && L.vectorGrid) {
      reader = L.vectorGrid.protobuf(config.tiles);
      worker = openWorker();
      layer = new Canvases({ tileSize: SIDE, pane: "ground", maxZoom: map.options.maxZoom, minZoom: 0 });
      layer.addTo(map);
    }
    map.on("movestart", function () { moving = true; });
    map.on("moveend zoomend resize", function () { moving = false; later(); });
    /* The picture follows the theme; nothing is loaded again. */
    if (window.matchMedia) window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
      if (layer) layer.redraw();
    });
  }
  /* The frame's style sheet may come after its scripts. */
  function styled(tries) {
    readPalette();
    if (palette.land || tries > 100) return Promise.resolve();
    return new Promise(function (done) { setTimeout(done, 50); }).then(function () { return styled(tries + 1); });
  }
  function readPalette() {
    var style = getComputedStyle(document.documentElement);
    COLOURS.forEach(function (name) { palette[name] = style.getPropertyValue("--map-" + name).trim(); });
  }

  /* How many replies are outstanding, for who looks at the page from outside. */
  function wait(more) { waiting += more; }

  /* --- which part of the view there are tiles of ---------------------------------------------------------- */
  /* ``all``: enough for it to be the map; ``some``: a part of the view; ``none``. */
  function covers() {
    if (!layer || map.getZoom() < FIRST) return "none";
    var bounds = map.getBounds(), middle = map.getCenter(), found = "none";
    config.cover.forEach(function (area) {
      var zoom = area[0], held = 0;
      var a = cell(bounds.getNorthWest(), zoom), b = cell(bounds.getSouthEast(), zoom);
      area[1].forEach(function (row) {
        if (row[0] >= a.y && row[0] <= b.y) held += Math.max(0, Math.min(b.x, row[2]) - Math.max(a.x, row[1]) + 1);
      });
      if (held && found === "none") found = "some";
      if (held * 2 >= (b.x - a.x + 1) * (b.y - a.y + 1) && holds(area, middle)) found = "all";
    });
    return found;
  }
  function cell(at, zoom) { return map.project(at, zoom).divideBy(256).floor(); }
  function holds(area, at) {
    var here = cell(at, area[0]);
    return area[1].some(function (row) { return row[0] === here.y && row[1] <= here.x && here.x <= row[2]; });
  }

  /* --- tiles ---------------------------------------------------------------------------------------------- */
  function load(z, x, y) {
    var key = z + "/" + x + "/" + y, held = tiles.get(key);
    if (held) { tiles.delete(key); tiles.set(key, held); return held.promise; }
    held = { data: null };
    wait(1);
    held.promise = reader._getVectorTilePromise({ x: x, y: y, z: z }).then(read).catch(function () { return null; }).then(function (data) {
      held.data = data;
      if (!data) tiles.delete(key); /* asked for again when it is next in sight */
      wait(-1);
      later();
      return data;
    });
    tiles.set(key, held);
    if (tiles.size > KEEP) tiles.delete(tiles.keys().next().value);
    return held.promise;
  }
  /* A tile as what is drawn of it: the lines of each class, and what carries a name. */
  function read(tile) {
    var data = { shapes: {}, points: [], streets: [] }, shapes = {};
    Object.keys(tile.layers).forEach(function (name) {
      var part = tile.layers[name], scale = UNITS / part.extent;
      part.features.forEach(function (feature) {
        var kind = feature.properties.c, said = feature.properties.n, english = feature.properties.e;
        if (feature.type === 1) {
          var at = feature.geometry[0][0];
          /* A name near an edge is in both tiles. */
          if (said && at.x >= 0 && at.y >= 0 && at.x * scale < UNITS && at.y * scale < UNITS) {
            data.points.push({ kind: kind, name: said, english: english, x: at.x * scale, y: at.y * scale });
          }
          return;
        }
        var shape = shapes[kind] = shapes[kind] || { at: [], ends: [] };
        feature.geometry.forEach(function (run) {
          run.forEach(function (at) { shape.at.push(at.x * scale, at.y * scale); });
          shape.ends.push(shape.at.length);
          if (feature.type !== 3 && said && NAMES[kind]) data.streets.push({ kind: kind, name: said, english: english, run: run, scale: scale });
        });
      });
    });
    Object.keys(shapes).forEach(function (kind) {
      data.shapes[kind] = { at: Float32Array.from(shapes[kind].at), ends: Uint32Array.from(shapes[kind].ends) };
    });
    return data;
  }
  /* Where a square of the screen is in the tiles that are kept: larger scales are drawn from the last one. */
  function within(coords) {
    var up = Math.max(0, coords.z - config.max_zoom), side = Math.pow(2, up);
    var x = Math.floor(coords.x / side), y = Math.floor(coords.y / side);
    return { z: coords.z - up, x: x, y: y, left: (coords.x - x * side) * UNITS / side, top: (coords.y - y * side) * UNITS / side, units: UNITS / side };
  }
  var Canvases = L.GridLayer.extend({
    createTile: function (coords, done) {
      var canvas = document.createElement("canvas"), dense = Math.min(window.devicePixelRatio || 1, 2);
      /* A square of 512 pixels is a tile of the zoom before. */
      var across = Math.pow(2, coords.z - 1), here = within({ z: coords.z - 1, x: ((coords.x % across) + across) % across, y: coords.y });
      if (here.z < FIRST || coords.y < 0 || coords.y >= across) { setTimeout(function () { done(null, canvas); }, 0); return canvas; }
      load(here.z, here.x, here.y).then(function (data) { return styled(0).then(function () { return data; }); }).then(function (data) {
        if (!data) { done(null, canvas); return; }
        ask({ canvas: canvas, done: done, said: { side: SIDE * dense, dense: dense, zoom: coords.z, palette: palette, shapes: data.shapes, left: here.left, top: here.top, units: here.units } });
      });
      return canvas;
    },
  });
  /* --- drawing: one square after the other, in a worker where the browser has canvases for one ------------- */
  function openWorker() {
    try {
      if (!config.draw || !window.Worker || !OffscreenCanvas.prototype.transferToImageBitmap || !window.ImageBitmapRenderingContext) return null;
      var made = new Worker(config.draw);
      made.onmessage = function (event) { finish(event.data); };
      made.onerror = function (event) { event.preventDefault(); worker = null; next(); };
      return made;
    } catch (fault) { return null; }
  }
  /* The drawing itself, for a browser without such workers. */
  function loadDrawing() {
    if (window.locatorDraw) return Promise.resolve();
    return new Promise(function (done) {
      var script = document.createElement("script");
      script.src = config.draw;
      script.onload = script.onerror = done;
      document.head.appendChild(script);
    });
  }
  function ask(job) {
    wait(1);
    jobs.push(job);
    if (jobs.length === 1) next();
  }
  /* The first of the line is being drawn; a square that left the map meanwhile is not. */
  function next() {
    var job = jobs[0];
    if (!job) return;
    if (!job.canvas.isConnected) finish(null);
    else if (worker) worker.postMessage(job.said);
    else loadDrawing().then(function () {
      job.canvas.width = job.canvas.height = job.said.side;
      if (window.locatorDraw) window.locatorDraw(job.canvas.getContext("2d"), job.said);
      finish(job.canvas);
    });
  }
  function finish(picture) {
    var job = jobs.shift();
    if (picture && picture !== job.canvas) {
      job.canvas.width = job.canvas.height = job.said.side;
      job.canvas.getContext("bitmaprenderer").transferFromImageBitmap(picture);
    }
    if (picture) document.documentElement.dataset.groundTiles = String(Number(document.documentElement.dataset.groundTiles || 0) + 1);
    wait(-1);
    job.done(null, job.canvas);
    later();
    next();
  }

  /* --- names ---------------------------------------------------------------------------------------------- */
  /* Not while the map moves: its frames come first, and its end asks again. */
  function later() { if (!timer) timer = setTimeout(function () { timer = 0; if (!moving) place(); }, 60); }
  function show(wanted, language) {
    if (language) lang = language;
    if (wanted !== mode) {
      if (credit) map.attributionControl.removeAttribution(credit);
      var text = document.createElement("span");
      text.textContent = wanted === "own" ? config.attribution : OUTSIDE_NAMES;
      credit = wanted === "off" ? "" : text.innerHTML;
      if (credit) map.attributionControl.addAttribution(credit);
      mode = wanted;
      document.documentElement.dataset.ground = mode;
    }
    later();
  }
  /* The squares of a zoom that are in sight, each with where its corner is on the screen. */
  function inSight(zoom) {
    var size = 256 * map.getZoomScale(map.getZoom(), zoom), bounds = map.getPixelBounds(), found = [], across = Math.pow(2, zoom);
    for (var x = Math.floor(bounds.min.x / size); x * size < bounds.max.x; x++) {
      for (var y = Math.floor(bounds.min.y / size); y * size < bounds.max.y; y++) {
        if (y >= 0 && y < across) found.push({ x: ((x % across) + across) % across, y: y, left: x * size - bounds.min.x, top: y * size - bounds.min.y, size: size });
      }
    }
    return found;
  }
  function fetchPlaces(zoom, x, y) {
    var key = zoom + "/" + x + "/" + y, held = places.get(key);
    if (held) return held.names;
    held = { names: [] };
    wait(1);
    places.set(key, held);
    if (places.size > KEEP) places.delete(places.keys().next().value);
    fetch(L.Util.template(config.names, { z: zoom, x: x, y: y })).then(function (reply) { return reply.ok ? reply.json() : []; }).then(function (rows) {
      held.names = rows.map(function (row) { return { name: row[0], english: row[1], kind: row[2], at: L.latLng(row[4], row[3]) }; });
    }).catch(function () { places.delete(key); }).then(function () {
      wait(-1);
      later();
    });
    return held.names;
  }
  function gather() {
    var zoom = Math.round(map.getZoom()), points = [], streets = [], level;
    if (layer && mode !== "off") {
      level = Math.max(FIRST, Math.min(config.max_zoom, zoom - 1));
      inSight(level).forEach(function (square) {
        var held = tiles.get(level + "/" + square.x + "/" + square.y), data = held && held.data, scale = square.size / UNITS;
        if (!data) return;
        data.points.forEach(function (point) {
          points.push({ kind: point.kind, text: choose(point), x: square.left + point.x * scale, y: square.top + point.y * scale });
        });
        data.streets.forEach(function (street) {
          streets.push({ kind: street.kind, text: choose(street), run: street.run, scale: scale * street.scale, square: square });
        });
      });
    }
    if (mode === "names" && config.names && zoom > 3) {
      level = Math.max(3, Math.min(16, zoom - 1));
      inSight(level).forEach(function (square) {
        fetchPlaces(level, square.x, square.y).forEach(function (found) {
          if (layer && config.cover.some(function (area) { return holds(area, found.at); })) return;
          var at = map.latLngToContainerPoint(found.at);
          points.push({ kind: found.kind, text: choose(found), x: at.x, y: at.y, sure: true });
        });
      });
    }
    return { zoom: zoom, points: points, streets: streets };
  }
  function choose(named) { return lang === "en" && named.english ? named.english : named.name; }
  function measure(text, size) {
    var key = size + text, width = widths.get(key);
    if (width === undefined) {
      if (widths.size > 3000) widths.clear();
      pen.font = size + "px " + getComputedStyle(document.body).fontFamily;
      width = pen.measureText(text).width + text.length * 0.4;
      widths.set(key, width);
    }
    return width;
  }
  /* What names keep clear of: pins, controls, the label of the way. */
  function taken() {
    var frame = map.getContainer().getBoundingClientRect();
    var nodes = map.getContainer().querySelectorAll(".pin-body, .cluster, .origin-dot, .map-bar, .map-legend:not([hidden]), .map-notice:not([hidden]), .leaflet-control-scale, .map-north, .leaflet-control-attribution, .way-label, .step-ring");
    return [].map.call(nodes, function (node) {
      var rect = node.getBoundingClientRect();
      return [rect.left - frame.left - 3, rect.top - frame.top - 3, rect.right - frame.left + 3, rect.bottom - frame.top + 3];
    });
  }
  function place() {
    if (!map || !box || !map.getSize().x) return;
    var found = gather(), size = map.getSize(), boxes = mode === "off" ? [] : taken(), made = [], spots = {};
    var body = document.documentElement.classList.contains("large") ? 17.5 : 14;
    var all = found.points.concat(found.streets).filter(function (item) {
      var row = NAMES[item.kind];
      return row && item.text && (item.sure || (found.zoom >= row[1] && found.zoom <= row[2]));
    });
    all.forEach(function (item, n) { item.rank = NAMES[item.kind][0] + n / 1e6; });
    all.sort(function (a, b) { return a.rank - b.rank; });
    function free(rect) {
      if (rect[0] < 2 || rect[1] < 2 || rect[2] > size.x - 2 || rect[3] > size.y - 2) return false;
      return !boxes.some(function (other) { return rect[0] < other[2] && rect[2] > other[0] && rect[1] < other[3] && rect[3] > other[1]; });
    }
    function near(text, x, y) {
      return (spots[text] || []).some(function (spot) { return Math.hypot(spot[0] - x, spot[1] - y) < APART; });
    }
    function keep(item, x, y, rects, turn, upright, offset) {
      Array.prototype.push.apply(boxes, rects);
      (spots[item.text] = spots[item.text] || []).push([x, y]);
      made.push({ text: item.text, look: NAMES[item.kind][3], x: x, y: y, turn: turn, upright: upright, offset: offset });
    }
    for (var n = 0; n < all.length && made.length < MOST_NAMES; n++) {
      var item = all[n];
      if (item.run) placeStreet(item, body, free, near, keep, size);
      else placePoint(item, body, free, near, keep);
    }
    paint(made);
  }
  function placePoint(item, body, free, near, keep) {
    var look = NAMES[item.kind][3], font = body * (look === "city" ? 1.2 : look === "town" ? 1.08 : 1);
    var whole = measure(item.text, font), most = font * 8, lines = Math.min(3, Math.ceil(whole / most)), wide = Math.min(whole, most) + 4, high = lines * font * 1.2;
    if (near(item.text, item.x, item.y)) return;
    var down = 6 + high / 2, aside = 8 + wide / 2, dot = [item.x - 5, item.y - 5, item.x + 5, item.y + 5];
    var offsets = DOTTED[look] ? [[0, down], [0, -down], [aside, 0], [-aside, 0]] : [[0, 0], [0, -font], [0, font], [font, 0], [-font, 0]];
    for (var n = 0; n < offsets.length; n++) {
      var x = item.x + offsets[n][0], y = item.y + offsets[n][1], rect = [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2];
      if (free(rect) && (!DOTTED[look] || free(dot))) { keep(item, item.x, item.y, DOTTED[look] ? [rect, dot] : [rect], 0, false, offsets[n]); return; }
    }
  }
  /* Along the first stretch that is long and straight enough; names that run down the page stand upright, as Chinese may. */
  function placeStreet(item, body, free, near, keep, size) {
    var run = item.run, square = item.square, long = measure(item.text, body) + 6, han = /^[\u3400-\u9fff\d]+$/.test(item.text);
    var at = run.map(function (p) { return [square.left + p.x * item.scale, square.top + p.y * item.scale]; });
    for (var first = 0, tries = 0; first < at.length - 1 && tries < 12; first++) {
      var length = 0, bend = Math.atan2(at[first + 1][1] - at[first][1], at[first + 1][0] - at[first][0]);
      for (var n = first + 1; n < at.length; n++) {
        var dx = at[n][0] - at[n - 1][0], dy = at[n][1] - at[n - 1][1], off = Math.abs(Math.atan2(dy, dx) - bend);
        if (Math.min(off, 2 * Math.PI - off) > 0.35) break;
        length += Math.hypot(dx, dy);
        if (length < long && !(n < at.length - 1)) break;
        if (length < long) continue;
        /* On a long straight stretch, several places along it. */
        var end = at[n], begin = at[first], chord = Math.hypot(end[0] - begin[0], end[1] - begin[1]), steps = Math.max(1, Math.min(6, Math.floor(chord / long)));
        for (var step = 0; step < steps; step++) {
          tries += 1;
          var share = (step + 0.5) / steps, x = begin[0] + (end[0] - begin[0]) * share, y = begin[1] + (end[1] - begin[1]) * share;
          if (x < 0 || y < 0 || x > size.x || y > size.y || near(item.text, x, y)) continue;
          var turn = Math.atan2(end[1] - begin[1], end[0] - begin[0]), upright = false;
          if (turn > Math.PI / 2) turn -= Math.PI; else if (turn <= -Math.PI / 2) turn += Math.PI;
          if (han && Math.abs(turn) > 0.96) { upright = true; turn = turn > 0 ? turn - Math.PI / 2 : turn + Math.PI / 2; }
          var rects = along(x, y, Math.atan2(end[1] - begin[1], end[0] - begin[0]), long, body);
          if (rects.every(free)) { keep(item, x, y, rects, turn, upright, [0, 0]); return; }
        }
        first = n - 1;
        break;
      }
    }
  }
  /* A turned label as a row of squares. */
  function along(x, y, turn, long, body) {
    var half = body * 0.62, count = Math.max(1, Math.ceil(long / (2 * half))), rects = [];
    for (var n = 0; n < count; n++) {
      var far = ((n + 0.5) / count - 0.5) * long, cx = x + Math.cos(turn) * far, cy = y + Math.sin(turn) * far;
      rects.push([cx - half, cy - half, cx + half, cy + half]);
    }
    return rects;
  }
  function paint(made) {
    var parts = document.createDocumentFragment();
    made.forEach(function (row) {
      var at = map.containerPointToLayerPoint([row.x, row.y]), node = document.createElement("span");
      node.className = "ground-name ground-" + row.look + (row.upright ? " ground-upright" : "");
      node.textContent = row.text;
      if (/[\u3400-\u9fff]/.test(row.text)) node.lang = "zh-CN";
      node.style.transform = "translate(" + (at.x + row.offset[0]) + "px, " + (at.y + row.offset[1]) + "px) translate(-50%, -50%) rotate(" + row.turn.toFixed(3) + "rad)";
      parts.appendChild(node);
      if (DOTTED[row.look]) {
        var dot = document.createElement("i");
        dot.className = "ground-dot ground-dot-" + row.look;
        dot.style.transform = "translate(" + at.x + "px, " + at.y + "px) translate(-50%, -50%)";
        parts.appendChild(dot);
      }
    });
    box.textContent = "";
    box.appendChild(parts);
    document.documentElement.dataset.groundNames = String(made.length);
    document.documentElement.dataset.groundWaiting = String(waiting);
  }

  /* The tiles along a way, before somebody looks at its steps. */
  function prefetch(line) {
    if (!layer || !line.length) return;
    var side = 256, seen = {}, count = 0;
    line.forEach(function (at) {
      var here = map.project(at, config.max_zoom).divideBy(side).floor(), key = here.x + "/" + here.y;
      if (seen[key] || count >= 40) return;
      seen[key] = true;
      count += 1;
      load(config.max_zoom, here.x, here.y);
    });
  }
  window.locatorGround = { start: start, covers: covers, show: show, refresh: later, prefetch: prefetch };
})();
