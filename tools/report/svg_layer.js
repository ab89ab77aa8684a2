// Layers of an <svg> that are drawn anew each frame, and the width of its words.
'use strict';
const svgLayer = (() => {
  const SVG = 'http://www.w3.org/2000/svg';

  const measure = (() => {
    const context = document.createElement('canvas').getContext('2d');
    context.font = '600 12px system-ui, "Liberation Sans", sans-serif';
    const widths = new Map();
    return (words) => {
      if (!widths.has(words)) widths.set(words, context.measureText(words).width + 3);
      return widths.get(words);
    };
  })();

  // Elements of one <svg> by key: those of the last frame are used again, so that focus stays.
  class Layer {
    constructor(parent, name) {
      this.g = document.createElementNS(SVG, 'g');
      this.g.setAttribute('class', name);
      parent.appendChild(this.g);
      this.kept = new Map();
      this.used = new Set();
    }
    put(key, tag, attributes, words) {
      let e = this.kept.get(key);
      if (!e) {
        e = document.createElementNS(SVG, tag);
        e.seen = {};
        this.kept.set(key, e);
        this.g.appendChild(e);
      }
      this.used.add(key);
      for (const [k, v] of Object.entries(attributes)) {
        if (e.seen[k] === v) continue;
        e.seen[k] = v;
        e.setAttribute(k, v);
      }
      if (words !== undefined && e.textContent !== words) e.textContent = words;
      return e;
    }
    end() {
      for (const [key, e] of this.kept) {
        if (this.used.has(key)) continue;
        e.remove();
        this.kept.delete(key);
      }
      this.used.clear();
    }
  }

  return {SVG, Layer, measure};
})();
