// Registers what the editor asks about experiment files.
import { checkExperiment } from '../../runs/loadExperiment.ts';
import {
  completeExperiment,
  hoverExperiment,
  outlineExperiment,
  validateExperiment,
} from '../../shared/protocol/lab/experiments.ts';
import type { ServerPart } from '../context.ts';
import { complete } from './complete.ts';
import { toDiagnostics } from './diagnostics.ts';
import { hover } from './hover.ts';
import { outline } from './outline.ts';

export const experimentsPart: ServerPart = (server) => {
  server.handle(validateExperiment, async ({ path, text }) => toDiagnostics(await checkExperiment(path, text)));
  server.handle(completeExperiment, ({ path, text, position }) => complete(path, text, position));
  server.handle(hoverExperiment, ({ path, text, position }) => hover(path, text, position));
  server.handle(outlineExperiment, ({ path, text }) => outline(path, text));
};
