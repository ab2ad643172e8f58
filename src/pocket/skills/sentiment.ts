// Positive or negative: short reviews with an optional negation, so that a single word does not decide.
import { chance, pick, pickSeveral, type Problem, type Skill, type Random } from './skill.ts';
import { withOpeners } from './words.ts';

const subjects = ['food', 'room', 'film', 'staff', 'music', 'story', 'place', 'service'] as const;
const good = ['great', 'lovely', 'kind', 'perfect', 'clean', 'fun', 'warm', 'smart'] as const;
const bad = ['awful', 'boring', 'rude', 'dirty', 'cold', 'slow', 'sad', 'weak'] as const;

/** A review of two clauses that agree in their judgement. */
function drawReview(random: Random): { review: string; label: 'positive' | 'negative' } {
  const label = chance(random, 0.5) ? 'positive' : 'negative';
  const clauses = pickSeveral(random, subjects, 2).map((subject) => {
    const negated = chance(random, 0.25);
    const words = (label === 'positive') !== negated ? good : bad;
    return `the ${subject} was ${negated ? 'not ' : ''}${pick(random, words)}`;
  });
  const text = clauses.join(' and ');
  return { review: `${text[0]!.toUpperCase()}${text.slice(1)}.`, label };
}

export const sentiment: Skill = {
  name: 'sentiment',
  title: 'Sentiment of a review',
  scorer: 'choice',
  chance: 0.5,
  maxTokens: 24,
  draw(random): Problem {
    const { review, label } = drawReview(random);
    const prompts = [
      `Is this review positive or negative? ${review}`,
      `Positive or negative: ${review}`,
      `Review: ${review} What is the sentiment?`,
      `Judge this review. ${review}`,
    ];
    return {
      key: review,
      prompt: pick(random, prompts),
      answers: withOpeners(
        [
          `This review is ${label}.`,
          `The sentiment is ${label}.`,
          `It sounds ${label}.`,
          `I would say ${label}.`,
          `That is a ${label} review.`,
        ],
        random,
      ),
      answer: label,
      fields: { choices: ['positive', 'negative'] },
      core: { kind: 'value', value: label, operands: [] },
    };
  },
};
