// English to Chinese: short phrases and sentences built from a small lexicon, so that held-out phrases are new
// combinations of known words.
import { chance, pick, type Problem, type Skill, type Random } from './skill.ts';

type Pair = readonly [english: string, chinese: string];

const subjects: readonly Pair[] = [
  ['I', '我'],
  ['you', '你'],
  ['we', '我们'],
  ['they', '他们'],
];
const acts: readonly Pair[] = [
  ['see', '看见'],
  ['like', '喜欢'],
  ['buy', '买'],
  ['have', '有'],
  ['want', '要'],
];
const colors: readonly Pair[] = [
  ['red', '红'],
  ['white', '白'],
  ['black', '黑'],
  ['blue', '蓝'],
  ['green', '绿'],
  ['big', '大'],
  ['small', '小'],
  ['new', '新'],
];
const nouns: readonly Pair[] = [
  ['bird', '鸟'],
  ['flower', '花'],
  ['horse', '马'],
  ['fish', '鱼'],
  ['book', '书'],
  ['cat', '猫'],
  ['car', '车'],
  ['tree', '树'],
  ['house', '房子'],
  ['dog', '狗'],
];

/** An English phrase and its Chinese translation. */
function drawPhrase(random: Random): { english: string; chinese: string } {
  const color = pick(random, colors);
  const noun = pick(random, nouns);
  if (chance(random, 0.3)) return { english: `a ${color[0]} ${noun[0]}`, chinese: `${color[1]}${noun[1]}` };
  const subject = pick(random, subjects);
  const act = pick(random, acts);
  return {
    english: `${subject[0]} ${act[0]} a ${color[0]} ${noun[0]}`,
    chinese: `${subject[1]}${act[1]}${color[1]}${noun[1]}`,
  };
}

export const translation: Skill = {
  name: 'chinese',
  title: 'English phrases into Chinese',
  scorer: 'contains',
  chance: 0,
  maxTokens: 24,
  draw(random): Problem {
    const { english, chinese } = drawPhrase(random);
    const prompts = [
      `Translate to Chinese: ${english}`,
      `How do you say "${english}" in Chinese?`,
      `Say in Chinese: ${english}`,
      `What is "${english}" in Chinese?`,
    ];
    return {
      key: english,
      prompt: pick(random, prompts),
      answers: [
        `${chinese}`,
        `In Chinese: ${chinese}`,
        `You say ${chinese}`,
        `It is ${chinese}`,
        `The Chinese is ${chinese}`,
        `中文: ${chinese}`,
      ],
      answer: chinese,
      core: { kind: 'value', value: chinese, operands: [] },
    };
  },
};
