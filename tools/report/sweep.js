// The page of a sweep: what is chosen, kept in the address, and what follows from it.
'use strict';
(() => {
  const {data, axes, points, metrics, n} = model;
  const {add, count} = text;
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const MOST = 6;  // chosen points

  const judged = metrics.map((m, i) => ({m, i})).filter(({m}) => m.better !== 'neither' && m.reported).map(({i}) => i);
  const start = {
    metric: judged.length ? judged[0] : 0, x: axes.length ? 0 : -1, y: axes.length > 1 ? 1 : -1,
    fixed: axes.map(() => 0), log: judged.some((i) => model.spread(metrics[i].value) > 30), px: judged.length ? judged[0] : 0,
    py: judged.length > 1 ? judged[1] : Math.min(1, metrics.length - 1), plog: judged.some((i) => model.spread(metrics[i].value) > 30),
    chosen: [], observer: ['broker', 'client', 'watcher'].find((o) => data.cdf[o]) || 'broker',
    a: 0, b: 1, sort: 'point', down: false, query: '', cursor: -1, near: -1, passing: model.all,
  };
  // What a person should see first: the best of the first metrics.
  const firstChoice = () => {
    const out = [];
    for (const i of judged) {
      const groups = model.circumstances(model.all);
      const found = model.bestOf(metrics[i], groups[groups.length - 1].members);
      if (found && !out.includes(found.best)) out.push(found.best);
    }
    for (const p of [0, n - 1]) if (out.length < 2 && p >= 0 && !out.includes(p)) out.push(p);
    return out.slice(0, 3);
  };
  start.chosen = firstChoice();
  const state = {...start, fixed: start.fixed.slice(), chosen: start.chosen.slice()};

  // ---- the address: only what is not as it was at the start
  const write = () => {
    const parts = new URLSearchParams();
    const put = (key, value, usual) => {
      if (String(value) !== String(usual)) parts.set(key, value);
    };
    put('metric', metrics[state.metric].key, metrics[start.metric].key);
    put('x', state.x < 0 ? '' : axes[state.x].name, start.x < 0 ? '' : axes[start.x].name);
    put('y', state.y < 0 ? '' : axes[state.y].name, start.y < 0 ? '' : axes[start.y].name);
    put('at', state.fixed.join('.'), start.fixed.join('.'));
    put('log', Number(state.log), Number(start.log));
    put('trade', `${metrics[state.px].key}~${metrics[state.py].key}`, `${metrics[start.px].key}~${metrics[start.py].key}`);
    put('tradelog', Number(state.plog), Number(start.plog));
    put('chosen', state.chosen.join('.'), start.chosen.join('.'));
    put('by', state.observer, start.observer);
    put('ab', `${state.a}.${state.b}`, '0.1');
    put('sort', (state.down ? '-' : '') + state.sort, start.sort);
    put('only', state.query, '');
    put('theme', root.dataset.theme || '', '');
    const hash = parts.toString();
    history.replaceState(null, '', hash ? '#' + hash : location.pathname + location.search);
  };
  const read = () => {
    const parts = new URLSearchParams(location.hash.slice(1));
    const get = (key) => parts.get(key);
    const metricOf = (key, usual) => {
      const i = metrics.findIndex((m) => m.key === key);
      return i < 0 ? usual : i;
    };
    const axisOf = (key, usual) => (get(key) === null ? usual : axes.findIndex((a) => a.name === get(key)));
    const whole = (word, most) => (/^\d+$/.test(word) && Number(word) < most ? Number(word) : -1);
    state.metric = metricOf(get('metric'), start.metric);
    state.x = axisOf('x', start.x);
    state.y = axisOf('y', start.y);
    if (state.x < 0) [state.x, state.y] = [start.x, start.y];
    if (state.y === state.x) state.y = -1;
    const fixed = (get('at') || '').split('.').map((w, i) => (i < axes.length ? whole(w, axes[i].labels.length) : -1));
    state.fixed = start.fixed.map((v, i) => (fixed.length === axes.length && fixed[i] >= 0 ? fixed[i] : v));
    state.log = get('log') === null ? start.log : get('log') === '1';
    const [px, py] = (get('trade') || '').split('~');
    state.px = metricOf(px, start.px);
    state.py = metricOf(py, start.py);
    state.plog = get('tradelog') === null ? start.plog : get('tradelog') === '1';
    state.chosen = get('chosen') === null ? start.chosen.slice() :
        [...new Set(get('chosen').split('.').map((w) => whole(w, n)).filter((p) => p >= 0))].slice(0, MOST);
    state.observer = data.cdf[get('by')] ? get('by') : start.observer;
    const [a, b] = (get('ab') || '0.1').split('.').map((w) => whole(w, MOST));
    [state.a, state.b] = [Math.max(0, a), b === undefined ? 1 : Math.max(0, b)];
    const sort = get('sort') || start.sort;
    [state.sort, state.down] = [sort.replace(/^-/, ''), sort.startsWith('-')];
    state.query = get('only') || '';
    if (['dark', 'light'].includes(get('theme'))) root.dataset.theme = get('theme');
    $('filter').value = state.query;
    pass();
  };

  // ---- what the choices are made with
  const select = (box, label, options, value, change) => {
    const l = add(box, 'label', label);
    const s = add(l, 'select', null, {'aria-label': label});
    for (const [v, words] of options) {
      const o = add(s, 'option', words, {value: v});
      if (String(v) === String(value)) o.selected = true;
    }
    s.addEventListener('change', () => change(s.value));
    return s;
  };
  const tick = (box, label, value, change) => {
    const l = add(box, 'label', null, {class: 'tick'});
    const i = add(l, 'input', null, {type: 'checkbox'});
    i.checked = value;
    l.append(label);
    i.addEventListener('change', () => change(i.checked));
  };
  const metricOptions = metrics.map((m, i) => [i, m.name]);
  const refocus = (box, work) => {
    const label = box.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
    work();
    if (label) for (const s of box.querySelectorAll('select')) if (s.getAttribute('aria-label') === label) s.focus();
  };
  const controls = () => refocus($('controls'), () => {
    const box = $('controls');
    box.replaceChildren();
    select(box, 'metric', metricOptions, state.metric, (v) => set({metric: Number(v)}, drawMap));
    if (axes.length > 1) {
      select(box, 'across', axes.map((a, i) => [i, a.name]), state.x, (v) => {
        const x = Number(v);
        set({x, y: state.y === x ? state.x : state.y}, drawMap);
      });
      select(box, 'up', [[-1, '(nothing)'], ...axes.map((a, i) => [i, a.name]).filter(([i]) => i !== state.x)], state.y, (v) => set({y: Number(v)}, drawMap));
    }
    axes.forEach((a, i) => {
      if (i === state.x || i === state.y) return;
      select(box, `at ${a.name}`, a.labels.map((l, k) => [k, l]), state.fixed[i], (v) => {
        const fixed = state.fixed.slice();
        fixed[i] = Number(v);
        set({fixed}, drawAll);
      });
    });
    tick(box, 'logarithmic curves', state.log, (v) => set({log: v}, drawMap));
  });
  const trade = () => refocus($('trade'), () => {
    const box = $('trade');
    box.replaceChildren();
    select(box, 'this', metricOptions, state.px, (v) => set({px: Number(v)}, drawTrade));
    select(box, 'against', metricOptions, state.py, (v) => set({py: Number(v)}, drawTrade));
    tick(box, 'logarithmic', state.plog, (v) => set({plog: v}, drawTrade));
  });

  // Takes over a change and draws what shows it.
  const set = (change, draw) => {
    Object.assign(state, change, {cursor: -1, near: -1});
    write();
    draw();
  };
  state.toggle = (p) => {
    if (p < 0) return;
    const k = state.chosen.indexOf(p);
    if (k >= 0) {
      state.chosen.splice(k, 1);
    } else {
      if (state.chosen.length >= MOST) state.chosen.shift();
      state.chosen.push(p);
    }
    write();
    drawChosen();
    if (axes.length) plots.markHeat(state);
    plots.drawMarks(state);
    table.mark(state);
  };
  state.sortBy = (key) => {
    state.down = state.sort === key ? !state.down : false;
    state.sort = key;
    write();
    table.draw(state);
  };
  const pass = () => {
    const f = model.filter(state.query);
    $('filter-note').textContent = f.error || '';
    $('filter').setAttribute('aria-invalid', String(Boolean(f.error)));
    if (!f.error) state.passing = state.query.trim() ? model.all.filter(f.test) : model.all;
    return !f.error;
  };

  // ---- copying and the tip
  state.copy = (p, button) => {
    const done = () => {
      if (!button) return;
      button.textContent = 'copied';
      setTimeout(() => { button.textContent = 'copy'; }, 1500);
    };
    const byHand = () => {
      const t = add(document.body, 'textarea', model.command(p), {style: 'position:fixed;opacity:0'});
      t.select();
      document.execCommand('copy');
      t.remove();
      done();
    };
    window.keepsim.copied = model.command(p);
    if (navigator.clipboard) {
      navigator.clipboard.writeText(model.command(p)).then(done, byHand);
    } else {
      byHand();
    }
  };
  let told = -1;
  state.tip = (p, x, y) => {
    const tip = $('tip');
    if (p < 0) {
      tip.hidden = true;
      told = -1;
      return;
    }
    if (p !== told) {
      told = p;
      const lines = metrics.filter((m, i) => m.reported || i === state.metric || i === state.px || i === state.py)
          .map((m) => `${m.name}: ${model.withInterval(m, p)}`);
      tip.textContent = [`point ${model.number(p)}: ${model.describe(p)}`, ...lines].join('\n');
    }
    tip.hidden = false;
    const left = Math.max(6, Math.min(x + 14, innerWidth - tip.offsetWidth - 8));
    const below = y + 18 + tip.offsetHeight < innerHeight;
    tip.style.left = left + 'px';
    tip.style.top = (below ? y + 18 : Math.max(6, y - tip.offsetHeight - 12)) + 'px';
  };

  // ---- chosen points
  const drawChosen = () => {
    const list = $('chosen');
    list.replaceChildren();
    state.chosen.forEach((p, i) => {
      const li = add(list, 'li');
      add(li, 'span', plots.letters[i], {class: 'letter', style: `background:${plots.letterColor(i)}`});
      add(li, 'span', `point ${model.number(p)}: ${model.describe(p)}`, {class: 'what'});
      const copy = add(li, 'button', 'copy', {type: 'button', 'aria-label': `Copy the command of point ${model.number(p)}`});
      copy.addEventListener('click', () => state.copy(p, copy));
      add(li, 'button', 'let go', {type: 'button'}).addEventListener('click', () => state.toggle(p));
      add(li, 'code', model.command(p));
    });
    if (!state.chosen.length) add(list, 'li', 'None yet.', {class: 'quiet'});
    const observers = ['broker', 'client', 'watcher'].filter((o) => data.cdf[o]);
    $('cdf-part').hidden = !observers.length || !state.chosen.length;
    const box = $('observer');
    box.replaceChildren();
    for (const o of observers) {
      const b = add(box, 'button', o, {type: 'button', 'aria-pressed': String(o === state.observer)});
      b.addEventListener('click', () => set({observer: o}, drawChosen));
    }
    if (!$('cdf-part').hidden) plots.drawCdf(state);
    drawAb();
  };
  const verdict = (m, d) => {
    if (d.low === null) return ['one run each: no interval', 'quiet'];
    if (d.low <= 0 && d.high >= 0) return d.low === 0 && d.high === 0 ? ['the same', 'quiet'] : ['no difference shown', 'quiet'];
    const way = d.value < 0 ? 'lower' : 'higher';
    if (m.better === 'neither') return [`B is ${way}`, ''];
    return way === m.better ? [`B is better (${way})`, 'better'] : [`B is worse (${way})`, 'worse'];
  };
  const drawAb = () => {
    const enough = state.chosen.length > 1;
    $('ab-section').hidden = !enough;
    if (!enough) return;
    const last = state.chosen.length - 1;
    const [a, b] = [Math.min(state.a, last), Math.min(state.b, last)];
    const box = $('ab-choice');
    refocus(box, () => {
      box.replaceChildren();
      const options = state.chosen.map((p, i) => [i, `${plots.letters[i]}: ${model.describe(p)}`]);
      select(box, 'A', options, a, (v) => set({a: Number(v)}, drawAb));
      select(box, 'B', options, b, (v) => set({b: Number(v)}, drawAb));
    });
    const [p, q] = [state.chosen[a], state.chosen[b]];
    const t = $('ab');
    t.replaceChildren();
    const head = add(add(t, 'thead'), 'tr');
    add(head, 'th', '', {scope: 'col'});
    add(head, 'th', 'in words', {scope: 'col', class: 'text'});
    for (const h of ['B \u2212 A', 'A', 'B']) add(head, 'th', h, {scope: 'col'});
    const body = add(t, 'tbody');
    for (const m of metrics) {
      const d = model.difference(m, p, q);
      const row = add(body, 'tr', null, {'data-metric': m.key});
      add(row, 'td', m.name, {class: 'long'});
      const [words, kind] = d ? verdict(m, d) : ['not measured at both', 'quiet'];
      add(row, 'td', words, {class: 'text ' + kind});
      const sign = (x) => (x > 0 ? '+' : '') + model.show(m, x);
      add(row, 'td', !d ? '-' : d.low === null ? sign(d.value) : `${sign(d.value)} [${sign(d.low)}, ${sign(d.high)}]`);
      add(row, 'td', model.withInterval(m, p));
      add(row, 'td', model.withInterval(m, q));
    }
  };

  // ---- what does not change
  const fillHead = () => {
    $('name').textContent = data.name;
    $('question').textContent = data.question;
    $('facts').textContent = `${count(n)} points, ${count(data.runs)}` +
        (data.expected_runs === null ? ' runs' : ` of ${count(data.expected_runs)} runs`) + `, seeds from ${data.first_seed} on`;
    $('reading').textContent = data.reading;
    $('reading-section').hidden = !data.reading;
    $('again').textContent = data.again;
    $('provenance').textContent = `content ${data.content}, sweep ${data.sweep_digest}, engine ${data.engine_version}`;
    $('failures-section').hidden = data.failed === 0;
    $('failures-title').textContent = `${count(data.failed)} runs failed`;
    for (const f of data.failures) {
      const li = add($('failures'), 'li');
      add(li, 'b', `point ${model.number(f.point)}, seed ${f.seed} (${model.describe(f.point)}): ${f.status}: `, {class: 'missed'});
      li.append(f.error);
      add(li, 'div', f.again, {class: 'quiet'});
    }
    $('map-section').hidden = axes.length === 0;
    $('filter').placeholder = [axes[0] && `${axes[0].fields[0].name}<=${axes[0].fields[0].values[Math.floor(axes[0].labels.length / 2)]}`,
      metrics[0] && `${metrics[0].heading}<60`].filter(Boolean).join(' ');
  };
  const fillFigures = () => {
    for (const i of judged.slice(0, 4)) {
      const m = metrics[i];
      const groups = model.circumstances(model.all);
      const g = groups[groups.length - 1];
      const found = model.bestOf(m, g.members);
      if (!found) continue;
      const box = add($('figures'), 'div', null, {class: 'figure'});
      add(box, 'b', axes.length ? model.choice(found.best).replaceAll('=', ' ') : model.show(m, m.value[found.best]));
      add(box, 'span', `${m.better === 'higher' ? 'highest' : 'lowest'} ${m.title}: ${model.withInterval(m, found.best)}` +
          (g.words ? `, at ${g.words}` : '') + (found.equal.length ? `; ${count(found.equal.length)} as good within the intervals` : ''));
    }
  };
  const best = (found) => {
    const m = metrics[state.metric];
    const shown = found.slice(0, 8).map((g) => {
      const equal = g.found.equal.length;
      return (g.words ? `At ${g.words}: ` : '') + `${m.better === 'higher' ? 'highest' : 'lowest'} at ${model.choice(g.found.best)}: ` +
          `${model.withInterval(m, g.found.best)}` + (equal ? `; ${count(equal)} more as good within the intervals` : '');
    });
    $('best').textContent = shown.map((line) => line.charAt(0).toUpperCase() + line.slice(1)).join('\n');
  };

  const drawMap = () => {
    if (!axes.length) return;
    controls();
    best(plots.drawHeat(state));
    plots.drawCurves(state);
  };
  const drawTrade = () => {
    trade();
    plots.drawPareto(state);
  };
  const drawAll = () => {
    drawMap();
    drawTrade();
    drawChosen();
    table.draw(state);
  };
  const listen = () => {
    table.listen(state);
    const heat = $('heat');
    const under = (e) => {
      const r = heat.getBoundingClientRect();
      return plots.heatCell(e.clientX - r.left, e.clientY - r.top);
    };
    heat.addEventListener('pointermove', (e) => state.tip(under(e), e.clientX, e.clientY));
    heat.addEventListener('pointerleave', () => state.tip(-1));
    heat.addEventListener('click', (e) => state.toggle(under(e)));
    const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
    heat.addEventListener('keydown', (e) => {
      if (arrows[e.key]) {
        state.cursor = plots.heatStep(state.cursor, ...arrows[e.key]);
        plots.markHeat(state);
        if (state.cursor >= 0) state.tip(state.cursor, ...plots.heatPlace(state.cursor));
      } else if ((e.key === 'Enter' || e.key === ' ') && state.cursor >= 0) {
        state.toggle(state.cursor);
      } else {
        return;
      }
      e.preventDefault();
    });
    heat.addEventListener('blur', () => {
      state.cursor = -1;
      state.tip(-1);
      plots.markHeat(state);
    });
    const top = $('pareto-top');
    const near = (p) => {
      if (p === state.near) return;
      state.near = p;
      plots.drawMarks(state);
    };
    const spot = (e) => {
      const r = top.getBoundingClientRect();
      return plots.paretoNear(e.clientX - r.left, e.clientY - r.top);
    };
    top.addEventListener('pointermove', (e) => {
      near(spot(e));
      state.tip(state.near, e.clientX, e.clientY);
    });
    top.addEventListener('pointerleave', () => {
      near(-1);
      state.tip(-1);
    });
    top.addEventListener('click', (e) => state.toggle(spot(e)));
    top.addEventListener('keydown', (e) => {
      const by = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1}[e.key];
      if (by) {
        near(plots.paretoStep(state.near, by));
        if (state.near >= 0) state.tip(state.near, ...plots.paretoPlace(state.near));
      } else if ((e.key === 'Enter' || e.key === ' ') && state.near >= 0) {
        state.toggle(state.near);
      } else {
        return;
      }
      e.preventDefault();
    });
    $('curves').addEventListener('pointerleave', () => state.tip(-1));
    $('filter').addEventListener('input', () => {
      state.query = $('filter').value;
      if (!pass()) return;
      write();
      plots.drawPareto(state);
      table.draw(state);
    });
    text.themeButton($('theme'), () => {
      write();
      drawAll();
    });
    addEventListener('hashchange', () => {
      read();
      drawAll();
    });
    addEventListener('keydown', (e) => {
      if (e.key === 'Escape') state.tip(-1);
    });
    let width = innerWidth;
    addEventListener('resize', () => {
      if (innerWidth === width) return;
      width = innerWidth;
      drawAll();
    });
  };
  window.keepsim = {data, state, model, charts: plots.charts};
  fillHead();
  fillFigures();
  read();
  listen();
  drawAll();
  root.dataset.drawn = 'yes';
})();
