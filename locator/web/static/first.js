/* The form that the first HTML holds, before the page's own script is there (locator/web/plain.py). It notes whether somebody
   is in the middle of composing a word and whether the form was sent: page.js then waits, or leaves it to the plain page. */
(function () {
  "use strict";
  function start() {
    var form = document.getElementById("first-form");
    if (!form) return;
    form.addEventListener("compositionstart", function () { form.dataset.composing = "1"; });
    form.addEventListener("compositionend", function () { delete form.dataset.composing; form.dispatchEvent(new Event("locator:composed")); });
    form.addEventListener("submit", function () { form.dataset.sent = "1"; });
    /* Back from the plain page the form may be used again. */
    window.addEventListener("pageshow", function () { delete form.dataset.sent; });
    var search = new URLSearchParams(window.location.search);
    ["task", "person"].forEach(function (name) { if (search.get(name)) form.elements[name].value = search.get(name); });
    ["task", "person"].forEach(function (name) { if (!form.elements[name].value) form.elements[name].selectedIndex = 0; form.dataset[name] = form.elements[name].value; });
    try {
      var kept = JSON.parse(window.sessionStorage.getItem("locator.asked")) || [];
      var found = kept.filter(function (row) { return row.search === window.location.search; })[0];
      if (found && found.act.text && !form.elements.text.value) form.elements.text.value = found.act.text;
    } catch (error) { /* a browser that keeps nothing */ }
  }
  /* Its button stands last: on a slow line the form may be there before its fields. */
  if (document.querySelector("#first-form [type=submit]") || document.readyState !== "loading") start();
  else document.addEventListener("DOMContentLoaded", start);
})();
