// The fleet as a picture: a row for each client, or for many where there are more than pixels; time
// to the right; the state as colour; incidents as marks. Above it, incidents over time.
'use strict';
const fleetRows = (() => {
  const LEFT = 84;     // px, for names of groups
  const AXIS = 22;     // px, below
  const BAR = 3;       // px of the histogram
  const FEW = 3000;    // marks that are drawn as circles
  const LEAST_ROWS = 4;

  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const packed = ([r, g, b]) => (255 << 24 | Math.round(b) << 16 | Math.round(g) << 8 | Math.round(r)) >>> 0;

  class Picture {
    constructor(fleet, rows, histogram, changed) {
      Object.assign(this, {fleet, rows, histogram, changed});
      this.view = new time.View(0, fleet.horizon, 1e6, () => this.ask());
      this.view.min = 0;
      this.view.max = fleet.horizon;
      this.view.from = 0;
      this.view.span = fleet.horizon;
      this.low = 0;  // rows: clients [low, low + many)
      this.many = fleet.clients;
      this.cell = document.createElement('canvas');
      this.painted = '';  // what the background was painted of
      this.times = [];  // ms that the last frames took
      this.resize();
    }
    resize() {
      this.width = Math.max(200, this.rows.parentElement.clientWidth);
      this.left = this.width < 560 ? 0 : LEFT;
      this.plot = this.width - this.left;
      this.tall = this.width < 560 ? 320 : 460;
      this.scale = Math.min(2, devicePixelRatio || 1);
      for (const [canvas, height] of [[this.rows, this.tall + AXIS], [this.histogram, 84]]) {
        canvas.width = this.width * this.scale;
        canvas.height = height * this.scale;
        canvas.style.height = height + 'px';
      }
      this.ask();
    }
    colors() {
      const style = getComputedStyle(document.documentElement);
      const of = (name) => style.getPropertyValue('--' + name).trim();
      this.ink = {ink: of('ink'), quiet: of('quiet'), line: of('line'), back: of('back'), brush: of('broker')};
      this.painted = '';
      this.states = fleetModel.STATES.map((_, s) => rgb(of('st' + s)));
      this.verdicts = ['true', 'transient', 'false'].map(of);
    }
    ask() {
      if (this.asked) return;
      this.asked = requestAnimationFrame(() => {
        this.asked = 0;
        const began = performance.now();
        this.draw();
        this.times.push(performance.now() - began);
        if (this.times.length > 600) this.times.shift();
      });
    }
    x(ns) { return this.left + (ns - this.view.from) / this.view.span * this.plot; }
    y(client) { return (client + 0.5 - this.low) / this.many * this.tall; }
    clientAt(y) { return Math.min(this.fleet.clients - 1, Math.max(0, Math.floor(this.low + y / this.tall * this.many))); }
    timeAt(x) { return this.view.from + (x - this.left) / this.plot * this.view.span; }
    setRows(low, many) {
      this.many = Math.min(this.fleet.clients, Math.max(Math.min(LEAST_ROWS, this.fleet.clients), many));
      this.low = Math.min(this.fleet.clients - this.many, Math.max(0, low));
      this.ask();
    }
    // `y`: the client there stays there.
    zoomRows(ratio, y) {
      const at = this.low + y / this.tall * this.many;
      const many = Math.min(this.fleet.clients, Math.max(Math.min(LEAST_ROWS, this.fleet.clients), this.many * ratio));
      this.setRows(at - y / this.tall * many, many);
    }

    draw() {
      if (!this.states) this.colors();
      const c = this.rows.getContext('2d');
      c.setTransform(this.scale, 0, 0, this.scale, 0, 0);
      c.clearRect(0, 0, this.width, this.tall + AXIS);
      this.paint();
      c.imageSmoothingEnabled = false;
      c.drawImage(this.cell, 0, 0, this.cell.width, this.cell.height, this.left, 0, this.plot, this.tall);
      c.save();
      c.beginPath();
      c.rect(this.left, 0, this.plot, this.tall);
      c.clip();
      this.bands(c);
      this.marks(c);
      c.restore();
      this.names(c);
      this.axis(c);
      this.bars();
      this.changed();
    }
    // States and marks, as pixels. A filter or a brush moves marks alone: the states of the frame before
    // are used again.
    paint() {
      const width = Math.max(1, Math.floor(this.plot));
      this.reserve(width);
      const {view} = this;
      const seen = [view.from, view.span, this.low, this.many, width, this.tall].join();
      if (seen === this.painted) {
        this.pixels.set(this.background);
      } else {
        this.paintStates(width);
        this.background.set(this.pixels);
        this.painted = seen;
      }
      this.dots(this.pixels, width);
      this.cell.getContext('2d').putImageData(this.image, 0, 0);
    }
    reserve(width) {
      if (this.cell.width === width && this.cell.height === this.tall) return;
      this.cell.width = width;
      this.cell.height = this.tall;
      this.image = new ImageData(width, this.tall);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.background = new Uint32Array(this.pixels.length);
      this.line = new Uint32Array(width);
      this.edges = this.states.map(() => new Int32Array(width + 1));
      this.touched = new Uint8Array(width + 1);  // pixels at which the shares change
    }
    // How many clients of each row are in which state in each pixel; the colour says the shares.
    paintStates(width) {
      const {fleet, view} = this;
      const low = Math.floor(this.low);
      const high = Math.min(fleet.clients, Math.ceil(this.low + this.many));
      const rows = Math.max(1, Math.min(Math.floor(this.tall), high - low));
      const whole = rows === high - low;  // a row for each client: cut where the view cuts them
      const {pixels, line, edges, touched} = this;
      const {first, at, state} = fleet;
      const unit = fleet.raw.unit_ns;
      const per = width / view.span;
      const end = view.to;
      const palette = this.states.map(packed);
      let client = low;
      let drawn = 0;
      for (let row = 0; row < rows; ++row) {
        const stop = whole ? client + 1 : low + Math.floor((row + 1) * (high - low) / rows);
        for (const e of edges) e.fill(0);
        touched.fill(0);
        for (; client < stop; ++client) {
          const last = first[client + 1];
          let k = this.startOf(client, view.from / unit);
          for (; k < last; ++k) {
            const from = at[k] * unit;
            if (from > end) break;
            const s = state[k];
            const until = k + 1 < last ? at[k + 1] * unit : fleet.horizon;
            let a = Math.max(0, (from - view.from) * per) | 0;
            let b = until >= end ? width : (until - view.from) * per | 0;
            if (b <= a) {
              if (s === 0) continue;
              a = Math.min(a, width - 1);
              b = a + 1;
            }
            ++edges[s][a];
            --edges[s][b];
            touched[a] = touched[b] = 1;
          }
        }
        this.mix(line, edges, width, palette);
        // Rows may be taller than a pixel.
        const until = whole ? Math.min(this.tall, Math.round((client - this.low) / this.many * this.tall)) :
          Math.min(this.tall, Math.round((row + 1) * this.tall / rows));
        const gap = until - drawn >= 6 ? 1 : 0;
        for (; drawn < until - gap; ++drawn) pixels.set(line, drawn * width);
        for (; drawn < until; ++drawn) pixels.fill(0, drawn * width, (drawn + 1) * width);
      }
      pixels.fill(0, drawn * width);
    }
    // The client's change that holds at `at` (in units).
    startOf(client, at) {
      const {first, at: times} = this.fleet;
      let low = first[client];
      let high = first[client + 1];
      while (low + 1 < high) {
        const middle = (low + high) >> 1;
        if (times[middle] <= at) low = middle;
        else high = middle;
      }
      return low;
    }
    mix(line, edges, width, palette) {
      const n = this.states.map(() => 0);
      for (let x = 0; x < width; ++x) {
        if (x > 0 && !this.touched[x]) {
          line[x] = line[x - 1];
          continue;
        }
        let all = 0;
        let only = -1;
        for (let s = 0; s < n.length; ++s) {
          n[s] += edges[s][x];
          if (n[s] > 0) only = all === 0 ? s : -1;
          all += n[s];
        }
        if (all === 0) { line[x] = 0; continue; }
        if (only >= 0) { line[x] = palette[only]; continue; }
        // The few that are not connected are to be seen among many that are.
        const others = all - n[0];
        const weight = (others / all) ** 0.5;
        let r = 0;
        let g = 0;
        let b = 0;
        for (let s = 1; s < n.length; ++s) {
          r += this.states[s][0] * n[s];
          g += this.states[s][1] * n[s];
          b += this.states[s][2] * n[s];
        }
        const [r0, g0, b0] = this.states[0];
        line[x] = packed([r0 + (r / others - r0) * weight, g0 + (g / others - g0) * weight, b0 + (b / others - b0) * weight]);
      }
    }
    bands(c) {
      c.font = '12px system-ui, "Liberation Sans", sans-serif';
      let right = -Infinity;
      for (const band of this.fleet.raw.bands) {
        const a = Math.max(this.x(band.from), this.left);
        const b = Math.min(this.x(band.to === undefined ? this.fleet.horizon : band.to), this.width);
        if (b < this.left || a > this.width) continue;
        c.fillStyle = this.ink.ink;
        c.globalAlpha = 0.08;
        c.fillRect(a, 0, Math.max(1.5, b - a), this.tall);
        c.globalAlpha = 0.8;
        c.fillRect(a, 0, Math.max(1.5, b - a), 3);
        c.globalAlpha = 1;
        const w = c.measureText(band.name).width;
        if (a < right + 8 || a + w + 10 > this.width) continue;
        right = a + w + 10;
        c.fillStyle = this.ink.back;
        c.globalAlpha = 0.85;
        c.fillRect(a + 3, 5, w + 8, 17);
        c.globalAlpha = 1;
        c.fillStyle = this.ink.ink;
        c.fillText(band.name, a + 7, 18);
      }
    }
    // The chosen incidents in view, by position in `chosen`.
    range() {
      const {fleet, view} = this;
      return [fleet.firstAt(fleet.chosen, view.from), fleet.firstAt(fleet.chosen, view.to + 1)];
    }
    // Where there are many, each is 2 x 2 pixels; the false ones on top.
    dots(pixels, width) {
      const {fleet, view, tall} = this;
      const [first, last] = this.range();
      if (last - first <= FEW) return;
      const wide = width / view.span;
      const high = tall / this.many;
      for (let v = 0; v < 3; ++v) {
        const color = packed(rgb(this.verdicts[v]));
        for (let k = first; k < last; ++k) {
          const i = fleet.chosen[k];
          if (fleet.verdict[i] !== v) continue;
          const x = Math.min(width - 2, (fleet.declared[i] - view.from) * wide | 0);
          const y = (fleet.client[i] + 0.5 - this.low) * high | 0;
          if (y < 0 || y > tall - 2) continue;
          const p = y * width + x;
          pixels[p] = pixels[p + 1] = pixels[p + width] = pixels[p + width + 1] = color;
        }
      }
    }
    marks(c) {
      const {fleet} = this;
      const [first, last] = this.range();
      if (last - first > FEW) return;
      const size = 3.5;
      // The false ones on top.
      for (let v = 0; v < 3; ++v) {
        c.fillStyle = this.verdicts[v];
        c.strokeStyle = this.ink.back;
        for (let k = first; k < last; ++k) {
          const i = fleet.chosen[k];
          if (fleet.verdict[i] !== v) continue;
          const x = this.x(fleet.declared[i]);
          const y = this.y(fleet.client[i]);
          if (y < -5 || y > this.tall + 5) continue;
          c.beginPath();
          c.arc(x, y, size, 0, 7);
          c.fill();
          c.stroke();
        }
      }
    }
    // Beside the rows; on a narrow screen upon them, below the names of faults.
    names(c) {
      const inside = this.left === 0;
      const room = inside ? this.width / 2 : this.left - 8;
      const edge = inside ? 4 : 0;
      const top = inside && this.fleet.raw.bands.length > 0 ? 24 : 0;
      const write = (words, x, y, ink) => {
        if (inside) {
          c.fillStyle = this.ink.back;
          c.globalAlpha = 0.85;
          c.fillRect(x - 4, y - 12, c.measureText(words).width + 8, 16);
          c.globalAlpha = 1;
        }
        c.fillStyle = ink;
        c.fillText(words, x, y);
      };
      this.named = [];  // what can be read
      c.font = '12px system-ui, "Liberation Sans", sans-serif';
      c.textBaseline = 'alphabetic';
      let low = -Infinity;
      for (const g of this.fleet.raw.groups) {
        const a = (g.first - this.low) / this.many * this.tall;
        const b = (g.first + g.count - this.low) / this.many * this.tall;
        if (b < 0 || a > this.tall || g.count === 0) continue;
        c.strokeStyle = this.ink.line;
        c.beginPath();
        c.moveTo(0, Math.max(0, Math.round(a)) + 0.5);
        c.lineTo(inside ? this.width : this.left, Math.max(0, Math.round(a)) + 0.5);
        c.stroke();
        const y = Math.max(a, top) + 14;
        if (y < low + 15 || y > this.tall) continue;
        low = y;
        let name = g.name;
        while (name.length > 1 && c.measureText(name + '\u2026').width > room) name = name.slice(0, -1);
        write(name === g.name ? name : name + '\u2026', edge, y, this.ink.ink);
        this.named.push(g.name);
        if (b - Math.max(a, top) < 32) continue;
        write(text.count(g.count), edge, y + 15, this.ink.quiet);
        low = y + 15;
      }
    }
    axis(c) {
      c.font = '12px system-ui, "Liberation Sans", sans-serif';
      c.textAlign = 'center';
      c.strokeStyle = this.ink.line;
      c.fillStyle = this.ink.quiet;
      let right = -Infinity;
      for (const t of time.ticks(this.view.from, this.view.to, this.view.span / this.plot * 100)) {
        const x = this.x(t.at);
        c.beginPath();
        c.moveTo(x, this.tall);
        c.lineTo(x, this.tall + 5);
        c.stroke();
        const w = c.measureText(t.text).width / 2;
        if (x - w < Math.max(right + 10, 0) || x + w > this.width) continue;
        right = x + w;
        c.fillText(t.text, x, this.tall + 18);
      }
      c.textAlign = 'left';
    }
    bars() {
      const c = this.histogram.getContext('2d');
      const height = 84;
      const base = height - 2;
      const top = 16;
      c.setTransform(this.scale, 0, 0, this.scale, 0, 0);
      c.clearRect(0, 0, this.width, height);
      const {fleet, view} = this;
      const bins = Math.max(1, Math.floor(this.plot / BAR));
      const counts = [new Uint32Array(bins), new Uint32Array(bins), new Uint32Array(bins)];
      const first = fleet.firstAt(fleet.inTime, view.from);
      const last = fleet.firstAt(fleet.inTime, view.to);
      for (let k = first; k < last; ++k) {
        const i = fleet.inTime[k];
        ++counts[fleet.verdict[i]][Math.min(bins - 1, (fleet.declared[i] - view.from) / view.span * bins | 0)];
      }
      let most = 1;
      for (let b = 0; b < bins; ++b) most = Math.max(most, counts[0][b] + counts[1][b] + counts[2][b]);
      const {from, to} = fleet.filter;
      for (let b = 0; b < bins; ++b) {
        let y = base;
        const at = view.from + (b + 0.5) / bins * view.span;
        c.globalAlpha = from !== null && (at < from || at > to) ? 0.3 : 1;
        for (const v of [2, 1, 0]) {
          const h = counts[v][b] / most * (base - top);
          if (h === 0) continue;
          c.fillStyle = this.verdicts[v];
          c.fillRect(this.left + b * BAR, y - Math.max(h, 1), BAR - 0.5, Math.max(h, 1));
          y -= Math.max(h, 1);
        }
      }
      c.globalAlpha = 1;
      this.bins = counts;
      c.strokeStyle = this.ink.line;
      c.strokeRect(this.left, base + 0.5, this.plot, 0.01);
      c.fillStyle = this.ink.quiet;
      c.font = '12px system-ui, "Liberation Sans", sans-serif';
      if (this.left) {
        c.fillText('incidents', 0, top + 12);
        c.fillText(`max ${text.count(most)}`, 0, top + 27);
      }
      if (from === null) return;
      const a = Math.max(this.x(from), this.left);
      const b = Math.min(this.x(to), this.width);
      if (b < a) return;
      c.fillStyle = this.ink.brush;
      c.globalAlpha = 0.14;
      c.fillRect(a, 0, b - a, base);
      c.globalAlpha = 1;
      c.strokeStyle = this.ink.brush;
      c.strokeRect(a + 0.5, 0.5, Math.max(1, b - a - 1), base);
    }
    // The chosen incident within reach of (x, y); -1: none.
    incidentAt(x, y) {
      const {fleet} = this;
      const reach = 9;
      const first = fleet.firstAt(fleet.chosen, this.timeAt(x - reach));
      let best = -1;
      let nearest = reach * reach;
      for (let k = first; k < fleet.chosen.length; ++k) {
        const i = fleet.chosen[k];
        const dx = this.x(fleet.declared[i]) - x;
        if (dx > reach) break;
        const dy = this.y(fleet.client[i]) - y;
        const d = dx * dx + dy * dy;
        if (d < nearest || (d === nearest && best >= 0 && fleet.verdict[i] > fleet.verdict[best])) [nearest, best] = [d, i];
      }
      return best;
    }
  }
  return {create: (...a) => new Picture(...a)};
})();
