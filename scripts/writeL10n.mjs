// Merges l10n/parts/*.zh-tw.json (English text to Traditional Chinese, one file per feature) into the one bundle that the
// editor loads. `writeL10n()` is called by the build.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../l10n');

/** All parts as one table, and the texts that two parts translate differently (the first one counts). */
export function mergeParts(language = 'zh-tw') {
  const texts = {};
  const conflicts = [];
  for (const name of readdirSync(join(folder, 'parts')).sort()) {
    if (!name.endsWith(`.${language}.json`)) continue;
    const part = JSON.parse(readFileSync(join(folder, 'parts', name), 'utf8'));
    for (const [english, translated] of Object.entries(part)) {
      texts[english] ??= translated;
      if (texts[english] !== translated) conflicts.push(`${name}: ${english}: ${texts[english]} or ${translated}`);
    }
  }
  return { texts, conflicts };
}

export function writeL10n(language = 'zh-tw') {
  const sorted = Object.entries(mergeParts(language).texts).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
  writeFileSync(join(folder, `bundle.l10n.${language}.json`), text);
}
