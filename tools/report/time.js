// Times as text and on axes, and the view of a stretch of time that is zoomed and moved.
'use strict';
const time = (() => {
  const MINUS = '\u2212';
  const NS = {us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9, d: 86400e9};
  const pad = (n, width) => String(n).padStart(width, '0');

  // Steps that axes go by, in ns.
  const STEPS = [];
  for (let p = 1; p < 1e9; p *= 10) STEPS.push(p, 2 * p, 5 * p);
  STEPS.push(...[1, 2, 5, 10, 15, 30].map((n) => n * NS.s), ...[1, 2, 5, 10, 15, 30].map((n) => n * NS.min),
    ...[1, 2, 3, 6, 12].map((n) => n * NS.h));
  for (let p = NS.d; p < 1e20; p *= 10) STEPS.push(p, 2 * p, 5 * p);
  const stepFor = (ns) => STEPS.find((s) => s >= ns) || STEPS[STEPS.length - 1];
  const digitsOf = (step) => step >= NS.s ? 0 : Math.min(9, Math.ceil(-Math.log10(step / NS.s) - 1e-9));

  // "2 h 03 min 04.250 s", to `digits` of a second; whole units alone where `step` is one of them.
  // `ns` is a BigInt or a whole number.
  const clock = (ns, digits, step = 0) => {
    let n = BigInt(ns);
    const sign = n < 0n ? MINUS : '';
    if (n < 0n) n = -n;
    const unit = 10n ** BigInt(9 - digits);
    n = (n + unit / 2n) / unit * unit;
    const seconds = n / 1000000000n;
    const fraction = digits ? '.' + pad(n % 1000000000n, 9).slice(0, digits) : '';
    const d = seconds / 86400n;
    const h = seconds / 3600n % 24n;
    const m = seconds / 60n % 60n;
    const s = seconds % 60n;
    const parts = [];
    if (d) parts.push(`${d} d`);
    if (h || (d && step < NS.d)) parts.push(`${h} h`);
    if (step < NS.h && (m || parts.length)) parts.push(`${parts.length ? pad(m, 2) : m} min`);
    if (step < NS.min) parts.push(`${parts.length ? pad(s, 2) : s}${fraction} s`);
    return sign + (parts.join(' ') || '0');
  };

  // A length of time in the unit that fits, four digits that count.
  const length = (ns) => {
    const size = Math.abs(ns);
    const [unit, name] = size === 0 ? [1, 's'] : size < NS.us ? [1, 'ns'] : size < NS.ms ? [NS.us, '\u00b5s'] :
      size < NS.s ? [NS.ms, 'ms'] : [NS.s, 's'];
    if (size < 600 * NS.s) return (ns < 0 ? MINUS : '') + Number((size / unit).toPrecision(4)) + ' ' + name;
    return clock(Math.round(ns), 0).replace(/(\D) (0+ (h|min|s) ?)+$/, '$1');
  };
  // As the texts of keepsim write an instant: "1234.567891 s", from a BigInt or a whole number of ns.
  const instant = (ns) => {
    let n = BigInt(ns);
    const sign = n < 0n ? MINUS : '';
    if (n < 0n) n = -n;
    n = (n + 500n) / 1000n;
    return `${sign}${n / 1000000n}.${pad(n % 1000000n, 6)} s`;
  };
  // Before or after what `zero` is.
  const offset = (ns, zero = 'the declaration') =>
    ns === 0 ? `at ${zero}` : `${length(Math.abs(ns))} ${ns < 0 ? 'before' : 'after'} ${zero}`;

  // Ticks within [from, to] at most every `gap` ns: {at, text}; `base` (BigInt ns) is added to what
  // is said, so that an axis may run from elsewhere than its numbers.
  const ticks = (from, to, gap, base = 0n, plus = false) => {
    const step = stepFor(gap);
    const digits = digitsOf(step);
    const wide = BigInt(step);
    const low = base + BigInt(Math.ceil(from));
    let at = low / wide * wide;
    if (at < low) at += wide;
    const out = [];
    for (; Number(at - base) <= to && out.length < 200; at += wide) {
      out.push({at: Number(at - base), text: (plus && at > 0n ? '+' : '') + (at === 0n ? '0 s' : clock(at, digits, step))});
    }
    return out;
  };

  // What part of [min, max] (ns) is seen: `from` and `span`. Zooming keeps the place under the
  // pointer; moves glide unless the reader wants little motion.
  class View {
    constructor(min, max, shortest, changed) {
      const room = (max - min) * 0.02;
      Object.assign(this, {min: min - room, max: max + room, shortest, changed});
      this.from = this.min;
      this.span = this.max - this.min;
      this.still = matchMedia('(prefers-reduced-motion: reduce)');
    }
    get to() { return this.from + this.span; }
    set(from, span) {
      this.span = Math.min(Math.max(span, this.shortest), this.max - this.min);
      this.from = Math.min(Math.max(from, this.min), this.max - this.span);
      this.changed();
    }
    // What a glide under way will show; else what is shown.
    get goal() { return this.gliding || {from: this.from, span: this.span}; }
    stop() {
      cancelAnimationFrame(this.moving);
      this.gliding = null;
    }
    // The ratio of the span; `place`: the instant that stays where it is.
    zoom(ratio, place) {
      this.stop();
      const span = Math.min(Math.max(this.span * ratio, this.shortest), this.max - this.min);
      this.set(place - (place - this.from) * (span / this.span), span);
    }
    move(ns) {
      this.stop();
      this.set(this.from + ns, this.span);
    }
    all() { this.glide(this.min, this.max - this.min); }
    glide(from, span) {
      this.stop();
      if (this.still.matches) return this.set(from, span);
      this.gliding = {from, span};
      const start = {from: this.from, span: this.span, at: performance.now()};
      const step = (now) => {
        const x = Math.min(1, (now - start.at) / 280);
        const eased = 1 - (1 - x) ** 3;
        const s = start.span * (span / start.span) ** eased;
        // The middle goes with the logarithm of the span, so that the eye can follow.
        const done = span === start.span ? eased : (s - start.span) / (span - start.span);
        this.set(start.from + (from - start.from) * done, s);
        if (x < 1) this.moving = requestAnimationFrame(step);
        else this.gliding = null;
      };
      this.moving = requestAnimationFrame(step);
    }
  }

  // Wheel, drag and pinch on `element`, whose time axis begins at pixel `left()` and is `width()`
  // wide. Plain vertical wheel zooms; horizontal wheel and Shift move. `drag`: whether a drag that
  // begins here moves the view.
  const gestures = (element, view, left, width, drag = () => true) => {
    const at = (e) => view.from + (e.clientX - element.getBoundingClientRect().left - left()) / width() * view.span;
    element.addEventListener('wheel', (e) => {
      e.preventDefault();
      const lines = e.deltaMode === 1 ? 16 : 1;
      const sideways = e.shiftKey ? e.deltaY || e.deltaX : e.deltaX;
      if (Math.abs(sideways) > Math.abs(e.shiftKey ? 0 : e.deltaY)) return view.move(sideways * lines / width() * view.span);
      view.zoom(Math.exp(e.deltaY * lines * (e.ctrlKey ? 0.01 : 0.0025)), at(e));
    }, {passive: false});
    const pointers = new Map();
    let moved = 0;
    element.addEventListener('pointerdown', (e) => {
      if (e.button !== 0 || !drag(e)) return;
      pointers.set(e.pointerId, e);
      moved = 0;
    });
    element.addEventListener('pointermove', (e) => {
      const before = pointers.get(e.pointerId);
      if (!before) return;
      pointers.set(e.pointerId, e);
      if (pointers.size === 1) {
        moved += Math.abs(e.clientX - before.clientX);
        if (moved > 3 && !element.hasPointerCapture(e.pointerId)) element.setPointerCapture(e.pointerId);
        if (moved > 3) view.move((before.clientX - e.clientX) / width() * view.span);
        return;
      }
      const [a, b] = pointers.values();
      const other = a === e ? b : a;
      moved += 4;
      const gap = (p) => Math.max(8, Math.abs(p.clientX - other.clientX));
      const middle = {clientX: (e.clientX + other.clientX) / 2};
      view.zoom(gap(before) / gap(e), at(middle));
      view.move((before.clientX - e.clientX) / 2 / width() * view.span);
    });
    for (const name of ['pointerup', 'pointercancel']) {
      element.addEventListener(name, (e) => pointers.delete(e.pointerId));
    }
    // The click that ends a drag is none.
    element.addEventListener('click', (e) => {
      if (moved > 3) e.stopPropagation();
      moved = 0;
    }, true);
  };

  return {MINUS, clock, length, instant, offset, ticks, View, gestures};
})();
