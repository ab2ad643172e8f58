// Renders a conversation with a model's own Jinja chat template, the way transformers' apply_chat_template does. The
// template is data from a model folder: it may fail or loop, and gets an error with a remedy, never the process.
import { Environment, Interpreter, Template } from '@huggingface/jinja';
import type { Message } from '../shared/dataset.ts';
import { errorWords, LabError } from '../shared/errors.ts';
import { phrase, type Phrase } from '../shared/phrase.ts';
import { hashJson } from './canonicalJson.ts';

export interface ChatTemplate {
  /** SHA-256 of the template and the special tokens it is given. */
  readonly hash: string;
  /** `addGenerationPrompt`: end with the header of the assistant turn that the model is to write. */
  render(messages: readonly Message[], options: { addGenerationPrompt: boolean }): string;
}

/** Expressions evaluated in one rendering; real templates need some dozens per message. */
const maximumSteps = 200_000;
/** Numbers in one range(). */
const maximumRange = 10_000;
/** Time for one rendering. */
const timeoutMs = 2_000;
/**
 * What strftime_now() shows. A prompt must not change from one day to the next, or a resumed run would measure something
 * else; this is the date that Llama 3's templates fall back to.
 */
const fixedDate = new Map([
  ['Y', '2024'],
  ['m', '07'],
  ['d', '26'],
  ['b', 'Jul'],
  ['B', 'July'],
  ['H', '00'],
  ['M', '00'],
  ['S', '00'],
  ['%', '%'],
]);

/** `specials`: the special tokens by their names in tokenizer_config.json (`bos_token`, `eos_token`, ...). */
export function createChatTemplate(source: string, specials: Record<string, string>): ChatTemplate {
  const program = parseTemplate(source);
  return {
    hash: hashJson({ source, specials }),
    render(messages, { addGenerationPrompt }) {
      const budget = new Budget();
      const environment = createEnvironment(budget, {
        ...specials,
        messages: messages.map(({ role, content }) => ({ role, content })),
        add_generation_prompt: addGenerationPrompt,
        tools: null,
        documents: null,
      });
      try {
        return textOf(new BoundedInterpreter(environment, budget).run(program));
      } catch (error) {
        throw invalidTemplate(phrase('The chat template failed: {0}', errorWords(error).message), error);
      }
    },
  };
}

type Program = Template['parsed'];
type Statement = Parameters<Interpreter['evaluate']>[0];

function parseTemplate(source: string): Program {
  try {
    return new Template(source).parsed;
  } catch (error) {
    throw invalidTemplate(phrase('The chat template cannot be parsed: {0}', errorWords(error).message), error);
  }
}

function invalidTemplate(message: Phrase, cause: unknown): LabError {
  return new LabError('template-invalid', message, {
    remedy: phrase(
      "Check that the model's chat template accepts these roles, or correct the template in the model folder.",
    ),
    cause,
  });
}

/** Counts what a rendering costs and ends it when it is out of proportion. */
class Budget {
  private steps = 0;
  private readonly deadline = performance.now() + timeoutMs;

  spend(steps: number, checkClock: boolean): void {
    this.steps += steps;
    const late = checkClock && performance.now() > this.deadline;
    if (this.steps > maximumSteps || late) throw outOfProportion(phrase('it does not come to an end (too many steps)'));
  }
}

const outOfProportion = (message: Phrase): LabError => new LabError('template-invalid', message);

class BoundedInterpreter extends Interpreter {
  private readonly budget: Budget;

  constructor(environment: Environment, budget: Budget) {
    super(environment);
    this.budget = budget;
  }

  override evaluate(statement: Statement, environment: Environment): ReturnType<Interpreter['evaluate']> {
    // A loop with an empty body evaluates nothing inside, so time is looked at whenever one starts.
    this.budget.spend(1, statement?.type === 'For');
    return this.evaluateStrip(statement, environment) ?? super.evaluate(statement, environment);
  }

  /**
   * `text.strip(characters)`, lstrip and rstrip: the library ignores the characters and strips all white space, which
   * changes answers under Qwen3's template (it calls lstrip with a line break).
   */
  private evaluateStrip(
    statement: Statement,
    environment: Environment,
  ): ReturnType<Interpreter['evaluate']> | undefined {
    const call = statement as CallNode | undefined;
    const [argument] = call?.args ?? [];
    if (call?.type !== 'CallExpression' || call.callee.type !== 'MemberExpression' || call.callee.computed) return;
    if (call.args.length !== 1 || argument?.type === 'KeywordArgumentExpression') return;
    const sides = stripSides.get(call.callee.property.value);
    if (sides === undefined) return;
    const text = this.evaluate(call.callee.object, environment);
    const characters = this.evaluate(argument, environment);
    if (text.type !== 'StringValue' || characters.type !== 'StringValue') return;
    return new Environment().set('text', stripCharacters(textOf(text), textOf(characters), sides));
  }
}

/** The part of the library's syntax tree that a method call shows; it exports no types for it. */
interface CallNode {
  type: string;
  args: NonNullable<Statement>[];
  callee: { type: string; computed: boolean; object: Statement; property: { value: string } };
}

const stripSides = new Map([
  ['strip', { start: true, end: true }],
  ['lstrip', { start: true, end: false }],
  ['rstrip', { start: false, end: true }],
]);

/** Python's str.strip(characters). */
function stripCharacters(text: string, characters: string, sides: { start: boolean; end: boolean }): string {
  const set = new Set(characters);
  const units = Array.from(text);
  let from = 0;
  let to = units.length;
  while (sides.start && from < to && set.has(units[from] as string)) from++;
  while (sides.end && to > from && set.has(units[to - 1] as string)) to--;
  return units.slice(from, to).join('');
}

/** The globals of the library's own Template.render, with bounded ranges and a fixed date. */
function createEnvironment(budget: Budget, variables: Record<string, unknown>): Environment {
  const environment = new Environment();
  const globals: [string, unknown][] = [
    ['true', true],
    ['True', true],
    ['false', false],
    ['False', false],
    ['none', null],
    ['None', null],
    [
      'raise_exception',
      (message: unknown) => {
        throw new Error(String(message));
      },
    ],
    ['range', (...bounds: number[]) => boundedRange(budget, bounds)],
    [
      'strftime_now',
      (format: unknown) => String(format).replace(/%(.)/g, (all, code: string) => fixedDate.get(code) ?? all),
    ],
  ];
  for (const [name, value] of [...globals, ...Object.entries(variables)]) {
    // A special token must not be able to redeclare a global, which the library would refuse with an error.
    if (!environment.variables.has(name)) environment.set(name, value);
  }
  return environment;
}

/** Python's range(), of limited length. */
function boundedRange(budget: Budget, bounds: number[]): number[] {
  const numbers = bounds.filter((bound) => typeof bound === 'number');
  const [start, stop] = numbers.length === 1 ? [0, numbers[0] ?? 0] : [numbers[0] ?? 0, numbers[1] ?? 0];
  const step = numbers[2] ?? 1;
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= maximumRange))
    throw outOfProportion(phrase('range() of {0} numbers is longer than {1}', String(length), maximumRange));
  budget.spend(length, true);
  return Array.from({ length }, (_, k) => start + k * step);
}

/** The text of a value that the interpreter knows to be a string. */
const textOf = (value: { value: unknown }): string => value.value as string;
