"use strict";
/* The time slider: how every feature stood at the end of a quarter. Without it the map shows the latest. */
document.addEventListener("DOMContentLoaded", function () {
  var block = document.getElementById("quarters"), slider = document.getElementById("quarter");
  if (!block || !slider) return;
  var told = JSON.parse(block.textContent), said = document.getElementById("quarter-said");
  var last = told.quarters.length - 1;
  function show(at) {
    slider.value = at;
    slider.setAttribute("aria-valuetext", told.quarters[at].said);
    said.textContent = told.quarters[at].said;
    Object.keys(told.picks).forEach(function (id) { qingshan.repick(id, told.picks[id][at]); });
  }
  function step(by) { show(Math.max(0, Math.min(last, Number(slider.value) + by))); }
  slider.max = last;
  slider.addEventListener("input", function () { show(Number(slider.value)); });
  document.getElementById("quarter-back").addEventListener("click", function () { step(-1); });
  document.getElementById("quarter-on").addEventListener("click", function () { step(1); });
  slider.closest(".time").hidden = false;
  show(last);
});
