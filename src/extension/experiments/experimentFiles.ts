// Which files are experiments.

/** For language features: the file name decides, whatever language the editor takes it for. */
export const experimentPattern = '**/*.experiment.{yaml,yml,json}';

export function isExperimentFile(path: string): boolean {
  return /\.experiment\.(ya?ml|json)$/i.test(path);
}
