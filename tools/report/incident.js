// The page of one incident.
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const view = story.show(document.getElementById('incident'), data, {keys: document, level: 'h1'});
  text.themeButton(document.getElementById('theme'));
  window.keepsim = {data, view};
  document.documentElement.dataset.drawn = 'yes';
})();
