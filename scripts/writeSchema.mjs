// Writes schemas/experiment.schema.json from the one declaration of experiment files. `--check` only compares.
import { build } from 'esbuild';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'prettier';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = `${root}schemas/experiment.schema.json`;
const bundle = `${root}dist/experimentSchema.${process.pid}.mjs`;

try {
  await build({
    entryPoints: [`${root}src/shared/experiment.ts`],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const { experimentJsonSchema } = await import(pathToFileURL(bundle).href);
  const text = await format(JSON.stringify(experimentJsonSchema()), { parser: 'json', printWidth: 120 });
  const current = await readFile(target, 'utf8').catch(() => '');
  if (current === text) console.log('schemas/experiment.schema.json is current');
  else if (process.argv.includes('--check')) {
    console.error('schemas/experiment.schema.json is out of date: run node scripts/writeSchema.mjs');
    process.exitCode = 1;
  } else {
    await mkdir(`${root}schemas`, { recursive: true });
    await writeFile(target, text);
    console.log('schemas/experiment.schema.json written');
  }
} finally {
  await rm(bundle, { force: true });
}
