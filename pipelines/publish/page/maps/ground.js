"use strict";
/* Tianditu below the map, where the county has a key of its own. Nothing else is ever asked of the network. */
document.addEventListener("DOMContentLoaded", () => {
  const block = document.getElementById("tianditu");
  if (!block) return;
  const { key } = JSON.parse(block.textContent), { map } = qingshan;
  for (const name of ["vec", "cva"]) {
    L.tileLayer(`https://t{s}.tianditu.gov.cn/${name}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=${name}`
      + "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=" + encodeURIComponent(key),
    { subdomains: "01234567", maxZoom: 18, pane: "tilePane" }).addTo(map);
  }
});
