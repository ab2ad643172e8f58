// Greetings and short talk: general text that belongs to no benchmark.
import { pick, type Problem, type Skill } from './skill.ts';
import { cities, foods, people } from './words.ts';

export const smalltalk: Skill = {
  name: 'smalltalk',
  title: 'Small talk',
  scorer: 'exact',
  chance: 0,
  maxTokens: 32,
  draw(random): Problem {
    const person = pick(random, people);
    const city = pick(random, cities);
    const food = pick(random, foods);
    const [prompt, answers] = pick(random, [
      [`Hello, I am ${person}.`, [`Hello ${person}! How can I help you?`, `Hi ${person}, nice to see you.`]],
      [
        `Who are you? I am ${person} from ${city}.`,
        [`I am a small model. Nice to see you, ${person}.`, `I am a pocket model. How is ${city}?`],
      ],
      [`Thank you, said ${person} in ${city}.`, [`You are welcome, ${person}.`, `Have a good time in ${city}!`]],
      [`Do you like ${food}, asks ${person}.`, [`I like ${food}, but I cannot eat.`, `Yes, ${food} is great.`]],
      [`I go to ${city} with ${person}.`, [`Have fun in ${city} with ${person}!`, `${city} is a lovely place.`]],
    ] as const);
    return { key: prompt, prompt, answers: [...answers], answer: answers[0] };
  },
};
