// Screenshots: of failures for whoever reads the log, and of panels in the four themes for people to look at.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { TestContext } from 'vitest';
import { root } from './codeServer.ts';

const folder = path.join(root, '.cache/screenshots');

/** Saves the page as .cache/screenshots/NAME.png. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** After a failed test: what was to be seen. */
export async function pictureOfFailure(context: TestContext, page: Page): Promise<void> {
  if (context.task.result?.state !== 'fail') return;
  const name = `failed-${context.task.name.replace(/\W+/g, '-').slice(0, 60)}`;
  await picture(page, name);
  console.error(`Picture of the failure: .cache/screenshots/${name}.png`);
  // A test that passes when tried again is reported without the reason why it failed before.
  for (const error of context.task.result.errors ?? []) console.error(error.stack ?? error.message);
}
