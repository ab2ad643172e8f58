// What the report does beyond being read: switches, tips, keys. Everything it shows is in the page without it.
(() => {
  'use strict';
  const root = document.documentElement;

  // Light and dark. A page opened from a file may have no storage; the choice then lasts as long as the page.
  const remember = (value) => {
    try {
      localStorage.setItem('forgetting-lab-theme', value);
    } catch {
      // no storage: nothing to remember
    }
  };
  try {
    const saved = localStorage.getItem('forgetting-lab-theme');
    if (saved === 'light' || saved === 'dark') root.dataset.theme = saved;
  } catch {
    // no storage: follow the system
  }
  document.getElementById('theme')?.addEventListener('click', () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    remember(root.dataset.theme);
  });

  // Change against base, or score.
  const press = (buttons, pressed) => {
    for (const button of buttons) button.setAttribute('aria-pressed', String(button === pressed));
  };
  const modes = [...document.querySelectorAll('button[data-mode]')];
  for (const button of modes) {
    button.addEventListener('click', () => {
      root.dataset.mode = button.dataset.mode;
      press(modes, button);
    });
  }

  // One learning rate, or all.
  const rates = [...document.querySelectorAll('button[data-rate]')];
  const showRate = (button) => {
    const rate = button.dataset.rate;
    for (const part of document.querySelectorAll('tbody[data-lr]')) {
      part.hidden = rate !== 'all' && part.dataset.lr !== rate;
    }
    press(rates, button);
  };
  for (const button of rates) button.addEventListener('click', () => showRate(button));
  const chosen = rates.find((button) => button.hasAttribute('data-chosen'));
  if (chosen) showRate(chosen);

  // Tips on hover and focus. The text stays in an attribute and is only ever set as text.
  const tip = document.getElementById('tip');
  for (const part of document.querySelectorAll('.heat [title]')) {
    part.dataset.tip = part.getAttribute('title');
    part.setAttribute('aria-description', part.dataset.tip);
    part.removeAttribute('title');
  }
  const showTip = (part) => {
    tip.textContent = part.dataset.tip;
    tip.hidden = false;
    const box = part.getBoundingClientRect();
    const left = Math.min(box.left, innerWidth - tip.offsetWidth - 12);
    const below = box.bottom + 8 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(8, left) + scrollX}px`;
    tip.style.top = `${(below ? box.bottom + 8 : box.top - tip.offsetHeight - 8) + scrollY}px`;
  };
  const hideTip = () => {
    tip.hidden = true;
  };
  const tipped = (event) => (event.target instanceof Element ? event.target.closest('[data-tip]') : null);
  document.addEventListener('mouseover', (event) => {
    const part = tipped(event);
    if (part) showTip(part);
    else hideTip();
  });
  document.addEventListener('focusin', (event) => {
    const part = tipped(event);
    if (part) showTip(part);
    else hideTip();
  });

  // Arrow keys move through the heatmap, Enter follows the cell, Escape closes the tip.
  const heat = document.getElementById('heat');
  const grid = () =>
    [...(heat?.querySelectorAll('tbody:not([hidden]) tr') ?? [])]
      .map((row) => [...row.querySelectorAll('td[tabindex]')])
      .filter((row) => row.length > 0);
  const first = heat?.querySelector('td[tabindex]');
  if (first) first.tabIndex = 0;
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  heat?.addEventListener('keydown', (event) => {
    const cell = event.target instanceof Element ? event.target.closest('td[tabindex]') : null;
    if (!cell) return;
    if (event.key === 'Enter') cell.querySelector('a')?.click();
    const move = moves[event.key];
    if (!move) return;
    const rows = grid();
    const at = rows.findIndex((row) => row.includes(cell));
    const row = rows[at + move[0]];
    const next = row?.[Math.min(row.length - 1, rows[at].indexOf(cell) + move[1])];
    if (!next) return;
    event.preventDefault();
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hideTip();
  });

  // A link to folded content unfolds it.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let part = target; part; part = part.parentElement) {
      if (part instanceof HTMLDetailsElement) part.open = true;
    }
    target?.scrollIntoView({ block: 'center' });
  };
  addEventListener('hashchange', unfold);
  if (location.hash) unfold();

  // Paper cannot be unfolded.
  addEventListener('beforeprint', () => {
    for (const part of document.querySelectorAll('details.flips')) part.open = true;
  });
})();
