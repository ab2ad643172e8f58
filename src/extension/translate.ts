// How code that knows no editor gets its texts: `vscode.l10n.t` goes in, tests pass `english`.

import { fillIn } from '../shared/phrase.ts';
import type { Translation } from '../shared/phrase.ts';

/** A text in the editor's language; `{0}`, `{1}`... are filled in. The English text is the key. */
export type Translate = Translation;

export const english: Translate = (message, ...values) => fillIn(message, values);
