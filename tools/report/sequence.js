// The sequence diagram of an incident: client above, broker below, time to the right.
'use strict';
const sequence = (() => {
  const AXIS = 26;      // px, of each axis
  const BAND = 78;      // of silence
  const ROW = 14;       // of labels
  const SHORTEST = 2e4; // ns across the view
  const CROWD = 700;    // marks beyond which those at one place are drawn once
  const RANK = {declared: 9, closed: 6, session_opened: 5, connected: 5, connect_attempt: 5};
  const {SVG, Layer, measure} = svgLayer;
  let made = 0;

  class Diagram {
    constructor(parent, data) {
      this.data = data;
      this.model = sequenceModel.build(data);
      this.base = BigInt(data.base_ns);
      this.marked = new Set();
      this.chosen = null;
      this.box = text.add(parent, 'div', null, {class: 'sequence'});
      this.svg = document.createElementNS(SVG, 'svg');
      this.svg.setAttribute('tabindex', '0');
      this.svg.setAttribute('role', 'group');
      this.svg.setAttribute('aria-label', 'Sequence diagram of client and broker. Plus and minus zoom, left and right move, brackets go from packet to packet, t and Shift t from timer to timer, Home shows all.');
      this.box.appendChild(this.svg);
      this.tip = text.add(this.box, 'div', null, {class: 'tip', role: 'status', 'aria-live': 'polite', hidden: ''});
      this.prefix = `q${++made}-`;
      this.defs();
      this.layers = {};
      for (const name of ['shades', 'silence', 'grid', 'lanes', 'wires', 'events', 'labels', 'axes', 'overview']) {
        this.layers[name] = new Layer(this.svg, name);
      }
      this.view = new time.View(data.from, data.to, SHORTEST, () => this.ask());
      this.listen();
      this.watch = new ResizeObserver(() => this.resize());
      this.watch.observe(this.box);
      this.resize();
    }
    defs() {
      const defs = document.createElementNS(SVG, 'defs');
      defs.innerHTML = `<pattern id="${this.prefix}hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
        '<rect width="8" height="8" class="hatch-back"/><rect width="2" height="8" class="hatch-line"/></pattern>';
      this.svg.appendChild(defs);
    }
    resize() {
      this.width = Math.max(240, this.box.clientWidth);
      this.narrow = this.width < 560;
      this.wire = this.narrow ? 170 : 190;
      this.lane = {client: AXIS + BAND, broker: AXIS + BAND + this.wire};
      this.height = this.lane.broker + BAND + AXIS + 40;
      this.svg.setAttribute('width', this.width);
      this.svg.setAttribute('height', this.height);
      this.svg.setAttribute('viewBox', `0 0 ${this.width} ${this.height}`);
      this.draw();
    }
    ask() {
      if (this.asked) return;
      this.asked = requestAnimationFrame(() => {
        this.asked = 0;
        this.draw();
      });
    }
    x(ns) { return (ns - this.view.from) / this.view.span * this.width; }
    near(ns) { return Math.min(Math.max(this.x(ns), -60), this.width + 60); }

    draw() {
      const began = performance.now();
      this.placed = [];
      this.ground();
      this.shades();
      this.silences();
      this.wires();
      this.eventMarks();
      this.axes();
      this.overview();
      for (const layer of Object.values(this.layers)) layer.end();
      this.svg.classList.toggle('marking', this.marked.size > 0);
      this.took = performance.now() - began;
      if (this.chosen) this.placeTip();
    }
    // What every mark has; `extra` classes.
    attributes(m, extra) {
      return {
        class: `mark ${m.what} ${extra || ''}${this.marked.has(m.key) ? ' marked' : ''}${this.chosen === m.key ? ' chosen' : ''}`,
        'data-key': m.key, tabindex: '-1', role: 'img', 'aria-label': `${m.title}: ${m.lines.join('; ')}`,
      };
    }
    // Whether a label fits at (x, y), its left edge and base line; then the place is taken.
    fits(x, y, words) {
      const w = measure(words);
      if (x < 2 || x + w > this.width - 2) return false;
      const box = [x - 2, y - 11, x + w + 3, y + 3];
      if (this.placed.some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3])) return false;
      this.placed.push(box);
      return true;
    }
    label(key, x, y, words, kind) {
      this.layers.labels.put(key, 'text', {x: x.toFixed(1), y, class: 'label ' + (kind || '')}, words);
    }

    ground() {
      const L = this.layers.lanes;
      for (const end of ['client', 'broker']) {
        const y = this.lane[end];
        L.put('idle' + end, 'line', {x1: 0, x2: this.width, y1: y, y2: y, class: 'lane idle'});
        for (const c of this.data.connections) {
          if (c.end !== end) continue;
          const from = this.near(c.from !== undefined ? c.from : this.data.from);
          const to = this.near(c.to !== undefined ? c.to : this.data.to);
          if (to > from) L.put(`c${end}${c.conn}`, 'line', {x1: from, x2: to, y1: y, y2: y, class: `lane open ${end}`});
        }
        const words = end === 'client' ? (this.narrow ? this.data.client : `client ${this.data.client}`) : 'broker';
        const at = end === 'client' ? y - BAND + 12 : y + BAND - 6;
        this.placed.push([0, at - 12, measure(words) + 20, at + 4]);
        this.label('lane' + end, 8, at, words, 'end ' + end);
      }
      const x = this.x(0);
      if (x >= 0 && x <= this.width) {
        this.layers.grid.put('zero', 'line', {x1: x, x2: x, y1: AXIS, y2: this.height - AXIS - 40, class: `zero ${this.data.verdict}`});
      }
    }
    shades() {
      const zone = {client: [AXIS, this.lane.client], path: [this.lane.client, this.lane.broker], broker: [this.lane.broker, this.lane.broker + BAND]};
      for (const m of this.model.marks) {
        if (m.what !== 'fault') continue;
        const a = this.near(m.from);
        const b = Math.max(this.near(m.to), a + 1.5);
        if (b < 0 || a > this.width) continue;
        const [top, bottom] = zone[m.place];
        this.layers.shades.put(m.key, 'rect', {...this.attributes(m), x: a, width: b - a, y: top, height: bottom - top, fill: `url(#${this.prefix}hatch)`});
        const x = Math.max(a, 0) + 6;
        const y = m.place === 'path' ? (top + bottom) / 2 + 4 : m.place === 'client' ? top + 30 : bottom - 24;
        if (b - x > measure(m.name) && this.fits(x, y, m.name)) this.label('l' + m.key, x, y, m.name, 'shade');
      }
    }
    silences() {
      const drawn = new Set();
      for (const m of this.model.marks) {
        if (m.what === 'wait') {
          const a = this.near(m.from);
          const b = this.near(m.to);
          if (b < 0 || a > this.width || b - a < 0.5) continue;
          this.layers.silence.put(m.key, 'rect', {...this.attributes(m), x: a, width: b - a, y: this.lane.client - 6, height: 5});
          continue;
        }
        if (m.what !== 'silence') continue;
        const a = Math.max(this.x(m.from), -60);
        const b = Math.min(this.x(m.to), this.width + 60);
        if (b < 0 || a > this.width) continue;
        const y0 = this.lane[m.end];
        const scale = (BAND - 22) / this.model.most[m.end] * (m.end === 'client' ? -1 : 1);
        const y = (px) => y0 + Math.max(0, (this.view.from + px / this.width * this.view.span) - m.from) * scale;
        this.layers.silence.put(m.key, 'path', {...this.attributes(m, m.end), d: `M${a} ${y0}L${a} ${y(a)}L${b} ${y(b)}L${b} ${y0}Z`});
        if (m.limit) {
          const limit = y0 + m.limit * scale;
          const key = `limit${m.end}${m.limit}`;
          const line = this.layers.silence.put(m.key + 'limit', 'line', {x1: a, x2: b, y1: limit, y2: limit, class: 'limit'});
          line.removeAttribute('tabindex');
          const words = `limit ${time.length(m.limit)}`;
          const at = this.width - measure(words) - 6;
          if (!drawn.has(key) && b > at && a < at && this.fits(at, limit + (m.end === 'client' ? -4 : 12), words)) {
            drawn.add(key);
            this.label(key, at, limit + (m.end === 'client' ? -4 : 12), words, 'limit-label');
          }
        }
        const words = time.length(m.to - m.from);
        const end = this.x(m.to);
        if (end - a > measure(words) + 24 && end < this.width + 40) {
          const at = Math.min(end, this.width) - measure(words) - 6;
          const down = y0 + (m.end === 'client' ? -12 : 22);
          if (this.fits(at, down, words)) this.label('l' + m.key, at, down, words, 'silent');
        }
      }
    }
    wires() {
      const seen = this.model.marks.filter((m) => m.what === 'transmission' && this.x(m.to) >= -2 && this.x(m.from) <= this.width + 2);
      const taken = new Set();
      const urgent = (m) => this.marked.has(m.key) ? 0 : m.fate === 'lost' ? 1 : m.fate === 'ignored' ? 2 : m.again || m.fate === 'late' ? 3 : /^(ACK|data)/.test(m.name) ? 5 : 4;
      for (const m of seen) {
        if (seen.length > CROWD && !this.marked.has(m.key) && this.chosen !== m.key) {
          const place = `${Math.round(this.x(m.from))} ${m.up} ${m.fate}`;
          if (taken.has(place)) continue;
          taken.add(place);
        }
        this.wireMark(m);
      }
      for (const m of seen.slice().sort((a, b) => urgent(a) - urgent(b))) {
        const x = this.x(m.from) + 5;
        const y = this.lane[m.up ? 'client' : 'broker'];
        const words = m.fate === 'lost' ? `${m.name}: lost` : m.fate === 'ignored' ? `${m.name}: ignored` : m.name;
        for (let row = 0; row < 6; ++row) {
          const base = m.up ? y + 16 + row * ROW : y - 8 - row * ROW;
          if (!this.fits(x, base, words)) continue;
          this.label('l' + m.key, x, base, words, `wire-label ${m.fate}${m.again ? ' again' : ''}${this.marked.has(m.key) ? ' marked' : ''}`);
          break;
        }
      }
      for (const m of this.model.marks) {
        if (m.what !== 'read') continue;
        const x = this.x(m.from);
        if (x < -4 || x > this.width + 4) continue;
        this.layers.events.put(m.key, 'circle', {...this.attributes(m), cx: x, cy: this.lane[m.up ? 'broker' : 'client'], r: 3.5});
      }
    }
    // From lane to lane; what is lost breaks off half way, what is ignored ends before the lane.
    wireMark(m) {
      const from = this.lane[m.up ? 'client' : 'broker'];
      const to = this.lane[m.up ? 'broker' : 'client'];
      const lost = m.fate === 'lost';
      let [x1, y1] = [this.x(m.from), from];
      let [x2, y2] = [this.x(m.to), lost ? (from + to) / 2 : to];
      // Far outside, the browser's numbers give out: cut to what is near.
      const cut = (x, low) => {
        const y = y1 + (y2 - y1) * (x - x1) / (x2 - x1);
        low ? [x1, y1] = [x, y] : [x2, y2] = [x, y];
      };
      const tip = {x: x2, y: y2};
      const whole = x2 <= this.width + 400;
      if (x1 < -400) cut(-400, true);
      if (!whole) cut(this.width + 400, false);
      const g = this.layers.wires.put(m.key, 'g', this.attributes(m, `${m.fate}${m.again ? ' again' : ''}`));
      let d = `M${x1.toFixed(2)} ${y1.toFixed(2)}L${x2.toFixed(2)} ${y2.toFixed(2)}`;
      let end = '';
      if (whole && lost) end = `M${tip.x - 5} ${tip.y - 5}l10 10m0 -10l-10 10`;
      else if (whole) {
        const angle = Math.atan2(y2 - y1, x2 - x1);
        const wing = (turn) => `${(tip.x - 9 * Math.cos(angle + turn)).toFixed(2)} ${(tip.y - 9 * Math.sin(angle + turn)).toFixed(2)}`;
        end = `M${wing(0.38)}L${tip.x} ${tip.y}L${wing(-0.38)}`;
      }
      if (g.d === d + end) return;
      g.d = d + end;
      if (!g.firstChild) for (const name of ['hit', 'line', 'end']) g.appendChild(document.createElementNS(SVG, 'path')).setAttribute('class', name);
      g.children[0].setAttribute('d', d);
      g.children[1].setAttribute('d', d);
      g.children[2].setAttribute('d', end || 'M0 0');
    }
    eventMarks() {
      const seen = this.model.marks.filter((m) => m.what === 'event' && this.x(m.from) >= -6 && this.x(m.from) <= this.width + 6);
      const rank = (m) => (this.marked.has(m.key) ? 100 : 0) + (RANK[m.kind] || 3);
      const last = {client: -Infinity, broker: -Infinity};  // px, of the timer drawn last
      for (const m of seen) {
        const x = this.x(m.from);
        const y = this.lane[m.end];
        const timer = sequenceModel.isTimer(m);
        if (timer) {
          // A broker that looks every second would fill its lane.
          if (x - last[m.end] < 14 && this.chosen !== m.key) continue;
          last[m.end] = x;
        }
        const d = timer ? `M${x} ${y - 4}l4 4l-4 4l-4 -4Z` : `M${x - 5} ${y - 5}h10v10h-10Z`;
        if (m.due !== undefined && (this.chosen === m.key || this.marked.has(m.key))) {
          const due = this.near(m.due);
          this.layers.events.put(m.key + 'due', 'path', {class: 'due', d: `M${x} ${y}H${due}M${due} ${y - 9}v18`});
        }
        this.layers.events.put(m.key, 'path', {...this.attributes(m, m.own ? `${m.kind} own ${this.data.verdict}` : m.kind), d});
      }
      for (const m of seen.filter((e) => !sequenceModel.isTimer(e)).sort((a, b) => rank(b) - rank(a))) {
        const w = measure(m.name);
        const y = this.lane[m.end];
        for (const x of [this.x(m.from) + 8, this.x(m.from) - w - 8]) {
          let done = false;
          for (let row = 0; row < 4 && !done; ++row) {
            const base = m.end === 'client' ? y - 10 - row * ROW : y + 18 + row * ROW;
            if (!this.fits(x, base, m.name)) continue;
            this.label('l' + m.key, x, base, m.name, `event-label ${m.own ? 'declared ' + this.data.verdict : m.kind === 'declared' ? 'declared' : ''}`);
            done = true;
          }
          if (done) break;
        }
      }
    }
    axes() {
      const gap = this.view.span / this.width * (this.narrow ? 96 : 120);
      const bottom = this.height - 40 - AXIS;
      const A = this.layers.axes;
      const draw = (name, ticks, y, mark) => {
        let last = -Infinity;
        ticks.forEach((t, i) => {
          const x = this.x(t.at);
          A.put(`${name}-t${i}`, 'line', {x1: x, x2: x, y1: mark[0], y2: mark[1], class: 'tick'});
          const w = measure(t.text);
          if (x - w / 2 < Math.max(2, last + 10) || x + w / 2 > this.width - 2) return;
          last = x + w / 2;
          A.put(`${name}-l${i}`, 'text', {x, y, class: 'tick-label'}, t.text);
        });
      };
      draw('run', time.ticks(this.view.from, this.view.to, gap, this.base), 14, [AXIS - 6, AXIS]);
      const relative = time.ticks(this.view.from, this.view.to, gap, 0n, true);
      draw('rel', relative, bottom + 20, [bottom, bottom + 6]);
      relative.forEach((t, i) => this.layers.grid.put('g' + i, 'line', {x1: this.x(t.at), x2: this.x(t.at), y1: AXIS, y2: bottom, class: 'grid-line'}));
      A.put('top', 'line', {x1: 0, x2: this.width, y1: AXIS, y2: AXIS, class: 'axis'});
      A.put('bottom', 'line', {x1: 0, x2: this.width, y1: bottom, y2: bottom, class: 'axis'});
    }
    // The whole stretch in small, with the part that is seen.
    overview() {
      const O = this.layers.overview;
      const top = this.height - 32;
      const whole = this.view.max - this.view.min;
      const x = (ns) => (ns - this.view.min) / whole * this.width;
      O.put('back', 'rect', {x: 0.5, y: top, width: this.width - 1, height: 26, rx: 4, class: 'overview-back'});
      for (const m of this.model.marks) {
        if (m.what === 'transmission' && m.fate !== 'under-way') {
          O.put('o' + m.key, 'rect', {x: x(m.from) - 0.75, width: 1.5, y: m.up ? top + 3 : top + 14, height: 9, class: `dot ${m.fate}${m.again ? ' again' : ''}`});
        }
      }
      O.put('zero', 'rect', {x: x(0) - 1, width: 2, y: top, height: 26, class: `overview-zero ${this.data.verdict}`});
      const from = x(this.view.from);
      O.put('window', 'rect', {x: Math.max(1, from), width: Math.max(3, Math.min(this.width - 1, x(this.view.to)) - Math.max(1, from)), y: top, height: 26, rx: 4, class: 'window'});
    }

    listen() {
      const overview = (e) => e.clientY - this.svg.getBoundingClientRect().top > this.height - 36;
      time.gestures(this.svg, this.view, () => 0, () => this.width, (e) => !overview(e));
      const jump = (e) => {
        const at = this.view.min + (e.clientX - this.svg.getBoundingClientRect().left) / this.width * (this.view.max - this.view.min);
        this.view.set(at - this.view.span / 2, this.view.span);
      };
      this.svg.addEventListener('pointerdown', (e) => {
        if (!overview(e)) return;
        this.jumping = true;
        this.svg.setPointerCapture(e.pointerId);
        jump(e);
      });
      this.svg.addEventListener('pointermove', (e) => this.jumping && jump(e));
      this.svg.addEventListener('pointerup', () => { this.jumping = false; });
      const keyOf = (e) => {
        const mark = e.target.closest && e.target.closest('.mark');
        return mark && mark.dataset.key;
      };
      this.svg.addEventListener('pointerover', (e) => {
        if (e.pointerType !== 'mouse' || e.buttons) return;
        const key = keyOf(e);
        if (key) this.choose(key, e);
        else if (!this.pinned) this.choose(null);
      });
      this.svg.addEventListener('pointerleave', () => this.pinned || this.choose(null));
      this.svg.addEventListener('click', (e) => {
        const key = keyOf(e);
        this.pinned = Boolean(key);
        this.choose(key || null, e);
      });
      this.svg.addEventListener('keydown', (e) => this.key(e) && e.preventDefault());
    }
    // True if the key means something here.
    key(e) {
      if (e.ctrlKey || e.metaKey || e.altKey) return false;
      const middle = this.chosen ? this.model.of.get(this.chosen).from : this.view.from + this.view.span / 2;
      const keep = middle >= this.view.from && middle <= this.view.to ? middle : this.view.from + this.view.span / 2;
      switch (e.key) {
        case '+': case '=': this.view.zoom(1 / 1.5, keep); return true;
        case '-': case '_': case time.MINUS: this.view.zoom(1.5, keep); return true;
        case 'ArrowLeft': this.view.move(-this.view.span * (e.shiftKey ? 0.5 : 0.1)); return true;
        case 'ArrowRight': this.view.move(this.view.span * (e.shiftKey ? 0.5 : 0.1)); return true;
        case 'Home': case '0': this.view.all(); return true;
        case 'd': this.reveal(['zero']); return true;
        case ']': this.walk(1, (m) => m.what === 'transmission'); return true;
        case '[': this.walk(-1, (m) => m.what === 'transmission'); return true;
        case 't': this.walk(1, sequenceModel.isTimer); return true;
        case 'T': this.walk(-1, sequenceModel.isTimer); return true;
        case 'Escape': {
          // Where nothing is chosen it is for the dialog around.
          const meant = this.chosen !== null;
          this.pinned = false;
          this.choose(null);
          return meant;
        }
        default: return false;
      }
    }
    // To the next or previous of these marks, in the order of time.
    walk(step, among) {
      const all = this.model.marks.filter(among).sort((a, b) => a.from - b.from);
      if (!all.length) return;
      const now = all.findIndex((m) => m.key === this.chosen);
      const first = all.findIndex((m) => m.from >= this.view.from);
      const next = now >= 0 ? now + step : first < 0 ? 0 : first;
      const m = all[Math.min(Math.max(next, 0), all.length - 1)];
      this.pinned = true;
      if (m.from < this.view.from || m.from > this.view.to) this.view.set(m.from - this.view.span / 2, this.view.span);
      this.choose(m.key);
    }
    choose(key, e) {
      if (key === this.chosen && !e) return;
      this.chosen = key;
      this.tip.hidden = !key;
      if (key) {
        const m = this.model.of.get(key);
        this.tip.replaceChildren();
        text.add(this.tip, 'b', m.title);
        for (const line of m.lines) text.add(this.tip, 'span', line);
        this.tipAt = e ? e.clientX - this.svg.getBoundingClientRect().left : null;
      }
      this.draw();
    }
    placeTip() {
      const m = this.model.of.get(this.chosen);
      const x = this.tipAt !== null ? this.tipAt : Math.min(Math.max(this.x(m.from), 0), this.width);
      this.tip.style.left = Math.min(Math.max(4, x + 14), Math.max(4, this.width - this.tip.offsetWidth - 4)) + 'px';
      const above = m.end === 'broker' || (m.what === 'transmission' && !m.up) || m.place === 'broker';
      this.tip.style.top = (above ? this.lane.client + 20 : this.lane.broker - 30) + 'px';
    }
    // Marks what is spoken of and brings it into view, at a size at which it can be seen.
    mark(keys) {
      this.marked = new Set(keys);
      this.reveal(keys);
      this.ask();
    }
    reveal(keys) {
      const marks = keys.map((k) => this.model.of.get(k)).filter((m) => m);
      const from = marks.length ? Math.min(...marks.map((m) => m.from)) : 0;
      const to = marks.length ? Math.max(...marks.map((m) => m.to)) : 0;
      const extent = to - from;
      const goal = this.view.goal;
      const seen = from >= goal.from && to <= goal.from + goal.span;
      if (seen && (extent === 0 || extent / goal.span * this.width > 30)) return;
      const span = extent === 0 ? goal.span : Math.max(extent * 2.4, SHORTEST * 4);
      const middle = (from + to) / 2;
      const wanted = Math.min(span, this.view.max - this.view.min);
      this.view.glide(Math.min(Math.max(middle - wanted / 2, this.view.min), this.view.max - wanted), wanted);
    }
    end() { this.watch.disconnect(); }
  }
  return {create: (parent, data) => new Diagram(parent, data)};
})();
