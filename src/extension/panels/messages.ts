// What arrives from a panel's page, checked before anything is done with it: a page shows data from outside, so its
// messages count as such too.
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { CallId, FromPanel, PanelAction } from '../../shared/protocol/panel.ts';

/** A message that asks for what no panel may have; its sender hears why. */
export interface RefusedMessage {
  type: 'refused';
  id: CallId;
  reason: Words;
}

/** The message, a refusal for its sender, or undefined when nobody waits for an answer. */
export function parseFromPanel(raw: unknown): FromPanel | RefusedMessage | undefined {
  if (!isRecord(raw)) return undefined;
  if (raw['type'] === 'drawn') return { type: 'drawn' };
  const id = raw['id'];
  if (typeof id !== 'string' || id === '' || id.length > 80) return undefined;
  switch (raw['type']) {
    case 'request':
      return typeof raw['method'] === 'string'
        ? { type: 'request', id, method: raw['method'], params: raw['params'] ?? {} }
        : { type: 'refused', id, reason: phrase('a request without a method') };
    case 'cancel':
      return { type: 'cancel', id };
    case 'action': {
      const action = parseAction(raw['action']);
      return action
        ? { type: 'action', id, action }
        : { type: 'refused', id, reason: phrase('an action that panels do not have') };
    }
    default:
      return undefined;
  }
}

/** Commands that a panel may run: those of this extension. */
const ownCommand = /^forgettingLab\.[A-Za-z]+(\.[A-Za-z]+)?$/;

function parseAction(raw: unknown): PanelAction | undefined {
  if (!isRecord(raw)) return undefined;
  const text = (key: string): string | undefined => (typeof raw[key] === 'string' ? raw[key] : undefined);
  switch (raw['kind']) {
    case 'command': {
      const command = text('command');
      const args = Array.isArray(raw['args']) ? (raw['args'] as unknown[]) : [];
      return command !== undefined && ownCommand.test(command) ? { kind: 'command', command, args } : undefined;
    }
    case 'save': {
      const suggestedName = text('suggestedName');
      const [content, base64] = [text('text'), text('base64')];
      if (suggestedName === undefined || (content === undefined) === (base64 === undefined)) return undefined;
      return content === undefined
        ? { kind: 'save', suggestedName, base64: base64 ?? '' }
        : { kind: 'save', suggestedName, text: content };
    }
    case 'open': {
      const [path, line] = [text('path'), raw['line']];
      if (path === undefined) return undefined;
      return typeof line === 'number' && Number.isSafeInteger(line) && line > 0
        ? { kind: 'open', path, line }
        : { kind: 'open', path };
    }
    case 'copy': {
      const copied = text('text');
      return copied === undefined ? undefined : { kind: 'copy', text: copied };
    }
    case 'pickModel':
      return { kind: 'pickModel' };
    case 'modelName': {
      const model = text('model');
      return model === undefined ? undefined : { kind: 'modelName', model };
    }
    case 'pickFile': {
      const extensions = Array.isArray(raw['extensions'])
        ? raw['extensions'].filter((one) => typeof one === 'string')
        : [];
      return { kind: 'pickFile', title: text('title') ?? '', extensions };
    }
    case 'subject':
      return isRecord(raw['subject']) ? { kind: 'subject', subject: raw['subject'] } : undefined;
    default:
      return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
