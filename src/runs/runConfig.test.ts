import { describe, expect, test } from 'vitest';
import { syntheticRun } from '../report/testing/syntheticRun.ts';
import { LabError } from '../shared/errors.ts';
import { checkedRunConfig } from './runConfig.ts';

type Json = Record<string, unknown>;

/** A configuration as it is read from its file. */
const written = (): Json => JSON.parse(JSON.stringify(syntheticRun().run.config)) as Json;

/** Every path to a value in an object, lists included. */
function pathsOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[key], ...pathsOf(inner).map((rest) => [key, ...rest])]);
}

const holderOf = (config: Json, path: readonly string[]): Json =>
  path.slice(0, -1).reduce<Json>((inner, key) => inner[key] as Json, config);

const benchmarkOf = (config: Json): Json => ((config['experiment'] as Json)['benchmarks'] as Json[])[0] as Json;

describe('the configuration of a run', () => {
  test('is given as it was written', () => {
    expect(checkedRunConfig(written(), 'config.json')).toEqual(written());
  });

  test.each(pathsOf(written()).map((path) => [path.join('.'), path] as const))(
    'with another %s is refused',
    (_, path) => {
      const config = written();
      const holder = holderOf(config, path);
      const key = path.at(-1) as string;
      // Of all that is declared, nothing is a list of lists.
      holder[key] = [[holder[key]]];
      const check = (): unknown => checkedRunConfig(config, '/runs/a/config.json');
      expect(check).toThrow(LabError);
      expect(check).toThrow(/^\/runs\/a\/config\.json is not of a run: /);
    },
  );

  test.each([
    ['versions', /versions must be a mapping, not nothing/],
    ['dataHashes', /dataHashes must be a mapping, not nothing/],
    ['device', /device must be a mapping, not nothing/],
  ])('without its %s names them, with a remedy', (key, message) => {
    const config = written();
    delete config[key];
    expect(() => checkedRunConfig(config, 'config.json')).toThrow(message);
    expect(() => checkedRunConfig(config, 'config.json')).toThrow(
      expect.objectContaining({ code: 'run-invalid', remedy: 'Mend its files, or move it out of the workspace' }),
    );
  });

  test('says what a word may be, and that a chance of 1 is none', () => {
    const config = written();
    benchmarkOf(config)['group'] = 'skills';
    expect(() => checkedRunConfig(config, 'f')).toThrow(
      'group must be one of target, skill, safety, format, not the text "skills"',
    );
    benchmarkOf(config)['group'] = 'skill';
    benchmarkOf(config)['chance'] = 1;
    expect(() => checkedRunConfig(config, 'f')).toThrow('chance must be below 1, not 1');
  });

  test('of another version is read: what is not there yet has its default, and unknown keys are left out', () => {
    const config = written();
    const benchmark = benchmarkOf(config);
    delete benchmark['group'];
    delete benchmark['chance'];
    const older = { ...config, sinceThen: 1 };
    benchmark['sinceThen'] = [2];
    const read = checkedRunConfig(older, 'config.json');
    expect(read.experiment.benchmarks[0]).toMatchObject({ group: 'skill', chance: 0 });
    expect(JSON.stringify(read)).not.toContain('sinceThen');
  });
});
