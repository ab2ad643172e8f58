// Registers what the editor asks about experiment files.
import { dirname } from 'node:path';
import { isObject } from '../../runs/experimentProblems.ts';
import type { ExperimentSource } from '../../runs/experimentSource.ts';
import { checkExperiment } from '../../runs/loadExperiment.ts';
import {
  completeExperiment,
  composeExperiment,
  experimentMaterial,
  hoverExperiment,
  outlineExperiment,
  rerunExperiment,
  validateExperiment,
} from '../../shared/protocol/lab/experiments.ts';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import type { ServerPart } from '../context.ts';
import { complete } from './complete.ts';
import { composeText } from './compose.ts';
import { contentChecker } from './contentProblems.ts';
import { DeclaredNames } from './declaredNames.ts';
import { contentDiagnostics, nameDiagnostic, toDiagnostics } from './diagnostics.ts';
import { hover } from './hover.ts';
import { findMaterial } from './material.ts';
import { nextName } from './nearbyFiles.ts';
import { outline } from './outline.ts';
import { rerunText } from './rerun.ts';
import { rowSampler } from './sampleRows.ts';

export const experimentsPart: ServerPart = (server) => {
  const sample = rowSampler();
  const contentProblems = contentChecker();
  const names = new DeclaredNames(server.workspace);
  const namesakes = async (source: ExperimentSource): Promise<ExperimentDiagnostic[]> => {
    const name = isObject(source.value) ? source.value['name'] : undefined;
    if (typeof name !== 'string' || source.syntaxErrors.length > 0) return [];
    const { others, taken } = await names.of(source.file, name);
    if (others.length === 0) return [];
    return [nameDiagnostic(source, others, await nextName(dirname(source.file), name, taken))];
  };
  server.handle(validateExperiment, async ({ path, text }) => {
    const checked = await checkExperiment(path, text);
    const inside = await contentProblems(dirname(path), checked);
    const problems = [...toDiagnostics(checked), ...contentDiagnostics(checked.source, inside)];
    return [...problems, ...(await namesakes(checked.source))].sort(
      ({ range: { start: one } }, { range: { start: other } }) =>
        one.line - other.line || one.character - other.character,
    );
  });
  server.handle(completeExperiment, ({ path, text, position }) => complete(path, text, position));
  server.handle(hoverExperiment, ({ path, text, position }) => hover(path, text, position));
  server.handle(outlineExperiment, ({ path, text }) => outline(path, text));
  server.handle(experimentMaterial, (_, { signal }) => findMaterial(server.workspace, sample, signal));
  server.handle(composeExperiment, async ({ path, choices }) => {
    const text = composeText(path, choices);
    return { text, problems: toDiagnostics(await checkExperiment(path, text)) };
  });
  server.handle(rerunExperiment, ({ run, path }) => rerunText(run, path, server.workspace));
};
