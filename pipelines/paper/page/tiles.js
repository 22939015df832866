"use strict";
/* A layer of a PMTiles archive on a Leaflet map, read by ranges; needs Leaflet, pmtiles and pbf on the page.
   const layer = await qingshanTiles.layer(map, { url, layerName, attribute: "class", colours: { class: { fill, opacity } } });
   Classes are painted in the order of `colours`, and those not in it not at all. layer.drawn: of each class, how many
   shapes its tiles on the map hold, one that lies in several counted in each. "tileerror" is fired as Leaflet does. */
const qingshanTiles = (() => {
  const KEPT = 64; /* tiles taken apart that are kept, so that coming nearer than the last zoom reads nothing anew */
  const TOGETHER = 100;

  /* Pieces of a file: by range, or out of the whole of it when the server knows no ranges. */
  class Pieces {
    constructor(url) { this.url = url; }
    getKey() { return this.url; }
    async getBytes(offset, length, signal, etag) {
      if (!this.first) return this.first = this.ask(offset, length);
      await this.first.catch(() => {});
      return this.whole ? { data: this.whole.slice(offset, offset + length) } : this.ask(offset, length, etag);
    }
    async ask(offset, length, etag) {
      const answer = await fetch(this.url, { headers: { Range: `bytes=${offset}-${offset + length - 1}` } });
      if (answer.status !== 206 && answer.status !== 200) throw new Error(`${this.url}: HTTP ${answer.status}`);
      const bytes = await answer.arrayBuffer(), now = answer.headers.get("ETag") || undefined;
      if (answer.status === 200) {
        this.whole = bytes;
        return { data: bytes.slice(offset, offset + length) };
      }
      if (etag && now !== etag) throw new pmtiles.EtagMismatch(); /* published anew meanwhile: pmtiles starts again */
      return { data: bytes, etag: now };
    }
  }

  /* ---- vector tiles ---- */
  const VALUE = [, "readString", "readFloat", "readDouble", "readVarint", "readVarint", "readSVarint", "readBoolean"];

  function value(tag, found, pbf) { found.value = pbf[VALUE[tag]](); }

  function feature(tag, found, pbf) {
    if (tag === 2) found.tags = pbf.readPackedVarint();
    else if (tag === 4) found.geometry = pbf.readPackedVarint();
  }

  function content(tag, found, pbf) {
    if (tag === 1) found.name = pbf.readString();
    else if (tag === 2) found.features.push(pbf.readMessage(feature, {}));
    else if (tag === 3) found.keys.push(pbf.readString());
    else if (tag === 4) found.values.push(pbf.readMessage(value, {}).value);
    else if (tag === 5) found.extent = pbf.readVarint();
  }

  function trace(path, geometry) {
    const step = (n) => (n >> 1) ^ -(n & 1);
    for (let i = 0, x = 0, y = 0; i < geometry.length;) {
      const command = geometry[i] & 7, times = geometry[i++] >> 3;
      if (command === 7) { path.closePath(); continue; }
      for (let n = 0; n < times; n++) {
        x += step(geometry[i++]);
        y += step(geometry[i++]);
        if (command === 1) path.moveTo(x, y); else path.lineTo(x, y);
      }
    }
  }

  /* What a tile holds of a layer: of each class its shapes, in paths of so many: Chromium takes seconds to build one of
     20,000 shapes, since each step added to a path costs by its length. */
  function classes(bytes, name, attribute) {
    const found = { extent: 4096, classes: new Map() };
    const layers = new Pbf.PbfReader(new Uint8Array(bytes)).readFields((tag, all, pbf) => {
      if (tag === 3) all.push(pbf.readMessage(content, { features: [], keys: [], values: [], extent: 4096 }));
    }, []);
    for (const { keys, values, features, extent } of layers.filter((layer) => layer.name === name)) {
      found.extent = extent;
      for (const { tags = [], geometry = [] } of features) {
        const at = tags.findIndex((tag, i) => i % 2 === 0 && keys[tag] === attribute);
        const is = at < 0 ? "" : String(values[tags[at + 1]]);
        if (!found.classes.has(is)) found.classes.set(is, { paths: [], count: 0 });
        const own = found.classes.get(is);
        if (own.count++ % TOGETHER === 0) own.paths.push(new Path2D());
        trace(own.paths[own.paths.length - 1], geometry);
      }
    }
    return found;
  }

  const Tiles = L.GridLayer.extend({
    initialize(archive, header, options) {
      const bounds = [[header.minLat, header.minLon], [header.maxLat, header.maxLon]];
      L.GridLayer.prototype.initialize.call(this, { minZoom: header.minZoom, bounds, ...options });
      Object.assign(this, { archive, last: header.maxZoom, taken: new Map(), drawn: new Map() });
      this.on("tileunload", ({ tile }) => this.count(tile, -1));
    },

    createTile({ x, y, z }, done) {
      const tile = L.DomUtil.create("canvas"), size = this.getTileSize(), up = Math.max(0, z - this.last);
      tile.width = size.x * devicePixelRatio;
      tile.height = size.y * devicePixelRatio;
      tile.style.mixBlendMode = "plus-lighter"; /* between whole zooms the edges of two tiles add up to no seam */
      this.held(z - up, x >> up, y >> up).then((held) => {
        this.paint(tile, held, { parts: 2 ** up, column: x & (2 ** up - 1), row: y & (2 ** up - 1) });
        done(null, tile);
      }).catch((error) => done(error, tile));
      return tile;
    },

    held(z, x, y) {
      const key = `${z}/${x}/${y}`, { layerName, attribute } = this.options;
      const held = this.taken.get(key)
        || this.archive.getZxy(z, x, y).then((found) => classes(found ? found.data : [], layerName, attribute));
      this.taken.delete(key);
      this.taken.set(key, held);
      held.catch(() => this.taken.delete(key));
      if (this.taken.size > KEPT) this.taken.delete(this.taken.keys().next().value);
      return held;
    },

    /* The part of a tile that lies under a canvas: nearer than the last zoom it is a part of the last. */
    paint(tile, held, { parts, column, row }) {
      const pen = tile.getContext("2d"), scale = tile.width * parts / held.extent;
      pen.setTransform(scale, 0, 0, scale, -column * tile.width, -row * tile.height);
      for (const [is, { fill, opacity = 1 }] of Object.entries(this.options.colours)) {
        const own = held.classes.get(is);
        if (!own) continue;
        pen.fillStyle = fill;
        pen.globalAlpha = opacity;
        for (const path of own.paths) pen.fill(path);
      }
      tile.held = held;
      if (tile.isConnected) this.count(tile, 1);
    },

    count(tile, sign) {
      if (!tile.held || tile.counted === (sign > 0)) return;
      tile.counted = sign > 0;
      for (const is of Object.keys(this.options.colours)) {
        const own = tile.held.classes.get(is), now = (this.drawn.get(is) || 0) + sign * (own ? own.count : 0);
        if (now) this.drawn.set(is, now); else this.drawn.delete(is);
      }
    },
  });

  async function layer(map, { url, ...options }) {
    const archive = new pmtiles.PMTiles(new Pieces(url));
    return new Tiles(archive, await archive.getHeader(), options).addTo(map);
  }

  return { layer };
})();
