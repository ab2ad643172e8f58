import { expect, it, vi } from 'vitest';
import { pickOne } from './stepInputs.ts';

/** Listeners of the input on show: it goes away as the editor's does, telling that it has. */
const editor = vi.hoisted(() => ({ hidden: [] as (() => void)[] }));

vi.mock('vscode', () => {
  const never = () => ({ dispose: () => undefined });
  return {
    window: {
      createQuickPick: () => ({
        onDidHide: (listener: () => void) => {
          editor.hidden.push(listener);
          return { dispose: () => editor.hidden.splice(editor.hidden.indexOf(listener), 1) };
        },
        onDidTriggerButton: never,
        onDidAccept: never,
        show: () => undefined,
        dispose: () => editor.hidden.slice().forEach((listener) => listener()),
      }),
    },
  };
});

const shown = { title: '', placeholder: '', none: '', place: { step: 1, totalSteps: 1, canGoBack: false } };

it('ends with the failure of a list that does not come', async () => {
  const items = Promise.reject(new Error('the lab server did not start'));
  await expect(pickOne({ ...shown, items }, () => undefined)).rejects.toThrow('the lab server did not start');
  expect(editor.hidden).toEqual([]);
});

it('is given up when it is hidden, whatever becomes of the list', async () => {
  let fail: (error: Error) => void = () => undefined;
  const items = new Promise<never>((_, reject) => (fail = reject));
  const ended = pickOne({ ...shown, items }, () => undefined);
  editor.hidden.slice().forEach((listener) => listener());
  fail(new Error('too late'));
  expect(await ended).toBe('cancel');
});
