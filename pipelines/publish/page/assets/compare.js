"use strict";
// Lays the picture after over the one before, with a slider between them; without it both stand side by side.
Array.prototype.forEach.call(document.querySelectorAll("[data-compare]"), function (pair) {
  var pictures = pair.querySelectorAll("img");
  var stage = document.createElement("div");
  var label = document.createElement("label");
  var slider = document.createElement("input");
  stage.className = "stage";
  stage.appendChild(pictures[0]);
  stage.appendChild(pictures[1]);
  label.className = "slider";
  label.textContent = pair.getAttribute("data-compare");
  slider.type = "range";
  slider.min = 0;
  slider.max = 100;
  slider.value = 50;
  function draw() {
    pictures[1].style.clipPath = "inset(0 0 0 " + slider.value + "%)"; // before on the left, after on the right
    slider.setAttribute("aria-valuetext", pair.getAttribute("data-shown").replace("{n}", slider.value));
  }
  slider.addEventListener("input", draw);
  label.appendChild(slider);
  pair.insertBefore(label, pair.firstChild);
  pair.insertBefore(stage, pair.firstChild);
  draw();
});
