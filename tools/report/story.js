// An incident for reading: its head, the diagram, and the explanation beside it, step by step.
'use strict';
const story = (() => {
  const LEGEND = [['arrived', 'arrived'], ['again', 'retransmission'], ['lost', 'lost'], ['ignored', 'ignored on arrival'], ['late', 'read late (over 1 s)']];
  const SHAPES = {arrived: 'M1 3L27 12', again: 'M1 3L27 12', late: 'M1 3L27 12', ignored: 'M1 3L27 12', lost: 'M1 3L17 9m-4 -4l8 8m0 -8l-8 8'};
  const {words} = text;
  const quoted = (word) => /^[A-Za-z0-9_\-./=:,+@%]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

  const button = (parent, label, title, press) => {
    const b = text.add(parent, 'button', label, {type: 'button', title, 'aria-label': title});
    b.addEventListener('click', press);
    return b;
  };

  const legend = (parent) => {
    const box = text.add(parent, 'div', null, {class: 'legend', 'aria-hidden': 'true'});
    for (const [kind, label] of LEGEND) {
      const item = text.add(box, 'span');
      item.innerHTML = `<svg width="30" height="16" class="wires"><g class="mark ${kind === 'again' ? 'arrived again' : kind}"><path class="line" d="${SHAPES[kind]}"/></g></svg>`;
      text.add(item, 'span', label);
    }
  };

  const head = (parent, data, level) => {
    const title = data.line.slice(data.line.indexOf(' s ') + 3);
    text.add(parent, level, `Incident ${text.count(data.number)}: ${title.slice(0, title.lastIndexOf(': '))}`);
    const facts = text.add(parent, 'p', null, {class: 'facts'});
    text.add(facts, 'span', data.verdict, {class: `verdict ${data.verdict}`});
    for (const fact of [`cause: ${words(data.cause)}`, `at ${time.instant(data.base_ns)}`, `silence ${time.length(data.silence)}`,
      ...(data.onset !== undefined ? [`failure ${time.offset(data.onset)}`] : []), `connection #${data.conn}`]) text.add(facts, 'span', fact);
    text.add(parent, 'p', `Scenario ${data.scenario}, seed ${data.seed}, engine ${data.engine_version}. Simulated again at packet level; meets the recorded outcome.`, {class: 'quiet'});
  };

  // Shows the incident in `parent`; `keys`: where the keys of the diagram are heard besides it.
  const show = (parent, data, {keys, level}) => {
    parent.classList.add('incident');
    head(parent, data, level);
    const columns = text.add(parent, 'div', null, {class: 'columns'});
    const left = text.add(columns, 'section', null, {class: 'drawing', 'aria-label': 'Time line'});
    const bar = text.add(left, 'div', null, {class: 'controls', role: 'toolbar', 'aria-label': 'View'});
    const diagram = sequence.create(left, data);
    const view = diagram.view;
    const middle = () => view.from + view.span / 2;
    button(bar, '+', 'Zoom in (+)', () => view.zoom(1 / 2, middle()));
    button(bar, time.MINUS, 'Zoom out (\u2212)', () => view.zoom(2, middle()));
    button(bar, 'all', 'Show all (Home)', () => view.all());
    button(bar, 'declaration', 'To the declaration (d)', () => {
      diagram.marked = new Set();
      view.glide(-view.span / 2, view.span);
    });
    const span = text.add(bar, 'output', '', {class: 'span', 'aria-label': 'Time across the view'});
    const changed = view.changed;
    view.changed = () => {
      span.textContent = time.length(view.span) + ' across';
      changed();
    };
    view.changed();
    legend(left);
    text.add(left, 'p', 'Wheel or pinch zooms where the pointer is, dragging moves. Keys: + \u2212 zoom, \u2190 \u2192 move, [ ] packet by packet, t T timer by timer, n p step by step, d declaration, Home all.', {class: 'quiet hint'});

    const right = text.add(columns, 'section', null, {class: 'told', 'aria-label': 'Explanation'});
    const top = text.add(right, 'div', null, {class: 'told-head'});
    text.add(top, 'h2', 'What happened');
    const stepper = text.add(top, 'div', null, {class: 'controls', role: 'toolbar', 'aria-label': 'Steps of the explanation'});
    const list = text.add(right, 'ol', null, {class: 'steps'});
    const steps = [];  // {element, keys}
    let now = -1;
    const go = (i) => {
      if (i < 0 || i >= steps.length) return;
      if (now >= 0) steps[now].element.removeAttribute('aria-current');
      now = i;
      const {element, speaksOf} = steps[now];
      element.setAttribute('aria-current', 'step');
      const box = list.getBoundingClientRect();
      const at = element.getBoundingClientRect();
      if (list.scrollHeight > list.clientHeight) list.scrollTop += at.top - box.top - (list.clientHeight - at.height) / 2;
      diagram.mark(speaksOf);
      count.textContent = `${now + 1} of ${steps.length}`;
    };
    button(stepper, '\u2039', 'Previous step (p)', () => go(now - 1));
    const count = text.add(stepper, 'output', '', {class: 'span'});
    button(stepper, '\u203a', 'Next step (n)', () => go(now + 1));
    const sentence = (parentElement, words_, speaksOf, when) => {
      const b = text.add(parentElement, 'button', null, {type: 'button', class: 'sentence'});
      if (when !== undefined) {
        const at = text.add(b, 'time', time.instant(BigInt(data.base_ns) + BigInt(when)));
        text.add(at, 'small', time.offset(when));
      }
      text.add(b, 'span', words_);
      const i = steps.length;
      steps.push({element: b, speaksOf});
      b.addEventListener('click', () => go(i));
    };
    for (const s of data.story.steps) {
      const item = text.add(list, 'li');
      sentence(item, s.text, sequenceModel.spokenOf(diagram.model, s), s.at);
      const lines = s.lines.length ? text.add(item, 'ul') : null;
      for (const l of s.lines) sentence(text.add(lines, 'li'), l.text, sequenceModel.spokenOf(diagram.model, s, l));
    }
    count.textContent = `${steps.length} steps`;

    const more = text.add(parent, 'div', null, {class: 'because'});
    const block = (title, paragraphs) => {
      const section = text.add(more, 'section');
      text.add(section, 'h2', title);
      for (const p of paragraphs) text.add(section, 'p', p);
      return section;
    };
    text.add(block('The rule', [data.story.rule]), 'p', `Source: ${data.story.source}`, {class: 'quiet'});
    block(`The verdict: ${data.verdict}`, data.story.verdict);
    block(`The cause: ${words(data.cause)}`, [data.story.cause]);
    if (data.answers.length) {
      const section = block('Would it have happened?', []);
      section.className = 'wide';
      text.add(section, 'p', 'Simulated again with the same seed and the same luck, one thing changed.', {class: 'quiet'});
      const dl = text.add(section, 'dl');
      for (const a of data.answers) {
        const dt = text.add(dl, 'dt', a.change);
        for (const o of a.set) text.add(dt, 'code', `--set ${quoted(o)}`);
        text.add(dl, 'dd', a.answer, {class: a.answer.startsWith('no') ? 'no' : a.answer.startsWith('yes') ? 'yes' : ''});
      }
    }
    const again = block('Again', []);
    again.className = 'wide';
    text.add(again, 'pre', ['explain', 'replay'].map((c) => `keepsim ${c} ${quoted(data.trace)} --incident ${data.number}`).join('\n'));

    const onKey = (e) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
      if (e.key === 'n') go(now + 1);
      else if (e.key === 'p') go(now - 1);
      else if ((e.key.startsWith('Arrow') || e.key === 'Home') && e.target !== document.body) return;
      else if (!diagram.key(e)) return;
      e.preventDefault();
    };
    keys.addEventListener('keydown', onKey);
    return {diagram, view, steps, go, get step() { return now; }, end() {
      keys.removeEventListener('keydown', onKey);
      diagram.end();
    }};
  };
  return {show, quoted, words, button};
})();
