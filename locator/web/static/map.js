/* The map's own script: draws a scene (see locator/outputs/folium_map.py) as one GeoJSON layer.
   Every text becomes a text node; nothing in a scene is ever read as HTML or as a script. */
(function () {
  "use strict";
  var SVG = "http://www.w3.org/2000/svg", TILES_MS = 8000;
  var map = null, scene = null, points = null, line = null, origin = null, markers = {}, texts = {}, picking = false, shown = null, away = null;
  var base = [], fitted = "", view = "", tileState = { failed: false, none: false, own: false, cover: "none", timer: 0 }, notice = null, legend = null, pickButton = null, dense = false;
  var still = window.matchMedia && window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  function decode(payload) {
    var bytes = Uint8Array.from(atob(payload), function (c) { return c.charCodeAt(0); });
    return JSON.parse(new TextDecoder("utf-8").decode(bytes));
  }
  function make(name, className, text) {
    var node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }
  function draw(name, attributes) {
    var node = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    return node;
  }
  function tell(act) { window.parent.postMessage(Object.assign({ locatorMap: 1 }, act), window.location.origin); }
  function latLng(pair) { return L.latLng(pair[1], pair[0]); }

  /* --- the base map ---------------------------------------------------------------------------------- */
  function start(given, payload) {
    var config = decode(payload);
    map = given;
    map.options.zoomSnap = 0.5;
    map.options.maxZoom = config.max_zoom;
    if (still) { map.options.zoomAnimation = false; map.options.fadeAnimation = false; map.options.markerZoomAnimation = false; }
    /* Leaflet focuses its container at each press; without this the page around the frame jumps under the finger. */
    var box = map.getContainer();
    box.focus = function () { HTMLElement.prototype.focus.call(box, { preventScroll: true }); };
    readyFrame();
    map.attributionControl.setPrefix(false);
    L.control.scale({ imperial: false, position: "bottomleft", updateWhenIdle: true /* else each frame of a move is laid out anew */ }).addTo(map);
    addNorth();
    addControls();
    keepPageScrolling();
    locatorGround.start(map, config.ground);
    base = config.urls.map(function (url) {
      var layer = L.tileLayer(url, { subdomains: config.subdomains || "abc", maxZoom: config.max_zoom,
        maxNativeZoom: config.max_native_zoom, referrerPolicy: "strict-origin-when-cross-origin" });
      layer.getAttribution = function () { return plain(config.attribution); };
      layer.on("loading", waitForTiles);
      layer.on("tileload", sayTiles);
      layer.on("tileerror", function () { tileState.failed = true; sayTiles(); });
      layer.on("load", function () { setTimeout(sayTiles, 500); /* what was seen before has faded by then */ });
      return layer;
    });
    map.on("moveend", chooseBase);
    tileState.none = !config.urls.length;
    sayTiles();
    /* streamlit-folium gives the frame its size after the map has started, and our style sheet another. */
    new ResizeObserver(function () {
      var untouched = seen() === view;
      map.invalidateSize({ pan: false });
      if (scene) refit(untouched);
    }).observe(map.getContainer());
  }
  /* What the map looks at: as fit() left it, or moved since. */
  function seen() { return scene ? JSON.stringify([map.getCenter(), map.getZoom()]) : ""; }
  /* folium forbids zooming the frame, and gives it neither a heading nor a landmark. */
  function readyFrame() {
    document.querySelectorAll('meta[name="viewport"]').forEach(function (meta) { meta.content = "width=device-width, initial-scale=1"; });
    var root = document.getElementById("root"), heading = make("h1", "sr");
    heading.id = "map-title";
    root.setAttribute("role", "main");
    root.insertBefore(heading, root.firstChild);
  }
  function plain(text) { var node = make("span", "", text); return node.innerHTML; }

  /* Our own ground where it covers the view, the operator's base map elsewhere: what is not seen is not asked for. */
  function chooseBase() {
    if (!scene) return;
    tileState.cover = locatorGround.covers();
    tileState.own = tileState.cover === "all";
    base.forEach(function (layer) {
      if (tileState.own && map.hasLayer(layer)) map.removeLayer(layer);
      if (!tileState.own && !map.hasLayer(layer)) layer.addTo(map);
    });
    sayTiles();
  }
  /* A host that is blocked may neither answer nor refuse: after a while that is a failure too. */
  function waitForTiles() {
    tileState.failed = false;
    clearTimeout(tileState.timer);
    tileState.timer = setTimeout(function () { tileState.failed = true; sayTiles(); }, TILES_MS);
  }
  /* Whether a picture is in sight now, whatever came for places seen before. */
  function seesTile() {
    var frame = map.getContainer().getBoundingClientRect();
    return [].some.call(map.getPane("tilePane").querySelectorAll(".leaflet-tile-loaded"), function (tile) {
      var box = tile.getBoundingClientRect();
      return box.right > frame.left && box.left < frame.right && box.bottom > frame.top && box.top < frame.bottom;
    });
  }
  function sayTiles() {
    var before = notice.hidden, untouched = seen() === view;
    var fails = !tileState.own && (tileState.none || ((tileState.failed || !before) && !seesTile()));
    notice.hidden = !fails || tileState.cover === "some";
    notice.textContent = tileState.none ? texts.no_tiles || "" : texts.tiles_failed || "";
    document.body.classList.toggle("no-tiles", fails && tileState.cover !== "some");
    locatorGround.show(!scene ? "off" : tileState.own ? "own" : fails ? "names" : "off", scene && scene.lang);
    if (scene && before !== notice.hidden && untouched) refit(true);
  }

  function addControls() {
    var top = L.control({ position: "topright" });
    top.onAdd = function () {
      notice = make("p", "map-notice");
      notice.setAttribute("role", "status");
      notice.hidden = true;
      return notice;
    };
    top.addTo(map);
    var bar = L.control({ position: "topleft" });
    bar.onAdd = function () {
      var box = make("div", "map-bar");
      [["zoom_in", "+", function () { map.zoomIn(); }], ["zoom_out", "\u2212", function () { map.zoomOut(); }],
        ["fit", "\u2922", function () { fit(true); }]].forEach(function (row) {
        var button = make("button", "map-button", row[1]);
        button.type = "button";
        button.dataset.text = row[0];
        button.addEventListener("click", row[2]);
        box.appendChild(button);
      });
      pickButton = make("button", "map-button map-pick");
      pickButton.type = "button";
      pickButton.dataset.text = "pick";
      pickButton.setAttribute("aria-pressed", "false");
      pickButton.appendChild(sign());
      pickButton.addEventListener("click", function (event) {
        setPicking(!picking);
        if (picking && !event.detail) map.getContainer().focus(); /* pressed with a key */
      });
      box.appendChild(pickButton);
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      return box;
    };
    bar.addTo(map);
    var bottom = L.control({ position: "bottomright" });
    bottom.onAdd = function () { legend = make("ul", "map-legend"); return legend; };
    bottom.addTo(map);
    map.on("zoomend", showSign);
    /* Once a person has moved the map, it does not go back to where it was before a step was shown. */
    map.on("dragstart", function () { away = null; });
    ["click", "wheel", "keydown", "touchmove"].forEach(function (name) {
      map.getContainer().addEventListener(name, function () { away = null; }, { passive: true });
    });
    map.on("click", function (event) { if (picking) pick(event.latlng); });
    /* Without a mouse: the arrow keys move the map under the cross in its middle, Enter takes that place. */
    map.getContainer().addEventListener("keydown", function (event) {
      if (!picking || event.target !== map.getContainer()) return;
      if (event.key === "Enter") pick(map.getCenter());
    });
    document.addEventListener("keydown", function (event) {
      if (picking && event.key === "Escape") { setPicking(false); pickButton.focus(); }
    });
  }
  function addNorth() {
    var north = L.control({ position: "bottomleft" });
    north.onAdd = function () {
      var node = make("span", "map-north", "\u25b2 N");
      node.setAttribute("role", "img");
      node.dataset.text = "north";
      return node;
    };
    north.addTo(map);
  }
  function sign() {
    var svg = draw("svg", { width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": "true" });
    svg.appendChild(draw("circle", { cx: 9, cy: 9, r: 4, fill: "none", stroke: "currentColor", "stroke-width": 2 }));
    svg.appendChild(draw("path", { d: "M9 0v5M9 13v5M0 9h5M13 9h5", stroke: "currentColor", "stroke-width": 2 }));
    return svg;
  }
  function pick(at) {
    setPicking(false);
    tell({ act: "pick", lon: at.lng, lat: at.lat });
  }
  function setPicking(on) {
    picking = on;
    pickButton.setAttribute("aria-pressed", on ? "true" : "false");
    map.getContainer().classList.toggle("picking", on);
    say(on ? texts.pick_hint : "");
  }
  function say(text) {
    var box = document.getElementById("map-say");
    if (!box) {
      box = make("p", "map-say");
      box.id = "map-say";
      box.setAttribute("role", "status");
      document.body.appendChild(box);
    }
    box.textContent = text || "";
    box.hidden = !text;
  }

  /* One finger and the wheel scroll the page; two fingers, Ctrl with the wheel, or a click first, move the map. */
  function keepPageScrolling() {
    map.scrollWheelZoom.disable();
    if (L.Browser.mobile || (window.matchMedia && window.matchMedia("(pointer: coarse)").matches)) {
      map.dragging.disable();
      if (map.tap) map.tap.disable();
      var clear = 0;
      map.getContainer().addEventListener("touchmove", function (event) {
        if (event.touches.length > 1) { map.dragging.enable(); return; }
        if (!clear && texts.two_fingers) { say(texts.two_fingers); clear = setTimeout(function () { say(""); clear = 0; }, 1500); }
      }, { passive: true });
      /* Before the next finger comes: what a touch may scroll is settled when it begins. */
      ["touchend", "touchcancel"].forEach(function (name) {
        map.getContainer().addEventListener(name, function (event) { if (!event.touches.length) map.dragging.disable(); }, { passive: true });
      });
    }
    map.on("click focus", function () { map.scrollWheelZoom.enable(); });
    map.on("mouseout blur", function () { map.scrollWheelZoom.disable(); });
    map.getContainer().addEventListener("wheel", function (event) {
      if (event.ctrlKey) map.scrollWheelZoom.enable();
    }, { passive: true, capture: true });
  }

  /* --- a scene --------------------------------------------------------------------------------------- */
  /* What the layer's script hands over: a scene, or nothing, where the page has it. */
  function show(payload) {
    var given = decode(payload);
    if (given) showScene(given); else tell({ act: "ready" });
  }
  function showScene(next) {
    var before = scene;
    texts = next.texts;
    label(next);
    sayTiles();
    if (!before || JSON.stringify(before.points) !== JSON.stringify(next.points)) drawPoints(next);
    if (!before || JSON.stringify(before.origin) !== JSON.stringify(next.origin)) drawOrigin(next.origin);
    if (!before || JSON.stringify(before.line) !== JSON.stringify(next.line)) drawLine(next.line);
    scene = next;
    choose(next.chosen);
    drawLegend(next);
    fit(false);
    chooseBase();
    if (next.line.at.length) locatorGround.prefetch(next.line.at.map(latLng));
    document.documentElement.dataset.scene = String(next.points.features.length);
    document.documentElement.dataset.drawn = String(Number(document.documentElement.dataset.drawn || 0) + 1);
  }
  function label(next) {
    document.documentElement.lang = next.lang === "en" ? "en" : "zh-CN";
    document.documentElement.classList.toggle("large", !!next.large);
    document.title = texts.title || "";
    document.getElementById("map-title").textContent = document.title;
    if (window.frameElement) window.frameElement.title = document.title;
    var box = map.getContainer();
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", texts.title || "");
    document.querySelectorAll("[data-text]").forEach(function (node) {
      var said = texts[node.dataset.text] || "";
      node.setAttribute("aria-label", said);
      node.title = said;
    });
  }
  function pin(feature) {
    var body = make("div", "pin-body");
    var svg = draw("svg", { width: 34, height: 44, viewBox: "0 0 34 44", "aria-hidden": "true", focusable: "false" });
    svg.appendChild(draw("path", { class: "pin-shape", d: "M17 1C8.2 1 1 8.1 1 16.9 1 28.6 17 43 17 43s16-14.4 16-26.1C33 8.1 25.8 1 17 1z" }));
    var number = draw("text", { x: 17, y: 22, "text-anchor": "middle", class: "pin-number" });
    number.textContent = feature.properties.label;
    svg.appendChild(number);
    body.appendChild(svg);
    return body;
  }
  function drawPoints(next) {
    if (points) map.removeLayer(points);
    markers = {};
    dense = next.points.features.length > 40;
    var layer = L.geoJSON(next.points, {
      pointToLayer: function (feature, at) {
        var icon = L.divIcon({ className: "pin", html: pin(feature), iconSize: [34, 44], iconAnchor: [17, 43], popupAnchor: [0, -62] /* above the number, also of the raised pin */ });
        var marker = L.marker(at, { icon: icon, keyboard: true, riseOnHover: true, alt: "",
          autoPanOnFocus: false /* else a press near the edge moves the pin away from under the finger */ });
        markers[feature.id] = marker;
        marker.on("add", function () { dress(marker, feature); });
        marker.on("click", function () { pressed(feature); });
        marker.on("keypress", function (event) {
          if (event.originalEvent.key === "Enter" || event.originalEvent.key === " ") pressed(feature);
        });
        marker.bindPopup(function () { return card(feature); }, { autoPan: true, closeButton: false, maxWidth: 260, className: "pin-card" });
        return marker;
      },
    });
    if (dense && L.markerClusterGroup) {
      points = L.markerClusterGroup({ maxClusterRadius: 48, animate: !still, showCoverageOnHover: false,
        iconCreateFunction: function (cluster) { return clusterIcon(String(cluster.getChildCount())); } });
      points.on("clusterkeypress", function (event) {
        if (event.originalEvent.key !== "Enter" && event.originalEvent.key !== " ") return;
        event.layer.zoomToBounds();
        map.getContainer().focus(); /* the cluster is gone */
      });
      points.addLayer(layer);
    } else points = layer;
    points.addTo(map);
  }
  /* A screen reader hears what the number counts. */
  function clusterIcon(count) {
    var icon = L.divIcon({ className: "cluster", html: make("span", "", count), iconSize: [44, 44] });
    icon.createIcon = function (old) {
      var node = L.DivIcon.prototype.createIcon.call(icon, old);
      node.setAttribute("aria-label", (texts.cluster || "{n}").replace("{n}", count));
      return node;
    };
    return icon;
  }
  function title(feature) { return (feature.properties.label ? feature.properties.label + ". " : "") + feature.properties.name; }
  function dress(marker, feature) {
    var node = marker.getElement(), said = [title(feature)].concat(feature.properties.lines);
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "0");
    node.setAttribute("aria-label", said.join(texts.comma || ", "));
    node.dataset.id = feature.id;
    node.addEventListener("focus", function () { if (node.matches(":focus-visible")) map.panInside(marker.getLatLng(), { padding: [60, 60] }); });
    mark(marker, scene && scene.chosen === feature.id);
  }
  function mark(marker, on) {
    var node = marker.getElement();
    marker.setZIndexOffset(on ? 1000 : 0);
    if (!node) return;
    node.classList.toggle("chosen", on);
    node.setAttribute("aria-pressed", on ? "true" : "false");
  }
  function pressed(feature) {
    choose(feature.id);
    tell({ act: "choose", id: feature.id });
  }
  function card(feature) {
    var box = make("div", "card");
    box.lang = scene.lang === "en" ? "en" : "zh-CN";
    [title(feature)].concat(feature.properties.lines).forEach(function (text, index) {
      var line = make(index ? "span" : "strong", "", text);
      if (/[\u3400-\u9fff]/.test(text)) line.lang = "zh-CN";
      box.appendChild(line);
    });
    return box;
  }
  function choose(id) {
    scene.chosen = id;
    Object.keys(markers).forEach(function (key) { mark(markers[key], key === id); });
    var marker = markers[id];
    /* The map stays still for every office that is in sight. */
    if (marker && !map.getBounds().contains(marker.getLatLng())) map.panInside(marker.getLatLng(), { padding: [60, 60], animate: !still });
  }
  function drawOrigin(place) {
    if (origin) map.removeLayer(origin);
    origin = null;
    if (!place) return;
    origin = L.featureGroup();
    if (place.error_m) L.circle(latLng(place.at), { radius: place.error_m, className: "origin-circle", interactive: false }).addTo(origin);
    var icon = L.divIcon({ className: "origin", html: make("span", "origin-dot"), iconSize: [44, 44] });
    var marker = L.marker(latLng(place.at), { icon: icon, keyboard: false, draggable: true, autoPan: true });
    marker.on("add", function () {
      marker.getElement().setAttribute("role", "img");
      marker.getElement().setAttribute("aria-label", place.label);
      marker.getElement().title = texts.pick || "";
    });
    /* To correct the start, a person drags the dot, or presses it and then the right place. */
    marker.on("dragend", function () { pick(marker.getLatLng()); });
    marker.on("click", function () { setPicking(!picking); });
    marker.addTo(origin);
    origin.addTo(map);
  }
  function drawLine(way) {
    if (line) map.removeLayer(line);
    line = null;
    showStep(null);
    if (!way.at.length) return;
    var at = way.at.map(latLng);
    line = L.featureGroup();
    L.polyline(at, { className: "way-edge", interactive: false, weight: 8 }).addTo(line);
    L.polyline(at, { className: way.estimate ? "way way-estimate" : "way", interactive: false, weight: 4, dashArray: way.estimate ? "2 9" : "14 8" }).addTo(line);
    if (way.label) {
      var text = make("span", "way-label", way.label);
      line.sign = L.marker(middle(at), { icon: L.divIcon({ className: "way-sign", html: text, iconSize: [0, 0] }), keyboard: false, interactive: false }).addTo(line);
      line.ends = [at[0], at[at.length - 1]];
    }
    line.addTo(map);
    showSign();
  }
  /* One step of the way: its stretch on top of the line, a ring where it begins. The map moves there. */
  function showStep(number) {
    if (shown) map.removeLayer(shown);
    shown = null;
    delete document.documentElement.dataset.step;
    /* Back to what was seen before the first step, unless the person moved the map since. */
    if (number === null && away) {
      map.setView(away.from, away.zoom, { animate: false });
      away = null;
    }
    var starts = scene && number !== null ? scene.line.steps : [];
    if (!(number >= 0 && number < starts.length)) return;
    var first = starts[number], last = number + 1 < starts.length ? starts[number + 1] : first;
    var at = scene.line.at.slice(first, last + 1).map(latLng);
    shown = L.featureGroup();
    if (at.length > 1) L.polyline(at, { className: "step-part", interactive: false, weight: 8 }).addTo(shown);
    var icon = L.divIcon({ className: "step-place", html: make("span", "step-ring", String(number + 1)), iconSize: [0, 0] });
    L.marker(at[0], { icon: icon, keyboard: false, interactive: false, zIndexOffset: 2000 }).addTo(shown);
    shown.addTo(map);
    away = away || { from: map.getCenter(), zoom: map.getZoom() };
    map.setView(at[0], Math.max(map.getZoom(), 16), { animate: !still });
    document.documentElement.dataset.step = String(number + 1);
  }
  /* A short line's label would lie under the pins; the legend says the same. */
  function showSign() {
    if (!line || !line.sign || !line.sign.getElement()) return;
    var apart = map.latLngToLayerPoint(line.ends[0]).distanceTo(map.latLngToLayerPoint(line.ends[1]));
    line.sign.getElement().style.display = apart < 220 ? "none" : "";
  }
  function middle(at) {
    if (at.length === 2) return L.latLng((at[0].lat + at[1].lat) / 2, (at[0].lng + at[1].lng) / 2);
    return at[Math.floor(at.length / 2)];
  }
  function drawLegend(next) {
    legend.textContent = "";
    var rows = [];
    if (next.origin) rows.push(["origin", texts.legend_origin]);
    if (next.points.features.length) rows.push(["pin", texts.legend_pin]);
    if (dense) rows.push(["cluster", texts.legend_cluster]);
    if (next.line.at.length) rows.push([next.line.estimate ? "estimate" : "way", next.line.estimate ? texts.legend_estimate : texts.legend_way]);
    rows.forEach(function (row) {
      var item = make("li");
      item.appendChild(make("span", "key key-" + row[0]));
      item.appendChild(document.createTextNode(row[1] || ""));
      legend.appendChild(item);
    });
    legend.hidden = !rows.length;
  }
  /* Fits the view again if it was not moved since. */
  function refit(untouched) {
    if (untouched) fitted = "";
    fit(false);
  }
  function fit(again) {
    var at = scene.points.features.map(function (feature) { return latLng(feature.geometry.coordinates); });
    if (scene.origin) {
      var around = latLng(scene.origin.at).toBounds(2 * Math.min(scene.origin.error_m || 100, 20000));
      at.push(around.getSouthWest(), around.getNorthEast());
    }
    scene.line.at.forEach(function (pair) { at.push(latLng(pair)); });
    var size = map.getSize(), token = JSON.stringify([scene.points, scene.origin && scene.origin.at, size.x > 0]);
    if (!at.length || !size.x || (!again && token === fitted)) return;
    fitted = token;
    /* No pin, 44 px above its place, under the notice or the legend, which large type makes taller. */
    var above = Math.min(Math.max(64, notice.offsetHeight && notice.offsetHeight + 60), size.y / 3);
    var below = Math.min(Math.max(60, legend.offsetHeight + 18), size.y / 3);
    map.fitBounds(L.latLngBounds(at), { paddingTopLeft: [92, above], paddingBottomRight: [44, below], maxZoom: 16, animate: again && !still });
    view = again ? "" : seen();
  }

  window.addEventListener("message", function (event) {
    if (event.origin !== window.location.origin || event.source !== window.parent) return;
    if (!event.data || event.data.locatorPage !== 1 || !map) return;
    if (event.data.act === "show") showScene(event.data.scene);
    if (!scene) return;
    if (event.data.act === "choose") choose(event.data.id);
    if (event.data.act === "step") showStep(event.data.step);
  });
  window.locatorMap = { start: start, show: show };
})();
