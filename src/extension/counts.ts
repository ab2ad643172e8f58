// How many there are, in words: one, several, or about so many where they were not counted.
import { formatCount, formatRoughly } from '../shared/words.ts';
import type { Translate } from './translate.ts';

/** `1 row`, `1,500 rows`, `about 101,000 rows`. */
export function rowCount(rows: number, t: Translate, estimated = false): string {
  if (estimated) return t('about {0} rows', formatRoughly(rows));
  return rows === 1 ? t('1 row') : t('{0} rows', formatCount(rows));
}

/** `1 token`, `20,000 tokens`. */
export function tokenCount(tokens: number, t: Translate): string {
  return tokens === 1 ? t('1 token') : t('{0} tokens', formatCount(tokens));
}

/** `1 item`, `64 items`, `about 101,000 items`. */
export function itemCount(items: number, t: Translate, estimated = false): string {
  if (estimated) return t('about {0} items', formatRoughly(items));
  return items === 1 ? t('1 item') : t('{0} items', formatCount(items));
}
