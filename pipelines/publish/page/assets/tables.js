"use strict";
// Sorts and filters the tables that say they may be; without it they are whole. Written for old browsers too.
(function () {
  var collator = window.Intl ? new Intl.Collator(document.documentElement.lang, { numeric: true }) : null;

  function order(cell) {
    return cell.hasAttribute("data-order") ? cell.getAttribute("data-order") : cell.textContent.trim();
  }

  function sort(table, column, falling) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    rows.sort(function (a, b) {
      var x = order(a.cells[column]), y = order(b.cells[column]);
      if ((x === "") !== (y === "")) return x === "" ? 1 : -1; // what has no value stands last either way
      var by = collator ? collator.compare(x, y) : x < y ? -1 : x > y ? 1 : 0;
      return falling ? -by : by;
    });
    rows.forEach(function (row) { body.appendChild(row); });
  }

  function sortable(table) {
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    table.className += " sorted";
    heads.forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.title = table.getAttribute("data-sort") + " " + head.textContent;
      button.addEventListener("click", function () {
        var falling = head.getAttribute("aria-sort") === "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        sort(table, column, falling);
      });
      head.textContent = "";
      head.appendChild(button);
    });
  }

  function filterable(input) {
    var rows = Array.prototype.slice.call(document.getElementById(input.getAttribute("data-filters")).tBodies[0].rows);
    var said = input.parentNode.querySelector("output");
    input.parentNode.hidden = false;
    input.addEventListener("input", function () {
      var wanted = input.value.trim().toLowerCase(), n = 0;
      rows.forEach(function (row) {
        row.hidden = row.textContent.toLowerCase().indexOf(wanted) < 0;
        n += row.hidden ? 0 : 1;
      });
      said.textContent = said.getAttribute("data-said").replace("{n}", n);
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll("table[data-sortable]"), sortable);
  Array.prototype.forEach.call(document.querySelectorAll("input[data-filters]"), filterable);
})();
