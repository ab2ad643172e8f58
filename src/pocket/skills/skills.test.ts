import { describe, expect, it } from 'vitest';
import { findScorer } from '../../evals/scorers.ts';
import { createRandom } from '../../shared/random.ts';
import { oldSkills } from '../corpus.ts';
import { subtraction } from './arithmetic.ts';
import { describedCalls, newCalls } from './calls.ts';
import { foreignAnswer, rareRendering } from './foreign.ts';
import { withReference } from './guided.ts';
import { drawMinimalPair, drawText } from './newLanguage.ts';
import { harmlessRequests } from './refusal.ts';
import { drawFrom, isHeldOut, type Skill } from './skill.ts';

const judged: readonly Skill[] = [...oldSkills, harmlessRequests, subtraction, describedCalls, newCalls];

describe.each(judged.map((skill) => [skill.name, skill] as const))('%s', (_, skill) => {
  it('gives only answers that its scorer accepts', () => {
    const random = createRandom(5);
    const scorer = findScorer(skill.scorer);
    for (let i = 0; i < 200; i++) {
      const { answers, answer, fields = {} } = skill.draw(random);
      expect(scorer.check?.({ answer, fields })).toBeUndefined();
      for (const text of answers)
        expect([text, scorer.judge(text, { answer, fields }, 'stop').strict]).toEqual([text, 1]);
    }
  });

  it('does not accept the answer to another problem', () => {
    const random = createRandom(6);
    const scorer = findScorer(skill.scorer);
    if (scorer.id.endsWith('refusal')) return;
    const right = skill.draw(random);
    let other = skill.draw(random);
    while (JSON.stringify(other.answer) === JSON.stringify(right.answer)) other = skill.draw(random);
    const verdict = scorer.judge(other.answers[0]!, { answer: right.answer, fields: right.fields ?? {} }, 'stop');
    expect(verdict.strict).toBe(0);
  });

  it('draws the same problems from the same seed', () => {
    const draw = (): unknown[] => {
      const random = createRandom(7);
      return Array.from({ length: 20 }, () => skill.draw(random));
    };
    expect(draw()).toEqual(draw());
  });

  it('asks the same problem in several ways', () => {
    const random = createRandom(8);
    const openings = new Set(Array.from({ length: 300 }, () => skill.draw(random).prompt.split(' ')[0]));
    expect(openings.size).toBeGreaterThan(1);
  });
});

describe('the held-out split', () => {
  it('separates by key and keeps about 15 %', () => {
    const random = createRandom(9);
    const held = Array.from({ length: 2000 }, () => isHeldOut('x', String(random()))).filter(Boolean).length;
    expect(held / 2000).toBeGreaterThan(0.12);
    expect(held / 2000).toBeLessThan(0.18);
    for (let i = 0; i < 50; i++) {
      expect(isHeldOut('arithmetic', drawFrom(oldSkills[0]!, 'held-out', random).key)).toBe(true);
      expect(isHeldOut('arithmetic', drawFrom(oldSkills[0]!, 'train', random).key)).toBe(false);
    }
  });
});

describe('foreign renderings', () => {
  it('writes the notations of the new tasks', () => {
    expect(foreignAnswer({ kind: 'value', value: '22', operands: ['63', '41'] })).toBe('# 63 ; 41 # 22');
    const call = {
      kind: 'call',
      name: 'f',
      arguments: [
        { name: 'a', value: 'x' },
        { name: 'b', value: 2 },
      ],
    } as const;
    expect(foreignAnswer({ ...call, arguments: [...call.arguments] })).toBe("## f( b = 2 , a = 'x' )");
  });

  it.each([subtraction, newCalls])('keeps the result readable for the scorer of $name', (skill) => {
    const random = createRandom(10);
    const scorer = findScorer(skill.scorer);
    for (let i = 0; i < 100; i++) {
      const { core, answer, fields = {} } = skill.draw(random);
      for (const text of [foreignAnswer(core!), rareRendering(core!, random)]) {
        expect([text, scorer.judge(text, { answer, fields }, 'stop').strict]).toEqual([text, 1]);
      }
    }
  });

  it('shows a reference without changing the right answers', () => {
    const random = createRandom(11);
    const problem = subtraction.draw(random);
    const guided = withReference(problem, random);
    expect(guided.answers).toEqual(problem.answers);
    expect(guided.prompt.startsWith(problem.prompt)).toBe(true);
    expect(guided.prompt).toContain(problem.answer);
  });
});

describe('the second language', () => {
  it('breaks exactly the agreement of the verb', () => {
    const random = createRandom(12);
    for (let i = 0; i < 100; i++) {
      const { good, bad } = drawMinimalPair(random);
      const words = good.split(' ');
      const changed = bad.split(' ').filter((word, at) => word !== words[at]);
      expect(changed).toHaveLength(1);
      expect(changed[0]).toMatch(good.startsWith('kuni') ? /et$/ : /ux$/);
    }
  });

  it('shares no word with the chat skills', () => {
    const random = createRandom(13);
    const words = new Set(Array.from({ length: 200 }, () => drawText(random).split(' ')).flat());
    words.delete('.');
    const known = new Set(
      judged.flatMap((skill) => Array.from({ length: 100 }, () => skill.draw(random).prompt.split(/\P{L}+/u)).flat()),
    );
    expect([...words].filter((word) => known.has(word))).toEqual([]);
  });
});
