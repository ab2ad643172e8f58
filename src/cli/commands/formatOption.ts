// The option that overrides the detected format of a dataset.
import { Option } from 'commander';

/** `--format`, as the dataset reader knows them. */
export function formatOption(): Option {
  return new Option('--format <name>', 'format of the rows (default: detected)').choices([
    'text',
    'messages',
    'prompt-completion',
    'alpaca',
    'sharegpt',
    'question-answer',
  ]);
}
