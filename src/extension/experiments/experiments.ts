// Experiment files and the commands that make, launch and use them.
import * as vscode from 'vscode';
import type { Feature } from '../workbench.ts';
import { buildTargets } from './buildTargets.ts';
import { ExperimentDiagnostics } from './diagnostics.ts';
import { doctor } from './doctor.ts';
import { evaluateModel } from './evaluateModel.ts';
import { registerLanguageFeatures } from './languageFeatures.ts';
import { launchAll } from './launch.ts';
import { registerLenses } from './lenses.ts';
import { mergeCheckpoints } from './mergeCheckpoints.ts';
import { newExperiment } from './newExperiment/newExperiment.ts';
import { openExample } from './openExample.ts';
import { readSession } from '../sessions/readSession.ts';
import { createReadonlyTexts } from './readonlyText.ts';
import { rerunWithChanges } from './rerun.ts';

/** A command as it is from the palette: about no row. */
const fromPalette = (id: string): Thenable<unknown> => vscode.commands.executeCommand(id);

export const experimentsFeature: Feature = (workbench) => {
  const { command, context } = workbench;
  const diagnostics = new ExperimentDiagnostics(workbench);
  const texts = createReadonlyTexts(context);
  const needsTrust = { needsTrust: true };
  registerLanguageFeatures(workbench, diagnostics);
  registerLenses(workbench);
  command('forgettingLab.newExperiment', () => newExperiment(workbench), needsTrust);
  command('forgettingLab.launch', (one, all) => launchAll(workbench, one, all), needsTrust);
  command('forgettingLab.rerunWithChanges', (argument) => rerunWithChanges(workbench, argument), needsTrust);
  command('forgettingLab.evaluateModel', (argument) => evaluateModel(workbench, texts, argument), needsTrust);
  command('forgettingLab.mergeCheckpoints', (argument) => mergeCheckpoints(workbench, argument), needsTrust);
  command('forgettingLab.buildTargets', (argument) => buildTargets(workbench, argument), needsTrust);
  // The editor hands the row last clicked to the buttons of a view's title, which are about no row.
  command('forgettingLab.internal.evaluateModel', () => fromPalette('forgettingLab.evaluateModel'), needsTrust);
  command('forgettingLab.internal.mergeCheckpoints', () => fromPalette('forgettingLab.mergeCheckpoints'), needsTrust);
  command('forgettingLab.internal.buildTargets', () => fromPalette('forgettingLab.buildTargets'), needsTrust);
  command('forgettingLab.internal.readSession', (row) => readSession(workbench, texts, row));
  command('forgettingLab.doctor', () => doctor(workbench, texts), needsTrust);
  command('forgettingLab.openExample', () => openExample(workbench), needsTrust);
};
