// What lies in the page of a sweep (tools/report/sweep_page.h), and what is asked of it.
'use strict';
const model = (() => {
  const data = JSON.parse(document.getElementById('sweep').textContent);
  for (const m of data.metrics) m.name = m.title.charAt(0).toUpperCase() + m.title.slice(1);
  const {axes, points, metrics} = data;
  const n = points.length;

  axes.forEach((axis) => {
    axis.name = axis.fields.map((f) => f.name).join(' + ');
    axis.labels = axis.fields[0].values.map((_, i) => axis.fields.map((f) => f.values[i]).join(' / '));
    // Where its values stand on a line; null: they have no size.
    const numbers = axis.fields[0].values.map(text.parse);
    axis.numbers = numbers.every((x) => x !== null) ? numbers : null;
  });
  // A share does not leave [0, 1], whatever Student says.
  const isSeconds = (m) => /_s$/.test(m.metric);
  const isShare = (m) => /(share|share_at_end|query_accuracy)$/.test(m.metric);
  const clamp = (x) => (x === null ? null : Math.min(1, Math.max(0, x)));
  for (const m of metrics.filter(isShare)) [m.low, m.high] = [m.low.map(clamp), m.high.map(clamp)];
  const pointAt = new Map(points.map((index, p) => [index.join(','), p]));
  const given = axes.map((a, i) => (a.given ? i : -1)).filter((i) => i >= 0);

  const show = (m, x, digits) => {
    if (x === null || x === undefined) return '-';
    return isSeconds(m) ? text.seconds(x, digits) : isShare(m) ? text.percent(x) : text.number(x, digits);
  };
  const withInterval = (m, p) => {
    const [v, low, high] = [m.value[p], m.low[p], m.high[p]];
    if (v === null) return 'not measured';
    if (low === null) return show(m, v);
    if (v === 0 && low === 0) return `0 [up to ${show(m, high)}]`;
    return `${show(m, v)} [${show(m, low)}, ${show(m, high)}]`;
  };
  // Of the positive values among these, the largest over the smallest: beyond 30, a line hides them.
  const spread = (values) => {
    const positive = values.filter((v) => v > 0);
    return positive.reduce((a, v) => Math.max(a, v), 0) / positive.reduce((a, v) => Math.min(a, v), Infinity);
  };
  const better = (m, x, y) => (m.better === 'higher' ? x > y : x < y);

  const describe = (p) => axes.map((a, i) => a.fields.map((f) => `${f.name}=${f.values[points[p][i]]}`).join(', ')).join(', ') || 'the base';
  // Without what is given: what one may choose of it.
  const choice = (p) => axes.map((a, i) => (a.given ? [] : a.fields.map((f) => `${f.name}=${f.values[points[p][i]]}`))).flat().join(', ') || describe(p);
  // By what a point is named to `keepsim`: the page may hold some of a file's points only.
  const number = (p) => (data.numbers ? data.numbers[p] : p);
  // The command that repeats the first run of a point.
  const command = (p) => {
    const c = data.command;
    if (c.print) return `${c.print}${number(p)}${c.then}${data.first_seed}`;
    return c.head + data.first_seed + c.set + axes.map((a, i) => a.set[points[p][i]]).join('');
  };

  // The point with these values of all axes but x and y.
  const at = (fixed, x, i, y, j) => {
    const index = fixed.slice();
    if (x >= 0) index[x] = i;
    if (y >= 0) index[y] = j;
    const p = pointAt.get(index.join(','));
    return p === undefined ? -1 : p;
  };

  const overlap = (m, p, q) => m.low[p] !== null && m.low[q] !== null && m.low[p] <= m.high[q] && m.low[q] <= m.high[p];
  // The best of some points: {best, equal: others as good within the intervals}; null: not measured.
  const bestOf = (m, some) => {
    if (m.better === 'neither') return null;
    let best = -1;
    for (const p of some) {
      if (m.value[p] !== null && (best < 0 || better(m, m.value[p], m.value[best]))) best = p;
    }
    if (best < 0) return null;
    return {best, equal: some.filter((p) => p !== best && m.value[p] !== null && (m.value[p] === m.value[best] || overlap(m, p, best)))};
  };
  // Points by the circumstances they are under: [words, points].
  const circumstances = (some) => {
    const groups = new Map();
    for (const p of some) {
      const key = given.map((a) => points[p][a]).join(',');
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(p);
    }
    return [...groups.entries()].map(([key, members]) => ({
      key, members,
      words: given.map((a) => axes[a].fields.map((f) => `${f.name}=${f.values[points[members[0]][a]]}`).join(', ')).join(', '),
    }));
  };

  // Points that no other of `some` beats in one metric without losing in the other, by the first.
  const front = (a, b, some) => {
    const sign = (m) => (m.better === 'higher' ? -1 : 1);
    const [sa, sb] = [sign(a), sign(b)];
    const sorted = some.filter((p) => a.value[p] !== null && b.value[p] !== null)
        .sort((p, q) => sa * (a.value[p] - a.value[q]) || sb * (b.value[p] - b.value[q]) || p - q);
    const out = [];
    let least = Infinity;
    let ends = null;  // of the last one that was kept: equals stay together
    for (const p of sorted) {
      const y = sb * b.value[p];
      if (y < least || (ends && ends[0] === a.value[p] && ends[1] === b.value[p])) {
        out.push(p);
        least = y;
        ends = [a.value[p], b.value[p]];
      }
    }
    return out;
  };

  // B minus A: {value, low, high, how}; low null: no interval can be given; null: not measured.
  const difference = (m, p, q) => {
    if (m.value[p] === null || m.value[q] === null) return null;
    const value = m.value[q] - m.value[p];
    if (!m.rate && m.runs) {
      const pairs = m.runs[p].map((x, i) => [x, m.runs[q][i]])
          .filter(([x, y]) => x !== null && x !== undefined && y !== null && y !== undefined);
      if (pairs.length > 1) {
        const d = pairs.map(([x, y]) => y - x);
        const mean = d.reduce((s, x) => s + x, 0) / d.length;
        const square = d.reduce((s, x) => s + (x - mean) ** 2, 0) / (d.length - 1);
        const half = data.student[d.length - 2] * Math.sqrt(square / d.length);
        return {value: mean, low: mean - half, high: mean + half, how: `${d.length} pairs`};
      }
    }
    if (m.low[p] === null || m.low[q] === null) return {value, low: null, high: null, how: 'one run each'};
    // Zou and Donner 2008, as sim/base/stats.h has it.
    const low = value - Math.hypot(m.value[q] - m.low[q], m.high[p] - m.value[p]);
    const high = value + Math.hypot(m.high[q] - m.value[q], m.value[p] - m.low[p]);
    return {value, low, high, how: 'intervals'};
  };

  // "loss<=0.02 keep_alive>=30s mosquitto": {test(p), error}.
  const named = (name) => {
    for (let a = 0; a < axes.length; ++a) {
      const f = axes[a].fields.find((g) => g.name === name);
      if (f) return {words: (p) => f.values[points[p][a]], numbers: f.values.map(text.parse), of: (p) => points[p][a]};
    }
    if (name === 'point') return {value: number};
    const m = metrics.find((x) => x.heading === name || x.metric === name) ||
        metrics.find((x) => x.metric.endsWith('.' + name) || x.metric.endsWith('_' + name));
    return m ? {value: (p) => m.value[p]} : null;
  };
  const compare = {'<': (x, y) => x < y, '<=': (x, y) => x <= y, '>': (x, y) => x > y, '>=': (x, y) => x >= y,
    '=': (x, y) => x === y, '==': (x, y) => x === y, '!=': (x, y) => x !== y};
  const filter = (query) => {
    const tests = [];
    for (const word of query.trim().split(/\s+/).filter((w) => w)) {
      const parts = word.match(/^([A-Za-z_][\w./\-]*)(<=|>=|==|!=|<|>|=)(.+)$/);
      if (!parts) {
        const low = word.toLowerCase();
        const hits = axes.map((a) => a.labels.map((l) => l.toLowerCase().includes(low)));
        tests.push((p) => hits.some((h, a) => h[points[p][a]]));
        continue;
      }
      const [, name, op, value] = parts;
      const what = named(name);
      if (!what) return {error: `nothing is called "${name}"`};
      const x = text.parse(value);
      const is = compare[op];
      if (what.value) {
        if (x === null) return {error: `"${value}" is no number`};
        tests.push((p) => what.value(p) !== null && is(what.value(p), x));
      } else if (x !== null && what.numbers.every((v) => v !== null)) {
        tests.push((p) => is(what.numbers[what.of(p)], x));
      } else if (op === '=' || op === '==' || op === '!=') {
        tests.push((p) => is(what.words(p), value));
      } else {
        return {error: `${name} has no size to compare with "${value}"`};
      }
    }
    return {test: (p) => tests.every((t) => t(p))};
  };

  const all = Array.from({length: n}, (_, p) => p);
  return {data, axes, points, metrics, n, all, given, isSeconds, spread, show, withInterval, describe, choice, number, command, at, bestOf,
    circumstances, front, difference, filter};
})();
