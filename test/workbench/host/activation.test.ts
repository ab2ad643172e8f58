// Activation: fast, and nothing is started by it.
import assert from 'node:assert/strict';
import { api, extension } from './support.ts';
import { slack } from '../../../src/shared/testing/slack.ts';

const budgetMs = 40 * slack;

suite('activation', () => {
  test('takes at most 40 ms', async () => {
    const { activationMs } = await api();
    console.log(`activation: ${activationMs.toFixed(1)} ms (budget ${budgetMs} ms)`);
    assert.ok(activationMs <= budgetMs, `activation took ${activationMs} ms`);
  });

  test('is never asked for at start-up', async () => {
    const { activationEvents } = (await extension()).packageJSON as { activationEvents: string[] };
    assert.ok(!activationEvents.includes('*') && !activationEvents.includes('onStartupFinished'));
  });
});
