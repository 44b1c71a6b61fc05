/* The page's own script: puts panels (escaped HTML made in Python) on the page, keeps focus and typed text when
   they change, and sends back what a person does. Loaded by the component in locator/web/components.py. */

/* What browsers inside apps lacked until lately (iOS 15, old X5). */
if (!HTMLFormElement.prototype.requestSubmit) HTMLFormElement.prototype.requestSubmit = function () {
  this.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
};
if (!Element.prototype.replaceChildren) Element.prototype.replaceChildren = function (...nodes) {
  this.textContent = "";
  this.append(...nodes);
};

const panels = new Map();
const SLOW = new Set(["ask", "here", "pick", "candidate", "retry", "online", "live"]);
let sent = 0, waiting = 0, toAnswer = false, asked = false;
/* What the server has not yet said it heard goes along with what is sent next: of two things that reach it during one run
   it keeps the later. And the number of the last one that may change what the page has panels for, and of the last one drawn. */
let unheard = [], slow = 0, drawn = 0;

/* On a narrow screen the answer begins below the form: the person is taken there, and the keyboard goes away.
   Where the pressed button is gone with its panel, the Tab key goes on from the answer. */
function showAnswer() {
  const answer = document.querySelector(".understood") || document.getElementById("results");
  const folded = document.documentElement.classList.contains("answered");
  if (answer && toAnswer) (folded ? document.querySelector(".top") || answer : answer).scrollIntoView({ block: "start" });
  toAnswer = false;
  keepGoing(document.activeElement, 25);
}
/* The panel of what was pressed goes a moment after the answer has come: the focus falls to the body only then. */
function keepGoing(pressed, tries) {
  const answer = document.querySelector(".understood") || document.getElementById("results");
  if (answer && document.activeElement === document.body) {
    const first = answer.id === "results" ? answer : answer.firstElementChild;
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
  } else if (tries && document.activeElement === pressed) window.setTimeout(() => keepGoing(pressed, tries - 1), 80);
}
/* Before the first question a choice changes no answer: there is nothing to wait for. */
function isSlow(act) { return SLOW.has(act) || act === "filter" && document.querySelector(".understood") !== null; }

/* Says that it is working when an answer takes longer than a moment. */
function wait(on) {
  window.clearTimeout(waiting);
  const said = document.querySelector(".ask-wait");
  if (!said) return;
  if (!on) { said.hidden = true; return; }
  waiting = window.setTimeout(() => { said.hidden = false; }, 500);
}

/* Says so in the person's language when the server does not answer; Streamlit's own English dialog is off. What was
   asked while it was away, or on its way when it went, is asked again once it is back. */
let app = null, losing = 0, outstanding = null;
function watchConnection() {
  const found = document.querySelector("[data-test-connection-state]");
  if (!found || found === app) return;
  app = found;
  new MutationObserver(sayConnection).observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] });
}
function isConnected() { return !app || app.getAttribute("data-test-connection-state") === "CONNECTED"; }
let wasLost = false;
function sayConnection() {
  window.clearTimeout(losing);
  const said = document.querySelector(".lost");
  if (!isConnected()) {
    wasLost = true;
    unheard = [];
    slow = 0;
    wait(false);
    if (said) losing = window.setTimeout(() => { said.hidden = false; }, outstanding ? 0 : 1500);
    return;
  }
  if (said) said.hidden = true;
  if (wasLost && outstanding) window.setTimeout(sendAgain, 400);
  wasLost = false;
}
function sendAgain() {
  const root = outstanding && panels.get(outstanding.panel);
  if (!root || !isConnected()) return;
  root.send(outstanding.act);
}

/* What was asked in this tab, by the address that stands for its answer: in the tab's own storage only. After a reload, or
   in a new session of the server, it is asked again: the answer is that of the address typed, not of its district. */
let session = null;
function readAsked() { return readList("locator.asked", "sessionStorage") || []; }
function noteAsked(act) {
  const { act: name, text, datum, lon, lat, accuracy } = act;
  if (!["ask", "here", "pick"].includes(name)) return;
  noteAddress(); /* before the next question, so that a step back finds this one */
  latest = { act: name, text, datum, lon, lat, accuracy };
}
let latest = null; /* the question behind what is shown */
function noteAddress() {
  if (!latest || outstanding) return; /* the address is still that of the question before */
  const search = window.location.search;
  const others = readAsked().filter((old) => old.search !== search);
  keepList("locator.asked", [{ search, act: latest }, ...others], 10, "sessionStorage");
}
window.addEventListener("pagehide", noteAddress);
/* A step back leads to the question behind that address. */
function stepBack() {
  const found = readAsked().find((old) => old.search === window.location.search);
  latest = found ? found.act : null;
  const input = document.getElementById("ask-text");
  typed = (latest && latest.text) || "";
  if (input) input.value = typed;
}
window.addEventListener("popstate", stepBack);
/* A reload, a step back from another site, or a tab that the phone had dropped: not a session that begins. */
function cameAgain() {
  const [entry] = window.performance.getEntriesByType("navigation");
  return document.wasDiscarded === true || !entry || entry.type !== "navigate";
}
function resume(page, root) {
  const before = session;
  session = page.session;
  if (before === session) { noteAddress(); return; } /* the address came before the answer (views/find.py) */
  if (before === null && !cameAgain()) return;
  if (before === null) latest = (readAsked().find((old) => old.search === window.location.search) || {}).act || null;
  if (!latest || (outstanding && before !== null)) return;
  const input = document.getElementById("ask-text"), form = input && input.form;
  if (latest.text && input && !input.value) { input.value = latest.text; typed = latest.text; }
  const choices = form ? values(form) : {};
  root.send({ ...choices, ...latest, resumed: "1" });
}

/* The first HTML's form gives what was typed over to the page: not in the middle of composing a word, and not once it was
   sent, when the plain page answers. */
function takeOver() {
  const opening = document.getElementById("opening");
  if (!opening) return;
  const form = opening.querySelector("form"), input = document.getElementById("ask-text");
  if (form && !input) {
    if (!panels.has("ask") && !["guide", "centers", "about"].some((name) => panels.has(name))) return;
    opening.remove();
    return;
  }
  if (form) {
    if (form.dataset.sent) return;
    if (form.dataset.composing) { form.addEventListener("locator:composed", () => window.setTimeout(takeOver), { once: true }); return; }
    const { text, task, person } = form.elements, focused = document.activeElement === text;
    if (text.value) { input.value = text.value; typed = text.value; }
    noticeCoordinates(input);
    if (focused) {
      input.focus({ preventScroll: true });
      input.setSelectionRange(text.selectionStart, text.selectionEnd);
    }
    [task, person].forEach((select) => {
      const own = document.getElementById("ask-" + select.name);
      if (!own || select.value === form.dataset[select.name] || own.value === select.value) return;
      own.value = select.value;
      own.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  opening.remove();
}

/* What stood in the box when the person went to another view is there again when they come back. */
let typed = "";
function keepTyped(root) {
  const input = root.querySelector("#ask-text");
  if (!input || input.kept) return;
  input.kept = true;
  if (!input.value) input.value = typed;
  input.form.addEventListener("submit", () => { typed = input.value; });
}

/* A search or a choice runs only the list's part of the script: it brings the other panels' HTML and the map's scene. Where
   the page has other panels for what is asked (no list yet), the whole script is asked, by the form; and while an answer is
   under way that may change the panels: the list's part may be gone by then, and nothing would be drawn. */
const OF_THE_LIST = ["ask", "results", "understood", "way", "fallback"];
const brought = new Map(); /* by panel: its HTML, and the run that drew the panel */
function carrierOf(name, act) {
  const results = panels.get("results"), ask = panels.get("ask");
  if (ask && slow > drawn) return ask;
  if (results && results.dataset.framed === "1" && OF_THE_LIST.includes(name)) return results;
  return ask && SLOW.has(act) ? ask : panels.get(name);
}
function bring(data) {
  for (const [name, html] of Object.entries(data.panels || {})) {
    brought.set(name, { html, run: data.page.run });
    if (panels.has(name)) draw(panels.get(name), html);
  }
  const results = panels.get("results");
  results.scene = data.scene || null;
  mapFrames().forEach((frame) => showScene(frame.contentWindow));
}
function showScene(frame) {
  const results = panels.get("results");
  if (results && results.scene) frame.postMessage({ locatorPage: 1, act: "show", scene: results.scene }, window.location.origin);
}
function draw(root, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  sync(root, template.content);
  keepTyped(root);
  adapt(root);
  keepFocus(root);
}

/* Streamlit may drop what reaches it in the moment when it begins a run for something else: what it has not heard after a
   while is said again, and counts once (event_handlers.handle). */
function repeat(n, times) {
  const carrier = panels.get("ask") || panels.get("header");
  if (!carrier || !unheard.some((said) => said.n === n)) return;
  if (isConnected()) carrier.trigger({ act: "again", at: Date.now(), earlier: unheard });
  if (times) window.setTimeout(repeat, 5000, n, times - 1);
}

export function mount({ data, parentElement, setTriggerValue }) {
  watchConnection();
  let root = parentElement.querySelector(":scope > .panel");
  if (!root) {
    root = document.createElement("div");
    root.className = "panel";
    root.dataset.panel = data.name;
    parentElement.appendChild(root);
    listen(root);
  }
  root.send = (act) => {
    if (SLOW.has(act.act)) {
      if (!act.resumed) { asked = true; noteAsked(act); }
      outstanding = { panel: data.name, act, n: sent + 1 };
    }
    if (!isConnected()) { sayConnection(); return; }
    const carrier = carrierOf(data.name, act.act) || root, said = { ...act, n: ++sent };
    if (isSlow(act.act)) { wait(true); slow = sent; }
    carrier.trigger({ ...said, earlier: unheard });
    unheard = [...unheard, said].slice(-8);
    window.setTimeout(repeat, 4000, sent, 3);
  };
  root.trigger = (act) => setTriggerValue("act", act);
  const heard = (data.page || {}).heard;
  if (heard !== undefined) unheard = unheard.filter((said) => said.n > heard);
  if (data.name === "results" && heard !== undefined) {
    drawn = heard;
    const other = session !== data.page.session;
    if (other) { unheard = []; slow = 0; }
    if (other || (outstanding && outstanding.n <= heard)) outstanding = null;
    if (!outstanding) {
      wait(false);
      if (asked && root.dataset.serial !== String(data.page.serial)) document.documentElement.classList.remove("editing");
      if (asked) window.setTimeout(showAnswer, 80);
      asked = false;
    }
  }
  panels.set(data.name, root);
  if (data.name === "results") bring(data);
  const later = brought.get(data.name);
  draw(root, later && data.page && later.run === data.page.run ? later.html : data.html);
  takeOver();
  root.dataset.framed = data.page && data.page.framed ? "1" : "";
  root.dataset.serial = data.page && data.page.serial !== undefined ? data.page.serial : "";
  dress(data.page || {});
  if (data.name === "results" && data.page && data.page.session) resume(data.page, root);
  return () => { if (panels.get(data.name) === root && !root.isConnected) panels.delete(data.name); };
}

/* --- changing what is there into what should be there, so that focus and typed text survive ------------------ */
function keyOf(node) { return node.nodeType === 1 ? node.dataset.key || node.id || "" : ""; }
function alike(a, b) { return a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b); }

function sync(target, source) {
  const wanted = [...source.childNodes], keys = new Set(wanted.map(keyOf));
  let here = target.firstChild;
  for (const next of wanted) {
    while (here && keyOf(here) && !alike(here, next) && !keys.has(keyOf(here))) here = drop(here);
    if (here && alike(here, next)) {
      update(here, next);
      here = here.nextSibling;
      continue;
    }
    const moved = keyOf(next) && following(here).find((node) => alike(node, next));
    if (moved) {
      target.insertBefore(moved, here);
      update(moved, next);
    } else if (here && !keyOf(here) && !keyOf(next)) {
      target.insertBefore(next.cloneNode(true), here);
      here = drop(here);
    } else target.insertBefore(next.cloneNode(true), here);
  }
  while (here) here = drop(here);
}
function drop(node) {
  const after = node.nextSibling;
  node.remove();
  return after;
}
function following(node) {
  const found = [];
  for (let at = node; at; at = at.nextSibling) found.push(at);
  return found;
}
function update(here, next) {
  if (here.nodeType === 3) { if (here.data !== next.data) here.data = next.data; }
  else if (here.nodeType === 1) { syncAttributes(here, next); if (!("own" in here.dataset)) sync(here, next); }
}
function syncAttributes(here, next) {
  const own = (here.dataset.ownAttributes || "").split(" ");
  for (const { name } of [...here.attributes]) {
    if (!next.hasAttribute(name) && !(name === "open" && here.nodeName === "DETAILS") && !own.includes(name) && !/^(tabindex|data-own-attributes)$/.test(name)) here.removeAttribute(name);
  }
  for (const { name, value } of [...next.attributes]) {
    if (here.getAttribute(name) === value || own.includes(name)) continue;
    here.setAttribute(name, value);
    if (name === "value") here.value = value;
    if (name === "checked") here.checked = true;
    if (name === "selected") here.selected = true;
  }
}

/* --- the document around the panels -------------------------------------------------------------------------- */
function dress(page) {
  const html = document.documentElement;
  if (page.lang) html.lang = page.lang;
  if ("large" in page) html.classList.toggle("large", page.large);
  html.classList.toggle("embed", new URLSearchParams(window.location.search).get("embed") === "true");
  if ("answered" in page) html.classList.toggle("answered", !!page.answered);
  if (page.announce) announce(page.announce);
  if (page.focus && !(over && page.focus === "way")) window.setTimeout(() => goTo(page.focus), 60);
}
let announced = "";
function announce(text) {
  let box = document.getElementById("announcer");
  if (!box) {
    box = document.createElement("div");
    box.id = "announcer";
    box.className = "sr";
    box.setAttribute("role", "status");
    document.body.appendChild(box);
  }
  if (text === announced) return;
  announced = text;
  window.setTimeout(() => box.replaceChildren(...speak(text.replace(/\u0000.*$/, ""))), 120);
}
/* In English, Chinese names are marked as such: another voice reads them. */
function speak(text) {
  if (document.documentElement.lang !== "en") return [text];
  return text.split(/([\u3400-\u9fff]+)/).map((part, index) => index % 2
    ? Object.assign(document.createElement("span"), { lang: "zh-CN", textContent: part }) : part);
}
function goTo(id) {
  let node = document.getElementById(id);
  if (node && !node.hasChildNodes()) node = document.querySelector(".understood > *") || node; /* no list: why there is none */
  if (!node) return;
  if (!node.hasAttribute("tabindex") && !/^(A|BUTTON|INPUT|SELECT|SUMMARY)$/.test(node.nodeName)) node.tabIndex = -1;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  node.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
  node.focus({ preventScroll: true });
}

/* --- what a person does ---------------------------------------------------------------------------------------- */
function listen(root) {
  root.addEventListener("click", (event) => {
    const node = event.target.closest("[data-act], [data-do], [data-go]");
    if (!node || !root.contains(node) || node.nodeName === "FORM") {
      const card = event.target.closest("[data-card]");
      if (card && !event.target.closest("a, button, summary, input, label") && !String(window.getSelection())) choose(root, card.dataset.card);
      return;
    }
    if (node.nodeName === "A" && (event.ctrlKey || event.metaKey || event.shiftKey || event.button)) return;
    if (node.dataset.go) { event.preventDefault(); goTo(node.dataset.go); return; }
    if (node.dataset.do) { event.preventDefault(); doing[node.dataset.do](node, root); return; }
    if (node.nodeName === "INPUT" || node.nodeName === "SELECT") return;
    event.preventDefault();
    if (node.dataset.act === "choose") { choose(root, node.dataset.id); return; }
    if (node.dataset.act === "candidate") {
      asked = true;
      noteAsked({ act: "ask", text: node.querySelector("span").textContent });
    }
    if (node.dataset.act === "open") latest = null;
    const menu = node.closest("nav") && document.querySelector(".top .menu");
    if (menu) menu.setAttribute("aria-expanded", "false");
    root.send({ act: node.dataset.act, id: node.dataset.id || "" });
    if (node.dataset.act === "go") openOver(node);
  });
  root.addEventListener("change", (event) => {
    const node = event.target;
    if (node.dataset.tick) { keepTick(node); return; }
    if (node.dataset.auto) { showChoice(node); root.send({ ...values(node.form), act: node.dataset.auto }); }
    else if (node.dataset.act) root.send({ act: node.dataset.act, id: node.value });
  });
  root.addEventListener("submit", (event) => {
    if (!event.target.dataset.act) return; /* an ordinary form of the web: the print sheet */
    event.preventDefault();
    suggested += 1;
    closeOptions(event.target);
    if (event.target.dataset.act === "ask" && window.matchMedia("(max-width: 899px)").matches) {
      toAnswer = true;
      document.activeElement.blur();
    }
    root.send({ ...values(event.target), act: event.target.dataset.act });
  });
}
/* The links to the other views carry what the address bar says by now. */
["pointerdown", "focusin", "contextmenu"].forEach((name) => document.addEventListener(name, (event) => {
  const link = event.target.closest && event.target.closest(".top a[data-act]");
  if (!link) return;
  const [path, query] = link.getAttribute("href").split("?"), lang = new URLSearchParams(query).get("lang");
  const params = new URLSearchParams(window.location.search);
  [...params.keys()].filter((key) => key.startsWith("embed")).forEach((key) => params.delete(key));
  if (lang) params.set("lang", lang); else params.delete("lang");
  link.setAttribute("href", path + (String(params) && "?" + params));
}, { capture: true, passive: true }));
/* "See the map" stands beside the list's heading, and over the list once that is scrolled away. */
document.addEventListener("scroll", (event) => {
  if (event.target.dataset && event.target.dataset.testid === "stMain") document.documentElement.classList.toggle("scrolled", event.target.scrollTop > 160);
}, { capture: true, passive: true });
/* Links within the page that lie outside the panels (components.show_static_html). */
document.addEventListener("click", (event) => {
  const node = event.target.closest(".panel [data-go], .panel [data-do]");
  if (!node || node.closest(".panel").send) return;
  event.preventDefault();
  if (node.dataset.do) doing[node.dataset.do](node, node.closest(".panel"));
  else goTo(node.dataset.go);
});
function values(form) {
  const found = {};
  for (const [name, value] of new FormData(form)) found[name] = value;
  return found;
}
let unfolding = null; /* the row that becomes the card: the focus goes on from its first button */
function keepFocus(root) {
  const card = unfolding && [...root.querySelectorAll(".hit.chosen")].find((node) => node.dataset.card === unfolding);
  if (!card) return;
  unfolding = null;
  if (document.activeElement === document.body) card.querySelector(".two > :first-child").focus({ preventScroll: true });
}
function choose(root, id) {
  unfolding = id;
  mapFrames().forEach((frame) => frame.contentWindow.postMessage({ locatorPage: 1, act: "choose", id }, window.location.origin));
  root.send({ act: "choose", id });
}
function mapFrames() { return [...document.querySelectorAll("iframe")].filter((frame) => frame.src.includes("st_folium")); }
window.addEventListener("message", (event) => {
  if (event.origin !== window.location.origin || !event.data || event.data.locatorMap !== 1) return;
  if (!mapFrames().some((frame) => frame.contentWindow === event.source)) return;
  const root = panels.get("results") || panels.get("centers");
  if (!root) return;
  const { act, id, lon, lat } = event.data;
  if (act === "ready") { showScene(event.source); return; }
  root.send({ act, id: id || "", lon, lat });
  const card = act === "choose" && [...root.querySelectorAll("[data-card]")].find((node) => node.dataset.card === id);
  if (card) card.scrollIntoView({ block: "nearest" });
});

/* --- on a phone: the map and the way over the list ------------------------------------------------------------------- */
const NARROW = "(max-width: 899px)";
let over = null, swallow = false;
function openOver(opener, tries = 50) {
  const column = [...document.querySelectorAll('[data-testid="stColumn"]')].find((node) => node.querySelector(".st-key-map-box"));
  if (over || !window.matchMedia(NARROW).matches) return;
  if (!column) { if (tries) window.setTimeout(() => openOver(opener, tries - 1), 100); return; }  // it comes after the list
  const kept = [];
  for (let node = column; node && node.dataset.testid !== "stMainBlockContainer"; node = node.parentElement) {
    for (const other of node.parentElement ? node.parentElement.children : []) {
      if (other !== node && !other.inert) { other.inert = true; kept.push(other); }
    }
  }
  const heading = column.querySelector("#map");
  column.setAttribute("role", "dialog");
  column.setAttribute("aria-modal", "true");
  column.setAttribute("aria-label", heading ? heading.textContent : "");
  column.scrollTop = 0;
  document.documentElement.classList.add("over");
  window.history.pushState({ locatorOver: 1 }, "", window.location.href);
  over = { opener, column, kept };
  const close = column.querySelector("[data-do=close]");
  if (close) close.focus({ preventScroll: true });
}
function closeOver(stepped = false) {
  if (!over) return;
  const { opener, column, kept } = over;
  over = null;
  kept.forEach((node) => { node.inert = false; });
  ["role", "aria-modal", "aria-label"].forEach((name) => column.removeAttribute(name));
  document.documentElement.classList.remove("over");
  if (!stepped && window.history.state && window.history.state.locatorOver) { swallow = true; window.history.back(); }
  const back = opener.isConnected ? opener : document.querySelector(".hit.chosen [data-act=go]");
  if (back) back.focus({ preventScroll: true });
}
/* Back closes what lies over the list; it is no step between questions. */
window.addEventListener("popstate", (event) => {
  if (!over && !swallow) return;
  event.stopImmediatePropagation();
  if (over) closeOver(true);
  swallow = false;
}, { capture: true });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && over) closeOver(); });

/* The chips of a choice, and the words on the last one, follow its select box. */
function showChoice(select) {
  document.querySelectorAll(`[data-for="${select.id}"]`).forEach((chip) => chip.setAttribute("aria-pressed", String(chip.dataset.value === select.value)));
  const list = select.closest(".choice-list"), said = list && list.querySelector(".shown");
  if (!said) return;
  const common = [...document.querySelectorAll(`[data-for="${select.id}"]`)].some((chip) => chip.dataset.value === select.value);
  list.classList.toggle("on", !common);
  said.textContent = common ? said.dataset.other : select.selectedOptions[0].textContent;
}

/* --- what is kept on this device, or in this tab ---------------------------------------------------------------------------- */
function readList(name, where = "localStorage") {
  try {
    const kept = JSON.parse(window[where].getItem(name));
    return Array.isArray(kept) ? kept : null;
  } catch { return null; }
}
function keepList(name, list, most, where = "localStorage") {
  try {
    if (list) window[where].setItem(name, JSON.stringify(list.slice(0, most)));
    else window[where].removeItem(name);
  } catch { /* a browser that keeps nothing */ }
}
function readOffices() { return readList("locator.offices") || []; }
function adaptKept(root) {
  const buttons = root.querySelectorAll("[data-do=keep]"), kept = buttons.length ? readOffices().map((office) => office.id) : [];
  buttons.forEach((button) => button.setAttribute("aria-pressed", String(kept.includes(button.dataset.id))));
}
function adaptMine(root) {
  const box = root.querySelector("[data-mine]");
  if (!box) return;
  const press = (name, act, text) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, lang: "zh-CN" });
    Object.assign(button.dataset, act);
    const item = document.createElement("li");
    item.append(button);
    return item;
  };
  const rows = [
    ...readOffices().map((office) => press("office", { act: "open", id: String(office.id) }, "★ " + String(office.name))),
    ...(readList("locator.recent") || []).map((text) => press("place", { do: "example" }, String(text))),
  ];
  if (!rows.length) { box.replaceChildren(); return; }
  const list = document.createElement("ul");
  list.append(...rows);
  box.replaceChildren(Object.assign(document.createElement("h2"), { textContent: box.dataset.heading }), list);
}

const doing = {
  here(node, root) {
    const said = node.closest("form").querySelector(".ask-status");
    const fail = (name) => { node.disabled = false; tell(said, said.dataset[name]); };
    if (!window.isSecureContext) { fail("insecure"); return; }
    if (!navigator.geolocation) { fail("unavailable"); return; }
    node.disabled = true;
    tell(said, said.dataset.busy);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        node.disabled = false;
        tell(said, "");
        root.send({ ...values(node.form), act: "here", lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy });
      },
      (error) => fail({ 1: "refused", 2: "unavailable", 3: "timeout" }[error.code] || "unavailable"),
      { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
  },
  example(node) {
    const input = document.getElementById("ask-text");
    input.value = node.textContent;
    noticeCoordinates(input);
    input.form.requestSubmit();
  },
  /* A chip stands for an option of the select box behind it. */
  choice(node) {
    const select = document.getElementById(node.dataset.for);
    select.value = node.dataset.value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  },
  edit(node) {
    const on = document.documentElement.classList.toggle("editing");
    const input = document.getElementById("ask-text");
    node.setAttribute("aria-expanded", String(on));
    if (!on || !input) return;
    document.querySelector(".ask").scrollIntoView({ block: "start" });
    input.focus({ preventScroll: true });
    input.select();
  },
  menu(node) { node.setAttribute("aria-expanded", String(node.getAttribute("aria-expanded") !== "true")); },
  map(node) { openOver(node); },
  close() { closeOver(); },
  /* The system's own share sheet where there is one, else the address is copied. */
  share(node) {
    const url = new URL(node.dataset.address, document.baseURI).href;
    const otherwise = () => copy(node, url, () => window.prompt(node.dataset.done, url));
    if (navigator.share && window.matchMedia(NARROW).matches) {
      navigator.share({ title: node.dataset.title, url }).catch((error) => { if (error.name !== "AbortError") otherwise(); });
    } else otherwise();
  },
  /* Offices kept on this device: the server never hears of them. */
  keep(node) {
    const others = readOffices().filter((office) => office.id !== node.dataset.id);
    const on = node.getAttribute("aria-pressed") !== "true";
    keepList("locator.offices", on ? [{ id: node.dataset.id, name: node.dataset.name }, ...others] : others, 12);
    adaptKept(node.closest(".panel"));
    if (on) report(node, node.dataset.kept);
  },
  forget(node) {
    [window.localStorage, window.sessionStorage].forEach((storage) => {
      try { Object.keys(storage).filter((key) => key.startsWith("locator.")).forEach((key) => storage.removeItem(key)); } catch { /* nothing kept */ }
    });
    latest = null;
    const box = document.getElementById("ask-remember");
    if (box) box.checked = false;
    document.querySelectorAll("[data-panel]").forEach((panel) => { adaptKept(panel); adaptMine(panel); adaptTicks(panel); });
    report(node, node.dataset.done);
  },
  copy(node) {
    copy(node, node.dataset.text, () => {
      window.getSelection().selectAllChildren(node.closest("div").querySelector(".driver"));
      report(node, node.dataset.failed);
    });
  },
  /* Shows a step's place on the map; a second press takes the mark away. Nothing is sent to the server. */
  step(node, root) {
    const on = node.getAttribute("aria-pressed") !== "true";
    root.querySelectorAll("[data-do=step]").forEach((other) => other.setAttribute("aria-pressed", String(on && other === node)));
    const frames = mapFrames();
    frames.forEach((frame) => frame.contentWindow.postMessage({ locatorPage: 1, act: "step", step: on ? Number(node.dataset.step) : null }, window.location.origin));
    if (!on) return;
    announce(node.dataset.done + "\u0000" + ++sent);
    const box = frames.length && frames[0].getBoundingClientRect();
    if (box && (box.bottom < 120 || box.top > window.innerHeight - 120)) frames[0].scrollIntoView({ block: "nearest" });
  },
};
/* Copies a text; where a page may not (http, some in-app browsers) by the old way, and where that fails too, otherwise. */
function copy(node, text, otherwise) {
  const old = () => (copyOld(text) ? report(node, node.dataset.done) : otherwise());
  if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(text).then(() => report(node, node.dataset.done), old);
  else old();
}
function copyOld(text) {
  const box = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
  const before = document.activeElement;
  box.className = "sr";
  document.body.append(box);
  box.select();
  let done = false;
  try { done = document.execCommand("copy"); } catch { /* then not */ }
  box.remove();
  if (before) before.focus({ preventScroll: true });
  return done;
}
function report(node, text) {
  const said = node.parentElement.querySelector(".shared");
  if (said) said.textContent = text;
  announce(text + "\u0000" + ++sent);
}
function tell(said, text) { said.textContent = text || ""; said.hidden = !text; }

/* --- the address box: a choice of datum for coordinates, suggestions while typing ------------------------------- */
const PAIR = /^\s*[(（]?\s*[-+]?\d{1,3}(\.\d+)?\s*[°]?\s*[NSEW]?\s*[,，;；\s]\s*[-+]?\d{1,3}(\.\d+)?\s*[°]?\s*[NSEW]?\s*[)）]?\s*$/i;
function noticeCoordinates(input) {
  const row = input.form.querySelector(".ask-datum");
  if (row) row.hidden = !PAIR.test(input.value);
}
/* One Han character is a word (粤, 沪); one letter is none. */
const TOO_SHORT = /^[\x00-\u02ff]$/;
let suggested = 0; /* an answer to an older question is dropped, and every answer once the form is sent */
/* Last searches: in this browser only, and only when the person ticked the box. */
function offerRecent(input) {
  const recent = readList("locator.recent") || [];
  if (!input.value && recent.length) openOptions(input, recent.map((text) => ({ text: String(text) })));
}
function adaptRecent(root, input) {
  const box = root.querySelector("[data-remember]");
  box.checked = readList("locator.recent") !== null;
  box.addEventListener("change", () => keepList("locator.recent", box.checked ? [] : null));
  input.addEventListener("focus", () => offerRecent(input));
  input.form.addEventListener("submit", () => {
    const recent = readList("locator.recent"), text = input.value.trim();
    if (recent && text) keepList("locator.recent", [text, ...recent.filter((old) => old !== text)], 5);
  });
}
/* Ticks of the list of materials: in this browser only; the server never hears of them. */
function readTicks() { return readList("locator.ticks") || []; }
function adaptTicks(root) {
  const boxes = root.querySelectorAll("[data-tick]"), ticks = boxes.length ? readTicks() : [];
  boxes.forEach((box) => { box.checked = ticks.includes(box.dataset.tick); });
}
function keepTick(box) {
  const others = readTicks().filter((key) => key !== box.dataset.tick);
  keepList("locator.ticks", box.checked ? [...others, box.dataset.tick] : others);
}
function adapt(root) {
  adaptTicks(root);
  adaptKept(root);
  adaptMine(root);
  const input = root.querySelector("#ask-text");
  if (!input || input.adapted) { if (input) noticeCoordinates(input); return; }
  input.adapted = true;
  noticeCoordinates(input);
  adaptRecent(root, input);
  let timer = 0;
  input.addEventListener("input", () => {
    noticeCoordinates(input);
    window.clearTimeout(timer);
    suggested += 1;
    const text = input.value.trim();
    if (!text) { closeOptions(input.form); offerRecent(input); return; }
    if (TOO_SHORT.test(text) || PAIR.test(text)) { closeOptions(input.form); return; }
    const before = suggested;
    timer = window.setTimeout(async () => {
      if (before !== suggested) return;
      const mine = ++suggested;
      const found = await suggest(text, input.dataset.lang, nearby(input));
      if (mine === suggested && document.activeElement === input) openOptions(input, found);
    }, 180);
  });
  input.addEventListener("keydown", (event) => move(input, event));
  input.addEventListener("blur", () => window.setTimeout(() => closeOptions(input.form), 150));
}
/* The city of the last answer, else of the chosen region: its places come first. */
function nearby(input) {
  const understood = document.getElementById("understood");
  return (understood && understood.dataset.region) || input.dataset.region || null;
}
async function suggest(text, lang, region) {
  try {
    const reply = await fetch(new URL("./api/v1/suggest", document.baseURI), { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, lang, region, limit: 8 }), cache: "no-store", credentials: "omit" });
    return reply.ok ? (await reply.json()).suggestions : [];
  } catch { return []; }
}
function openOptions(input, found) {
  const list = input.form.querySelector("#ask-options");
  list.replaceChildren(...found.map(({ text, note }, index) => {
    const item = document.createElement("li");
    item.id = "ask-option-" + index;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.append(Object.assign(document.createElement("span"), { textContent: text }));
    if (note) item.append(Object.assign(document.createElement("small"), { textContent: note }));
    item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(input, text); });
    item.dataset.text = text;
    return item;
  }));
  list.hidden = !found.length;
  input.setAttribute("aria-expanded", String(!!found.length));
  input.removeAttribute("aria-activedescendant");
  if (found.length) announce(input.dataset.count.replace("{n}", found.length));
}
function closeOptions(form) {
  const list = form.querySelector("#ask-options"), input = form.querySelector("#ask-text");
  if (!list) return;
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}
function take(input, text) { input.value = text; closeOptions(input.form); input.form.requestSubmit(); }
function move(input, event) {
  const list = input.form.querySelector("#ask-options");
  if (list.hidden) return;
  const items = [...list.children], at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") { event.preventDefault(); closeOptions(input.form); return; }
  if (event.key === "Enter" && at >= 0) { event.preventDefault(); take(input, items[at].dataset.text); return; }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = (at + step + items.length + (at < 0 && step < 0 ? 1 : 0)) % items.length;
  items.forEach((item, index) => item.setAttribute("aria-selected", String(index === next)));
  input.setAttribute("aria-activedescendant", items[next].id);
  items[next].scrollIntoView({ block: "nearest" });
}
