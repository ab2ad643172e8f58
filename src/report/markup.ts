// HTML by template that escapes whatever it is given: only markup made by the same template passes unescaped. Names,
// prompts and model outputs are data and can never become elements, attributes or script.

/** Finished HTML. Only `html`, `join` and `raw` make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Markup | string | number | undefined | false | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text for element content and quoted attributes. Characters that HTML does not allow become U+FFFD. */
export function escapeHtml(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd')
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
    .replace(/[&<>"'`]/g, (sign) => entities[sign] ?? sign);
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return part.map(render).join('');
}

/** A template whose values are escaped unless they are Markup. Attribute values must be quoted in the template. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(
    strings.reduce((text, literal, k) => text + literal + (k < parts.length ? render(parts[k]) : ''), ''),
  );
}

/** Our own text that must not be escaped: the bundled style and script. */
export function raw(text: string): Markup {
  return new Markup(text);
}

/** A word for `id` attributes out of any name: equal names give equal ids, different names different ones. */
export function idOf(...names: readonly (string | number)[]): string {
  const encode = (name: string | number): string =>
    [...String(name)]
      .map((character) =>
        /[a-z0-9]/.test(character) ? character : `_${(character.codePointAt(0) ?? 0).toString(36)}_`,
      )
      .join('');
  return names.map(encode).join('-');
}
