// What a time line holds, made ready for drawing: marks with their extent in time and their words.
'use strict';
const sequenceModel = (() => {
  const EVENT_WORDS = {
    declared: (e) => e.place === 'broker' ? 'declares the client dead' : 'declares the broker dead',
    closed: (e) => `closes #${e.conn}`,
    connect_attempt: (e) => `connects, #${e.conn}`,
    connected: (e) => `connected, #${e.conn}`,
    session_opened: (e) => `session, #${e.conn}`,
    timer_fired: () => 'timer fires',
    timer_armed: () => 'timer set',
    tcp_timer_fired: () => 'TCP timer fires',
    tcp_timer_armed: () => 'TCP timer set',
    will_published: () => 'publishes the will',
    host_up: () => 'starts',
    host_down: () => 'is down',
    frozen: () => 'freezes',
    thawed: () => 'goes on',
    asleep: () => 'falls asleep',
    awake: () => 'wakes up',
    broker_down: () => 'is down',
    broker_up: () => 'is back',
    broker_stalled: () => 'stands still',
    broker_resumed: () => 'goes on',
  };
  const eventWords = (e) => EVENT_WORDS[e.kind] ? EVENT_WORDS[e.kind](e) : e.kind.replaceAll('_', ' ');
  const isTimer = (m) => m.what === 'event' && /^(tcp_)?timer_/.test(m.kind);
  const LATE = 1e9;  // from writing to reading, as the time line in text has it

  const median = (values) => {
    const sorted = values.slice().sort((a, b) => a - b);
    return sorted.length ? sorted[sorted.length >> 1] : 0;
  };

  // What became of a transmission: one word, and the class it is drawn as.
  const fate = (t, packets) => {
    if (t.lost !== undefined) return 'lost';
    if (t.ignored !== undefined) return 'ignored';
    if (t.arrived === undefined) return 'under-way';
    if (packets.some((p) => p.received !== undefined && p.received - p.written > LATE)) return 'late';
    return 'arrived';
  };

  const transmissionMarks = (data, packetOf) => {
    const took = {up: [], down: []};
    for (const t of data.transmissions) {
      if (t.arrived !== undefined && t.sent !== undefined) took[t.direction].push(t.arrived - t.sent);
    }
    const usual = {up: median(took.up), down: median(took.down)};
    return data.transmissions.map((t) => {
      const sent = t.sent !== undefined ? t.sent : t.arrived !== undefined ? t.arrived : t.ignored;
      const half = usual[t.direction] / 2;
      const to = t.arrived !== undefined ? t.arrived : t.ignored !== undefined ? t.ignored :
        sent + (t.lost !== undefined ? half : 2 * half);
      const carried = t.packets.map((id) => packetOf.get(id)).filter((p) => p);
      const kind = fate(t, carried);
      const from = t.direction === 'up' ? 'client' : 'broker';
      const lines = [
        t.sent === undefined ? 'made by the middlebox' : `sent by the ${from} ${time.offset(t.sent)}`,
        kind === 'lost' ? `lost: ${t.lost}` : kind === 'ignored' ? `arrived after ${time.length(t.ignored - sent)}, ignored: ${t.why}` :
          kind === 'under-way' ? 'still on its way when this stretch ends' : `arrived after ${time.length(t.arrived - sent)}`,
      ];
      if (t.again) lines.push(t.probe ? 'a retransmission: tail loss probe' : 'a retransmission: timeout');
      for (const p of carried) {
        if (p.received === undefined) lines.push(`${p.name} was never read in this stretch`);
        else if (kind === 'late' || p.transmissions.length > 1) lines.push(`${p.name} read ${time.length(p.received - p.written)} after it was written`);
      }
      lines.push(t.seq === undefined ? `${t.bytes} bytes` : `connection #${t.conn}, seq ${t.seq}, ack ${t.ack}, ${t.bytes} bytes`);
      return {key: 't' + t.id, what: 'transmission', from: sent, to, up: t.direction === 'up', name: t.name, fate: kind,
        again: t.again === true, title: t.name, lines, packets: t.packets};
    });
  };

  // Silence of one end: from each reading to the next, while it holds a connection.
  const silences = (data, end) => {
    const incoming = end === 'broker' ? 'up' : 'down';
    const out = [];
    for (const c of data.connections.filter((x) => x.end === end)) {
      const opened = c.from !== undefined ? c.from : data.from;
      const closed = c.to !== undefined ? c.to : data.to;
      const reads = data.packets.filter((p) => p.direction === incoming && p.conn === c.conn &&
        p.received !== undefined && p.received <= closed).sort((a, b) => a.received - b.received);
      let since = opened;
      let by = 'the connection began';
      if (c.from === undefined) {
        since = data.heard[end] !== null && data.heard[end] !== undefined ? data.heard[end] : data.from;
        by = 'it was heard before this stretch';
      }
      for (const p of [...reads, null]) {
        const until = p ? p.received : closed;
        if (until > since) {
          const lines = [`${time.length(until - since)}, since ${by}, ${time.offset(since)}`];
          if (c.limit) lines.push(`limit ${time.length(c.limit)}, reached ${time.offset(since + c.limit)}` + (p && until < since + c.limit ? '; moved on' : ''));
          lines.push(p ? `ended by reading ${p.name}` : c.to !== undefined ? 'until this end closed' : 'goes on');
          out.push({key: `s${end}${c.conn}-${out.length}`, what: 'silence', end, from: since, to: until, limit: c.limit || 0,
            title: `Silence at the ${end}`, lines, last: !p});
        }
        if (p) {
          since = p.received;
          by = `it read ${p.name}`;
        }
      }
    }
    return out;
  };

  // The client waits for PINGRESP from a PINGREQ on.
  const waits = (data) => {
    const out = [];
    const answers = data.packets.filter((p) => p.name === 'PINGRESP' && p.received !== undefined);
    let end = -Infinity;
    for (const p of data.packets.filter((x) => x.name === 'PINGREQ')) {
      if (p.written < end) continue;  // the first of several is waited for
      const answer = answers.find((a) => a.conn === p.conn && a.received >= p.written);
      const closed = data.connections.find((c) => c.end === 'client' && c.conn === p.conn);
      end = Math.min(answer ? answer.received : Infinity, closed && closed.to !== undefined ? closed.to : Infinity, data.to);
      out.push({key: 'w' + p.id, what: 'wait', from: p.written, to: end, title: 'The client waits for PINGRESP',
        lines: [`${time.length(end - p.written)}, from ${time.offset(p.written)}`, answer && answer.received <= end ? 'it came' : 'it did not come']});
    }
    return out;
  };

  const build = (data) => {
    const packetOf = new Map(data.packets.map((p) => [p.id, p]));
    const transmissions = transmissionMarks(data, packetOf);
    const reads = data.packets.filter((p) => p.received !== undefined && p.received <= data.to).map((p) => ({
      key: 'p' + p.id, what: 'read', from: p.received, to: p.received, up: p.direction === 'up', name: p.name, title: `${p.name} is read`,
      lines: [`${time.offset(p.received)}, ${time.length(p.received - p.written)} after it was written`]}));
    const events = data.events.filter((e) => e.place !== 'path').map((e, i) => ({
      key: 'e' + i, what: 'event', kind: e.kind, own: e.kind === 'declared' && e.at === 0 && e.place === data.observer, end: e.place, from: e.at, to: e.at, name: eventWords(e),
      due: e.due, title: /timer_/.test(e.kind) ? `The ${e.place}\u2019s ${eventWords(e)}` : `The ${e.place} ${eventWords(e)}`,
      lines: [time.offset(e.at), ...(e.reason ? [`because: ${e.reason}`] : e.details ? [e.details] : []),
        ...(e.due !== undefined ? [`${time.length(e.due - e.at)} later, ${time.offset(e.due)}`] : []), ...(e.why ? [e.why] : [])]}));
    const faults = data.faults.map((f, i) => ({
      key: 'f' + i, what: 'fault', place: f.place, details: f.details, from: f.from !== undefined ? f.from : data.from,
      to: f.to !== undefined ? f.to : data.to, name: f.name, title: f.name,
      lines: [`from ${f.from === undefined ? 'before this stretch' : time.offset(f.from)} to ${f.to === undefined ? 'beyond this stretch' : time.offset(f.to)}`, ...(f.details ? [f.details] : [])]}));
    const silence = [...silences(data, 'client'), ...silences(data, 'broker')];
    const most = {client: 1, broker: 1};
    for (const s of silence) most[s.end] = Math.max(most[s.end], s.to - s.from, s.limit);
    const marks = [...faults, ...silence, ...waits(data), ...transmissions, ...reads, ...events];
    return {marks, most, observer: data.observer, of: new Map(marks.map((m) => [m.key, m])), packetOf};
  };

  // The marks that a step of the explanation, or one of its lines, speaks of.
  const spokenOf = (model, step, line) => {
    if (line) return line.transmission ? ['t' + line.transmission] : spokenOf(model, step);
    const packet = model.packetOf.get(step.packet);
    if (packet) return [...packet.transmissions.map((id) => 't' + id), 'p' + packet.id].filter((k) => model.of.has(k));
    const said = model.marks.filter((m) => m.what === 'fault' && m.details && step.text.endsWith(m.details));
    if (said.length) return said.map((m) => m.key);
    const there = model.marks.filter((m) => m.from === step.at || m.to === step.at);
    const fault = there.filter((m) => m.what === 'fault');
    if (fault.length) return fault.map((m) => m.key);
    // What did not happen shows as the silence that it left.
    if (step.at === 0 && !/ declared /.test(step.text)) {
      return model.marks.filter((m) => m.what === 'silence' && m.end === model.observer && m.from < 0 && m.to >= 0).map((m) => m.key);
    }
    return there.filter((m) => m.kind === 'declared').map((m) => m.key);
  };

  return {build, spokenOf, isTimer};
})();
