"use strict";
/* Draws a county map from the data blocks of its page. Every text of the data goes through textContent. */
const qingshan = (() => {
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const GRID = 100000;
  const INK = "#1c2b26";
  const themes = [];
  let map, symbols, madeUp;

  const read = (id) => JSON.parse(document.getElementById(id).textContent);

  /* ---- shapes ---- */
  function path(packed, [west, south]) {
    const at = [0, 0], vertices = [];
    let axis = 0, value = 0, shift = 0;
    for (const letter of packed) {
      const bits = ALPHABET.indexOf(letter);
      value += (bits & 31) * 2 ** shift;
      shift += 5;
      if (bits & 32) continue;
      at[axis] += value % 2 ? -(value + 1) / 2 : value / 2;
      if (axis) vertices.push([south + at[1] / GRID, west + at[0] / GRID]);
      axis = 1 - axis;
      value = shift = 0;
    }
    return vertices;
  }

  function unpack(packed, origin) {
    const parts = packed.split("|");
    return { kind: parts[0][0], parts: parts.map((part) => part.slice(1).split(".").map((p) => path(p, origin))) };
  }

  /* ---- looks ---- */
  const hatches = new Map();
  function hatch({ hatch: colour, pattern: kind }) {
    const key = colour + kind;
    if (!hatches.has(key)) {
      const tile = document.createElement("canvas"), size = 16;
      tile.width = tile.height = size;
      const pen = tile.getContext("2d");
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = 1.8;
      pen.beginPath();
      if (kind === "dots") for (const [x, y] of [[4, 4], [12, 12]]) { pen.moveTo(x, y); pen.arc(x, y, 2, 0, 7); }
      else if (kind === "bars") { pen.moveTo(0, 8); pen.lineTo(size, 8); }
      else for (const x of [-size, 0, size]) { pen.moveTo(x, size); pen.lineTo(x + size, 0); }
      if (kind === "dots") pen.fill(); else pen.stroke();
      const pattern = pen.createPattern(tile, "repeat");
      pattern.setTransform(new DOMMatrix().scale(0.5));
      hatches.set(key, pattern);
    }
    return hatches.get(key);
  }

  /* Thousands of small areas seen from afar would be all edge: then each is edged in its own colour. */
  const DENSE = 1500, NEAR = 12;
  const far = (theme) => theme.shapes.length > DENSE && map.getZoom() < NEAR;
  const THIN = innerWidth < 600 ? 0.65 : 1;
  const edge = (theme, look) => (look.fill && far(theme)
    ? { color: look.fill, weight: 0.6 } : { color: look.line, weight: look.width * THIN });

  function pen(theme, look) {
    return {
      ...edge(theme, look), dashArray: look.dash || null, lineJoin: "round",
      fill: Boolean(look.fill || look.hatch), fillColor: look.hatch ? hatch(look) : look.fill,
      fillOpacity: look.hatch ? 0.55 : look.opacity, smoothFactor: 0.6,
    };
  }

  /* A line in a class of areas takes their fill. */
  const stroke = (look) => (look.fill ? { color: look.fill, weight: 4 * THIN } : { color: look.line, weight: look.width * THIN });

  function icon(look) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "-1 -1 18 18");
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const paint = { d: symbols[look.symbol], fill: look.fill || "none", stroke: look.line, "stroke-width": look.width };
    for (const [key, value] of Object.entries(paint)) shape.setAttribute(key, value);
    svg.append(shape);
    return L.divIcon({ className: "sign", html: svg, iconSize: [18, 18] });
  }

  function drawing(theme, row) {
    const packed = theme.shapes[row];
    if (!packed) return null;
    const { kind, parts } = unpack(packed, theme.origin), look = theme.looks[theme.picks[row]];
    if (kind === "P") return L.polygon(parts, pen(theme, look));
    if (kind === "L") return L.polyline(parts.map((part) => part[0]), { ...pen(theme, look), fill: false, ...stroke(look) });
    const signs = parts.map((part) => L.marker(part[0][0], { icon: icon(look), title: name(theme, row) }));
    return signs.length === 1 ? signs[0] : L.featureGroup(signs);
  }

  /* ---- words ---- */
  const word = (coded, row) => coded.of[coded.at[row]];
  const name = (theme, row) => word(theme.names, row);

  function put(parent, tag, text, kind) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    parent.append(made);
    return made;
  }

  function both(parent, zh, en) {
    put(parent, "span", zh, en && "zh").lang = "zh-Hans";
    if (en) put(parent, "span", en, "en").lang = "en";
    return parent;
  }

  function card(theme, row) {
    const box = document.createElement("div"), look = theme.looks[theme.picks[row]];
    both(put(box, "p", undefined, "of"), theme.zh, theme.en);
    put(box, "h3", name(theme, row));
    if (theme.looks.length > 1) {
      const chip = put(box, "p", undefined, "chip");
      put(chip, "i").style.background = look.fill || look.line;
      both(chip, look.zh, look.en);
    }
    const list = put(box, "dl");
    theme.columns.forEach((column, i) => {
      both(put(list, "dt"), column.zh, column.en);
      put(list, "dd", `${word(theme.values[i], row)} ${column.unit}`.trim());
    });
    if (theme.madeUp) both(put(box, "p", undefined, "invented"), madeUp.zh, madeUp.en);
    return box;
  }

  /* ---- layers ---- */
  let halo = null;
  function mark(layer) {
    if (halo) halo.remove();
    const style = { color: INK, weight: 3, fill: false, interactive: false };
    halo = layer && layer.getLatLngs
      ? new (layer instanceof L.Polygon ? L.Polygon : L.Polyline)(layer.getLatLngs(), style).addTo(map) : null;
  }

  const casing = (layer) => new layer.constructor(layer.getLatLngs(), {
    color: "#fffdf5", weight: layer.options.weight + 2.6, opacity: 0.75, fill: false, interactive: false, lineJoin: "round",
  });

  function theme(on, id) {
    const data = read(id), group = L.featureGroup(), casings = L.featureGroup(), rows = [];
    data.shapes.forEach((_, row) => {
      const layer = drawing(data, row);
      rows.push(layer);
      if (!layer) return;
      layer.row = row;
      if (layer instanceof L.FeatureGroup) layer.eachLayer((part) => { part.row = row; });
      group.addLayer(layer);
      if (data.looks[data.picks[row]].casing) casings.addLayer(casing(layer));
    });
    group.bindTooltip((layer) => name(data, layer.row), { sticky: true, className: "tip" });
    group.bindPopup((layer) => card(data, layer.row), { maxWidth: 290, minWidth: 210, maxHeight: on.getSize().y - 64 });
    group.on("popupopen", (e) => { group.closeTooltip(); mark(e.popup._source); }).on("popupclose", () => mark(null));
    const words = L.layerGroup(data.anchors.map((at, row) => at && labels.one(data, row, at, on)).filter(Boolean));
    group.on("add", () => { words.addTo(on); casings.addTo(on); }).on("remove", () => { words.remove(); casings.remove(); mark(null); });
    let seen = far(data);
    on.on("zoomend", () => {
      if (seen === far(data)) return;
      seen = !seen;
      rows.forEach((layer, row) => { if (layer instanceof L.Polygon) layer.setStyle(edge(data, data.looks[data.picks[row]])); });
    });
    themes.push({ id, data, group, casings, rows });
    return group;
  }

  function restack() {
    for (const { group, casings } of themes) if (map.hasLayer(group)) { casings.bringToFront(); group.bringToFront(); }
    if (halo) halo.bringToFront();
    labels.declutter(map);
  }

  /* ---- the county ---- */
  function ground(on) {
    map = on;
    const county = read("ground"), { parts } = unpack(county.shape, county.origin);
    ({ symbols, madeUp } = county);
    for (const [pane, z] of [["ground", 200], ["outline", 450], ["labels", 620]]) {
      map.createPane(pane).style.zIndex = z;
      map.getPane(pane).style.pointerEvents = "none";
    }
    const below = { pane: "ground", renderer: L.svg({ pane: "ground", padding: 0.5 }), interactive: false };
    const above = { pane: "outline", renderer: L.svg({ pane: "outline", padding: 0.5 }), interactive: false };
    map.on("popupopen popupclose", (e) => map.getContainer().parentNode.classList.toggle("popped", e.type === "popupopen"));
    graticule(county.bounds, below);
    for (const [weight, opacity] of [[26, 0.07], [17, 0.09], [9, 0.13]]) {
      L.polygon(parts, { ...below, weight, opacity, color: "#2d6a58", fill: false, lineJoin: "round" }).addTo(map);
    }
    L.polygon(parts, { ...below, stroke: false, fillColor: "#fbfaf4", fillOpacity: 1 }).addTo(map);
    L.polygon(parts, { ...above, weight: 2.2, color: "#3d3a33", dashArray: "11 4 2 4", fill: false }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 130 }).addTo(map);
    frame(county.bounds);
  }

  const minutes = (degrees) => {
    const whole = Math.floor(degrees + 1e-9);
    return `${whole}°${String(Math.round((degrees - whole) * 60)).padStart(2, "0")}′`;
  };

  /* Meridians and parallels every 10′, named at the edge of the window: the empty ground still says where it is. */
  function graticule([[south, west], [north, east]], below) {
    const style = { ...below, color: "#9aa79d", weight: 0.7, opacity: 0.6, dashArray: "1 4" };
    const ticks = [];
    const line = (from, to, at, axis) => {
      L.polyline([from, to], style).addTo(map);
      const tick = put(map.getContainer(), "span", `${minutes(at)}${axis === "x" ? "E" : "N"}`, `tick ${axis}`);
      tick.setAttribute("aria-hidden", "true");
      ticks.push({ tick, axis, from });
    };
    for (let i = Math.floor(west * 6) - 4; i <= Math.ceil(east * 6) + 4; i++) line([south - 1, i / 6], [north + 1, i / 6], i / 6, "x");
    for (let i = Math.floor(south * 6) - 4; i <= Math.ceil(north * 6) + 4; i++) line([i / 6, west - 1], [i / 6, east + 1], i / 6, "y");
    map.on("move resize", () => ticks.forEach(({ tick, axis, from }) => {
      const at = map.latLngToContainerPoint(from)[axis], room = map.getSize()[axis];
      tick.style[axis === "x" ? "left" : "top"] = `${at}px`;
      tick.hidden = at < 60 || at > room - 60;
    }));
  }

  function frame(bounds) {
    const fit = () => {
      map.invalidateSize({ animate: false });
      map.fitBounds(bounds, { animate: false, padding: map.getSize().x > 600 ? [34, 34] : [10, 14] });
    };
    fit();
    map.setMaxBounds(L.latLngBounds(bounds).pad(0.5));
    map.on("zoomend", () => labels.declutter(map));
    addEventListener("resize", fit);
    addEventListener("beforeprint", () => { document.querySelectorAll("details").forEach((d) => { d.open = true; }); fit(); });
    addEventListener("afterprint", fit);
    /* The wheel scrolls the page until the map is used. */
    map.on("click", () => map.scrollWheelZoom.enable()).on("mouseout", () => map.scrollWheelZoom.disable());
  }

  /* ---- legend and tables ---- */
  function show(id, on) {
    const { group } = themes.find((t) => t.id === id);
    if (on) group.addTo(map); else group.remove();
    restack();
  }

  /* ---- other days ---- */
  /* Each feature under another entry of the legend, below zero: not there. The legend counts them anew. */
  function repick(id, picks) {
    const { data, group, rows } = themes.find((t) => t.id === id);
    data.picks = picks;
    rows.forEach((layer, row) => {
      if (!layer) return;
      const there = picks[row] >= 0, look = data.looks[picks[row]];
      if (there !== group.hasLayer(layer)) { if (there) group.addLayer(layer); else group.removeLayer(layer); }
      if (!there) return;
      if (layer instanceof L.Marker) layer.setIcon(icon(look));
      else if (layer instanceof L.Polygon) layer.setStyle(pen(data, look));
      else if (layer instanceof L.Polyline) layer.setStyle(stroke(look));
    });
    const legend = document.querySelectorAll(`[data-legend="${id}"] .n`);
    legend.forEach((n, i) => { n.textContent = picks.filter((pick) => pick === i).length; });
    labels.declutter(map);
  }

  function find(id, row) {
    const box = document.querySelector(`input[data-theme="${id}"]`), layer = themes.find((t) => t.id === id).rows[row];
    if (!layer) return;
    if (!box.checked) box.click();
    map.getContainer().scrollIntoView({ block: "center" });
    if (layer.getBounds) map.fitBounds(layer.getBounds(), { maxZoom: 13, animate: false });
    else map.setView(layer.getLatLng(), 13, { animate: false });
    const at = layer.getLatLng ? layer.getLatLng() : layer.getCenter ? layer.getCenter() : layer.getBounds().getCenter();
    layer.fire("click", { latlng: at }, true);
  }

  function wire() {
    for (const box of document.querySelectorAll("input[data-theme]")) {
      box.addEventListener("change", () => show(box.dataset.theme, box.checked));
    }
    document.addEventListener("click", (e) => {
      const button = e.target.closest("button[data-row]");
      if (button) find(button.dataset.theme, Number(button.dataset.row));
    });
    if (matchMedia("(max-width: 760px)").matches) document.getElementById("legend").open = false;
    restack();
  }
  document.addEventListener("DOMContentLoaded", wire);

  return { ground, theme, themes, show, find, repick, get map() { return map; } };
})();
