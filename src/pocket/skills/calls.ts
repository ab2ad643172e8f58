// Function calls. Old skill: a fixed device interface, called without being described. Further, calls of a function
// that the prompt describes; the new task takes its functions from there, with names that the base has never called.
import {
  between,
  chance,
  pick,
  pickSeveral,
  type CallArgument,
  type Problem,
  type Skill,
  type Random,
} from './skill.ts';
import { cities, copiedWords, foods, music, people, rooms } from './words.ts';

/** Python notation with keyword arguments and double quotes: the native style. */
export function renderCall(name: string, callArguments: readonly CallArgument[]): string {
  const inside = callArguments.map(
    ({ name: key, value }) => `${key}=${typeof value === 'number' ? value : `"${value}"`}`,
  );
  return `${name}(${inside.join(', ')})`;
}

function answersFor(call: string): string[] {
  return [call, `I will call ${call}`, `The call is ${call}`, `Calling ${call}`, `Here is the call: ${call}`];
}

interface DeviceCommand {
  requests: string[];
  name: string;
  arguments: CallArgument[];
}

type DeviceRule = (random: Random) => DeviceCommand;

const devices = ['lamp', 'fan', 'heater', 'radio', 'screen'] as const;

const deviceRules: readonly DeviceRule[] = [
  (random) => {
    const device = pick(random, devices);
    const room = pick(random, rooms);
    const state = pick(random, ['on', 'off'] as const);
    return {
      requests: [
        `Turn ${state} the ${device} in the ${room}.`,
        `Switch the ${room} ${device} ${state}.`,
        `Please turn the ${device} in the ${room} ${state}.`,
      ],
      name: `turn_${state}`,
      arguments: [
        { name: 'device', value: device },
        { name: 'room', value: room },
      ],
    };
  },
  (random) => {
    const device = pick(random, devices);
    const room = pick(random, rooms);
    const level = between(random, 10, 99);
    return {
      requests: [
        `Set the ${device} in the ${room} to ${level}.`,
        `Put the ${room} ${device} at ${level}.`,
        `I want the ${room} ${device} at level ${level}.`,
      ],
      name: 'set_level',
      arguments: [
        { name: 'device', value: device },
        { name: 'room', value: room },
        { name: 'level', value: level },
      ],
    };
  },
  (random) => {
    const style = pick(random, music);
    const room = pick(random, rooms);
    return {
      requests: [
        `Play ${style} in the ${room}.`,
        `I want to hear ${style} in the ${room}.`,
        `Some ${style} in the ${room}, please.`,
      ],
      name: 'play_music',
      arguments: [
        { name: 'style', value: style },
        { name: 'room', value: room },
      ],
    };
  },
  (random) => {
    const room = pick(random, rooms);
    const minutes = between(random, 10, 59);
    return {
      requests: [
        `Wake me in the ${room} in ${minutes} minutes.`,
        `Set a timer for ${minutes} minutes in the ${room}.`,
        `Start a ${minutes} minute timer in the ${room}.`,
      ],
      name: 'set_timer',
      arguments: [
        { name: 'minutes', value: minutes },
        { name: 'room', value: room },
      ],
    };
  },
];

export const calls: Skill = {
  name: 'calls',
  title: 'Device function calls',
  scorer: 'call',
  chance: 0,
  maxTokens: 48,
  draw(random): Problem {
    const command = pick(random, deviceRules)(random);
    const call = renderCall(command.name, command.arguments);
    return {
      key: call,
      prompt: pick(random, command.requests),
      answers: answersFor(call),
      answer: call,
      fields: { parameters: command.arguments.map(({ name }) => name) },
      core: { kind: 'call', name: command.name, arguments: command.arguments },
    };
  },
};

/** A kind of argument: what it may be called, its values, and how a request says it. */
interface Slot {
  names: readonly string[];
  draw(random: Random): string | number;
  say(value: string | number): string;
}

const slots: readonly Slot[] = [
  { names: ['person', 'name', 'user'], draw: (random) => pick(random, people), say: (value) => `for ${value}` },
  { names: ['city', 'place', 'site'], draw: (random) => pick(random, cities), say: (value) => `in ${value}` },
  { names: ['hour', 'time', 'start'], draw: (random) => between(random, 10, 23), say: (value) => `at ${value}` },
  { names: ['food', 'item', 'dish'], draw: (random) => pick(random, foods), say: (value) => `with ${value}` },
  { names: ['count', 'number', 'size'], draw: (random) => between(random, 2, 9), say: (value) => `${value} times` },
];

const verbs = ['find', 'order', 'book', 'send', 'plan', 'open', 'check', 'add'] as const;
const nouns = ['table', 'trip', 'party', 'order', 'list', 'note', 'car', 'event'] as const;

/** Functions of the new interface: verb and noun pairs and argument names that the base corpus never combines. */
const newFunctions: readonly { name: string; slots: readonly [slot: number, name: string][] }[] = [
  {
    name: 'reserve_ride',
    slots: [
      [0, 'guest'],
      [1, 'city'],
      [2, 'hour'],
    ],
  },
  {
    name: 'reserve_meal',
    slots: [
      [3, 'dish'],
      [0, 'guest'],
    ],
  },
  {
    name: 'share_trip',
    slots: [
      [1, 'target'],
      [0, 'person'],
    ],
  },
  {
    name: 'repeat_order',
    slots: [
      [4, 'count'],
      [3, 'food'],
    ],
  },
  {
    name: 'start_event',
    slots: [
      [2, 'slot'],
      [1, 'place'],
      [4, 'size'],
    ],
  },
  {
    name: 'move_party',
    slots: [
      [2, 'slot'],
      [1, 'target'],
    ],
  },
];

/** The request names the values in an order of its own, in general not that of the description. */
function describedCall(
  random: Random,
  name: string,
  parameters: readonly { slot: Slot; name: string }[],
  say: string,
): Problem {
  const filled = parameters.map(({ slot, name: key }) => ({ slot, argument: { name: key, value: slot.draw(random) } }));
  const phrases = pickSeveral(random, filled, filled.length).map(({ slot, argument }) => slot.say(argument.value));
  const signature = `${name}(${parameters.map((parameter) => parameter.name).join(', ')})`;
  const request = `${say} ${phrases.join(' ')}`;
  const callArguments = filled.map(({ argument }) => argument);
  const call = renderCall(name, callArguments);
  const names = parameters.map((parameter) => parameter.name);
  return {
    key: call,
    prompt: pick(random, [`Function: ${signature}. Please ${request}.`, `Use ${signature} to ${request}.`]),
    answers: answersFor(call),
    answer: call,
    fields: { parameters: names, required: names },
    core: { kind: 'call', name, arguments: callArguments },
  };
}

const syllables = [
  'ba',
  'do',
  'fi',
  'gu',
  'ke',
  'lo',
  'mi',
  'nu',
  'pa',
  're',
  'so',
  'ti',
  'ze',
  'st',
  'en',
  'ar',
] as const;

/** A word that is no usual part of a name, known or made up: from these the base learns to copy any name. */
function unusualWord(random: Random): string {
  if (chance(random, 0.7)) return pick(random, copiedWords).toLowerCase();
  return pickSeveral(random, syllables, 2).join('');
}

/** Calls of a function that the prompt describes; the six functions of the new interface never occur. */
export const describedCalls: Skill = {
  name: 'described-calls',
  title: 'Calls of a described function',
  scorer: 'call',
  chance: 0,
  maxTokens: 48,
  draw(random): Problem {
    for (;;) {
      const verb = chance(random, 0.3) ? unusualWord(random) : pick(random, verbs);
      const noun = chance(random, 0.3) ? unusualWord(random) : pick(random, nouns);
      if (newFunctions.some(({ name }) => name === `${verb}_${noun}`)) continue;
      const parameters = pickSeveral(random, slots, between(random, 2, 3)).map((slot) => ({
        slot,
        name: pick(random, slot.names),
      }));
      // One unknown name at most: which value it takes then follows from the others.
      if (chance(random, 0.3)) parameters[Math.floor(random() * parameters.length)]!.name = unusualWord(random);
      if (new Set(parameters.map(({ name }) => name)).size < parameters.length) continue;
      return describedCall(random, `${verb}_${noun}`, parameters, `${verb} a ${noun}`);
    }
  },
};
/** The new task: an interface of six functions, described in the prompt, with names that are new to the base. */
export const newCalls: Skill = {
  name: 'new-calls',
  title: 'Calls of a new interface',
  scorer: 'call',
  chance: 0,
  maxTokens: 48,
  draw(random): Problem {
    const { name, slots: wanted } = pick(random, newFunctions);
    const parameters = wanted.map(([slot, argument]) => ({ slot: slots[slot]!, name: argument }));
    return describedCall(random, name, parameters, name.replace('_', ' a '));
  },
};
