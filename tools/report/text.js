// What all pages share: numbers, elements, the button of the theme.
'use strict';
const text = (() => {
  const add = (parent, tag, content, attributes = {}) => {
    const e = document.createElement(tag);
    if (content !== undefined && content !== null) e.textContent = content;
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    parent.appendChild(e);
    return e;
  };
  const count = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
  const number = (x, digits = 3) => {
    if (x === null || x === undefined) return '-';
    if (x === 0) return '0';
    const size = Math.abs(x);
    if (size >= 1000) return count(Math.round(x));
    if (size < 1e-4) return x.toExponential(digits - 1);
    return String(Number(x.toPrecision(digits)));
  };
  const seconds = (s, digits = 3) => {
    if (s === null || s === undefined) return '-';
    const size = Math.abs(s);
    if (size === 0) return '0 s';
    if (size < 1e-3) return number(s * 1e6, digits) + ' us';
    if (size < 1) return number(s * 1e3, digits) + ' ms';
    if (size < 600) return number(s, digits) + ' s';
    if (size < 7200) return number(s / 60, digits) + ' min';
    if (size < 259200) return number(s / 3600, digits) + ' h';
    return number(s / 86400, digits) + ' d';
  };
  // As many digits as it takes to tell it from 0 and from 100.
  const percent = (share) => {
    if (share === null || share === undefined) return '-';
    const gap = Math.min(Math.abs(share), Math.abs(1 - share)) * 100;
    const digits = gap <= 0 || gap >= 1 ? 2 : Math.min(12, 1 - Math.floor(Math.log10(gap)));
    return Number((share * 100).toFixed(digits)) + ' %';
  };
  // "1m30s", "80ms", "0.02": a number (of seconds); null if it is neither.
  const units = {ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400};
  const parse = (word) => {
    if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word)) return Number(word);
    if (!/^((\d+\.?\d*|\.\d+)(ns|us|ms|s|m|h|d))+$/.test(word)) return null;
    let sum = 0;
    for (const [, n, unit] of word.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|ms|s|m|h|d)/g)) sum += n * units[unit];
    return sum;
  };
  const words = (name) => name.replaceAll('_', ' ');

  // Dark and light, from what the system has; `changed` is told of the system's changes too.
  const themeButton = (button, changed = () => {}) => {
    const root = document.documentElement;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', changed);
    button.addEventListener('click', () => {
      const now = root.dataset.theme || (dark.matches ? 'dark' : 'light');
      root.dataset.theme = now === 'dark' ? 'light' : 'dark';
      changed();
    });
  };

  return {add, count, number, seconds, percent, parse, words, themeButton};
})();
