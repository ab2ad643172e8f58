// What a row of the experiments tree shows: label, one-line result, icon, and the words that menus and screen readers need.
// Pure, so that every state can be looked at in a test.
import type { ArmStyle } from '../../shared/arms.ts';
import { say } from '../../shared/phrase.ts';
import type { ExperimentSummary, RunSummary, StageSummary, TrialSummary } from '../../shared/protocol/lab/runs.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { formatDone, formatDuration, formatLearningRate, formatPoints, plainText } from '../../shared/words.ts';
import { experimentSize } from '../experimentSize.ts';
import type { Translate } from '../translate.ts';
import { isRemovable, isResumable } from './experimentsModel.ts';
import type { ExperimentsModel, ShownState } from './experimentsModel.ts';
import type { CheckpointNode, ExperimentsNode, TrialNode } from './nodes.ts';
import { minuteOf, shortMinuteOf } from './runTime.ts';

export interface Row {
  label: string;
  description: string;
  icon: { name: string; colour?: string };
  /** Words by which menus choose rows: `run readable resumable`. */
  context: string;
  /** Read out instead of label and description. */
  accessible: string;
  open: 'leaf' | 'closed' | 'open';
  /** Can be checked for comparing. */
  checkable?: boolean;
}

/** The row of a node; undefined when what it stood for is gone. */
export function rowOf(node: ExperimentsNode, model: ExperimentsModel, t: Translate): Row | undefined {
  switch (node.kind) {
    case 'experiment': {
      const experiment = model.experiment(node.key);
      return experiment && experimentRow(experiment, model.children(node).length === 0, model, t);
    }
    case 'session': {
      const session = model.session(node.session);
      return session && sessionRow(session, t);
    }
    case 'run': {
      const run = model.run(node.path);
      return run && runRow(run, model, t);
    }
    case 'trial':
      return trialRow(node, model, t);
    case 'stage': {
      const stage = model.stage(node);
      return stage && stageRow(stage, t);
    }
    case 'checkpoint':
      return checkpointRow(node, model, t);
  }
}

function experimentRow(experiment: ExperimentSummary, isEmpty: boolean, model: ExperimentsModel, t: Translate): Row {
  const { file, problem, runs } = experiment;
  const newest = runs.find((run) => run.state !== 'corrupt') ?? runs[0];
  const size = experimentSize(experiment, t);
  const state = newest === undefined ? t('no run yet') : stateWord(model.state(newest), t);
  // The state first: the end of a long line is cut off.
  const parts = problem === undefined ? [state, ...size] : [t('cannot be launched')];
  if (file === undefined) parts.push(t('file is gone'));
  const label = plainText(experiment.name);
  const description = parts.join(', ');
  return {
    label,
    description,
    icon: problem === undefined ? { name: 'beaker' } : { name: 'warning', colour: 'list.warningForeground' },
    context: words('experiment', file && 'file path', file && !problem && 'launchable', newest && 'hasRun'),
    accessible: t('Experiment {0}, {1}', label, description),
    open: isEmpty ? 'leaf' : 'open',
  };
}

function sessionRow(session: SessionSummary, t: Translate): Row {
  const { progress } = session;
  const running = progress ? progressWords(progress, t) : t('starting');
  const states: Record<SessionSummary['state'], string> = {
    queued: t('queued'),
    running,
    stopping: t('stopping'),
    done: session.result?.[0] ? say(session.result[0], t) : t('done'),
    stopped: t('stopped'),
    failed: session.reason === undefined ? t('failed') : shortReason(say(session.reason, t)),
  };
  const label = plainText(say(session.title, t));
  const description = plainText(states[session.state]);
  return {
    label,
    description,
    icon: stateIcons[session.state],
    context: words('session', isRemovable(session) ? 'removable' : 'stoppable'),
    accessible: t('{0}, {1}', label, description),
    open: 'leaf',
  };
}

/** The first problem of a file stands below a line that only names the file. */
function shortReason(reason: string): string {
  const [first = '', second] = reason.split('\n');
  return (second ?? first).trim();
}

function runRow(run: RunSummary, model: ExperimentsModel, t: Translate): Row {
  const state = model.state(run);
  const progress = model.sessionOf(run.folder)?.progress;
  const label = runLabel(run, model.hasTwin(run));
  const description = plainText(runLine(run, state, progress, t));
  const word = stateWord(state, t);
  const told = description || word;
  const starred = model.stars.has(run.folder);
  const readable = run.state !== 'corrupt';
  return {
    label,
    description: starred ? `\u2605 ${description}` : description,
    icon: stateIcons[state],
    context: words(
      'run path',
      readable && 'readable',
      isStoppable(state) && 'stoppable',
      isResumable(state) && 'resumable',
      starred ? 'marked' : 'unmarked',
    ),
    // What the description begins with is not said twice.
    accessible: told.startsWith(word)
      ? t('Run of {0}, {1}', label, told)
      : t('Run of {0}, {1}, {2}', label, word, told),
    open: run.trials.length > 0 ? 'closed' : 'leaf',
    ...(readable ? { checkable: true } : {}),
  };
}

/** A run that waits is taken off the queue. Saving may take long: what is stopping can be ended at once. */
const isStoppable = (state: ShownState): boolean => state === 'queued' || state === 'running' || state === 'stopping';

/** What the row of a run says in words, its state included where the icon tells it. */
export function runText(run: RunSummary, model: ExperimentsModel, t: Translate): string {
  const { label, description } = runRow(run, model, t);
  return [label, stateWord(model.state(run), t), description].join(', ');
}

function runLine(run: RunSummary, state: ShownState, progress: SessionSummary['progress'], t: Translate): string {
  if (state === 'queued') return t('queued');
  if (state === 'stopping') return t('stopping');
  if (state === 'running' && progress) return progressWords(progress, t);
  const parts = [say(run.line, t)];
  if (run.damagedLines > 0) parts.push(t('damaged lines: {0}', run.damagedLines));
  return parts.join(', ');
}

/** `64 %, 1 min left`. */
export function progressWords({ share, secondsLeft }: NonNullable<SessionSummary['progress']>, t: Translate): string {
  const percent = formatDone(share);
  return secondsLeft === undefined ? percent : t('{0}, {1} left', percent, formatDuration(secondsLeft));
}

/** When a run began; with the end of its id where siblings began in the same minute. */
export function runLabel(run: RunSummary, hasTwin: boolean, now?: Date): string {
  const time = shortMinuteOf(run.createdAt, now);
  return hasTwin ? `${time} \u00b7 ${plainText(run.id.slice(-4))}` : time;
}

function trialRow(node: TrialNode, model: ExperimentsModel, t: Translate): Row | undefined {
  const run = model.run(node.path);
  const trial = model.trial(node);
  if (!run || !trial) return undefined;
  const name = trialName(trial, run, t);
  const description = trialLine(trial, model.state(run), t);
  const icons = { done: 'pass-filled', running: 'sync', waiting: 'circle-outline' };
  return {
    label: trial.style ? `${trial.style.glyph} ${name}` : name,
    description,
    icon: { name: icons[trial.state], ...(trial.style ? { colour: armColour(trial.style) } : {}) },
    context: 'trial',
    accessible: t('{0}, {1}', name, description),
    open: 'closed',
  };
}

/** Colour of package.json for an arm. */
export const armColour = (style: ArmStyle): string => `forgettingLab.arm${style.colour + 1}`;

/** `self-output \u00b7 3e-4 \u00b7 seed 1`; rate and seed only where the run has several. */
export function trialName(trial: TrialSummary, run: RunSummary, t: Translate): string {
  const seeds = new Set(run.trials.map(({ seed }) => seed));
  const rates = new Set(run.trials.map(({ lr }) => lr));
  const parts = [plainText(trial.arm)];
  if (rates.size > 1) parts.push(formatLearningRate(trial.lr));
  if (seeds.size > 1) parts.push(t('seed {0}', trial.seed));
  return parts.join(' \u00b7 ');
}

/** What came of a trial so far, or where it is. */
export function trialLine(trial: TrialSummary, state: ShownState, t: Translate): string {
  const result = resultWords(trial, t);
  const training = trial.stages.find((stage) => stage.state === 'training' || stage.state === 'measuring');
  if (trial.state === 'running' && state === 'running' && training) {
    const last = trial.stages.at(-1)?.stage ?? training.stage;
    const stage = t('stage {0} of {1}, {2}', training.stage, last, stageWord(training, t));
    return result === '' ? stage : `${result} \u00b7 ${stage}`;
  }
  if (result !== '') return result;
  if (trial.state === 'waiting') return state === 'running' || state === 'queued' ? t('waiting') : t('not begun');
  return trial.state === 'done' ? t('done') : t('not finished');
}

/** `gained 41, forgot 38`, with the words for the other direction where it is so. */
function resultWords({ gained, forgot }: TrialSummary, t: Translate): string {
  const parts: string[] = [];
  if (gained !== undefined) {
    const points = formatPoints(gained);
    parts.push(gained < 0 ? t('lost {0}', points) : t('gained {0}', points));
  }
  if (forgot !== undefined) {
    const points = formatPoints(forgot);
    parts.push(forgot > 0 ? t('improved {0}', points) : t('forgot {0}', points));
  }
  return parts.join(', ');
}

function stageRow(stage: StageSummary, t: Translate): Row {
  const label = stage.stage === 0 ? t('base') : `${stage.stage} ${plainText(stage.name)}`;
  const icons: Record<StageSummary['state'], string> = {
    done: 'check',
    training: 'sync',
    measuring: 'search',
    waiting: 'circle-outline',
  };
  const description = stageWord(stage, t);
  return {
    label,
    description,
    icon: { name: icons[stage.state] },
    context: 'stage',
    accessible: t('Stage {0}, {1}', label, description),
    open: stage.checkpoints.length > 0 ? 'closed' : 'leaf',
  };
}

function stageWord({ state, share }: StageSummary, t: Translate): string {
  switch (state) {
    case 'done':
      return t('measured');
    case 'measuring':
      return t('measuring');
    case 'training':
      return t('training {0}', formatDone(share));
    case 'waiting':
      return t('not begun');
  }
}

/** What is read out: no comma where there is nothing to say beside the name. */
export function spoken(label: string, description: string, t: Translate): string {
  return description === '' ? label : t('{0}, {1}', label, description);
}

function checkpointRow(node: CheckpointNode, model: ExperimentsModel, t: Translate): Row | undefined {
  const checkpoint = model.checkpoint(node);
  if (!checkpoint) return undefined;
  const base = model.stage(node.parent)?.stage === 0;
  const final = checkpoint.what === 'final';
  const label = base ? t('base model') : final ? t('final model') : t('state to resume from');
  const step = base ? '' : t('step {0}', checkpoint.step);
  const description = checkpoint.exists ? step : [step, t('folder is gone')].filter(Boolean).join(', ');
  return {
    label,
    description,
    icon: { name: final ? 'package' : 'save' },
    context: words('checkpoint', checkpoint.exists && 'path', checkpoint.exists && final && 'whole'),
    accessible: spoken(label, description, t),
    open: 'leaf',
  };
}

const stateIcons: Record<ShownState | SessionSummary['state'], Row['icon']> = {
  queued: { name: 'clock' },
  running: { name: 'sync~spin', colour: 'charts.blue' },
  stopping: { name: 'sync~spin' },
  done: { name: 'pass', colour: 'charts.green' },
  stopped: { name: 'debug-pause' },
  interrupted: { name: 'debug-disconnect', colour: 'list.warningForeground' },
  failed: { name: 'error', colour: 'list.errorForeground' },
  corrupt: { name: 'warning', colour: 'list.errorForeground' },
};

export function stateWord(state: ShownState, t: Translate): string {
  const known: Record<ShownState, string> = {
    queued: t('queued'),
    running: t('running'),
    stopping: t('stopping'),
    done: t('done'),
    stopped: t('stopped'),
    interrupted: t('interrupted'),
    failed: t('failed'),
    corrupt: t('cannot be read'),
  };
  return known[state];
}

/** The name of an experiment and when the run began, for tabs, notifications and quick picks. */
export const runTitle = (run: RunSummary): string => `${plainText(run.experiment)} \u00b7 ${minuteOf(run.createdAt)}`;

const words = (...parts: (string | false | undefined)[]): string => parts.filter(Boolean).join(' ');
