import { expect, it, vi } from 'vitest';
import type { QuickPick, QuickPickItem } from 'vscode';
import { pickOne } from './stepInputs.ts';

/** Listeners of the input on show: it goes away as the editor's does, telling that it has. */
const editor = vi.hoisted(() => ({
  hidden: [] as (() => void)[],
  /** The input on show, and the key that accepts what is selected in it. */
  input: undefined as unknown as QuickPick<QuickPickItem>,
  accept: (): void => undefined,
}));

vi.mock('vscode', () => {
  const never = () => ({ dispose: () => undefined });
  return {
    window: {
      createQuickPick: () =>
        (editor.input = {
          onDidHide: (listener: () => void) => {
            editor.hidden.push(listener);
            return { dispose: () => editor.hidden.splice(editor.hidden.indexOf(listener), 1) };
          },
          onDidTriggerButton: never,
          onDidAccept: (listener: () => void) => {
            editor.accept = listener;
            return { dispose: () => (editor.accept = () => undefined) };
          },
          show: () => undefined,
          dispose: () => editor.hidden.slice().forEach((listener) => listener()),
        } as unknown as QuickPick<QuickPickItem>),
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

it('says at an item why it cannot be taken, and takes another', async () => {
  const items = [{ label: 'refused' }, { label: 'good' }];
  const taken: string[] = [];
  const check = async ({ label }: QuickPickItem): Promise<string | undefined> =>
    label === 'refused' ? 'costs $(all) you have' : undefined;
  const ended = pickOne({ ...shown, items, check }, ({ label }) => taken.push(label));
  await vi.waitFor(() => expect(editor.input.items).toHaveLength(2));
  const choose = async (index: number): Promise<void> => {
    Object.assign(editor.input, { selectedItems: [editor.input.items[index]] });
    editor.accept();
    // A second Enter while the answer is awaited counts for nothing.
    editor.accept();
    await vi.waitFor(() => expect(editor.input.busy).toBe(false));
  };
  await vi.waitFor(() => expect(editor.input.busy).toBe(false));
  await choose(0);
  const detail = '$(error) costs \\$(all) you have';
  await vi.waitFor(() => expect(editor.input.items).toEqual([{ label: 'refused', detail }, { label: 'good' }]));
  expect(editor.input.activeItems).toEqual([editor.input.items[0]]);
  expect(taken).toEqual([]);
  await choose(1);
  expect(await ended).toBe('next');
  expect(taken).toEqual(['good']);
});
