import { expect, test, vi } from 'vitest';
import type { TextDocument } from 'vscode';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import { isOurs } from './diagnostics.ts';

const editor = vi.hoisted(() => ({ hasJson: true }));

vi.mock('vscode', () => ({
  extensions: { getExtension: () => (editor.hasJson ? {} : undefined) },
}));

test.each([
  ['json', 'syntax', true, false],
  ['json', 'syntax', false, true],
  ['json', 'unknown-key', true, true],
  ['jsonc', 'syntax', true, true],
  ['jsonl', 'syntax', true, true],
  ['yaml', 'syntax', true, true],
] as const)('in %s, %s, with JSON support %s: reported by us %s', (languageId, code, hasJson, ours) => {
  editor.hasJson = hasJson;
  expect(isOurs({ languageId } as TextDocument, { code } as ExperimentDiagnostic)).toBe(ours);
});
