// Draws a RunSummary (sim/metrics/summary.proto) that lies in the page.
'use strict';
(() => {
  const summary = JSON.parse(document.getElementById('summary').textContent);
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const color = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim();
  const charts = {};
  const chosen = {};
  const fleet = $('open').dataset.fleet;  // the page of all clients beside this one, or ''

  // ---- text
  const {add, count, percent, words} = text;
  const number = (x) => text.number(x, 4);
  const seconds = (s) => {
    if (s === null || s === undefined) return '-';
    const size = Math.abs(s);
    if (size === 0) return '0 s';
    if (size < 1e-3) return number(s * 1e6) + ' us';
    if (size < 1) return Number((s * 1e3).toFixed(2)) + ' ms';
    if (size < 600) return s.toFixed(2) + ' s';
    if (size < 7200) return (s / 60).toFixed(1) + ' min';
    if (size < 259200) return (s / 3600).toFixed(1) + ' h';
    return number(s / 86400) + ' d';
  };
  const rate = (d) => {
    if (d.false_per_client_day === null) return 'nothing observed';
    if (d.false_count === 0) {
      return `0 in ${number(d.client_days)} client-days: at most ${number(d.ci95_high)} per client-day (95 %)`;
    }
    return `${number(d.false_per_client_day)} per client-day (95 %: ${number(d.ci95_low)} to ${number(d.ci95_high)})`;
  };

  // A table: `head` texts, `rows` of cells; a cell is a text or [text, attributes, link].
  const table = (id, head, rows) => {
    const t = $(id);
    t.replaceChildren();
    const tr = add(add(t, 'thead'), 'tr');
    for (const h of head) {
      const [text, attributes] = Array.isArray(h) ? h : [h, {}];
      add(tr, 'th', text, {scope: 'col', ...attributes});
    }
    const body = add(t, 'tbody');
    for (const cells of rows) {
      const row = add(body, 'tr');
      for (const cell of cells) {
        const [text, attributes, link] = Array.isArray(cell) ? cell : [cell, {}];
        const td = add(row, 'td', link ? null : text, attributes);
        if (link) add(td, 'a', text, {href: link});
      }
    }
  };
  // Buttons of which one is pressed; `draw` is called with its name.
  const choice = (id, names, draw) => {
    const box = $(id);
    chosen[id] = names[0];
    for (const name of names) {
      const b = add(box, 'button', words(name), {type: 'button', 'data-name': name});
      b.addEventListener('click', () => {
        chosen[id] = name;
        press();
        draw();
      });
    }
    const press = () => {
      for (const b of box.children) b.setAttribute('aria-pressed', String(b.dataset.name === chosen[id]));
    };
    press();
    if (names.length < 2) box.hidden = true;
  };

  // ---- charts
  const axis = (title, more = {}) => ({
    title: {display: true, text: title, color: color('quiet')},
    ticks: {color: color('quiet'), maxRotation: 0, autoSkipPadding: 16}, grid: {color: color('line')}, ...more,
  });
  const chart = (id, type, data, scales, options = {}) => {
    if (charts[id]) charts[id].destroy();
    charts[id] = new Chart($(id), {
      type, data,
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, scales, ...options,
        plugins: {
          legend: {labels: {color: color('ink'), boxWidth: 14}, display: data.datasets.length > 1},
          ...options.plugins,
        },
      },
    });
  };

  // Series of one observer: all failures together, or one per kind if there are several.
  const seriesOf = (observer) => {
    const kinds = summary.detection.by_failure.filter((f) => f[observer].count > 0);
    if (kinds.length < 2) return [{name: kinds.length ? kinds[0].failure : observer, of: summary.detection[observer]}];
    return kinds.map((f) => ({name: f.failure, of: f[observer]}));
  };
  const drawDetection = () => {
    const series = seriesOf(chosen.observer).filter((s) => s.of.count > 0);
    chart('cdf', 'line', {
      datasets: series.map((s, i) => ({
        label: `${words(s.name)} (${count(s.of.count)})`,
        data: s.of.cdf.map((p) => ({x: p.value_s, y: p.share * 100})),
        borderColor: color('s' + i % 7), backgroundColor: color('s' + i % 7),
        pointRadius: 0, borderWidth: 2, stepped: s.of.count < 20 ? 'before' : false,
      })),
    }, {
      x: axis('seconds after onset', {type: 'linear', min: 0}),
      y: axis('% of detections', {min: 0, max: 100}),
    }, {interaction: {mode: 'nearest', intersect: false}});
    const bins = series.length ? series[0].of.bins : [];
    chart('histogram', 'bar', {
      labels: bins.map((b) => number((b.low_s + b.high_s) / 2)),
      datasets: series.map((s, i) => ({
        label: words(s.name), data: s.of.bins.map((b) => b.count),
        backgroundColor: color('s' + i % 7), categoryPercentage: 1, barPercentage: 0.94,
      })),
    }, {
      x: axis('seconds after onset (middle of the bin)', {stacked: true}),
      y: axis('detections', {stacked: true, beginAtZero: true}),
    });
  };
  const drawTimeline = () => {
    const line = summary.time_line;
    const who = chosen.declarer;
    const n = line[who + '_true'].length;
    const [unit, width] = line.bin_s * n > 7200 ? ['hours', 3600] :
        line.bin_s * n > 300 ? ['minutes', 60] : ['seconds', 1];
    chart('timeline', 'bar', {
      labels: Array.from({length: n}, (_, i) => String(Number((i * line.bin_s / width).toFixed(2)))),
      datasets: ['true', 'transient', 'false'].map((verdict) => ({
        label: verdict, data: line[`${who}_${verdict}`], backgroundColor: color(verdict),
        categoryPercentage: 1, barPercentage: 0.94,
      })),
    }, {
      x: axis(`${unit} since the start, in bins of ${number(line.bin_s / width)}`, {stacked: true}),
      y: axis(`declarations by the ${who}`, {stacked: true, beginAtZero: true}),
    });
  };
  const drawCost = () => {
    const types = [...new Set(summary.cost.packets.map((p) => p.type))];
    const of = (type, direction) => {
      const p = summary.cost.packets.find((q) => q.type === type && q.direction === direction);
      return p && p.packets_per_client_day !== null ? p.packets_per_client_day : 0;
    };
    chart('cost', 'bar', {
      labels: types,
      datasets: [['up', 's0'], ['down', 's1']].map(([direction, c]) => ({
        label: direction === 'up' ? 'client to broker' : 'broker to client',
        data: types.map((t) => of(t, direction)), backgroundColor: color(c),
      })),
    }, {x: axis('packets per client-day', {beginAtZero: true}), y: axis('')}, {indexAxis: 'y'});
  };

  // ---- tables
  const latencyRow = (name, l, metric, sub) => [
    [name, sub ? {class: 'sub'} : {}],
    [count(l.count), {'data-metric': metric + '.count'}],
    ...['min_s', 'p50_s', 'p90_s', 'p99_s', 'max_s', 'mean_s'].map(
        (k) => [seconds(l[k]), {'data-metric': `${metric}.${k}`}]),
  ];
  const fillDetection = () => {
    const rows = [];
    for (const observer of ['broker', 'client', 'watcher']) {
      rows.push(latencyRow(observer, summary.detection[observer], 'detection.' + observer, false));
      const kinds = summary.detection.by_failure.filter((f) => f[observer].count > 0);
      if (kinds.length < 2) continue;
      for (const f of kinds) {
        rows.push(latencyRow(words(f.failure), f[observer], `detection.by_failure.${f.failure}.${observer}`, true));
      }
    }
    table('detection', ['observer', 'count', 'min', 'p50', 'p90', 'p99', 'max', 'mean'], rows);
    const lines = [];
    for (const f of summary.failures) {
      const ways = [[f.recovered, 'recovered first'], [f.taken_over, 'taken over first'],
        [f.other, 'closed for another reason'], [f.observer_gone, 'not, as the observer itself ended first'], [f.at_end, 'not yet detected at the end']]
          .filter(([n]) => n > 0).map(([n, how]) => `${count(n)} ${how}`);
      if (ways.length) {
        lines.push(`${words(f.failure)} before the ${f.observer}: ${count(f.detected)} of ${count(f.count)} detected, ${ways.join(', ')}`);
      }
    }
    if (!lines.length) return;
    add($('undetected'), 'p', 'Not detected:', {class: 'quiet'});
    const list = add($('undetected'), 'ul', null, {class: 'plain'});
    for (const line of lines) add(list, 'li', line);
  };
  const fillDeclarations = () => {
    table('declarations', ['by the', 'true', 'transient', 'false', ['false rate', {class: 'text'}], ['causes of transient and false', {class: 'text'}]],
        ['broker', 'client'].map((who) => {
          const d = summary.declarations[who];
          return [who,
            ...['true_count', 'transient_count', 'false_count'].map((k) => [count(d[k]), {'data-metric': `declarations.${who}.${k}`}]),
            [rate(d), {class: 'text'}],
            [d.causes.map((c) => `${count(c.count)} ${c.verdict} by ${words(c.cause)}`).join(', ') || '-', {class: 'text long'}]];
        }));
  };
  const fillQos = () => {
    const q = summary.qos;
    const interval = (name, show) => {
      const [low, high] = name.endsWith('_s') ? [name.replace(/_s$/, '_low_s'), name.replace(/_s$/, '_high_s')] : [name + '_low', name + '_high'];
      return q[low] === null ? '' : `; 95 %: ${show(q[low])} to ${show(q[high])}`;
    };
    table('qos', ['quantity', 'value', ['meaning', {class: 'text'}]], [
      ['observed', [number(q.observed_client_days) + ' client-days', {'data-metric': 'qos.observed_client_days'}], ['client running, path up, broker running', {class: 'text'}]],
      ['mistakes', [count(q.mistakes), {'data-metric': 'qos.mistakes'}], ['false or transient declarations of living clients', {class: 'text'}]],
      ['mistake rate', number(q.mistake_rate_per_client_day), [`per observed client-day; 95 %: ${number(q.ci95_low)} to ${number(q.ci95_high)}`, {class: 'text'}]],
      ['query accuracy P_A', percent(q.query_accuracy), ['share of the observed time that is not within a mistake' + interval('query_accuracy', percent), {class: 'text'}]],
      ['session', percent(q.session_share), ['share of the observed time in which the broker has a session of the client', {class: 'text'}]],
      ['mistake duration T_M', seconds(q.mistake_duration_mean_s), ['mean, until the session opens again' + interval('mistake_duration_mean_s', seconds), {class: 'text'}]],
      ['mistake recurrence T_MR', seconds(q.mistake_recurrence_mean_s), ['mean observed time per mistake' + interval('mistake_recurrence_mean_s', seconds), {class: 'text'}]],
      ['good period T_G', seconds(q.good_period_mean_s), ['mean' + interval('good_period_mean_s', seconds), {class: 'text'}]],
    ]);
  };
  const fillTheory = () => {
    if (!summary.theory.length) return;
    table('theory', ['against theory', 'simulated', 'by theory', 'standard errors off', 'samples', ['formula', {class: 'text'}]],
        summary.theory.map((t) => [`${t.group}: ${t.quantity}`, number(t.simulated), number(t.expected),
          (t.z > 0 ? '+' : '') + t.z.toFixed(2), count(t.samples), [t.formula, {class: 'text long'}]]));
  };
  const fillCost = () => {
    const c = summary.cost;
    const transport = (key) => c.transport.reduce((n, t) => n + t[key], 0);
    table('costs', ['per client-day', 'value'], [
      ['MQTT packets up', number(c.packets_up_per_client_day)],
      ['MQTT packets down', number(c.packets_down_per_client_day)],
      ['MQTT bytes up', number(c.bytes_up_per_client_day)],
      ['MQTT bytes down', number(c.bytes_down_per_client_day)],
      ['PINGREQ', [number(c.pings_per_client_day), {'data-metric': 'cost.pings_per_client_day'}]],
      ['segments on the wire', number(c.segments_per_client_day)],
      ['bytes on the wire', number(c.wire_bytes_per_client_day)],
      ['radio wake-ups', number(c.radio_wakeups_per_client_day)],
      ['connected', percent(c.connected_share)],
      ['PINGREQ answered after (mean)', seconds(c.ping_rtt_mean_s)],
      ['segments lost, in all', count(transport('lost'))],
      ['segments retransmitted, in all', count(transport('retransmitted'))],
    ]);
  };
  const fillGroups = () => {
    $('groups-section').hidden = summary.groups.length < 2;
    table('groups', ['group', 'clients', 'broker p50', 'broker p99', 'broker max', 'client p50', 'true', 'transient', 'false', 'false per client-day, 95 %', 'packets per client-day', 'connected at the end'],
        summary.groups.map((g) => {
          const b = g.declarations.broker;
          const c = g.declarations.client;
          return [g.name, count(g.clients), seconds(g.detection.broker.p50_s), seconds(g.detection.broker.p99_s),
            seconds(g.detection.broker.max_s), seconds(g.detection.client.p50_s),
            count(b.true_count + c.true_count), count(b.transient_count + c.transient_count), count(b.false_count + c.false_count),
            `${number(b.ci95_low)} to ${number(b.ci95_high)}`, number(g.cost.packets_per_client_day), percent(g.connected_share_at_end)];
        }));
  };
  const fillIncidents = () => {
    const shown = summary.incidents.filter((i) => chosen.verdict === 'all' || i.verdict === chosen.verdict);
    $('incidents-title').textContent = summary.incident_count === 0 ? 'No incidents' :
        `The worst ${count(summary.incidents.length)} of ${count(summary.incident_count)} incidents`;
    table('incidents', ['no.', ['client', {class: 'text'}], ['by', {class: 'text'}], ['verdict', {class: 'text'}],
      ['failure', {class: 'text'}], ['cause', {class: 'text'}], 'declared', 'silence', 'latency', ['evidence', {class: 'text'}]],
    shown.map((i) => [i.incident > 0 ? ['#' + i.incident, {}, fleet && `${fleet}#incident=${i.incident}`] : '-', [`${i.group}/${i.client}`, {class: 'text'}], [i.observer, {class: 'text'}],
      [i.verdict, {class: 'text ' + i.verdict}], [words(i.failure), {class: 'text'}], [words(i.cause), {class: 'text'}],
      i.declared_s.toFixed(3) + ' s', seconds(i.silence_s), seconds(i.latency_s), [i.evidence || '-', {class: 'text long'}]]));
  };
  // How to go on from here: to the page of all clients, or the commands that tell more.
  const fillOpen = () => {
    const p = $('open');
    p.hidden = summary.incident_count === 0;
    if (fleet) {
      add(p, 'a', 'All clients over time', {href: fleet});
      p.append(', with every incident to click. ');
    } else {
      add(p, 'code', 'keepsim fleet trace.kst');
      p.append(' makes a page of all clients over time, with every incident to click, and links it here. ');
    }
    add(p, 'code', 'keepsim explain trace.kst --incident N');
    p.append(' tells one in words.');
  };
  const fillExpectations = () => {
    const box = $('expectations');
    if (!summary.expectations.length) {
      add(box, 'p', 'The scenario has none.', {class: 'quiet'});
      return;
    }
    const list = add(box, 'ul', null, {class: 'plain'});
    for (const e of summary.expectations) {
      const item = add(list, 'li');
      add(item, 'span', e.met ? 'met' : 'NOT MET', {class: e.met ? 'met' : 'missed'});
      item.append(' ' + e.text);
      if (e.why) add(item, 'div', e.why, {class: 'quiet'});
    }
  };
  const figure = (value, label, metric) => {
    const box = add($('figures'), 'div', null, {class: 'figure'});
    add(box, 'b', value, metric ? {'data-metric': metric} : {});
    add(box, 'span', label);
  };
  const fillHead = () => {
    $('name').textContent = summary.scenario;
    $('question').textContent = summary.question;
    $('facts').textContent = `${count(summary.clients)} clients for ${seconds(summary.horizon_s)} ` +
        `(${number(summary.client_days)} client-days), seed ${summary.seed}, ${count(summary.events)} events`;
    const b = summary.detection.broker;
    const d = summary.declarations;
    const first = b.count > 0 || summary.detection.client.count === 0 ? 'broker' : 'client';
    const l = summary.detection[first];
    figure(seconds(l.p50_s), `median detection by the ${first}; 99 % within ${seconds(l.p99_s)}, of ${count(l.count)}`, `detection.${first}.p50_s`);
    figure(count(d.broker.false_count + d.client.false_count), `false declarations; by the broker ${rate(d.broker)}`);
    figure(number(summary.cost.packets_per_client_day), 'MQTT packets per client-day', 'cost.packets_per_client_day');
    const met = summary.expectations.filter((e) => e.met).length;
    if (summary.expectations.length) figure(`${met} of ${summary.expectations.length}`, 'expectations met');
    if (summary.violations > 0) figure(count(summary.violations), 'violations of the model\'s own invariants: a bug of KeepSim');
    $('reading').textContent = summary.reading;
    $('reading-section').hidden = !summary.reading;
    $('repro').textContent = summary.repro;
    $('provenance').textContent = `digest ${summary.digest}, scenario ${summary.scenario_digest}, engine ${summary.engine_version}` +
        (summary.build_commit ? `, build ${summary.build_commit}` : '') +
        (summary.overrides.length ? `; set: ${summary.overrides.join(', ')}` : '');
  };

  const drawAll = () => {
    drawDetection();
    drawTimeline();
    drawCost();
  };
  const observers = ['broker', 'client', 'watcher'].filter((o) => summary.detection[o].count > 0);
  choice('observer', observers.length ? observers : ['broker'], drawDetection);
  const declared = (o) => ['true', 'transient', 'false'].reduce((n, v) => n + summary.declarations[o][v + '_count'], 0);
  choice('declarer', ['broker', 'client'].sort((x, y) => declared(y) - declared(x)).filter((o, i) => i === 0 || declared(o) > 0), drawTimeline);
  const verdicts = ['true', 'transient', 'false'].filter((v) => summary.incidents.some((i) => i.verdict === v));
  choice('verdict', verdicts.length > 1 ? ['all', ...verdicts] : ['all'], fillIncidents);
  fillHead();
  fillExpectations();
  fillDetection();
  fillDeclarations();
  fillQos();
  fillTheory();
  fillCost();
  fillGroups();
  fillIncidents();
  fillOpen();
  drawAll();
  text.themeButton($('theme'), drawAll);
  window.keepsim = {summary, charts};
  root.dataset.drawn = 'yes';
})();
