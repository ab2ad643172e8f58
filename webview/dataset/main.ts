// The dataset view: the rows of a dataset file of any size, read by page from the lab server's line index. Perplexity and
// token colours come for the rows in sight only; the current row opens below or beside with all that is known about it.
import './dataset.css';
import {
  closeDatasetView,
  datasetViewChanged,
  explainDatasetViewRow,
  getDatasetViewRows,
  openDatasetView,
  scoreDatasetViewRows,
  searchDatasetView,
  searchProgress,
} from '../../src/shared/protocol/lab/datasetView.ts';
import type { DatasetViewState } from '../../src/shared/protocol/lab/datasetView.ts';
import type { ScoringModel } from '../../src/shared/protocol/lab/datasets.ts';
import { modelsChanged } from '../../src/shared/protocol/lab/models.ts';
import { formatCount, formatShare, formatSize } from '../../src/shared/words.ts';
import { el, fill } from '../ui/dom.ts';
import {
  action,
  boot,
  drawn,
  errorText,
  isAbort,
  keep,
  on,
  remembered,
  request,
  RequestError,
  text,
} from '../ui/host.ts';
import { makePage } from '../ui/page.ts';
import '../ui/theme.ts';
import { button, checkbox, segmented, setDisabled, textField } from '../ui/toolkit.ts';
import { tokenLegend } from '../ui/tokens.ts';
import { detailCharacters, makeDetail } from './detail.ts';
import { RowGrid } from './grid.ts';
import { RowPages } from './pages.ts';
import { columnNames, listCharacters, rowCells } from './rowCells.ts';
import type { RowLook } from './rowCells.ts';
import { RowScores } from './scores.ts';
import { makeSearch, markWords } from './search.ts';
import { modelName, onModelName } from '../ui/modelNames.ts';
import { formatBytes } from './words.ts';

const subject = boot.subject as {
  file: string;
  /** The file's path as the heading tells it. */
  place: string;
  model: ScoringModel;
  perplexity: boolean;
  colourTokens: boolean;
};

/** Rows fetched around those in sight. */
const around = 40;
const fetchMs = 30;
/** Scrolling past is no reason to compute. */
const scoreMs = 150;

/** A choice of the reader: it holds until the setting that it overrides changes. */
function choice<T>(name: string, setting: T): { value: T; set(value: T): void } {
  const kept = remembered<{ over: T; value: T }>(name);
  const overridden = kept !== undefined && JSON.stringify(kept.over) === JSON.stringify(setting);
  const state = {
    value: overridden ? kept.value : setting,
    set: (value: T) => {
      state.value = value;
      keep(name, { over: setting, value });
    },
  };
  return state;
}

const model = choice('model', subject.model);
const perplexity = choice('perplexity', subject.perplexity);
const colour = choice('colour', subject.colourTokens);
const raw = choice('raw', false);
const paneOpen = choice('pane', false);

let state: DatasetViewState | undefined;
/** A row that the index has yet to reach. */
let awaited: number | undefined = remembered<number>('row');
let words = '';

const look = (): RowLook => ({
  raw: raw.value,
  perplexity: boot.trusted && perplexity.value,
  colour: boot.trusted && colour.value,
});
const scoring = (): boolean => boot.trusted && (perplexity.value || colour.value);

const page = makePage();
const progress = el('div', {
  class: 'progress',
  role: 'progressbar',
  'aria-label': text('Reading the file'),
  hidden: true,
});
const legend = el('div', { class: 'key' }, tokenLegend());
const empty = el('p', { class: 'empty', hidden: true });
const jumpStatus = el('span', { class: 'quiet' });

const pages = new RowPages({
  fetch: (from, count, signal) => {
    if (!state) return Promise.resolve([]);
    return request(getDatasetViewRows, { id: state.id, from, count, characters: listCharacters }, signal);
  },
  changed: () => {
    redraw();
    wantScores();
    drawn();
  },
  failed: (error) => failed(error),
});

const scores = new RowScores({
  fetch: (rows, signal) => {
    if (!state) return Promise.resolve([]);
    return request(scoreDatasetViewRows, { id: state.id, model: model.value, rows }, signal);
  },
  changed: () => redraw(),
  failed: (error) => {
    // Of a file that has changed nothing can be scored before it is read again.
    if (state?.failure) return failed(new RequestError(state.failure));
    const again = button(text('Try again'), () => rescore());
    page.notice([errorText(error), ' ', again], 'error');
  },
});

const grid = new RowGrid({
  draw: (row) =>
    rowCells({ row, read: pages.row(row), score: scores.score(row), expected: scores.expected(row) }, look()),
  moved: () => {
    wantRows();
    wantScores();
    mark();
  },
  current: (row) => {
    keep('row', row);
    if (detail.open) showDetail(row);
  },
  open: (row) => {
    paneOpen.set(true);
    showDetail(row);
  },
});

const detail = makeDetail(() => closeDetail());

const search = makeSearch({
  find: async (wanted, from, signal) => {
    if (!state) return null;
    return (await request(searchDatasetView, { id: state.id, text: wanted, from }, signal))?.row ?? null;
  },
  current: () => grid.current,
  found: (row) => jump(row),
  words: (wanted) => {
    words = wanted;
    mark();
  },
  announce: (message) => page.announce(message),
});

function redraw(): void {
  grid.redraw();
  mark();
}

function mark(): void {
  markWords(grid.elements(), words);
}

let fetchTimer: ReturnType<typeof setTimeout> | undefined;

/** Fetches what came into sight; while somebody scrolls, at most so often. */
function wantRows(): void {
  fetchTimer ??= setTimeout(() => {
    fetchTimer = undefined;
    const { first, last } = grid.inSight();
    pages.want(first - around, last + around, state?.rows ?? 0);
  }, fetchMs);
}

let scoreTimer: ReturnType<typeof setTimeout> | undefined;

function wantScores(): void {
  clearTimeout(scoreTimer);
  scoreTimer = setTimeout(() => {
    if (!scoring()) return;
    const { first, last } = grid.inSight();
    const wanted: number[] = [];
    for (let row = first; row <= last; row++) {
      const read = pages.row(row);
      if (read && !read.blank && read.problem === undefined) wanted.push(row);
    }
    scores.want(wanted);
    redraw();
  }, scoreMs);
}

function showDetail(row: number): void {
  const { id } = state ?? {};
  if (id === undefined) return;
  detail.show(row, {
    model: model.value.name,
    row: async (at, signal) =>
      (await request(getDatasetViewRows, { id, from: at, count: 1, characters: detailCharacters }, signal))[0],
    explain: boot.trusted
      ? (at, signal) => request(explainDatasetViewRow, { id, model: model.value, row: at }, signal)
      : undefined,
  });
}

function closeDetail(): void {
  paneOpen.set(false);
  detail.hide();
  grid.focus();
}

/** Everything under this model again. */
function rescore(): void {
  page.notice(undefined);
  scores.clear();
  redraw();
  wantScores();
  if (detail.open) showDetail(grid.current);
}

/** To a row, as soon as the index has reached it. */
function jump(row: number): void {
  awaited = row;
  arrive();
}

function arrive(): void {
  if (awaited === undefined || !state) return;
  if (awaited >= state.rows && !state.done) {
    fill(jumpStatus, text('Row {0} is still being looked for.', formatCount(awaited + 1)));
    return;
  }
  const beyond = awaited >= state.rows;
  fill(jumpStatus, beyond && text('There are {0} rows.', formatCount(state.rows)));
  grid.go(awaited);
  awaited = undefined;
}

function drawState(): void {
  if (!state) return;
  const { rows, done, size, indexed, failure } = state;
  const share = size === 0 ? 1 : indexed / size;
  page.sentence(
    done
      ? text('{0} rows, {1}', formatCount(rows), formatBytes(size))
      : text('{0} rows so far, {1}', formatSize(rows), formatShare(Math.floor(share * 100) / 100)),
  );
  progress.hidden = done || failure !== undefined;
  progress.setAttribute('aria-valuenow', String(Math.floor(share * 100)));
  progress.style.setProperty('--share', String(share));
  if (failure) failed(new RequestError(failure));
  empty.hidden = rows > 0 || !done;
  grid.element.hidden = !empty.hidden;
  grid.setRows(rows, done);
  arrive();
}

/** The rows cannot be read (any more): says why, and offers to open the file anew. */
function failed(error: unknown): void {
  if (isAbort(error)) return;
  page.notice([errorText(error), ' ', button(text('Read the file again'), () => void open())], 'error');
}

/** What was told about a view before the answer to its opening came. */
let early: DatasetViewState | undefined;

async function open(): Promise<void> {
  page.notice(undefined);
  if (state) {
    awaited ??= grid.current;
    request(closeDatasetView, { id: state.id }).catch(() => undefined);
  }
  state = undefined;
  pages.clear();
  scores.clear();
  grid.reset();
  search.reset();
  try {
    const opened = await request(openDatasetView, { file: subject.file });
    state = early?.id === opened.id && early.indexed >= opened.indexed ? early : opened;
  } catch (error) {
    page.failed(error, () => void open());
    grid.element.hidden = true;
    drawn();
    return;
  }
  grid.element.hidden = false;
  drawState();
  if (paneOpen.value && state.rows > 0) showDetail(grid.current);
  if (state.rows === 0) drawn();
}

function drawLook(): void {
  grid.setColumns(columnNames(look()));
  grid.element.classList.toggle('no-ppl', !look().perplexity);
  legend.hidden = !look().colour;
  redraw();
  wantScores();
}

function makeBar(): HTMLElement {
  const jumpField = textField({ label: text('Go to row'), onInput: () => fill(jumpStatus) });
  jumpField.element.classList.add('jump');
  jumpField.element.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    const number = Number(jumpField.value.replace(/[\s,.']/g, ''));
    if (!Number.isInteger(number) || number < 1) {
      fill(jumpStatus, text('Rows are numbered from 1.'));
      return;
    }
    jump(number - 1);
    if (awaited === undefined) grid.focus();
  });
  const view = segmented(
    text('What rows show'),
    [
      { value: 'fields', label: text('Prompt and answer') },
      { value: 'raw', label: text('Raw text') },
    ],
    raw.value ? 'raw' : 'fields',
    (value) => {
      raw.set(value === 'raw');
      drawLook();
    },
  );
  return el(
    'div',
    { class: 'bars' },
    el('div', { class: 'bar' }, search.element, el('div', { class: 'buttons' }, jumpField.element, jumpStatus)),
    el(
      'div',
      { class: 'bar' },
      view.element,
      boot.trusted && makeScoreControls(),
      el('div', { class: 'end' }, asText()),
    ),
  );
}

function makeScoreControls(): HTMLElement {
  const toggle = (label: string, state_: { value: boolean; set(value: boolean): void }): HTMLElement =>
    checkbox(label, state_.value, (checked) => {
      state_.set(checked);
      drawLook();
    }).element;
  const name = (): string => modelName(model.value.name);
  const pick = button(name(), () => void pickModel(), { label: text('Model: {0}', name()) });
  pick.title = model.value.name;
  const pickModel = async (): Promise<void> => {
    setDisabled(pick, true);
    const chosen = await action({ kind: 'pickModel' }).catch(() => null);
    setDisabled(pick, false);
    if (typeof chosen !== 'string') return;
    model.set({ ...subject.model, name: chosen });
    drawName();
    rescore();
  };
  const drawName = (): void => {
    fill(pick, name());
    pick.title = model.value.name;
    pick.setAttribute('aria-label', text('Model: {0}', name()));
  };
  onModelName(() => {
    drawName();
    if (detail.open) showDetail(grid.current);
  });
  return el(
    'div',
    { class: 'controls' },
    toggle(text('Perplexity'), perplexity),
    toggle(text('Colour tokens'), colour),
    el('span', { class: 'labelled' }, el('span', { 'aria-hidden': 'true' }, text('Model')), pick),
  );
}

function asText(): HTMLElement {
  return button(text('Open as text'), () => {
    void action({ kind: 'command', command: 'forgettingLab.internal.openAsText', args: [subject.file] });
  });
}

function listen(): void {
  on(datasetViewChanged, (changed) => {
    if (changed.id !== state?.id) {
      early = changed;
      return;
    }
    state = changed;
    drawState();
    wantRows();
  });
  on(searchProgress, ({ id, share }) => {
    if (id === state?.id) search.progress(share);
  });
  on(modelsChanged, () => {
    if (scores.failed) rescore();
  });
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && detail.open) closeDetail();
    else if (event.key === 'f' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      search.focus();
    }
  });
}

function build(): void {
  document.title = subject.file;
  page.title(el('span', { title: subject.file }, subject.place));
  fill(empty, text('This file has no rows.'));
  if (!boot.trusted) {
    legend.hidden = true;
    page.body.append(el('p', { class: 'quiet' }, text('Restricted Mode: rows are shown, nothing is computed.')));
  }
  page.body.append(progress, makeBar(), legend, empty, el('div', { class: 'rows' }, grid.element, detail.element));
  drawLook();
}

build();
listen();
void open();
