// Steps as the editor shows them: picks and texts with a counter and a back button.
import * as vscode from 'vscode';
import { inLabel, inPrompt } from '../outsideText.ts';
import type { StepEnd, StepPlace } from './steps.ts';

interface Shown {
  /** Of the whole dialogue. */
  title: string;
  placeholder: string;
  place: StepPlace;
}

function present(input: vscode.QuickInput, { title, place }: Shown): void {
  input.title = title;
  input.step = place.step;
  input.totalSteps = place.totalSteps;
  input.ignoreFocusOut = true;
}

/** Time for the next step to take the place of an input: one that hides first gives the focus to a panel behind it. */
const handOverMs = 100;

/** Resolves once, with the first end that comes; nothing typed into the input counts from then on. */
function whenEnded(
  input: vscode.QuickInput,
  listen: (end: (end: StepEnd) => void) => vscode.Disposable[],
): Promise<StepEnd> {
  return new Promise((resolve) => {
    const subscriptions: vscode.Disposable[] = [];
    const end = (how: StepEnd): void => {
      resolve(how);
      for (const subscription of subscriptions.splice(0)) subscription.dispose();
      if (how === 'cancel') input.dispose();
      else setTimeout(() => input.dispose(), handOverMs);
    };
    subscriptions.push(
      input.onDidHide(() => end('cancel')),
      ...listen(end),
    );
    input.show();
  });
}

interface OneOf<Item> extends Shown {
  /** They may still be on their way; a failure ends the dialogue with it. */
  items: Promise<Item[]> | Item[];
  active?: (item: Item) => boolean;
  none: string;
  /** Why an item cannot be taken: told at the item, and another may be chosen. */
  check?: (item: Item) => Promise<string | undefined>;
}

/** One of several. */
export async function pickOne<Item extends vscode.QuickPickItem>(
  shown: OneOf<Item>,
  chosen: (item: Item) => void,
): Promise<StepEnd> {
  const input = vscode.window.createQuickPick<Item>();
  present(input, shown);
  input.placeholder = shown.placeholder;
  input.matchOnDescription = true;
  input.matchOnDetail = true;
  input.buttons = shown.place.canGoBack ? [vscode.QuickInputButtons.Back] : [];
  const filled = fill(input, shown);
  const ended = whenEnded(input, (end) => [
    input.onDidTriggerButton(() => end('back')),
    input.onDidAccept(() => {
      const [item] = input.selectedItems;
      if (!item || input.busy) return;
      void problemOf(input, item, shown).then((problem) => {
        if (problem !== undefined) return refuse(input, item, problem);
        chosen(item);
        end('next');
      });
    }),
  ]);
  try {
    return await Promise.race([ended, filled.then(() => ended)]);
  } catch (error) {
    // Only now: an input that goes away ends its step as given up, and nobody would hear of the failure.
    input.dispose();
    throw error;
  }
}

async function problemOf<Item extends vscode.QuickPickItem>(
  input: vscode.QuickPick<Item>,
  item: Item,
  { check }: OneOf<Item>,
): Promise<string | undefined> {
  if (!check) return undefined;
  input.busy = true;
  try {
    return await check(item);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    input.busy = false;
  }
}

function refuse<Item extends vscode.QuickPickItem>(input: vscode.QuickPick<Item>, item: Item, problem: string): void {
  const refused = { ...item, detail: `$(error) ${inLabel(problem)}` };
  input.items = input.items.map((one) => (one === item ? refused : one));
  input.activeItems = [refused];
}

async function fill<Item extends vscode.QuickPickItem>(
  input: vscode.QuickPick<Item>,
  { items, active, none, placeholder }: OneOf<Item>,
): Promise<void> {
  input.busy = true;
  try {
    const known = await items;
    input.items = known;
    // An empty list would take the first row's focus away, and Enter would do nothing.
    const preselected = active ? known.filter(active) : [];
    if (preselected.length > 0) input.activeItems = preselected;
    input.placeholder = known.length > 0 ? placeholder : none;
  } finally {
    input.busy = false;
  }
}

/** Several of many, in the order in which they were chosen. `least` says what is missing when nothing is. */
export async function pickMany<Item extends vscode.QuickPickItem>(
  shown: Shown & {
    items: Item[];
    selected: readonly Item[];
    least: string;
    none: string;
    /** Said in the title: the order of what is chosen. */
    ordered?: boolean;
    onButton?: (item: Item) => Item[];
  },
  chosen: (items: Item[]) => void,
): Promise<StepEnd> {
  const input = vscode.window.createQuickPick<Item>();
  present(input, shown);
  input.canSelectMany = true;
  input.matchOnDescription = true;
  input.matchOnDetail = true;
  input.buttons = shown.place.canGoBack ? [vscode.QuickInputButtons.Back] : [];
  input.placeholder = shown.items.length > 0 ? shown.placeholder : shown.none;
  input.items = shown.items;
  input.selectedItems = shown.selected;
  let order = [...shown.selected];
  const sayOrder = (): void => {
    if (!shown.ordered) return;
    // A title renders no icons: what keeps a label from rendering them would be seen.
    const names = order.map(({ label }, index) => `${index + 1} ${label.replaceAll('\\$(', '$(')}`);
    input.title = [shown.title, ...(names.length > 1 ? [names.join(', ')] : [])].join(': ');
  };
  sayOrder();
  return whenEnded(input, (end) => [
    input.onDidTriggerButton(() => end('back')),
    input.onDidChangeSelection((selection) => {
      order = inOrder(order, selection);
      sayOrder();
    }),
    input.onDidTriggerItemButton(({ item }) => {
      const items = shown.onButton?.(item);
      if (items) input.items = items;
      input.selectedItems = order;
    }),
    input.onDidAccept(() => {
      if (order.length === 0) {
        input.placeholder = shown.least;
        return;
      }
      chosen(order);
      end('next');
    }),
  ]);
}

/** The chosen items in the order in which they were chosen. */
export function inOrder<Item>(before: readonly Item[], selection: readonly Item[]): Item[] {
  return [...before.filter((item) => selection.includes(item)), ...selection.filter((item) => !before.includes(item))];
}

/** A text that is checked while it is typed, and once more before it is taken. */
export async function askText(
  shown: Shown & { value: string; selection?: [number, number]; check: (value: string) => Promise<string | undefined> },
  chosen: (value: string) => void,
): Promise<StepEnd> {
  const input = vscode.window.createInputBox();
  present(input, shown);
  input.prompt = inPrompt(shown.placeholder);
  input.value = shown.value;
  if (shown.selection) input.valueSelection = shown.selection;
  input.buttons = shown.place.canGoBack ? [vscode.QuickInputButtons.Back] : [];
  const check = async (): Promise<boolean> => {
    const { value } = input;
    const problem = await shown.check(value.trim());
    // An answer for a text that has changed meanwhile is worth nothing.
    if (input.value !== value) return false;
    input.validationMessage = inPrompt(problem ?? '');
    return problem === undefined;
  };
  const failed = (error: unknown): void => {
    input.validationMessage = inPrompt(error instanceof Error ? error.message : String(error));
  };
  void check().catch(failed);
  return whenEnded(input, (end) => [
    input.onDidTriggerButton(() => end('back')),
    input.onDidChangeValue(() => void check().catch(failed)),
    input.onDidAccept(() => {
      check().then((good) => {
        if (!good) return;
        chosen(input.value.trim());
        end('next');
      }, failed);
    }),
  ]);
}
