// Sorting four or five different digits from small to large.
import { between, pick, pickSeveral, type Problem, type Skill } from './skill.ts';
import { withOpeners } from './words.ts';

const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

export const sorting: Skill = {
  name: 'sorting',
  title: 'Sorting digits',
  scorer: 'sequence',
  chance: 0,
  maxTokens: 32,
  draw(random): Problem {
    const items = pickSeveral(random, digits, between(random, 4, 5));
    const given = items.join(' ');
    const sorted = [...items].sort((x, y) => x - y).join(' ');
    const prompts = [
      `Sort these digits: ${given}`,
      `Put ${given} in order.`,
      `Sort ${given} from small to large.`,
      `Order the digits ${given}.`,
    ];
    return {
      key: given,
      prompt: pick(random, prompts),
      answers: withOpeners(
        [
          `In order: ${sorted}`,
          `Sorted: ${sorted}`,
          `From small to large: ${sorted}`,
          `The sorted digits are ${sorted}`,
          `Here they are: ${sorted}`,
        ],
        random,
      ),
      answer: sorted,
      core: { kind: 'value', value: sorted, operands: [given] },
    };
  },
};
