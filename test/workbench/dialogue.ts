// Dialogues of several steps (quick picks and input boxes), answered by keyboard.
import type { Locator, Page } from 'playwright-core';
import { quickInput } from './ui.ts';

export const inputBox = (page: Page): Locator => quickInput(page).locator('.quick-input-box input');

export const choice = (page: Page, text: string | RegExp): Locator =>
  quickInput(page).getByRole('option', { name: text }).first();

/** Waits for a step: `Build Targets (2/4)`. */
export const step = (page: Page, title: string): Promise<void> =>
  quickInput(page).locator('.quick-input-titlebar').getByText(title, { exact: true }).waitFor();

/** Takes what a step offers first, once it is there. The key goes to the box, which a panel may have robbed of the focus. */
export async function accept(page: Page, title: string): Promise<void> {
  await step(page, title);
  // Rows are options, or check boxes where several can be chosen.
  await quickInput(page).locator('.monaco-list-row').first().waitFor();
  await inputBox(page).press('Enter');
}

/** Chooses a row of a step. */
export async function choose(page: Page, title: string, text: string | RegExp): Promise<void> {
  await step(page, title);
  await choice(page, text).click();
}

/** Types into a step; without a text it takes the one that is offered. */
export async function type(page: Page, title: string, text?: string): Promise<void> {
  await step(page, title);
  if (text !== undefined) await inputBox(page).fill(text);
  await inputBox(page).press('Enter');
}
