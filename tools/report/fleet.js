// The page of a fleet: filters, the picture, the table, and the incident that is opened.
'use strict';
(() => {
  const $ = (id) => document.getElementById(id);
  const json = (id) => JSON.parse($(id).textContent);
  const fleet = fleetModel.create(json('fleet-data'));
  const embedded = new Map(json('incidents-data').map((d) => [d.number, d]));
  const raw = fleet.raw;
  const PAGE = 50;
  const sort = {by: 'number', ascending: true};
  let page = 0;
  let listed = fleet.chosen;

  // ---- head
  $('name').textContent = `${raw.scenario}: the fleet over time`;
  for (const fact of [`${text.count(fleet.clients)} clients`, time.length(raw.horizon), `${text.count(fleet.count)} incidents`, `seed ${raw.seed}`]) {
    text.add($('facts'), 'span', fact);
  }
  $('again').textContent = `keepsim fleet ${story.quoted(raw.trace)} --out fleet.html\nkeepsim explain ${story.quoted(raw.trace)} --incident N --page incident.html`;
  $('provenance').textContent = `digest ${raw.digest}, engine ${raw.engine_version}`;

  // ---- the picture
  const picture = fleetRows.create(fleet, $('rows'), $('histogram'), () => {
    span.textContent = `${time.length(picture.view.span)} across, ${text.count(Math.round(picture.many))} clients`;
    const [first, last] = picture.range();
    $('rows').setAttribute('aria-label', `Clients over time from ${time.clock(Math.round(picture.view.from), 0)} to ${time.clock(Math.round(picture.view.to), 0)}, clients ` +
      `${fleet.clientName(picture.clientAt(0))} to ${fleet.clientName(picture.clientAt(picture.tall - 1))}; ${last - first} chosen incidents`);
  });
  const view = picture.view;
  const bar = $('view');
  const middle = () => view.from + view.span / 2;
  story.button(bar, '+', 'Zoom in (+)', () => view.zoom(0.5, middle()));
  story.button(bar, time.MINUS, 'Zoom out (\u2212)', () => view.zoom(2, middle()));
  story.button(bar, 'rows +', 'Fewer clients, taller (PageUp)', () => picture.zoomRows(0.5, picture.tall / 2));
  story.button(bar, `rows ${time.MINUS}`, 'More clients (PageDown)', () => picture.zoomRows(2, picture.tall / 2));
  const all = () => {
    picture.setRows(0, fleet.clients);
    view.all();
  };
  story.button(bar, 'all', 'Show all (Home)', all);
  story.button(bar, 'to the selection', 'Zoom to the chosen time', () => {
    const {from, to} = fleet.filter;
    if (from !== null) view.glide(from, Math.max(to - from, view.shortest));
  });
  const span = text.add(bar, 'output', '', {class: 'span'});

  const legend = $('legend');
  const present = new Set(fleet.state);
  fleetModel.STATES.forEach((name, s) => {
    if (!present.has(s)) return;
    const item = text.add(legend, 'span');
    text.add(item, 'i', null, {class: 'swatch', style: `background: var(--st${s})`});
    text.add(item, 'span', name);
  });
  for (const v of raw.verdicts) {
    const item = text.add(legend, 'span');
    text.add(item, 'i', null, {class: `swatch round ${v}`});
    text.add(item, 'span', `declared: ${v}`);
  }

  // ---- filters
  const form = $('filters');
  form.addEventListener('submit', (e) => e.preventDefault());
  let brushing = null;
  const choose = (change) => {
    fleet.choose(change);
    page = 0;
    // The table waits until a drag has ended.
    if (brushing) counted(fleet.chosen.length);
    else relist();
    picture.ask();
  };
  const verdicts = text.add(form, 'span', null, {class: 'choice', role: 'group', 'aria-label': 'Verdict'});
  const verdictCounts = fleet.counts('verdict', 3);
  [null, 2, 1, 0].forEach((v) => {
    const label = v === null ? `all ${text.count(fleet.count)}` : `${raw.verdicts[v]} ${text.count(verdictCounts[v])}`;
    const b = text.add(verdicts, 'button', label, {type: 'button', 'aria-pressed': String(v === null), 'data-verdict': v === null ? 'all' : raw.verdicts[v]});
    b.addEventListener('click', () => {
      for (const other of verdicts.children) other.setAttribute('aria-pressed', String(other === b));
      choose({verdict: v});
    });
  });
  const select = (name, label, options) => {
    const box = text.add(form, 'label', label + ' ');
    const s = text.add(box, 'select', null, {name});
    text.add(s, 'option', 'all', {value: ''});
    for (const [value, words] of options) text.add(s, 'option', words, {value});
    s.addEventListener('change', () => choose({[name]: s.value === '' ? null : Number(s.value)}));
  };
  const options = (names, counts) => names.map((n, i) => [i, `${story.words(n)} (${text.count(counts[i])})`]).filter(([i]) => counts[i] > 0);
  select('cause', 'cause', options(raw.causes, fleet.counts('cause', raw.causes.length)));
  select('group', 'group', options(raw.groups.map((g) => g.name), fleet.counts('group', raw.groups.length)));
  select('observer', 'declared by', options(['?', 'broker', 'client'], fleet.counts('observer', 4)));
  const times = {};
  for (const name of ['from', 'to']) {
    const box = text.add(form, 'label', name + ' ');
    times[name] = text.add(box, 'input', null, {name, type: 'text', size: '9', placeholder: name === 'from' ? '0s' : 'end', inputmode: 'text', title: 'A time such as 90s or 1h30m'});
    times[name].addEventListener('change', () => {
      const read = (n, otherwise) => {
        const words = times[n].value.trim();
        const s = words === '' ? otherwise : text.parse(words);
        times[n].setAttribute('aria-invalid', String(s === null));
        return s === null ? null : s === otherwise ? otherwise : Math.round(s * 1e9);
      };
      const from = read('from', 0);
      const to = read('to', raw.horizon);
      if (from !== null && to !== null) brush(from, to);
    });
  }
  const seconds = (ns) => String(Number((ns / 1e9).toPrecision(8))) + 's';
  const brush = (from, to) => {
    const whole = from <= 0 && to >= raw.horizon;
    times.from.value = whole || from <= 0 ? '' : seconds(from);
    times.to.value = whole || to >= raw.horizon ? '' : seconds(to);
    choose(whole ? {from: null, to: null} : {from, to});
  };
  const reset = text.add(form, 'button', 'clear', {type: 'button', title: 'All incidents'});
  reset.addEventListener('click', () => {
    for (const s of form.querySelectorAll('select')) s.value = '';
    for (const b of verdicts.children) b.setAttribute('aria-pressed', String(b.dataset.verdict === 'all'));
    fleet.choose({verdict: null, cause: null, group: null, observer: null, client: null});
    brush(0, raw.horizon);
  });

  // ---- the table
  const COLUMNS = [['number', 'incident'], ['declared', 'declared'], ['client', 'client'], ['observer', 'by'], ['verdict', 'verdict'], ['cause', 'cause'],
    ['failure', 'failure'], ['silence', 'silence'], ['latency', 'latency']];
  const NUMBERS = new Set(['number', 'declared', 'silence', 'latency']);
  const relist = () => {
    listed = fleet.sorted(sort.by, sort.ascending);
    fill();
  };
  const counted = (n) => {
    $('count').textContent = n === fleet.count ? `${text.count(n)} incidents` : `${text.count(n)} of ${text.count(fleet.count)} incidents`;
  };
  const fill = () => {
    const t = $('incidents');
    const pages = Math.max(1, Math.ceil(listed.length / PAGE));
    page = Math.min(Math.max(0, page), pages - 1);
    counted(listed.length);
    t.replaceChildren();
    const tr = text.add(text.add(t, 'thead'), 'tr');
    for (const [by, words] of COLUMNS) {
      const sorted = sort.by === by;
      const th = text.add(tr, 'th', null, {scope: 'col', class: NUMBERS.has(by) ? '' : 'text', 'aria-sort': sorted ? (sort.ascending ? 'ascending' : 'descending') : 'none'});
      const b = text.add(th, 'button', words + (sorted ? (sort.ascending ? ' \u2191' : ' \u2193') : ''), {type: 'button', class: 'sort', 'data-by': by});
      b.addEventListener('click', () => {
        Object.assign(sort, {by, ascending: sort.by === by ? !sort.ascending : !['silence', 'latency'].includes(by)});
        page = 0;
        relist();
        t.querySelector(`[data-by=${by}]`).focus();
      });
    }
    const body = text.add(t, 'tbody');
    for (const i of listed.slice(page * PAGE, (page + 1) * PAGE)) {
      const row = text.add(body, 'tr', null, {'data-number': i + 1});
      const open_ = text.add(text.add(row, 'td', null, {class: 'number'}), 'button', text.count(i + 1), {type: 'button', class: 'open',
        title: embedded.has(i + 1) ? 'Its time line' : 'The command for its time line'});
      if (embedded.has(i + 1)) open_.classList.add('here');
      row.addEventListener('click', () => open(i + 1));
      for (const [words, kind] of [[time.instant(Math.round(fleet.declared[i])), ''], [fleet.clientName(fleet.client[i]), 'text'], [fleet.observerName(i), 'text'],
        [fleet.verdictName(i), `text ${fleet.verdictName(i)}`], [story.words(fleet.causeName(i)), 'text'], [story.words(fleet.failureName(i)) || '\u2013', 'text'],
        [time.length(fleet.silence[i]), ''], [Number.isNaN(fleet.latency[i]) ? '\u2013' : time.length(fleet.latency[i]), '']]) text.add(row, 'td', words, {class: kind});
    }
    const nav = $('pages');
    nav.replaceChildren();
    if (pages === 1) return;
    const turn = (label, title, to) => story.button(nav, label, title, () => {
      page = to;
      fill();
    }).toggleAttribute('disabled', to < 0 || to >= pages);
    turn('\u2039', 'Previous page', page - 1);
    turn('\u203a', 'Next page', page + 1);
    text.add(nav, 'output', `${text.count(page * PAGE + 1)} to ${text.count(Math.min(listed.length, (page + 1) * PAGE))} of ${text.count(listed.length)}`, {class: 'span'});
  };

  // ---- an incident
  const dialog = $('dialog');
  let shown = null;
  const close = () => {
    if (shown) shown.end();
    shown = null;
    $('opened').replaceChildren();
    if (location.hash) history.replaceState(null, '', location.pathname);
  };
  const commandOnly = (number) => {
    const i = number - 1;
    const box = $('opened');
    box.className = '';
    text.add(box, 'h1', `Incident ${text.count(number)}`);
    const facts = text.add(box, 'p', null, {class: 'facts'});
    text.add(facts, 'span', fleet.verdictName(i), {class: `verdict ${fleet.verdictName(i)}`});
    for (const fact of [`cause: ${story.words(fleet.causeName(i))}`, fleet.clientName(fleet.client[i]), `declared by the ${fleet.observerName(i)}`,
      `at ${time.instant(Math.round(fleet.declared[i]))}`, `silence ${time.length(fleet.silence[i])}`]) text.add(facts, 'span', fact);
    text.add(box, 'p', `This page holds the time lines of ${text.count(embedded.size)} incidents: one of each kind and the worst. This command makes the page of this one:`);
    text.add(box, 'pre', `keepsim explain ${story.quoted(raw.trace)} --incident ${number} --page incident-${number}.html`, {class: 'command', tabindex: '0'});
  };
  const open = (number) => {
    close();
    $('notice').hidden = true;
    if (!dialog.open) dialog.showModal();
    const data = embedded.get(number);
    if (data) shown = story.show($('opened'), data, {keys: dialog, level: 'h1'});
    else commandOnly(number);
    dialog.scrollTop = 0;
    history.replaceState(null, '', `#incident=${number}`);
    window.keepsim.shown = shown;
  };
  dialog.addEventListener('close', close);
  $('close').addEventListener('click', () => dialog.close());

  // ---- hands
  const rows = $('rows');
  const tip = $('tip');
  const place = (e) => [e.clientX - rows.getBoundingClientRect().left, e.clientY - rows.getBoundingClientRect().top];
  rows.addEventListener('wheel', (e) => {
    if (!e.altKey) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    picture.zoomRows(Math.exp(e.deltaY * 0.0025), place(e)[1]);
  }, {passive: false});
  time.gestures(rows, view, () => picture.left, () => picture.plot);
  let dragged = null;
  rows.addEventListener('pointerdown', (e) => { dragged = e.button === 0 ? e.clientY : null; });
  rows.addEventListener('pointermove', (e) => {
    if (e.buttons === 1 && dragged !== null && e.pointerType === 'mouse') {
      picture.setRows(picture.low - (e.clientY - dragged) / picture.tall * picture.many, picture.many);
      dragged = e.clientY;
    }
    if (e.buttons === 0) hover(...place(e));
  });
  rows.addEventListener('pointerleave', () => { tip.hidden = true; });
  const hover = (x, y) => {
    tip.hidden = x < picture.left || y > picture.tall;
    if (tip.hidden) return;
    const i = picture.incidentAt(x, y);
    tip.replaceChildren();
    rows.style.cursor = i >= 0 ? 'pointer' : '';
    if (i >= 0) {
      text.add(tip, 'b', `Incident ${text.count(i + 1)}: ${fleet.verdictName(i)}, ${story.words(fleet.causeName(i))}`);
      text.add(tip, 'span', `${fleet.clientName(fleet.client[i])}, declared by the ${fleet.observerName(i)} at ${time.instant(Math.round(fleet.declared[i]))}`);
    } else {
      const client = picture.clientAt(y);
      const at = fleet.stateAt(client, picture.timeAt(x));
      text.add(tip, 'b', `${fleet.clientName(client)}: ${fleetModel.STATES[at.state]}`);
      text.add(tip, 'span', `${time.clock(Math.round(at.since), 3)} to ${time.clock(Math.round(at.until), 3)}, ${time.length(at.until - at.since)}`);
      const each = picture.many / picture.tall;
      if (each > 1.5) text.add(tip, 'span', `one of ${Math.round(each)} clients in this row`);
    }
    tip.style.left = Math.min(x + 14, picture.width - tip.offsetWidth - 4) + 'px';
    tip.style.top = 84 + (y > picture.tall - 90 ? y - 70 : y + 16) + 'px';
  };
  rows.addEventListener('click', (e) => {
    const i = picture.incidentAt(...place(e));
    if (i >= 0) open(i + 1);
  });
  const key = (e) => {
    if (e.ctrlKey || e.metaKey) return false;
    const zoom = {'+': 1 / 1.5, '=': 1 / 1.5, '-': 1.5, '_': 1.5}[e.key];
    const move = {ArrowLeft: -0.1, ArrowRight: 0.1}[e.key];
    const shift = {ArrowUp: -0.1, ArrowDown: 0.1}[e.key];
    const row = {PageUp: 1 / 1.5, PageDown: 1.5}[e.key];
    if (zoom) view.zoom(zoom, middle());
    else if (move) view.move(move * view.span);
    else if (shift) picture.setRows(picture.low + shift * picture.many, picture.many);
    else if (row) picture.zoomRows(row, picture.tall / 2);
    else if (e.key === 'Home') all();
    else return false;
    return true;
  };
  for (const canvas of [rows, $('histogram')]) canvas.addEventListener('keydown', (e) => key(e) && e.preventDefault());

  const histogram = $('histogram');
  time.gestures(histogram, view, () => picture.left, () => picture.plot, () => false);
  const when = (e) => Math.min(raw.horizon, Math.max(0, picture.timeAt(Math.max(picture.left, e.clientX - histogram.getBoundingClientRect().left))));
  histogram.addEventListener('pointerdown', (e) => {
    if (e.button !== 0) return;
    brushing = {at: when(e), x: e.clientX};
    histogram.setPointerCapture(e.pointerId);
  });
  histogram.addEventListener('pointermove', (e) => {
    if (!brushing || Math.abs(e.clientX - brushing.x) < 3) return;
    const now = when(e);
    brush(Math.round(Math.min(now, brushing.at)), Math.round(Math.max(now, brushing.at)));
  });
  histogram.addEventListener('pointerup', (e) => {
    if (!brushing) return;
    const moved = Math.abs(e.clientX - brushing.x) >= 3;
    brushing = null;
    if (moved) relist();
    else brush(0, raw.horizon);
  });
  histogram.setAttribute('aria-label', 'Incidents over time by verdict; the fields "from" and "to" above choose as dragging does');

  new ResizeObserver(() => {
    if (picture.width !== Math.max(200, $('fleet').clientWidth)) picture.resize();
  }).observe($('fleet'));
  text.themeButton($('theme'), () => {
    picture.states = null;
    picture.ask();
  });
  window.keepsim = {fleet, picture, embedded, open, choose, shown: null};
  relist();
  picture.resize();
  // fleet.html#incident=12
  const follow = () => {
    const wanted = /^#incident=(.*)$/.exec(location.hash);
    if (!wanted) return;
    const number = /^\d+$/.test(wanted[1]) ? Number(wanted[1]) : 0;
    if (number >= 1 && number <= fleet.count) {
      open(number);
      return;
    }
    if (dialog.open) dialog.close();
    $('notice').textContent = `There is no incident \u201c${wanted[1]}\u201d: ` +
      (fleet.count === 0 ? 'in this run nobody declared its peer dead.' : `this run has the incidents 1 to ${text.count(fleet.count)}.`);
    $('notice').hidden = false;
  };
  window.addEventListener('hashchange', follow);
  follow();
  requestAnimationFrame(() => requestAnimationFrame(() => { document.documentElement.dataset.drawn = 'yes'; }));
})();
