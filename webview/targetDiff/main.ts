// The target diff: for every prompt the answers that could be trained on, beside each other. Numbers fill in while a model
// scores; the order of the rows stays until the reader asks for another.
import './targetDiff.css';
import type { ScoringModel } from '../../src/shared/protocol/lab/datasets.ts';
import {
  arrangeComparison,
  chooseTargets,
  comparisonChanged,
  findTargetSources,
  getComparison,
  getComparisonRows,
  judgeComparison,
  openComparison,
  scoreComparison,
} from '../../src/shared/protocol/lab/targetDiff.ts';
import type {
  ChoiceRule,
  ComparedRow,
  ComparisonFilter,
  ComparisonSort,
  ComparisonState,
  TargetSourceOffers,
  TargetSourceSpec,
  TargetVerifier,
  VerdictFilter,
} from '../../src/shared/protocol/lab/targetDiff.ts';
import { formatCount } from '../../src/shared/words.ts';
import { el, fill } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import {
  action,
  boot,
  drawn,
  isAbort,
  keep,
  on,
  remembered,
  request,
  RequestError,
  say,
  setSubject,
  text,
} from '../ui/host.ts';
import { modelName, onModelName } from '../ui/modelNames.ts';
import { makePage } from '../ui/page.ts';
import '../ui/theme.ts';
import { tokenLegend } from '../ui/tokens.ts';
import { button, checkbox, dropdown, segmented, textField } from '../ui/toolkit.ts';
import { makeVirtualList } from '../ui/virtualList.ts';
import { makeChoice } from './choice.ts';
import { makePages } from './pages.ts';
import { compareRow, waitingRow } from './rows.ts';
import type { SideName, TextMode } from './rows.ts';
import { summaryTable } from './summary.ts';
import { cautionsOf, likelyRight, progressOf, sentenceOf, sourceName } from './words.ts';
import { onOneLine } from '../../src/shared/errors.ts';

/** Sources beside each other at most; more would not be read. */
const mostSources = 8;
/** Characters of an answer in a page; unfolding asks for the rest. */
const pageCharacters = 6000;
const wholeCharacters = 1_000_000;
/** In lower panels the table of sources is folded at first, or the rows would have no room. */
const shortPage = 700;
/** What takes longer says that it is going on. */
const slowMs = 300;

interface View {
  left: number;
  right: number;
  filter: ComparisonFilter;
  sort: ComparisonSort;
}

const subject = boot.subject as {
  dataset?: string;
  other?: string;
  run?: string;
  stage?: number;
  model?: ScoringModel;
};
const all: ComparisonFilter = { verdict: 'any', gap: 1, text: '', differing: false };

let offers: TargetSourceOffers | undefined;
let state: ComparisonState | undefined;
let model: ScoringModel = subject.model ?? { name: 'pocket' };
let added = remembered<string[]>('files') ?? [];
let mode = remembered<TextMode>('mode') ?? 'tokens';
let view: View = remembered<View>('view') ?? { left: 0, right: 1, filter: all, sort: 'gap' };
let viewChosen = remembered<View>('view') !== undefined;
let order: { view: number; unscored: number } | undefined;
let arranging: AbortController | undefined;
let scoredWhenArranged = false;
const unfolded = new Map<number, ComparedRow | undefined>();

const page = makePage();
const sourceTable = el('div');
const summary = el(
  'details',
  { class: 'summary', open: remembered<boolean>('summary') ?? innerHeight >= shortPage },
  // The click comes before what it does, by key as well.
  el('summary', { class: 'quiet', on: { click: () => keep('summary', !summary.open) } }, text('Sources of targets')),
  sourceTable,
);
const sourceBar = el('div', { class: 'bar' });
const filterBar = el('div', { class: 'bar' });
const progress = el('span', { class: 'quiet', role: 'status' });
const stale = el('span');
const heads = el('div', { class: 'heads' });
const legend = el('span', { class: 'end' }, tokenLegend());
const choice = makeChoice(
  (rule) => void choose({ rule }),
  () => void page.attempt(write),
);

const pages = makePages<ComparedRow>(
  (from, count, signal) => {
    if (!state || !order) return Promise.resolve([]);
    return request(
      getComparisonRows,
      { id: state.id, view: order.view, from, count, characters: pageCharacters },
      signal,
    );
  },
  (from, count) => {
    for (let index = from; index < from + count; index++) list.refresh(index);
    drawn();
  },
  (error) => page.failed(error, () => void reopen()),
);

const list = makeVirtualList({
  label: text('Targets by prompt'),
  columns: 5,
  render: (index) => {
    const row = pages.get(index);
    return row ? drawRow(row, index) : waitingRow();
  },
  onVisible: (from, to) => pages.want(from, to),
  onKey: (event, index) => rowKey(event.key, index),
});

function drawRow(row: ComparedRow, index: number): HTMLElement {
  return compareRow(unfolded.get(row.row) ?? row, {
    mode,
    unfolded: unfolded.has(row.row),
    sources: { left: view.left, right: view.right },
    names: { left: nameOf('left'), right: nameOf('right') },
    verifier: state?.verifier !== undefined,
    onUnfold: () => void page.attempt(() => unfold(row, index)),
    onChoose: (source) => void choose({ row: { row: row.row, source } }),
    onOpen: ({ file, line }) => void page.attempt(() => action({ kind: 'open', path: file, line })),
  });
}

const nameOf = (side: SideName): string => {
  const source = state?.sources[view[side]];
  return source ? sourceName(source) : '';
};

function rowKey(key: string, index: number): boolean {
  const row = pages.get(index);
  if (!row) return false;
  const keys: Record<string, () => void> = {
    Enter: () => void page.attempt(() => unfold(row, index)),
    // A side without an answer has nothing to choose.
    '1': () => row.left && void choose({ row: { row: row.row, source: view.left } }),
    '2': () => row.right && void choose({ row: { row: row.row, source: view.right } }),
    x: () => void choose({ row: { row: row.row, source: null } }),
    r: () => void choose({ row: { row: row.row, source: 'rule' } }),
  };
  const act = keys[key];
  act?.();
  return act !== undefined;
}

async function unfold(row: ComparedRow, index: number): Promise<void> {
  if (unfolded.has(row.row)) unfolded.delete(row.row);
  else {
    unfolded.set(row.row, undefined);
    const cut = [row.left, row.right].some((target) => (target?.cut ?? 0) > 0);
    if (cut && state && order) {
      const asked = { id: state.id, view: order.view, from: index, count: 1, characters: wholeCharacters };
      try {
        const [whole] = await request(getComparisonRows, asked);
        if (unfolded.has(row.row)) unfolded.set(row.row, whole);
      } catch (error) {
        // Trying again would fold it.
        unfolded.delete(row.row);
        throw error;
      }
    }
  }
  list.refresh(index);
}

async function choose(wanted: {
  rule?: ChoiceRule;
  row?: { row: number; source: number | null | 'rule' };
}): Promise<void> {
  if (!state) return;
  try {
    const result = await request(chooseTargets, { id: state.id, ...wanted });
    choice.show(result, state);
    if (!wanted.rule && !wanted.row) return;
    pages.reset({ keep: true });
    unfolded.clear();
    list.refresh();
    page.announce(text('{0} rows are chosen.', formatCount(result.rows)));
  } catch (error) {
    if (!isAbort(error)) page.failed(error, () => void reopen());
  }
}

async function write(): Promise<void> {
  if (!state) return;
  const args = [{ id: state.id, dataset: state.dataset }];
  await action({ kind: 'command', command: 'forgettingLab.internal.writeTargets', args });
}

/**
 * Looks for sources and opens what is found, in the place of `after`; without that, goes on with what was open before the page
 * was left.
 */
async function start(after?: string): Promise<void> {
  try {
    const { dataset, other, run, stage } = subject;
    offers = await request(findTargetSources, {
      ...(dataset === undefined ? {} : { dataset }),
      ...(other === undefined ? {} : { other }),
      ...(run === undefined ? {} : { run }),
      ...(stage === undefined ? {} : { stage }),
    });
    page.title(el('span', { title: offers.dataset }, offers.place));
    const known = after ?? remembered<string>('comparison');
    const before =
      known === undefined || known === after
        ? undefined
        : await request(getComparison, { id: known }).catch(() => undefined);
    await adopt(before?.state === 'ready' && before.dataset === offers.dataset ? before : await open(offers, known));
  } catch (error) {
    // What was chosen is in the comparison that is there by now.
    page.failed(error, () => void start(state?.id ?? after));
  }
}

/** `after`: the comparison whose place it takes, if it is still there. */
function open(found: TargetSourceOffers, after: string | undefined): Promise<ComparisonState> {
  const files = added.map((file): TargetSourceSpec => ({ kind: 'file', file }));
  const specs = found.offers.map(({ spec }) => spec);
  const truth = specs.find(({ kind }) => kind === 'dataset') ?? { kind: 'dataset' };
  const others = specs.filter(({ kind }) => kind !== 'dataset');
  const sources = [...files, ...others.filter((spec) => spec.kind !== 'file' || !added.includes(spec.file))];
  return request(openComparison, {
    dataset: found.dataset,
    sources: [truth, ...sources.slice(0, mostSources - 1)],
    ...(found.verifier ? { verifier: found.verifier } : {}),
    ...(after === undefined ? {} : { after }),
  });
}

async function reopen(): Promise<void> {
  const old = state?.id;
  state = undefined;
  order = undefined;
  arranging?.abort();
  arranging = undefined;
  unfolded.clear();
  pages.reset();
  page.notice(undefined);
  await start(old);
}

async function adopt(opened: ComparisonState): Promise<void> {
  state = opened;
  keep('comparison', opened.id);
  if (opened.sources.length < 2) {
    showEmpty(opened);
    return;
  }
  page.body.replaceChildren(
    el('div', { class: 'settings' }, summary, el('div', null, sourceBar, choice.element)),
    filterBar,
    el('div', { class: 'bar below' }, progress, stale, legend),
    heads,
    list.element,
  );
  legend.hidden = mode !== 'tokens';
  show(opened);
  // Answers wait until the rows are aligned.
  const { id } = opened;
  // Opened again under another model than before, it is scored anew: the numbers are under the model that is named.
  if (boot.trusted && opened.scoring?.model !== model.name) void score();
  const aligned = await request(getComparison, { id });
  if (state?.id === id) show(aligned);
}

/** Nothing stands beside the ground truth yet. */
function showEmpty({ dataset }: ComparisonState): void {
  page.sentence(text('There is nothing beside the ground truth yet.'));
  page.body.replaceChildren(
    el('p', { class: 'empty' }, text('Let the model answer the prompts itself, or choose a file with other answers.')),
    el(
      'div',
      { class: 'buttons' },
      boot.trusted &&
        button(text('Build own output targets'), () => void page.attempt(() => build(dataset)), { kind: 'primary' }),
      button(text('Compare with a file\u2026'), () => void page.attempt(addFile)),
    ),
  );
  drawn();
}

async function build(dataset: string): Promise<void> {
  await action({ kind: 'command', command: 'forgettingLab.buildTargets', args: [dataset] });
  await reopen();
}

async function addFile(): Promise<void> {
  const title = text('Compare with a file\u2026');
  const file = await action({ kind: 'pickFile', title, extensions: ['jsonl', 'json'] });
  if (typeof file !== 'string') return;
  added = [...new Set([file, ...added])];
  keep('files', added);
  viewChosen = false;
  await reopen();
}

let ready = false;

function show(next: ComparisonState): void {
  const before = state;
  state = next;
  if (next.state === 'failed') {
    page.failed(new RequestError(next.failure ?? { message: '' }), () => void reopen());
    return;
  }
  forgetUnreadable(next);
  // Rows that are in order stay beside what they were put in order for.
  if (!viewChosen && !order && !arranging) view = { ...view, left: 0, right: likelyRight(next.sources) };
  const last = next.sources.length - 1;
  view = { ...view, left: Math.min(view.left, last), right: Math.min(view.right, last) };
  const failure = next.scoring?.state === 'failed' ? next.scoring.failure : undefined;
  page.notice(failure && say(onOneLine(failure)), 'error');
  page.sentence(sentenceOf(next, view.left, view.right), cautionsOf(next, view.left, view.right));
  fill(sourceTable, summaryTable(next, next.scoring === undefined));
  fill(progress, progressOf(next) ?? '');
  choice.offer(next);
  drawHeads();
  followVerifier(before, next);
  const aligned = next.state === 'ready';
  const sourcesChanged = JSON.stringify(before?.sources.map(names)) !== JSON.stringify(next.sources.map(names));
  if (!ready || sourcesChanged || before?.scoring?.model !== next.scoring?.model) drawControls(next);
  else if (before?.state !== next.state) drawSourceControls(next);
  if (aligned && !order && !arranging) {
    void arrange();
    void choose({});
  }
  if (aligned) numbersChanged(before, next);
  ready = true;
}

/** A file that cannot be read is not put beside the dataset again, unless it is chosen anew. */
function forgetUnreadable({ sources }: ComparisonState): void {
  const readable = added.filter(
    (file) => !sources.some(({ spec, failure }) => failure && spec.kind === 'file' && spec.file === file),
  );
  if (readable.length === added.length) return;
  added = readable;
  keep('files', added);
}

const names = (source: ComparisonState['sources'][number]): string => sourceName(source);

let choiceTimer: ReturnType<typeof setTimeout> | undefined;

/** Scores or verdicts arrived: rows on the screen are drawn with them, where they are. */
function numbersChanged(before: ComparisonState | undefined, next: ComparisonState): void {
  const changed =
    before?.scoring?.done !== next.scoring?.done || before?.scoring?.state !== next.scoring?.state || before?.judging;
  if (!changed) return;
  // Tokens come with a row that is asked for; those on the screen without numbers are asked for again.
  if (visibleWithout(next)) {
    pages.reset({ keep: true });
    list.refresh();
  }
  choiceTimer ??= setTimeout(() => {
    choiceTimer = undefined;
    void choose({});
  }, 1000);
  if (scoredSince(next)) listAgain(text('List again: all rows are scored'));
  else if (before?.judging && !next.judging && view.filter.verdict !== 'any')
    listAgain(text('List again: all rows are judged'));
}

/** A list by verdicts is made anew for another verifier; without one there are none to go by. */
function followVerifier(before: ComparisonState | undefined, next: ComparisonState): void {
  if (view.filter.verdict === 'any') return;
  if (!next.verifier) {
    view = { ...view, filter: { ...view.filter, verdict: 'any' } };
    keep('view', view);
  } else if (JSON.stringify(before?.verifier) === JSON.stringify(next.verifier)) return;
  if (order || arranging) void arrange();
}

/** Whether scoring has ended since the rows were listed, and the list goes by its numbers. */
function scoredSince({ scoring }: ComparisonState): boolean {
  const byNumbers = view.sort !== 'line' || view.filter.gap > 1;
  if (!byNumbers || scoring?.state !== 'done' || scoredWhenArranged) return false;
  return arranging !== undefined || (order?.unscored ?? 0) > 0;
}

/** A reader who has not begun to read gets the new list at once; anybody else is asked. */
function listAgain(words: string): void {
  const reading = list.first > 0 || list.element.matches(':hover, :focus-within');
  if (arranging || !reading) void arrange();
  else
    fill(
      stale,
      button(words, () => void arrange()),
    );
}

function visibleWithout(next: ComparisonState): boolean {
  if (next.scoring?.state === 'loading') return false;
  for (let index = list.first; index < Math.min(list.count, list.first + 24); index++) {
    const row = pages.get(index);
    const waits = [row?.left, row?.right].some(
      (target) =>
        target &&
        target.problem === undefined &&
        ((next.scoring !== undefined && !target.tokens) || (next.verifier && target.verdict === undefined)),
    );
    if (row && waits) return true;
  }
  return false;
}

async function arrange(): Promise<void> {
  if (!state) return;
  arranging?.abort();
  const running = new AbortController();
  arranging = running;
  const { id, scoring, rows } = state;
  scoredWhenArranged = scoring?.state === 'done';
  const slow = setTimeout(() => fill(stale, text('Looking through {0} rows', formatCount(rows))), slowMs);
  try {
    const arranged = await request(arrangeComparison, { id, ...view }, running.signal);
    if (arranging !== running) return;
    order = arranged;
    fill(stale);
    pages.reset();
    unfolded.clear();
    list.setCount(arranged.count);
    list.show(0, { current: true });
    list.refresh();
    page.announce(text('{0} rows are listed.', formatCount(arranged.count)));
    drawHeads(arranged.count);
    if (arranged.count === 0) drawn();
  } catch (error) {
    if (!isAbort(error)) page.failed(error, () => void reopen());
  } finally {
    clearTimeout(slow);
    if (arranging === running) arranging = undefined;
  }
}

async function score(): Promise<void> {
  if (!state) return;
  const { id } = state;
  const arrangingBefore = arranging;
  try {
    const next = await request(scoreComparison, { id, model });
    if (state?.id !== id) return;
    scoredWhenArranged = false;
    // The numbers that the rows were listed by are no longer there.
    if (order) order = { ...order, unscored: next.rows };
    if (arranging && arranging === arrangingBefore) void arrange();
    pages.reset({ keep: true });
    show(next);
    list.refresh();
  } catch (error) {
    if (!isAbort(error)) page.notice([text('Nothing is scored: '), (error as Error).message], 'error');
  }
}

function changeView(change: Partial<View>): void {
  view = { ...view, ...change };
  viewChosen = true;
  keep('view', view);
  if (state) page.sentence(sentenceOf(state, view.left, view.right), cautionsOf(state, view.left, view.right));
  void arrange();
}

const changeFilter = (change: Partial<ComparisonFilter>): void => changeView({ filter: { ...view.filter, ...change } });

function drawHeads(count = list.count): void {
  const head = (kind: string, ...content: Child[]): HTMLElement => el('div', { class: kind }, content);
  fill(
    heads,
    head('number', '#'),
    head('number', el('span', { title: text('Perplexity: {0}', nameOf('left')) }, text('left ppl'))),
    head('number', el('span', { title: text('Perplexity: {0}', nameOf('right')) }, text('right ppl'))),
    head(
      'verdict',
      state?.verifier ? el('span', { title: text('Accepted by the verifier: left, right') }, '\u2713') : '',
    ),
    el(
      'div',
      { class: 'sides' },
      el('strong', null, nameOf('left')),
      el(
        'div',
        { class: 'bar-line' },
        el('strong', null, nameOf('right')),
        ' ',
        el('span', null, text('({0} rows listed)', formatCount(count))),
      ),
    ),
  );
}

function drawControls(current: ComparisonState): void {
  drawSourceControls(current);
  fill(filterBar, ...filterControls(current));
}

function drawSourceControls(current: ComparisonState): void {
  const sources = current.sources.map((source, index) => ({ value: String(index), label: sourceName(source) }));
  fill(
    sourceBar,
    dropdown(text('Left'), sources, String(view.left), (index) => changeView({ left: Number(index) })).element,
    dropdown(text('Right'), sources, String(view.right), (index) => changeView({ right: Number(index) })).element,
    button(text('Compare with a file\u2026'), () => void page.attempt(addFile)),
    boot.trusted &&
      current.state === 'ready' &&
      current.sources.every(({ provenance }) => provenance !== 'self_output') &&
      button(text('Build own output targets'), () => void page.attempt(() => build(current.dataset))),
    boot.trusted && modelControl(),
    verifierControl(current),
  );
}

function modelControl(): HTMLElement {
  const known = [...new Map([[model.name, modelName(model.name)], ...modelOffers()]).entries()];
  const choices = [
    ...known.map(([value, label]) => ({ value, label })),
    { value: '', label: text('Another model\u2026') },
  ];
  const change = async (name: string): Promise<void> => {
    try {
      const chosen = name === '' ? await action({ kind: 'pickModel' }) : name;
      if (typeof chosen !== 'string') return;
      model = { ...model, name: chosen };
      setSubject({ ...boot.subject, model });
      await score();
    } finally {
      // What was not chosen in the end is not shown as chosen.
      if (state) drawControls(state);
    }
  };
  return dropdown(text('Under'), choices, model.name, (name) => void page.attempt(() => change(name))).element;
}

const modelOffers = (): [string, string][] => (offers?.models ?? []).map(({ name, label }) => [name, say(label)]);

function verifierControl(current: ComparisonState): Child {
  const { verifier } = current;
  const scorers = offers?.scorers ?? [];
  const columns = offers?.columns ?? [];
  const judge = async (next: TargetVerifier | undefined): Promise<void> => {
    try {
      const judged = await request(judgeComparison, { id: current.id, ...(next ? { verifier: next } : {}) });
      pages.reset({ keep: true });
      show(judged);
      list.refresh();
    } finally {
      if (state) drawControls(state);
    }
  };
  const ask = (next: TargetVerifier | undefined): void => void page.attempt(() => judge(next));
  const field = verifier?.field ?? (columns.includes('answer') ? 'answer' : (columns[0] ?? 'answer'));
  return [
    dropdown(
      text('Verifier'),
      [{ value: '', label: text('none') }, ...scorers.map(({ id, title }) => ({ value: id, label: say(title) }))],
      verifier?.scorer ?? '',
      (scorer) => ask(scorer === '' ? undefined : { scorer, field }),
    ).element,
    verifier &&
      dropdown(
        text('Reference'),
        [...new Set([field, ...columns])].map((column) => ({ value: column, label: column })),
        field,
        (column) => ask({ scorer: verifier.scorer, field: column }),
      ).element,
  ];
}

function filterControls(current: ComparisonState): Child[] {
  const modes: { value: TextMode; label: string }[] = [
    { value: 'tokens', label: text('Tokens') },
    { value: 'words', label: text('Word diff') },
    { value: 'plain', label: text('Plain') },
  ];
  const verdicts: { value: VerdictFilter; label: string }[] = [
    { value: 'any', label: text('any') },
    { value: 'both', label: text('both accepted') },
    { value: 'left', label: text('only left') },
    { value: 'right', label: text('only right') },
    { value: 'neither', label: text('neither') },
  ];
  const gaps = [1, 1.5, 2, 4, 10].map((gap) => ({
    value: String(gap),
    label: gap === 1 ? text('any') : text('{0} times or more', gap),
  }));
  const sorts: { value: ComparisonSort; label: string }[] = [
    { value: 'gap', label: text('gap in perplexity') },
    { value: 'left', label: text('left perplexity') },
    { value: 'right', label: text('right perplexity') },
    { value: 'line', label: text('line') },
  ];
  const { filter } = view;
  return [
    segmented(text('How texts are shown'), modes, mode, (next) => {
      mode = next;
      keep('mode', mode);
      legend.hidden = mode !== 'tokens';
      list.refresh();
    }).element,
    textField({
      label: text('Find in prompts and answers'),
      value: filter.text,
      delayMs: 250,
      onInput: (words) => changeFilter({ text: words }),
    }).element,
    current.verifier &&
      dropdown(text('Verdict'), verdicts, filter.verdict, (verdict) => changeFilter({ verdict })).element,
    dropdown(text('Gap'), gaps, String(filter.gap), (gap) => changeFilter({ gap: Number(gap) })).element,
    checkbox(text('differing only'), filter.differing, (differing) => changeFilter({ differing })).element,
    dropdown(text('Sort by'), sorts, view.sort, (sort) => changeView({ sort })).element,
  ];
}

onModelName(() => {
  if (!state) return;
  drawSourceControls(state);
  show(state);
});

on(comparisonChanged, ({ id, state: next }) => {
  if (state?.id === id) show(next);
});

/** The server goes on with what somebody looks at. */
setInterval(() => {
  if (state?.scoring?.state === 'running') void request(getComparison, { id: state.id }).catch(() => undefined);
}, 60_000);

void start();
