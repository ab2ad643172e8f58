#!/usr/bin/env node
// Stands in for the `code` executable under @vscode/test-cli: opens the workbench in headless Chromium on code-server, lets
// the extension host run the tests and ends with their exit code.
import { format } from 'node:util';
import { launchBrowser, newPage, startHost, useDevelopmentExtension } from './codeServer.ts';

const limitMs = 300_000;
const noise =
  /gallery as it is disabled|Creating a socket|connection token|AgentHost|AccountPolicyGate|Service Worker|grace.time|additional builtin|extension under development|status code 404|Loading dev|^Canceled: Canceled/;

const option = (name: string): string[] =>
  process.argv
    .filter((argument) => argument.startsWith(`--${name}=`))
    .map((argument) => argument.slice(name.length + 3));

async function main(): Promise<number> {
  const folder = process.argv.slice(2).find((argument) => !argument.startsWith('-'));
  const extensionsDir = option('extensions-dir')[0];
  const host = await startHost({
    ...(process.env.FORGETTING_LAB_VSIX ? { vsix: process.env.FORGETTING_LAB_VSIX } : {}),
    ...(extensionsDir === undefined ? {} : { extensionsDir }),
  });
  const browser = await launchBrowser();
  const page = await newPage(browser);
  await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
    const line = format(...args);
    if (!noise.test(line)) console.log(line);
  });
  const ended = new Promise<number>((resolve) => {
    void page.exposeFunction('codeAutomationExit', resolve);
    page.on('crash', () => resolve(70));
    setTimeout(resolve, limitMs, 124);
  });
  await useDevelopmentExtension(
    page,
    host.authority,
    option('extensionDevelopmentPath'),
    option('extensionTestsPath')[0],
  );
  await page.goto(host.url(folder));
  const code = await ended;
  await browser.close();
  await host.stop({ keep: code !== 0 });
  if (code !== 0) console.error(`Logs of the workbench: ${host.home}`);
  return code;
}

process.exit(await main());
