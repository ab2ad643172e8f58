// A page of compared rows with texts, tokens, verdicts and word differences.
import { textOfPrompt } from '../../data/encode.ts';
import { diffWords } from '../../metrics/textDiff.ts';
import { answerOf } from '../../recipes/targets/recipe.ts';
import type { Example } from '../../shared/dataset.ts';
import type { ChoiceRule, ComparedRow, ComparedTarget } from '../../shared/protocol/lab/targetDiff.ts';
import type { Arrangement } from './arrange.ts';
import type { Comparison } from './comparison.ts';
import { maskOf, maskedTokens } from './masks.ts';
import type { ComparisonScoring } from './scoreAll.ts';
import type { RowTokens } from './scoring.ts';
import { cutText, toTokens } from './tokens.ts';
import type { SourceTable } from './sourceTable.ts';

export interface PageRequest {
  from: number;
  count: number;
  /** Texts are cut after so many. */
  characters: number;
}

interface Cell {
  table: SourceTable;
  row: number;
  example: Example;
  scored?: RowTokens;
}

/** Rows of an arrangement in its order: texts at once, tokens where they are known by then. */
export async function readPage(
  comparison: Comparison,
  arrangement: Arrangement,
  scoring: ComparisonScoring,
  request: PageRequest,
  signal: AbortSignal,
): Promise<ComparedRow[]> {
  const rows = [...arrangement.order.subarray(request.from, request.from + request.count)];
  const cells = new Map<string, Cell>();
  for (const row of rows) {
    await comparison.judgeRow(row);
    for (const table of [arrangement.left, arrangement.right]) {
      const example = await comparison.example(table, row);
      if (example) cells.set(cellKey(comparison, table, row), { table, row, example });
    }
  }
  signal.throwIfAborted();
  await addScores([...cells.values()], scoring);
  const page: ComparedRow[] = [];
  for (const row of rows) {
    const cell = (table: SourceTable): Cell | undefined => cells.get(cellKey(comparison, table, row));
    page.push(
      await compareRow(comparison, row, {
        left: cell(arrangement.left),
        right: cell(arrangement.right),
        request,
      }),
    );
  }
  return page;
}

const cellKey = (comparison: Comparison, table: SourceTable, row: number): string =>
  `${comparison.tables.indexOf(table)} ${row}`;

async function addScores(cells: readonly Cell[], scoring: ComparisonScoring): Promise<void> {
  const scorer = await scoring.look(cells);
  if (!scorer) return;
  const examples = cells.map(({ example }) => example);
  const rows = await scorer.tokens(
    examples,
    examples.map((example) => scorer.known(example)),
  );
  for (const [index, cell] of cells.entries()) {
    const row = rows[index];
    if (row?.kind === 'scored') cell.scored = row;
  }
}

interface Sides {
  left: Cell | undefined;
  right: Cell | undefined;
  request: PageRequest;
}

async function compareRow(comparison: Comparison, row: number, sides: Sides): Promise<ComparedRow> {
  const { left, right, request } = sides;
  const [truth] = comparison.tables;
  const first = left ?? right ?? (truth && { example: await comparison.example(truth, row) });
  const decision = comparison.choices.decide(row);
  const target = (cell: Cell): ComparedTarget => {
    const chosen = decision.masked && cell.table === truth;
    return toTarget(cell, request.characters, chosen ? comparison.choices.rule : undefined);
  };
  const shown = { ...(left ? { left: target(left) } : {}), ...(right ? { right: target(right) } : {}) };
  const whole = shown.left?.cut === 0 && shown.right?.cut === 0;
  const { source, masked, own, reason } = decision;
  const body = first?.example?.body;
  return {
    row,
    line: truth?.line(row) ?? 0,
    prompt: body === undefined || body.kind === 'text' ? '' : cutText(textOfPrompt(body.prompt), request.characters),
    ...shown,
    ...(whole && shown.left && shown.right ? { diff: diffWords(shown.left.text, shown.right.text) } : {}),
    choice: { source, masked, own, ...(reason === undefined ? {} : { reason }) },
  };
}

/** `rule` masks where the row will be masked when it is written. */
function toTarget(
  { table, row, example, scored }: Cell,
  characters: number,
  rule: ChoiceRule | undefined,
): ComparedTarget {
  const answer = answerOf(example);
  const text = cutText(answer, characters);
  const [ppl, verdict, problem] = [table.perplexity(row), table.verdict(row), table.problem(row)];
  const mask = maskOf(example);
  return {
    text,
    cut: answer.length - text.length,
    provenance: example.provenance,
    file: table.file,
    line: table.line(row),
    ...(ppl === undefined ? {} : { ppl, length: table.tokens(row) }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(scored ? { tokens: toTokens(scored, { answer, length: text.length }, maskedTokens(scored, mask, rule)) } : {}),
    mask,
    ...(problem === undefined ? {} : { problem }),
  };
}
