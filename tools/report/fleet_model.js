// All clients and incidents of a run as columns of numbers, and which incidents are chosen.
'use strict';
const fleetModel = (() => {
  const STATES = ['connected', 'one end holds a connection', 'not connected', 'mapping lost', 'path cut', 'frozen or asleep', 'down'];

  const column = (base64, Type) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    return new Type(bytes.buffer);
  };

  class Fleet {
    constructor(raw) {
      this.raw = raw;
      this.count = raw.incidents;
      this.clients = raw.clients;
      this.horizon = raw.horizon;
      this.first = column(raw.first, Uint32Array);
      this.at = column(raw.at, Uint32Array);
      this.state = column(raw.state, Uint8Array);
      this.client = column(raw.client, Uint32Array);
      for (const name of ['declared', 'silence', 'latency']) this[name] = column(raw[name], Float64Array);
      for (const name of ['verdict', 'cause', 'failure', 'observer']) this[name] = column(raw[name], Uint8Array);
      this.group = new Uint16Array(this.count);
      for (let i = 0; i < this.count; ++i) this.group[i] = this.groupOf(this.client[i]);
      this.filter = {verdict: null, cause: null, group: null, observer: null, client: null, from: null, to: null};
      this.choose({});
    }
    groupOf(client) {
      const groups = this.raw.groups;
      let g = 0;
      while (g + 1 < groups.length && groups[g + 1].first <= client) ++g;
      return g;
    }
    clientName(client) {
      const g = this.raw.groups[this.groupOf(client)];
      return `${g.name}/${client - g.first}`;
    }
    observerName(i) { return ['?', 'broker', 'client', 'watcher'][this.observer[i]] || '?'; }
    causeName(i) { return this.raw.causes[this.cause[i]]; }
    verdictName(i) { return this.raw.verdicts[this.verdict[i]]; }
    failureName(i) { return this.failure[i] ? this.raw.failures[this.failure[i]] : ''; }
    // The state of a client at an instant: {state, since, until}, ns.
    stateAt(client, ns) {
      const u = this.raw.unit_ns;
      let low = this.first[client];
      let high = this.first[client + 1];
      while (low + 1 < high) {
        const middle = (low + high) >> 1;
        if (this.at[middle] * u <= ns) low = middle;
        else high = middle;
      }
      return {state: this.state[low], since: this.at[low] * u, until: low + 1 < this.first[client + 1] ? this.at[low + 1] * u : this.horizon};
    }
    // Changes the filter; then `chosen` holds the incidents that pass, and `inTime` those that do
    // but for the time, both in order of time.
    choose(change) {
      Object.assign(this.filter, change);
      const f = this.filter;
      const from = f.from === null ? -Infinity : f.from;
      const to = f.to === null ? Infinity : f.to;
      const chosen = new Uint32Array(this.count);
      const inTime = new Uint32Array(this.count);
      let n = 0;
      let m = 0;
      for (let i = 0; i < this.count; ++i) {
        if ((f.verdict !== null && this.verdict[i] !== f.verdict) || (f.cause !== null && this.cause[i] !== f.cause) ||
            (f.group !== null && this.group[i] !== f.group) || (f.observer !== null && this.observer[i] !== f.observer) ||
            (f.client !== null && this.client[i] !== f.client)) continue;
        inTime[m++] = i;
        if (this.declared[i] >= from && this.declared[i] <= to) chosen[n++] = i;
      }
      this.chosen = chosen.subarray(0, n);
      this.inTime = inTime.subarray(0, m);
    }
    // How many there are of each value of a column.
    counts(name, size) {
      const out = new Array(size).fill(0);
      for (let i = 0; i < this.count; ++i) ++out[this[name][i]];
      return out;
    }
    // The first of `list` (in order of time) declared at or after `ns`.
    firstAt(list, ns) {
      let low = 0;
      let high = list.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.declared[list[middle]] < ns) low = middle + 1;
        else high = middle;
      }
      return low;
    }
    sorted(by, ascending) {
      const value = {
        number: (i) => i, declared: (i) => this.declared[i], client: (i) => this.client[i], silence: (i) => this.silence[i],
        latency: (i) => Number.isNaN(this.latency[i]) ? -1 : this.latency[i], verdict: (i) => this.verdict[i], observer: (i) => this.observer[i],
        cause: (i) => this.cause[i], failure: (i) => this.failure[i],
      }[by];
      if (by === 'number' || by === 'declared') return ascending ? this.chosen : this.chosen.slice().reverse();
      const keys = Float64Array.from(this.chosen, value);
      const order = Uint32Array.from(keys, (_, k) => k).sort((a, b) => (ascending ? keys[a] - keys[b] : keys[b] - keys[a]) || a - b);
      return order.map((k) => this.chosen[k]);
    }
  }
  return {STATES, create: (raw) => new Fleet(raw)};
})();
