// How code that knows no editor gets its texts: `vscode.l10n.t` goes in, tests pass `english`.

/** A text in the editor's language; `{0}`, `{1}`... are filled in. The English text is the key. */
export type Translate = (message: string, ...values: (string | number)[]) => string;

export const english: Translate = (message, ...values) =>
  message.replace(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));
