// Where things are in the workbench, for tests that drive it as a person does. Checked with VS Code 1.100 and 1.139.
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

export const extensionId = 'forgetting-lab.forgetting-lab';

/** Whether something that is waited for came. */
export const succeeds = (action: Promise<unknown>): Promise<boolean> =>
  action.then(
    () => true,
    () => false,
  );

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export const quickInput = (page: Page): Locator => page.locator('.quick-input-widget:visible');

/** Opens the palette with a text; once more where an editor that draws itself has taken the key or the focus. */
export async function openPalette(page: Page, text: string): Promise<void> {
  const box = quickInput(page).locator('.quick-input-box input');
  for (let attempt = 1; ; attempt++) {
    await page.keyboard.press('F1');
    const typed = box.fill(text, { timeout: 4000 });
    if (attempt === 5) return typed;
    const open = await succeeds(typed);
    if (open) return;
  }
}

/** The row of the open quick pick with exactly this name. */
export const option = (page: Page, label: string): Locator =>
  quickInput(page).getByRole('option', { name: new RegExp(`^${escaped(label)}(,|$)`) });

/**
 * Runs a command from the palette by its full name. The list is what applied when the palette opened: a command that has come
 * to apply since then is in the next one.
 */
export async function command(page: Page, label: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await openPalette(page, `>${label}`);
    const row = option(page, label).first();
    const there = await succeeds(row.waitFor({ timeout: 4000 }));
    if (there || attempt === 5) return row.click();
    await page.keyboard.press('Escape');
  }
}

/** Opens a file and waits for its text. */
export async function openFile(page: Page, name: string): Promise<void> {
  await openTab(page, name);
  await page
    .locator(`.editor-instance .monaco-editor[data-uri$="/${encodeURIComponent(name)}"]`)
    .first()
    .waitFor();
}

/** Opens a file in whatever shows it. */
export async function openTab(page: Page, name: string): Promise<void> {
  await openPalette(page, name);
  await quickInput(page)
    .getByRole('option', { name: new RegExp(`^${escaped(name)}`) })
    .first()
    .click();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

export const activity = (page: Page, title: string): Locator =>
  page.locator(`.activitybar a.action-label[aria-label^="${title}"]`);

export const treeRow = (page: Page, text: string | RegExp): Locator =>
  page.locator('.customview-tree .monaco-list-row').filter({ hasText: text });

/** Content of a panel of this extension: the visible one, or the one with the given marker inside. */
export const panel = (page: Page): FrameLocator =>
  page
    .frameLocator(`iframe.webview.ready[src*="extensionId=${extensionId}"]:visible`)
    .frameLocator('iframe#active-frame');

export const toast = (page: Page, text: string): Locator =>
  page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text });

/** Chooses an item of a row's context menu; once more where a row that was drawn anew meanwhile has swallowed the click. */
export async function contextMenu(page: Page, row: Locator, item: string): Promise<void> {
  const menu = page.locator('.monaco-menu:visible');
  const choose = async (): Promise<void> => {
    await menu.waitFor({ timeout: 4000 });
    // The menu ignores clicks in its first tenth of a second.
    await page.waitForTimeout(250);
    await menu.getByRole('menuitem', { name: item }).click({ timeout: 4000 });
  };
  for (let attempt = 1; ; attempt++) {
    await row.click({ button: 'right' });
    if (attempt === 5) return choose();
    const chosen = await succeeds(choose());
    if (chosen) return;
    await page.keyboard.press('Escape');
  }
}

/** Types a path into an open file dialog of the workbench; gives its input box. */
async function typePath(page: Page, file: string): Promise<Locator> {
  const box = quickInput(page).locator('.quick-input-box input');
  await box.waitFor();
  // The dialog looks at the folder before it takes a path, and forgets what was typed too early.
  await page.waitForTimeout(1500);
  await box.fill(file);
  await page.waitForTimeout(1000);
  return box;
}

/** Answers an open file dialog with the path of a file to save. */
export async function saveAs(page: Page, file: string): Promise<void> {
  const box = await typePath(page, file);
  await quickInput(page).getByRole('button', { name: 'OK' }).click();
  await box.waitFor({ state: 'hidden' });
}

/** Answers an open file dialog with the path of a folder that is there; once more where it only walked into it. */
export async function chooseFolder(page: Page, folder: string): Promise<void> {
  const box = await typePath(page, folder);
  for (let attempt = 1; attempt <= 3; attempt++) {
    await page.keyboard.press('Enter');
    const gone = await succeeds(box.waitFor({ state: 'hidden', timeout: 5000 }));
    if (gone) return;
  }
}

/** Opens the sidebar of the extension unless it is open, and waits for its first row. */
export async function openSidebar(page: Page): Promise<void> {
  // A click on the activity of an open sidebar closes it.
  const title = page.locator('.part.sidebar .title-label').filter({ hasText: 'Forgetting Lab' });
  if (!(await title.isVisible())) await activity(page, 'Forgetting Lab').click();
  await page.locator('.customview-tree .monaco-list-row').first().waitFor();
}

/** The first run below an experiment of this name in the tree, once its rows have stopped moving. */
export async function runOf(page: Page, name: string): Promise<Locator> {
  await openSidebar(page);
  const tree = page.locator('.customview-tree').first();
  const rows = tree.locator('.monaco-list-row');
  await rows.filter({ hasText: name }).first().waitFor();
  await rows
    .filter({ hasText: /\d\d:\d\d/ })
    .first()
    .waitFor();
  let before: string[] = [];
  const settled = async (): Promise<boolean> => {
    const seen = await rows.locator('.label-name').allInnerTexts();
    const same = seen.join('\n') === before.join('\n');
    before = seen;
    return same;
  };
  await expect.poll(settled, { interval: 700 }).toBe(true);
  const index = await rows.filter({ hasText: name }).first().getAttribute('data-index');
  return tree.locator(`.monaco-list-row[data-index="${Number(index) + 1}"]`);
}

/** A row of a view by what a screen reader says of it: `Experiment tiny, no run yet, ...`. */
export const item = (page: Page, name: string | RegExp): Locator => page.getByRole('treeitem', { name }).first();

/** Chooses from the context menu of a row. Hovers of rows lie above the rows below them, so the mouse goes away first. */
export async function itemMenu(page: Page, name: string | RegExp, entry: string): Promise<void> {
  const away = (): Promise<void> => page.mouse.move(900, 600);
  await away();
  await contextMenu(page, item(page, name), entry);
  await away();
}

export const activeTab = (page: Page, name: string): Promise<void> =>
  page.locator('.tab.active').filter({ hasText: name }).waitFor();

/** The item of this extension in the status bar. */
export const statusItem = (page: Page, words: string | RegExp): Locator =>
  page
    .locator('.statusbar-item')
    .filter({ has: page.locator('.statusbar-item-label[aria-label^="Forgetting Lab: "]') })
    .filter({ hasText: words });

/** Presses a button of a notification once it is there. */
export async function answerToast(page: Page, text: string, button: string): Promise<void> {
  await toast(page, text).getByRole('button', { name: button }).click();
}

export const clearToasts = (page: Page): Promise<void> => command(page, 'Notifications: Clear All Notifications');
