// The pictures of a sweep: heat map, curves, Pareto front, distributions.
'use strict';
const plots = (() => {
  const {axes, points, metrics} = model;
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const color = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim();
  const charts = {};
  const LINES = 8;  // more lines than this nobody tells apart
  const letters = 'ABCDEF';
  const letterColor = (i) => color('s' + i % 7);
  const series = (i) => color('s' + i % 7);
  const dashes = [[], [6, 4], [2, 3]];
  const fade = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, '0');

  // Cividis (Nunez, Anderton, Renslow 2018): reads the same with every kind of colour vision.
  const stops = [[0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115], [138, 134, 120], [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56]];
  const shade = (t) => {
    const at = Math.min(0.999999, Math.max(0, t)) * (stops.length - 1);
    const i = Math.floor(at);
    return stops[i].map((c, k) => Math.round(c + (stops[i + 1][k] - c) * (at - i)));
  };
  const css = ([r, g, b]) => `rgb(${r},${g},${b})`;

  const fit = (canvas, width, height) => {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = width + 'px';
    canvas.style.height = height + 'px';
    const c = canvas.getContext('2d');
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    return c;
  };
  const font = (c, px, weight = '') => {
    c.font = `${weight} ${px}px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif`;
  };

  // ---- heat map
  let heat = null;  // where its cells are
  // What is best, chosen, and under the keyboard's cursor, over the cells as they were drawn.
  const markHeat = (state) => {
    const {left, cellWidth, cellHeight, base, ratio} = heat;
    const c = $('heat').getContext('2d');
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, base.width, base.height);
    c.drawImage(base, 0, 0);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    const box = (p, style, width, dash = []) => {
      const k = heat.cells.indexOf(p);
      if (k < 0) return null;
      const [cx, cy] = [left + (k % heat.xs) * cellWidth, (heat.ys - 1 - Math.floor(k / heat.xs)) * cellHeight];
      c.strokeStyle = style;
      c.lineWidth = width;
      c.setLineDash(dash);
      c.strokeRect(cx + width / 2, cy + width / 2, cellWidth - 1 - width, cellHeight - 1 - width);
      c.setLineDash([]);
      return [cx, cy];
    };
    for (const g of heat.found) {
      box(g.found.best, '#ffffff', 5);
      box(g.found.best, '#c8500a', 3);
    }
    state.chosen.forEach((p, i) => {
      const corner = box(p, letterColor(i), 2);
      if (!corner || cellWidth < 16 || cellHeight < 16) return;
      c.fillStyle = letterColor(i);
      c.fillRect(corner[0], corner[1], 15, 15);
      font(c, 11, 'bold');
      c.fillStyle = color('back');
      c.fillText(letters[i], corner[0] + 7.5, corner[1] + 8);
    });
    if (state.cursor >= 0) box(state.cursor, color('broker'), 3, [4, 3]);
  };
  const drawHeat = (state) => {
    const canvas = $('heat');
    const {x, y} = state;
    const m = metrics[state.metric];
    const xs = x >= 0 ? axes[x].labels : [''];
    const ys = y >= 0 ? axes[y].labels : [''];
    const room = canvas.parentElement.clientWidth;
    const c = canvas.getContext('2d');
    font(c, 13);
    const widest = (labels) => labels.reduce((w, l) => Math.max(w, l.length > 40 ? 280 : c.measureText(l).width), 0);
    const left = y >= 0 ? Math.min(room * 0.38, Math.ceil(widest(ys.length > 60 ? [ys[0], ys[ys.length - 1]] : ys)) + 12) : 4;
    const cellWidth = Math.max(xs.length > 40 ? 3 : 20, Math.min(120, Math.floor((room - left - 4) / xs.length)));
    const cellHeight = ys.length > 40 ? Math.max(3, Math.floor(360 / ys.length)) : Math.max(22, Math.min(64, Math.floor(300 / ys.length)));
    const upright = widest(xs) + 6 <= cellWidth || xs.length > 40;
    const bottom = x >= 0 ? (upright ? 24 : Math.min(140, Math.ceil(widest(xs)) + 14)) : 4;
    const [w, h] = [left + cellWidth * xs.length + 4, cellHeight * ys.length + bottom];
    fit(canvas, w, h);
    c.clearRect(0, 0, w, h);
    heat = {left, cellWidth, cellHeight, xs: xs.length, ys: ys.length, cells: []};
    const shown = [];
    for (let j = 0; j < ys.length; ++j) {
      for (let i = 0; i < xs.length; ++i) {
        const p = model.at(state.fixed, x, i, y, j);
        heat.cells.push(p);
        if (p >= 0) shown.push(p);
      }
    }
    const values = shown.map((p) => m.value[p]).filter((v) => v !== null);
    const low = values.reduce((a, v) => Math.min(a, v), Infinity);
    const high = values.reduce((a, v) => Math.max(a, v), -Infinity);
    const least = values.reduce((a, v) => (v > 0 ? Math.min(a, v) : a), Infinity);
    const log = low >= 0 && high / least > 30;
    const floor = low > 0 ? low : least / 2;
    const place = (v) => (high === low ? 0.5 : log ? Math.log(Math.max(v, floor) / floor) / Math.log(high / floor) : (v - low) / (high - low));
    font(c, cellWidth < 52 ? 11 : 12.5);
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    const text = cellWidth >= 38 && cellHeight >= 18;
    heat.cells.forEach((p, k) => {
      const [i, j] = [k % xs.length, Math.floor(k / xs.length)];
      const [cx, cy] = [left + i * cellWidth, (ys.length - 1 - j) * cellHeight];
      const gap = cellWidth > 10 && cellHeight > 10 ? 1 : 0;
      const v = p >= 0 ? m.value[p] : null;
      if (v === null) {
        c.fillStyle = color('card');
        c.fillRect(cx, cy, cellWidth - gap, cellHeight - gap);
        if (text) {
          c.fillStyle = color('quiet');
          c.fillText('-', cx + cellWidth / 2, cy + cellHeight / 2);
        }
        return;
      }
      const rgb = shade(place(v));
      c.fillStyle = css(rgb);
      c.fillRect(cx, cy, cellWidth - gap, cellHeight - gap);
      if (!text) return;
      c.fillStyle = rgb[0] * 0.3 + rgb[1] * 0.59 + rgb[2] * 0.11 > 120 ? '#101418' : '#ffffff';
      c.fillText(model.show(m, v, cellWidth < 60 && Math.abs(v) < 10 ? 2 : 3), cx + cellWidth / 2, cy + cellHeight / 2, cellWidth - 4);
    });
    const found = model.circumstances(shown).map((g) => ({...g, found: model.bestOf(m, g.members)})).filter((g) => g.found);
    font(c, 13);
    c.fillStyle = color('quiet');
    c.textAlign = 'right';
    const every = (cell, px) => Math.max(1, Math.ceil(px / cell));
    if (y >= 0) {
      for (let j = 0; j < ys.length; j += every(cellHeight, 18)) c.fillText(ys[j], left - 8, (ys.length - 0.5 - j) * cellHeight, left - 10);
    }
    if (x >= 0) {
      for (let i = 0; i < xs.length; i += every(cellWidth, upright ? widest(xs) + 8 : 16)) {
        const [tx, ty] = [left + (i + 0.5) * cellWidth, ys.length * cellHeight + 6];
        if (upright) {
          c.textAlign = 'center';
          c.fillText(xs[i], tx, ty + 8);
        } else {
          c.save();
          c.translate(tx, ty);
          c.rotate(-Math.PI / 2);
          c.textAlign = 'right';
          c.fillText(xs[i], 0, 0, bottom - 8);
          c.restore();
        }
      }
    }
    heat.found = found;
    heat.ratio = window.devicePixelRatio || 1;
    heat.base = document.createElement('canvas');
    [heat.base.width, heat.base.height] = [canvas.width, canvas.height];
    heat.base.getContext('2d').drawImage(canvas, 0, 0);
    markHeat(state);
    $('heat-title').textContent = m.name + (x >= 0 ? `: ${axes[x].name} across` : '') + (y >= 0 ? `, ${axes[y].name} up` : '');
    canvas.setAttribute('aria-label', `Heat map of ${m.title}; arrow keys move, Enter chooses`);
    const scale = $('scale');
    scale.replaceChildren();
    if (values.length) {
      const label = (t) => Object.assign(scale.appendChild(document.createElement('span')), {textContent: t});
      label(model.show(m, low));
      const bar = scale.appendChild(document.createElement('canvas'));
      bar.width = 200;
      bar.height = 1;
      const b = bar.getContext('2d');
      for (let i = 0; i < 200; ++i) {
        b.fillStyle = css(shade(i / 199));
        b.fillRect(i, 0, 1, 1);
      }
      label(model.show(m, high) + (log ? ' (logarithmic)' : ''));
    }
    $('heat-note').textContent = values.length === 0 ? 'Nothing was measured here.' :
        found.length ? `Orange: the ${m.better === 'higher' ? 'highest' : 'lowest'}` +
        (found[0].words ? ` under each ${model.given.map((a) => axes[a].name).join(' and ')}.` : '.') : '';
    return found;
  };
  const heatCell = (px, py) => {
    if (!heat) return -1;
    const [i, row] = [Math.floor((px - heat.left) / heat.cellWidth), Math.floor(py / heat.cellHeight)];
    if (i < 0 || i >= heat.xs || row < 0 || row >= heat.ys) return -1;
    return heat.cells[(heat.ys - 1 - row) * heat.xs + i];
  };
  // The cell that many columns and rows away, as far as there is one.
  const heatStep = (from, dx, dy) => {
    const k = Math.max(0, heat.cells.indexOf(from));
    const clamp = (v, n) => Math.max(0, Math.min(n - 1, v));
    const [i, j] = [clamp(k % heat.xs + dx, heat.xs), clamp(Math.floor(k / heat.xs) + dy, heat.ys)];
    return heat.cells[j * heat.xs + i];
  };
  const heatPlace = (p) => {
    const k = heat.cells.indexOf(p);
    const r = $('heat').getBoundingClientRect();
    return [r.left + heat.left + (k % heat.xs + 0.5) * heat.cellWidth, r.top + (heat.ys - 0.5 - Math.floor(k / heat.xs)) * heat.cellHeight];
  };

  // ---- charts
  const scaleOf = (title, more = {}) => ({
    title: {display: true, text: title, color: color('quiet')},
    ticks: {color: color('quiet'), maxRotation: 60, autoSkipPadding: 12}, grid: {color: color('line')}, ...more,
  });
  const chart = (id, type, datasets, scales, options = {}) => {
    if (charts[id]) charts[id].destroy();
    charts[id] = new Chart($(id), {
      type, data: {datasets},
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true, scales, ...options,
        plugins: {
          legend: {display: datasets.filter((d) => d.label).length > 1, labels: {color: color('ink'), boxWidth: 18, filter: (item) => Boolean(item.text)}},
          tooltip: {enabled: false}, ...options.plugins,
        },
      },
    });
  };
  // Whole steps in the unit that suits the largest of these seconds.
  const secondTicks = (scale) => {
    const unit = [86400, 3600, 60, 1, 1e-3, 1e-6].find((u) => scale.max >= 3 * u) || 1;
    const span = (scale.max - scale.min) / unit;
    const power = 10 ** Math.floor(Math.log10(span / 4));
    const step = [1, 2, 5, 10].map((k) => k * power).find((s) => span / s <= 7);
    const ticks = [];
    for (let i = Math.ceil(scale.min / unit / step - 1e-9); i * step * unit <= scale.max * (1 + 1e-9); ++i) ticks.push({value: i * step * unit});
    scale.ticks = ticks;
  };
  // Ticks of a metric's axis; 0 has a place of its own on a logarithmic one.
  const metricScale = (m, values, wantLog) => {
    const positive = values.filter((v) => v > 0);
    const log = wantLog && model.spread(values) > 3 && values.every((v) => v >= 0);
    const zero = log && values.some((v) => v === 0);
    const floor = log ? positive.reduce((a, v) => Math.min(a, v), Infinity) / 2 : 0;
    const callback = function(value, index, ticks) {
      if (zero && value <= floor * 1.001) return '0';
      if (log && !/^[125]e/.test(value.toExponential())) return null;
      return model.show(m, value, 3);
    };
    const name = m.name + (m.better === 'neither' ? '' : m.better === 'higher' ? ' (high is good)' : ' (low is good)');
    return {
      log, put: (v) => (log ? Math.max(v, floor) : v),
      options: scaleOf(name, log ? {type: 'logarithmic', min: zero ? floor : floor * 1.6, max: positive.reduce((a, v) => Math.max(a, v), 0) * 1.25, ticks: {color: color('quiet'), callback, autoSkipPadding: 12, maxRotation: 0}} :
        {type: 'linear', ...(model.isSeconds(m) ? {afterBuildTicks: secondTicks} : {}), ticks: {color: color('quiet'), callback, autoSkipPadding: 12, maxRotation: 0}}),
    };
  };

  const drawCurves = (state) => {
    const {x, y} = state;
    const m = metrics[state.metric];
    $('curves-title').textContent = x >= 0 ? `${m.name} over ${axes[x].name}` + (y >= 0 ? `, a line for each ${axes[y].name}` : '') : '';
    if (x < 0) return;
    const count = y >= 0 ? axes[y].labels.length : 1;
    const lines = count <= LINES ? Array.from({length: count}, (_, j) => j) :
        Array.from({length: LINES}, (_, k) => Math.round(k * (count - 1) / (LINES - 1)));
    const numbers = axes[x].numbers;
    const place = (i) => (numbers ? numbers[i] : i);
    const datasets = [];
    const values = [];
    lines.forEach((j, k) => {
      const here = axes[x].labels.map((_, i) => model.at(state.fixed, x, i, y, j)).map((p, i) => ({p, i}))
          .filter(({p}) => p >= 0 && m.value[p] !== null).sort((a, b) => place(a.i) - place(b.i));
      for (const {p} of here) values.push(m.value[p], ...(m.low[p] === null ? [] : [Math.max(0, m.low[p]), m.high[p]]));
      datasets.push({label: y >= 0 ? axes[y].labels[j] : m.title, here, k});
    });
    const scale = metricScale(m, values, state.log);
    const drawn = [];
    for (const {label, here, k} of datasets) {
      const tint = series(k);
      const line = (pick) => here.map(({p, i}) => ({x: place(i), y: scale.put(pick(p)), p}));
      drawn.push({
        label, data: line((p) => m.value[p]), borderColor: tint, backgroundColor: tint, borderWidth: 2,
        clip: 6, borderDash: dashes[Math.floor(k / 7)], pointRadius: here.length > 40 ? 0 : 3.5, pointHitRadius: 8,
      });
      if (here.some(({p}) => m.low[p] !== null)) {
        const edge = (pick, fill) => ({data: line(pick), borderWidth: 0, pointRadius: 0, pointHitRadius: 0, backgroundColor: fade(tint, 0.16), fill});
        drawn.push(edge((p) => (m.low[p] === null ? m.value[p] : m.low[p]), false));
        drawn.push(edge((p) => (m.high[p] === null ? m.value[p] : m.high[p]), '-1'));
      }
    }
    const label = (v) => axes[x].labels[numbers ? numbers.indexOf(v) : v];
    const logX = numbers && numbers.every((v) => v > 0) && Math.max(...numbers) / Math.min(...numbers) >= 20;
    const sorted = numbers ? [...numbers].sort((a, b) => a - b) : axes[x].labels.map((_, i) => i);
    const ends = [sorted[0], sorted[sorted.length - 1]];
    // As many of the values as there is room for.
    const along = (v) => (ends[0] === ends[1] ? 0 : logX ? Math.log(v / ends[0]) / Math.log(ends[1] / ends[0]) : (v - ends[0]) / (ends[1] - ends[0]));
    const marks = [];
    for (const v of sorted) if (!marks.length || along(v) - along(marks[marks.length - 1]) > 0.055) marks.push(v);
    chart('curves', 'line', drawn, {
      x: scaleOf(axes[x].name, {
        type: logX ? 'logarithmic' : 'linear', min: ends[0], max: ends[1],
        afterBuildTicks: (s) => { s.ticks = marks.map((value) => ({value})); },
        ticks: {color: color('quiet'), callback: (v) => label(v), autoSkipPadding: 8, maxRotation: 60, autoSkip: true},
      }),
      y: scale.options,
    }, {
      interaction: {mode: 'nearest', intersect: true},
      onClick: (e, hits) => {
        const hit = hits.find((h) => drawn[h.datasetIndex].label);
        if (hit) state.toggle(drawn[hit.datasetIndex].data[hit.index].p);
      },
      onHover: (e, hits) => {
        const hit = hits.find((h) => drawn[h.datasetIndex].label);
        state.tip(hit ? drawn[hit.datasetIndex].data[hit.index].p : -1, e.native.clientX, e.native.clientY);
      },
    });
    $('curves').setAttribute('aria-label', $('curves-title').textContent + '; the table below has the numbers');
    $('curves-note').textContent = 'Bands: 95 % intervals.' + (count > LINES ? ` ${LINES} of ${count} values are drawn.` : '');
  };

  // ---- Pareto front
  let trade = null;  // what is drawn where
  const drawPareto = (state) => {
    const [a, b] = [metrics[state.px], metrics[state.py]];
    let groups = model.circumstances(state.passing);
    let left = '';
    if (groups.length > LINES) {
      const key = model.given.map((i) => state.fixed[i]).join(',');
      groups = groups.filter((g) => g.key === key);
      left = 'Only the circumstances chosen above. ';
    }
    const both = (p) => a.value[p] !== null && b.value[p] !== null;
    groups = groups.map((g) => ({...g, members: g.members.filter(both)})).filter((g) => g.members.length);
    const all = groups.flatMap((g) => g.members);
    const missing = state.passing.length - state.passing.filter(both).length;
    const scales = [metricScale(a, all.map((p) => a.value[p]), state.plog), metricScale(b, all.map((p) => b.value[p]), state.plog)];
    const spot = (p) => ({x: scales[0].put(a.value[p]), y: scales[1].put(b.value[p]), p});
    const many = all.length > 600;
    const datasets = [];
    const fronts = groups.map((g, k) => {
      const best = model.front(a, b, g.members);
      const on = new Set(best);
      const tint = series(k);
      datasets.push({
        label: groups.length > 1 ? g.words : 'not beaten', data: best.map(spot), borderColor: tint, backgroundColor: tint, showLine: true, borderWidth: 2,
        borderDash: dashes[Math.floor(k / 7)], stepped: 'before', pointRadius: 5, order: 0, clip: 8,
      });
      datasets.push({label: groups.length > 1 ? '' : 'others', data: g.members.filter((p) => !on.has(p)).map(spot), backgroundColor: fade(tint, many ? 0.3 : 0.45),
        borderWidth: 0, pointRadius: many ? 2 : 3.5, order: 1, clip: 8});
      return best;
    });
    chart('pareto', 'scatter', datasets, {x: scales[0].options, y: scales[1].options}, {events: []});
    const scaleX = charts.pareto.scales.x;
    const scaleY = charts.pareto.scales.y;
    const spots = all.map((p) => ({p, x: scaleX.getPixelForValue(scales[0].put(a.value[p])), y: scaleY.getPixelForValue(scales[1].put(b.value[p]))}));
    // For looking up what is near: squares of 16 pixels.
    const grid = new Map();
    for (const s of spots) {
      const key = Math.floor(s.x / 16) * 4096 + Math.floor(s.y / 16);
      if (!grid.has(key)) grid.set(key, []);
      grid.get(key).push(s);
    }
    trade = {grid, by: new Map(spots.map((s) => [s.p, s])), fronts: fronts.flat()};
    $('pareto-title').textContent = `${a.name} against ${b.title}: the line joins what nothing else beats in both`;
    const names = trade.fronts.length;
    $('pareto-note').textContent = left + `${names} of ${all.length} points are not beaten` +
        (missing ? `; ${missing} lack one of the two numbers` : '') + '. By their means: within the intervals others may be as good.' +
        (scales[0].log || scales[1].log ? ' 0 stands at the edge.' : '');
    $('pareto-top').setAttribute('aria-label', `${names} points on the front; arrow keys walk along it, Enter chooses`);
    drawMarks(state);
  };
  const drawMarks = (state) => {
    const canvas = $('pareto-top');
    const area = charts.pareto;
    const c = fit(canvas, area.width, area.height);
    const ring = (p, style, radius, letter) => {
      const s = trade.by.get(p);
      if (!s) return;
      c.strokeStyle = style;
      c.lineWidth = 3;
      c.beginPath();
      c.arc(s.x, s.y, radius, 0, 7);
      c.stroke();
      if (!letter) return;
      font(c, 13, 'bold');
      c.fillStyle = style;
      c.fillText(letter, s.x + radius + 3, s.y - 5);
    };
    state.chosen.forEach((p, i) => ring(p, letterColor(i), 8, letters[i]));
    if (state.near >= 0) ring(state.near, color('ink'), 10);
  };
  const paretoNear = (px, py) => {
    if (!trade) return -1;
    let best = -1;
    let least = 14 * 14;
    for (let i = -1; i <= 1; ++i) {
      for (let j = -1; j <= 1; ++j) {
        for (const s of trade.grid.get((Math.floor(px / 16) + i) * 4096 + Math.floor(py / 16) + j) || []) {
          const d = (s.x - px) ** 2 + (s.y - py) ** 2;
          if (d < least) [best, least] = [s.p, d];
        }
      }
    }
    return best;
  };
  const paretoStep = (from, by) => {
    const k = trade.fronts.indexOf(from);
    return trade.fronts[k < 0 ? 0 : Math.max(0, Math.min(trade.fronts.length - 1, k + by))];
  };
  const paretoPlace = (p) => {
    const r = $('pareto-top').getBoundingClientRect();
    const s = trade.by.get(p);
    return [r.left + s.x, r.top + s.y];
  };

  // ---- distributions of chosen points
  const drawCdf = (state) => {
    const of = model.data.cdf[state.observer];
    if (!of) return;
    const shares = model.data.shares;
    const datasets = state.chosen.map((p, i) => ({p, i})).filter(({p}) => of.values[p]).map(({p, i}) => ({
      label: `${letters[i]}: ${model.describe(p)} (${text.count(of.count[p])})`,
      data: of.values[p].map((v, k) => ({x: v, y: shares[k] * 100})),
      borderColor: letterColor(i), backgroundColor: letterColor(i), borderWidth: 2, pointRadius: 0,
      stepped: of.count[p] < 30 ? 'before' : false,
    }));
    chart('cdf', 'line', datasets, {x: scaleOf('seconds after onset', {type: 'linear', min: 0}), y: scaleOf('% of detections', {min: 0, max: 100})},
        {plugins: {legend: {display: true, position: 'bottom', align: 'start', labels: {color: color('ink'), boxWidth: 14}}}});
    $('cdf-title').textContent = datasets.length ? `Share detected by the ${state.observer} within, all seeds together` :
        `No detection by the ${state.observer} at the chosen points.`;
    $('cdf').setAttribute('aria-label', $('cdf-title').textContent);
  };

  return {charts, color, letters, letterColor, drawHeat, markHeat, heatCell, heatStep, heatPlace, drawCurves, drawPareto, drawMarks,
    paretoNear, paretoStep, paretoPlace, drawCdf};
})();
