// Everything textual about a Hugging Face model folder: tokenizer, chat template, the tokens that start a text and end an
// answer, and the context length. Weights are not looked at.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { createChatTemplate, type ChatTemplate } from '../tokenizer/chatTemplate.ts';
import { createTokenizer, tokenContent, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { fileError } from './fileErrors.ts';

/** What is known of the textual side of a model without its vocabulary. Plain data. */
export interface TextFacts {
  folder: string;
  tokenizer: Pick<Tokenizer, 'hash' | 'bosId' | 'eosId'>;
  /** Undefined for models that have none: they continue plain text. */
  template: Pick<ChatTemplate, 'hash'> | undefined;
  /**
   * Ids that end an answer: those of generation_config.json (or config.json), the tokenizer's end token, and the special
   * token with which the chat template closes an assistant turn.
   */
  stopIds: number[];
  /** What stands before raw text: the start token where the tokenizer adds one. */
  startIds: number[];
  /** Longest sequence in tokens, from config.json. */
  contextLength: number;
}

export interface TextSide extends TextFacts {
  tokenizer: Tokenizer;
  template: ChatTemplate | undefined;
}

/** The facts alone, which can be sent to another thread. */
export function factsOf({ folder, tokenizer, template, stopIds, startIds, contextLength }: TextSide): TextFacts {
  const { hash, bosId, eosId } = tokenizer;
  return {
    folder,
    tokenizer: { hash, bosId, eosId },
    template: template && { hash: template.hash },
    stopIds,
    startIds,
    contextLength,
  };
}

type Json = Record<string, unknown>;

/** Gives the tokenizer of equal content that was made before, or makes it. */
export type ShareTokenizer = (content: string, make: () => Tokenizer) => Tokenizer;

/** Reads a model folder. Errors name the file and what to do. */
export async function loadTextSide(folder: string, share: ShareTokenizer = (_, make) => make()): Promise<TextSide> {
  await requireFolder(folder);
  const tokenizerText = await readText(join(folder, 'tokenizer.json'));
  if (tokenizerText === undefined) {
    throw new LabError('tokenizer-invalid', phrase('{0} does not exist', join(folder, 'tokenizer.json')), {
      remedy: phrase(
        'Save the fast tokenizer of the model into this folder (tokenizer.json); older vocabulary files are not read.',
      ),
    });
  }
  const config = await readJson(folder, 'config.json');
  const generationConfig = (await readJson(folder, 'generation_config.json')) ?? {};
  const tokenizerConfig = await readTokenizerConfig(folder);
  const tokenizer = share(`${JSON.stringify(tokenizerConfig)}\n${tokenizerText}`, () => {
    const tokenizerJson = parseJson(folder, 'tokenizer.json', tokenizerText);
    return inFile(join(folder, 'tokenizer.json'), () => createTokenizer(tokenizerJson, tokenizerConfig));
  });
  const template = await readTemplate(folder, tokenizerConfig);
  const configured = idList(generationConfig['eos_token_id']) ?? idList(config?.['eos_token_id']) ?? [];
  const stopIds = [...configured, tokenizer.eosId, template && inFile(folder, () => endOfTurnId(template, tokenizer))];
  const { ids } = tokenizer.encode('', { addSpecialTokens: true });
  return {
    folder,
    tokenizer,
    template,
    stopIds: [...new Set(stopIds.filter((id) => id !== undefined))],
    // An end token after the text (add_eos_token) does not belong to the start.
    startIds: ids.filter(
      (id, index) => !(index === ids.length - 1 && id === tokenizer.eosId && id !== tokenizer.bosId),
    ),
    contextLength: readContextLength(folder, config),
  };
}

async function requireFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory()) return;
  const message = info
    ? phrase('The model folder {0} is not a folder', folder)
    : phrase('The model folder {0} does not exist', folder);
  throw new LabError('file-not-found', message, {
    remedy: phrase('Give a folder with config.json, tokenizer.json and safetensors files.'),
  });
}

/** tokenizer_config.json with the special tokens of special_tokens_map.json where it names none. */
async function readTokenizerConfig(folder: string): Promise<Json> {
  const tokenizerConfig = (await readJson(folder, 'tokenizer_config.json')) ?? {};
  const map = (await readJson(folder, 'special_tokens_map.json')) ?? {};
  const missing = Object.entries(map).filter(([name]) => tokenizerConfig[name] == null);
  return Object.fromEntries([...Object.entries(tokenizerConfig), ...missing]);
}

async function readTemplate(folder: string, tokenizerConfig: Json): Promise<ChatTemplate | undefined> {
  const file = join(folder, 'chat_template.jinja');
  const fromFile = await readText(file);
  const source = fromFile ?? templateOfConfig(folder, tokenizerConfig['chat_template']);
  if (source === undefined) return undefined;
  const names = Object.keys(tokenizerConfig).filter((name) => name.endsWith('_token'));
  const specials = names.flatMap((name) => {
    const content = tokenContent(tokenizerConfig[name]);
    return content === undefined ? [] : [[name, content] as const];
  });
  const place = fromFile === undefined ? join(folder, 'tokenizer_config.json') : file;
  return inFile(place, () => createChatTemplate(source, Object.fromEntries(specials)));
}

/** The `chat_template` key: a string, or a list of named templates of which `default` is the one for plain chat. */
function templateOfConfig(folder: string, value: unknown): string | undefined {
  if (value == null) return undefined;
  if (typeof value === 'string') return value;
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const named = list.filter(
    (entry): entry is { name: string; template: string } =>
      typeof (entry as Json | null)?.['name'] === 'string' && typeof (entry as Json | null)?.['template'] === 'string',
  );
  const chosen = named.find((entry) => entry.name === 'default') ?? (named.length === 1 ? named[0] : undefined);
  if (chosen) return chosen.template;
  const file = join(folder, 'tokenizer_config.json');
  const found = named.map((entry) => `"${entry.name}"`).join(', ');
  throw new LabError(
    'template-invalid',
    found === ''
      ? phrase('chat_template in {0} names no default template (found: none)', file)
      : phrase('chat_template in {0} names no default template (found: {1})', file, found),
    { remedy: phrase('Make it a string, or a list of {name, template} with one named "default".') },
  );
}

/**
 * The special token that follows an assistant's answer in a rendered conversation, so that generation ends where the
 * template ends a turn even if generation_config.json forgets to say so.
 */
function endOfTurnId(template: ChatTemplate, tokenizer: Tokenizer): number | undefined {
  const answer = 'An answer.';
  const rendered = template.render(
    [
      { role: 'user', content: 'A question?' },
      { role: 'assistant', content: answer },
    ],
    { addGenerationPrompt: false },
  );
  const at = rendered.lastIndexOf(answer);
  if (at < 0) return undefined;
  const tail = rendered.slice(at + answer.length);
  const { ids, starts } = tokenizer.encode(tail);
  // A special token decodes to nothing; so does a lone space in sentencepiece, but its text names no token.
  const index = ids.findIndex(
    (id) => tokenizer.decode([id]) === '' && tokenizer.tokenId(tokenizer.tokenText(id)) === id,
  );
  return index >= 0 && tail.slice(0, starts[index]).trim() === '' ? ids[index] : undefined;
}

function readContextLength(folder: string, config: Json | undefined): number {
  const file = join(folder, 'config.json');
  if (config === undefined) {
    throw new LabError('model-invalid', phrase('{0} does not exist', file), {
      remedy: phrase('Give a Hugging Face model folder: its config.json says how long a sequence may be.'),
    });
  }
  // GPT-2 says n_positions (older files n_ctx), the others max_position_embeddings.
  const length = config['max_position_embeddings'] ?? config['n_positions'] ?? config['n_ctx'];
  if (typeof length === 'number' && Number.isInteger(length) && length > 0) return length;
  throw new LabError('model-invalid', phrase('{0} does not give max_position_embeddings as a positive integer', file), {
    remedy: phrase('Add "max_position_embeddings", the longest sequence in tokens.'),
  });
}

function idList(value: unknown): number[] | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const ids = list.filter((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0);
  return ids.length > 0 ? ids : undefined;
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, file, 'read');
  }
}

async function readJson(folder: string, name: string): Promise<Json | undefined> {
  const text = await readText(join(folder, name));
  return text === undefined ? undefined : parseJson(folder, name, text);
}

function parseJson(folder: string, name: string, text: string): Json {
  const file = join(folder, name);
  const code = name.startsWith('tokenizer') || name.startsWith('special') ? 'tokenizer-invalid' : 'model-invalid';
  const remedy = phrase('Download or save the model folder again.');
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new LabError(code, phrase('{0} is not valid JSON: {1}', file, (cause as Error).message), { remedy, cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new LabError(code, phrase('{0} is not a JSON object', file), { remedy });
}

/** Adds the file to the message of an error from code that knows no files. */
function inFile<T>(file: string, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    const { message, remedy } = error.words;
    throw new LabError(error.code, phrase('{0}: {1}', file, message), { cause: error, remedy });
  }
}
