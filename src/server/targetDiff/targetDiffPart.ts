// Answers for comparisons of targets. A comparison belongs to the window that opened it, and waits some minutes for it to come
// back.
import { randomUUID } from 'node:crypto';
import { answerOf } from '../../recipes/targets/recipe.ts';
import { textOfPrompt } from '../../data/encode.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import {
  arrangeComparison,
  chooseTargets,
  closeComparison,
  comparisonChanged,
  findTargetSources,
  getComparison,
  getComparisonRows,
  judgeComparison,
  openComparison,
  scoreComparison,
  writeChosenTargets,
} from '../../shared/protocol/lab/targetDiff.ts';
import type { ComparisonView, TargetSourceSpec, TargetVerifier } from '../../shared/protocol/lab/targetDiff.ts';
import { scoreFlips } from '../../shared/protocol/lab/flipTokens.ts';
import type { ServerContext, ServerPart } from '../context.ts';
import { scoringServiceOf } from '../datasets/scoringService.ts';
import { slices } from '../../lab/slices.ts';
import { arrange } from './arrange.ts';
import { Comparison } from './comparison.ts';
import { scoreFlippedAnswers } from './flipTokens.ts';
import { readPage } from './page.ts';
import { ComparisonScoring } from './scoreAll.ts';
import { createScoring } from './scoring.ts';
import type { Scoring } from './scoring.ts';
import { findSources } from './sources.ts';
import { throttled } from '../throttled.ts';
import { writeChosen } from './writeChosen.ts';

/** Comparisons that one editor keeps open at most; an older one ends. */
const mostOpen = 8;
/** Rows and characters of a page; more would not fit a screen. */
const mostRows = 200;
const mostCharacters = 1_000_000;

/** How long a comparison waits for the window that comes back (it may have been reloaded), milliseconds. */
const waitMs = 10 * 60_000;

interface Open {
  /** Undefined when its window has gone. */
  client: number | undefined;
  /** Ends it when nobody comes back. */
  waiting: NodeJS.Timeout | undefined;
  comparison: Comparison;
  scoring: ComparisonScoring;
}

interface Opening {
  dataset: string;
  sources: TargetSourceSpec[];
  verifier?: TargetVerifier;
  after?: string;
}

/** The comparisons of all editors. */
class Comparisons {
  private readonly server: ServerContext;
  private readonly scoring: Scoring;
  private readonly opened = new Map<string, Open>();

  constructor(server: ServerContext, scoring: Scoring) {
    this.server = server;
    this.scoring = scoring;
  }

  open(client: number, { after, ...params }: Opening): Comparison {
    this.makeRoom(client);
    const id = randomUUID();
    const tell = throttled(() => {
      const whose = this.opened.get(id)?.client;
      if (whose !== undefined) this.server.send(whose, comparisonChanged, { id, state: comparison.describe() });
    });
    const before = after === undefined ? undefined : this.opened.get(after)?.comparison;
    const goesOn = before?.dataset === params.dataset;
    const verifier = goesOn ? before?.judgedBy : params.verifier;
    const { dataset, sources } = params;
    const comparison = new Comparison({
      id,
      dataset,
      sources,
      ...(verifier ? { verifier } : {}),
      ...(before && goesOn ? { before: before.choices } : {}),
      onChange: () => tell(),
    });
    if (after !== undefined) this.close(after);
    const scoring = new ComparisonScoring(comparison, this.scoring);
    this.opened.set(id, { client, waiting: undefined, comparison, scoring });
    return comparison;
  }

  /** Ends the oldest ones of a window, and of windows that have gone. */
  private makeRoom(client: number): void {
    for (const whose of [client, undefined]) {
      const those = [...this.opened].filter(([, one]) => one.client === whose);
      for (const [id] of those.slice(0, Math.max(0, those.length - mostOpen + 1))) this.close(id);
    }
  }

  /** The comparison for a window that asks for it: its own, or one that waits for it. */
  adopt(id: string, client: number): Open {
    const found = this.get(id);
    if (found.client === undefined) {
      clearTimeout(found.waiting);
      Object.assign(found, { client, waiting: undefined });
    }
    return found;
  }

  get(id: string): Open {
    const found = this.opened.get(id);
    if (found) {
      found.comparison.askedAt = performance.now();
      return found;
    }
    throw new LabError('usage', phrase('This comparison is not open any more'), { remedy: phrase('Open it again') });
  }

  close(id: string): void {
    const found = this.opened.get(id);
    this.opened.delete(id);
    clearTimeout(found?.waiting);
    void found?.comparison.close();
  }

  /** The window has gone; what was chosen in it is kept for a while. */
  leave(client: number): void {
    for (const [id, one] of this.opened) {
      if (one.client !== client) continue;
      one.client = undefined;
      one.waiting = setTimeout(() => this.close(id), waitMs);
      one.waiting.unref();
    }
  }

  closeAll(): void {
    for (const id of [...this.opened.keys()]) this.close(id);
  }
}

export const targetDiffPart: ServerPart = (server) => {
  const scoring = createScoring(scoringServiceOf(server));
  const comparisons = new Comparisons(server, scoring);
  server.onClientGone((client) => comparisons.leave(client));
  server.onShutdown(() => comparisons.closeAll());
  server.handle(findTargetSources, (params) => findSources(server.workspace, params));
  server.handle(scoreFlips, (params, { signal }) => scoreFlippedAnswers(scoring, params, signal));
  server.handle(openComparison, (params, { client }) => comparisons.open(client, params).describe());
  server.handle(getComparison, ({ id }, { client }) => comparisons.adopt(id, client).comparison.describe());
  server.handle(closeComparison, ({ id }) => {
    comparisons.close(id);
    return null;
  });
  server.handle(judgeComparison, async ({ id, verifier }) => {
    const { comparison } = comparisons.get(id);
    await comparison.aligned;
    comparison.judge(verifier);
    return comparison.describe();
  });
  server.handle(scoreComparison, async ({ id, model }) => {
    const one = comparisons.get(id);
    await one.comparison.aligned;
    one.scoring.start(model);
    return one.comparison.describe();
  });
  server.handle(arrangeComparison, async ({ id, ...view }, { signal }) => {
    const { comparison } = comparisons.get(id);
    await comparison.aligned;
    return arrangeRows(comparison, view, signal);
  });
  server.handle(getComparisonRows, async ({ id, view, from, count, characters }, { signal }) => {
    const { comparison, scoring: scores } = comparisons.get(id);
    await comparison.checkFiles();
    const request = {
      from: Math.max(0, from),
      count: Math.min(count, mostRows),
      characters: Math.min(characters, mostCharacters),
    };
    return readPage(comparison, comparison.arrangement(view), scores, request, signal);
  });
  server.handle(chooseTargets, async ({ id, rule, row }) => {
    const { comparison } = comparisons.get(id);
    await comparison.aligned;
    if (rule) comparison.choices.rule = rule;
    if (row) comparison.choices.choose(row.row, row.source);
    return comparison.choices.summarise(comparison.rows, slices());
  });
  server.handle(writeChosenTargets, async ({ id, file, overwrite }, { signal }) => {
    const { comparison, scoring: scores } = comparisons.get(id);
    await comparison.aligned;
    const release = server.hold(phrase('writing {0}', file));
    try {
      return await writeChosen(comparison, scores, { file, overwrite, signal });
    } finally {
      release();
    }
  });
};

async function arrangeRows(
  comparison: Comparison,
  view: ComparisonView,
  signal: AbortSignal,
): Promise<{ view: number; count: number; unscored: number }> {
  const [left, right] = [comparison.tables[view.left], comparison.tables[view.right]];
  if (!left || !right) throw new LabError('usage', phrase('There is no such source in this comparison'));
  const pair = { left, right };
  const needle = view.filter.text.toLowerCase();
  const pause = slices();
  const { order, unscored } = await arrange(
    pair,
    comparison.rows,
    view,
    async (row) => {
      signal.throwIfAborted();
      return holdsText(comparison, pair, row, needle);
    },
    pause,
  );
  return { view: comparison.keepArrangement({ ...pair, order }), count: order.length, unscored };
}

async function holdsText(
  comparison: Comparison,
  { left, right }: { left: Comparison['tables'][number]; right: Comparison['tables'][number] },
  row: number,
  needle: string,
): Promise<boolean> {
  const examples = await comparison.pair(left, right, row);
  return examples.some((example) => {
    if (!example) return false;
    const prompt = example.body.kind === 'text' ? '' : textOfPrompt(example.body.prompt);
    return prompt.toLowerCase().includes(needle) || answerOf(example).toLowerCase().includes(needle);
  });
}
