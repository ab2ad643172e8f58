// `npm run workbench` without its packaging: one command, an address, and the example is there with its extension.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, launchBrowser, newPage, root } from '../codeServer.ts';
import { removeFolder } from '../removeFolder.ts';
import * as ui from '../ui.ts';

test('a workbench in the browser opens the example and ends with its command', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'forgetting-lab-open-'));
  onTestFinished(() => removeFolder(folder));
  const options = ['--vsix', process.env.FORGETTING_LAB_VSIX!, '--folder', folder, '--port', String(await freePort())];
  const command = spawn(process.execPath, [path.join(root, 'dist/test/openWorkbench.js'), ...options]);
  const ended = new Promise<number | null>((resolve) => command.once('exit', resolve));
  let said = '';
  command.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const address = /http:\/\/\S+/;
  await expect.poll(() => said, { timeout: 120_000 }).toMatch(address);
  expect(said).toContain(`The workspace is ${folder}.`);

  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const page = await newPage(browser);
  await page.goto(address.exec(said)![0]);
  await ui.activity(page, 'Forgetting Lab').click();
  await page.getByRole('button', { name: 'New Experiment' }).first().waitFor();
  await browser.close();
  command.kill('SIGINT');
  expect(await ended).toBe(0);
});
