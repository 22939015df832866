"use strict";
/* The classes of the forest on their grid, from the tiles, above the ground of the townships. */
document.addEventListener("DOMContentLoaded", async () => {
  const told = JSON.parse(document.getElementById("tiles").textContent), box = document.getElementById("tiles-shown");
  const note = document.getElementById("tiles-note");
  /* Opened from a disc a page may not read files: it says so, and the rest of the map stands. */
  if (location.protocol === "file:") { note.hidden = false; box.disabled = true; box.checked = false; return; }
  const { map } = qingshan;
  map.createPane("tiles").style.zIndex = 410;
  map.getPane("tiles").style.pointerEvents = "none";
  try {
    const layer = await qingshanTiles.layer(map, { ...told, pane: "tiles" });
    qingshan.tiles = layer;
    box.addEventListener("change", () => { if (box.checked) layer.addTo(map); else layer.remove(); });
  } catch (error) {
    note.hidden = false;
  }
});
