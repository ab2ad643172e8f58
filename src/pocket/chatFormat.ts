// How the pocket model writes a conversation: one special token opens each turn and one closes it.
import type { Message } from '../shared/dataset.ts';

export const bosToken = '<|bos|>';
export const endToken = '<|end|>';
export const padToken = '<|pad|>';
export const specialTokens = [padToken, bosToken, endToken, '<|system|>', '<|user|>', '<|assistant|>'] as const;

/** The Jinja template; `turnTokens` below writes the same as ids. */
export const chatTemplate =
  "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** The content of `tokenizer_config.json`. */
export function tokenizerConfig(contextLength: number): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: bosToken,
    eos_token: endToken,
    pad_token: padToken,
    additional_special_tokens: ['<|system|>', '<|user|>', '<|assistant|>'],
    model_max_length: contextLength,
    clean_up_tokenization_spaces: false,
    add_bos_token: true,
    chat_template: chatTemplate,
  };
}

/** Token ids of a conversation's turns with the generation prompt, as the template renders them. */
export function promptTokens(messages: readonly Message[], encode: (text: string) => number[]): number[] {
  const id = (token: string): number => specialTokens.indexOf(token as (typeof specialTokens)[number]);
  const tokens = [id(bosToken)];
  for (const { role, content } of messages) tokens.push(id(`<|${role}|>`), ...encode(content), id(endToken));
  tokens.push(id('<|assistant|>'));
  return tokens;
}
