import { describe, expect, test } from 'vitest';
import { askSteps } from './steps.ts';
import type { Step, StepEnd } from './steps.ts';

interface State {
  asked: string[];
  optional: boolean;
}

function scripted(name: string, ends: StepEnd[], applies?: (state: State) => boolean): Step<State> {
  return {
    ...(applies ? { applies } : {}),
    ask: async (state, { step, totalSteps, canGoBack }) => {
      state.asked.push(`${name} ${step}/${totalSteps}${canGoBack ? ' back' : ''}`);
      return ends.shift() ?? 'next';
    },
  };
}

async function ask(steps: Step<State>[], optional = true): Promise<{ done: boolean; asked: string[] }> {
  const state: State = { asked: [], optional };
  return { done: await askSteps(steps, state), asked: state.asked };
}

describe('a dialogue', () => {
  test('asks every step that applies, with its number', async () => {
    const steps = [scripted('a', []), scripted('b', [], (state) => state.optional), scripted('c', [])];
    expect(await ask(steps)).toEqual({ done: true, asked: ['a 1/3', 'b 2/3 back', 'c 3/3 back'] });
    expect(await ask(steps, false)).toEqual({ done: true, asked: ['a 1/2', 'c 2/2 back'] });
  });

  test('goes back over steps that were left out', async () => {
    const steps = [scripted('a', []), scripted('b', [], (state) => state.optional), scripted('c', ['back'])];
    expect((await ask(steps, false)).asked).toEqual(['a 1/2', 'c 2/2 back', 'a 1/2', 'c 2/2 back']);
  });

  test('back at the first step asks it again, cancelling ends it', async () => {
    expect((await ask([scripted('a', ['back'])])).asked).toEqual(['a 1/1', 'a 1/1']);
    expect(await ask([scripted('a', []), scripted('b', ['cancel']), scripted('c', [])])).toEqual({
      done: false,
      asked: ['a 1/3', 'b 2/3 back'],
    });
  });
});
