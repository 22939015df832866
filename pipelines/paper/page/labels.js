"use strict";
/* Names on the map. Names at points come first, quiet ones last; each gives way to signs and to the names before it, and
   is left out where there is no room; a quiet one covers no sign either. Inside an area it stays in the circle that fits
   there; at a point, or where the window would cut it off, it goes beside. */
const labels = (() => {
  function one(data, row, at, map) {
    const box = document.createElement("div");
    box.at = at;
    box.quiet = data.quiet;
    box.className = `${data.quiet ? "quiet" : ""} ${at[2] && data.looks[data.picks[row]].dark ? "on-dark" : ""}`;
    data.labels.forEach((said, i) => {
      const part = document.createElement(i ? "small" : "b");
      part.textContent = said[row];
      box.append(part);
    });
    const shown = L.divIcon({ className: "label", html: box, iconSize: [0, 0] });
    return L.marker(at.slice(0, 2), { icon: shown, interactive: false, keyboard: false, pane: "labels" });
  }

  const RING = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [Math.cos(i * Math.PI / 4), Math.sin(i * Math.PI / 4)]);
  const inside = (room) => [[0, 0], ...[room / 2, room].flatMap((r) => RING.map(([x, y]) => [r * x, r * y]))];
  const around = (r) => RING.map(([x, y]) => [x * (r.width / 2 + 11), y * (r.height / 2 + 10)]);
  function places(map, [lat, lng, radius]) {
    const px = (north) => map.latLngToLayerPoint([north, lng]).y;
    return inside(Math.min(28, 0.75 * (px(lat) - px(lat + radius))));
  }

  const covered = (a, b) => Math.max(0, Math.min(a.right, b.right) + 2 - Math.max(a.left, b.left))
    * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const moved = (r, [x, y]) => ({ left: r.left + x, right: r.right + x, top: r.top + y, bottom: r.bottom + y });
  const within = (r, m) => r.left >= m.left && r.right <= m.right && r.top >= m.top && r.bottom <= m.bottom;

  function declutter(map) {
    const kept = [], signs = [...document.querySelectorAll(".sign")].map((s) => s.getBoundingClientRect());
    const frame = map.getContainer().getBoundingClientRect();
    const boxes = [...map.getPane("labels").querySelectorAll(".label > div")];
    const rank = (box) => (box.quiet ? 2 : box.at[2] ? 1 : 0);
    for (const box of boxes.sort((a, b) => rank(a) - rank(b))) {
      box.style.transform = "";
      const r = box.getBoundingClientRect();
      const cost = (place) => signs.reduce((sum, s) => sum + covered(moved(r, place), s), Math.hypot(...place));
      const taken = box.quiet ? [...kept, ...signs] : kept;
      const free = (place) => taken.every((k) => !covered(moved(r, place), k));
      const whole = (place) => within(moved(r, place), frame);
      const cheapest = (some) => some.filter(free).sort((a, b) => cost(a) - cost(b))[0];
      const near = box.at[2] ? places(map, box.at) : [];
      const best = cheapest(near.filter(whole)) || cheapest(around(r).filter(whole)) || cheapest(near);
      box.classList.toggle("hidden", !best);
      if (!best) continue;
      /* Not by `translate`, which phones know since 2022 alone. */
      box.style.transform = `translate(calc(-50% + ${best[0]}px), calc(-50% + ${best[1]}px))`;
      kept.push(moved(r, best));
    }
  }

  return { one, declutter };
})();
