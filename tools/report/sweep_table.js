// The table of all points: sorted, filtered; only the rows in sight are elements.
'use strict';
const table = (() => {
  const {axes, points, metrics} = model;
  const $ = (id) => document.getElementById(id);
  const ROW = 34;  // pixels, as in sweep.css
  const SPARE = 8;  // rows beyond what is in sight
  const shownMetrics = metrics.filter((m) => m.reported);
  let rows = [];
  let current = 0;
  let first = -1;

  const columns = [
    {key: 'point', head: 'point', text: (p) => String(model.number(p)), value: (p) => p},
    ...axes.flatMap((a, i) => a.fields.map((f) => {
      const numbers = f.values.map(text.parse);
      const sized = numbers.every((x) => x !== null);
      return {key: f.name, head: f.name, words: true, text: (p) => f.values[points[p][i]],
        value: (p) => (sized ? numbers[points[p][i]] : f.values[points[p][i]])};
    })),
    ...shownMetrics.map((m) => ({key: m.heading, head: m.heading, title: m.title, text: (p) => model.withInterval(m, p), value: (p) => m.value[p]})),
  ];

  const head = (state) => {
    const tr = document.createElement('tr');
    for (const c of [{head: ''}, ...columns, {head: 'command'}]) {
      const th = text.add(tr, 'th', null, {scope: 'col', ...(c.words ? {class: 'text'} : {})});
      if (!c.key) {
        th.textContent = c.head;
        continue;
      }
      const b = text.add(th, 'button', c.head, {type: 'button', 'data-sort': c.key, title: c.title || `Sort by ${c.head}`});
      b.addEventListener('click', () => state.sortBy(c.key));
    }
    $('points').querySelector('thead').replaceChildren(tr);
  };

  // The order of `passing` by the state's column; what was not measured comes last.
  const sort = (state) => {
    const c = columns.find((x) => x.key === state.sort) || columns[0];
    const sign = state.down ? -1 : 1;
    const keyed = state.passing.map((p) => [c.value(p), p]);
    keyed.sort(([x, p], [y, q]) => {
      if (x === y) return p - q;
      if (x === null || y === null) return x === null ? 1 : -1;
      return (x < y ? -1 : 1) * sign || p - q;
    });
    rows = keyed.map(([, p]) => p);
    for (const b of $('points').querySelectorAll('thead button')) {
      const mine = b.dataset.sort === c.key;
      b.parentElement.setAttribute('aria-sort', mine ? (state.down ? 'descending' : 'ascending') : 'none');
      b.textContent = columns.find((x) => x.key === b.dataset.sort).head + (mine ? (state.down ? ' \u2193' : ' \u2191') : '');
    }
    current = Math.min(current, Math.max(0, rows.length - 1));
  };

  const fill = (state, force) => {
    const box = $('rows');
    const from = Math.max(0, Math.min(rows.length, Math.floor(box.scrollTop / ROW)) - SPARE);
    if (!force && Math.abs(from - first) < SPARE / 2) return;
    first = from;
    const to = Math.min(rows.length, from + Math.ceil(box.clientHeight / ROW) + 2 * SPARE);
    const body = document.createElement('tbody');
    const space = (height) => {
      if (height > 0) text.add(text.add(body, 'tr', null, {class: 'spacer', 'aria-hidden': 'true', style: `height:${height}px`}), 'td');
    };
    space(from * ROW);
    for (let k = from; k < to; ++k) {
      const p = rows[k];
      const chosen = state.chosen.indexOf(p);
      const tr = text.add(body, 'tr', null, {'data-point': p, id: `row-${p}`, 'aria-selected': String(chosen >= 0),
        class: chosen >= 0 ? 'chosen' : ''});
      const mark = text.add(tr, 'td');
      if (chosen >= 0) text.add(mark, 'span', plots.letters[chosen], {class: 'letter', style: `background:${plots.letterColor(chosen)}`});
      for (const c of columns) text.add(tr, 'td', c.text(p), c.words ? {class: 'text'} : {});
      const b = text.add(text.add(tr, 'td'), 'button', 'copy', {type: 'button', tabindex: '-1', 'data-copy': p, title: model.command(p)});
      b.setAttribute('aria-label', `Copy the command of point ${model.number(p)}`);
    }
    space((rows.length - to) * ROW);
    $('points').querySelector('tbody').replaceWith(body);
    frame();
  };
  // Frames the current row while the table has the keyboard. Makes no new elements: a click that
  // brings the focus must end on the row where it began.
  const frame = () => {
    const here = document.activeElement === $('rows');
    for (const tr of $('points').querySelectorAll('tr[data-point]')) {
      tr.classList.toggle('at', here && Number(tr.dataset.point) === rows[current]);
    }
  };

  const draw = (state) => {
    sort(state);
    fill(state, true);
    $('table-title').textContent = rows.length === model.n ? `All ${text.count(model.n)} points` :
        `${text.count(rows.length)} of ${text.count(model.n)} points`;
  };

  const listen = (state) => {
    head(state);
    const box = $('rows');
    box.addEventListener('scroll', () => fill(state, false), {passive: true});
    box.addEventListener('focus', frame);
    box.addEventListener('blur', frame);
    $('points').addEventListener('click', (e) => {
      const copy = e.target.closest('[data-copy]');
      if (copy) return state.copy(Number(copy.dataset.copy), copy);
      const row = e.target.closest('tr[data-point]');
      if (!row) return;
      current = rows.indexOf(Number(row.dataset.point));
      state.toggle(Number(row.dataset.point));
    });
    box.addEventListener('keydown', (e) => {
      if (e.target !== box || !rows.length) return;
      const page = Math.floor(box.clientHeight / ROW) - 2;
      const step = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length}[e.key];
      if (step !== undefined) {
        current = Math.max(0, Math.min(rows.length - 1, current + step));
        const top = current * ROW;
        if (top < box.scrollTop) box.scrollTop = top;
        if (top + 2 * ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + 2 * ROW - box.clientHeight;
        fill(state, true);
        box.setAttribute('aria-activedescendant', `row-${rows[current]}`);
      } else if (e.key === 'Enter' || e.key === ' ') {
        state.toggle(rows[current]);
      } else if (e.key === 'c' && !e.ctrlKey && !e.metaKey) {
        state.copy(rows[current], box.querySelector(`[data-copy="${rows[current]}"]`));
      } else {
        return;
      }
      e.preventDefault();
    });
  };
  // After points were chosen or let go.
  const mark = (state) => fill(state, true);
  return {listen, draw, mark, order: () => rows};
})();
