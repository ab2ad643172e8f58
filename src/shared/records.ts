// What a run folder holds, line by line. Only runs/runFolder.ts knows the file names; everything that shows a run
// (command line, report, editor) is a function of these records.
import type { Provenance } from './dataset.ts';
import type { BenchmarkConfig, Experiment, ResolvedArm } from './experiment.ts';
import type { Phrase } from './phrase.ts';

/** config.json: everything needed to repeat the run. Written once, before anything else. */
export interface RunConfig {
  formatVersion: 1;
  id: string;
  createdAt: string;
  /** The file the run was launched from, absolute; absent in runs of earlier versions. */
  experimentFile?: string;
  /** The experiment with every default filled in. Paths are absolute. */
  experiment: Experiment;
  arms: ResolvedArm[];
  versions: { forgettingLab: string; node: string; onnxruntime: string; platform: string };
  model: {
    folder: string;
    architecture: string;
    parameters: number;
    layers: number;
    contextLength: number;
    weightsHash: string;
    tokenizerHash: string;
    templateHash: string;
  };
  device: { name: string; reason: string; threads: number };
  /** SHA-256 of every data file by path as written in the experiment. */
  dataHashes: Record<string, string>;
  lossNormalization: 'token-mean';
}

/** status.jsonl: the life of the run; the last line is its present state. */
export interface StatusRecord {
  kind: 'status';
  at: string;
  state: 'running' | 'stopped' | 'done' | 'failed';
  pid: number;
  /** Why it stopped or failed, in English. */
  reason?: string;
  /** The same with its values apart, for readers of other languages. */
  words?: Phrase;
}

/** Names one training chain: an arm at a learning rate with a seed. */
export interface TrialKey {
  arm: string;
  lr: number;
  seed: number;
}

/** metrics.jsonl: one line per optimizer step. Keys as in the field (`train/loss`). A resumed run may repeat steps: the last line counts. */
export interface MetricRecord extends TrialKey {
  kind: 'metric';
  /** 1-based stage. */
  stage: number;
  step: number;
  steps: number;
  'train/loss': number;
  'train/grad_norm': number;
  'train/lr': number;
  'train/tokens': number;
  'train/tokens_per_second': number;
  at: string;
}

/** checkpoints.jsonl: a saved model (`final`) or resumable state. `folder` is relative to the run folder. */
export interface CheckpointRecord extends TrialKey {
  kind: 'checkpoint';
  stage: number;
  step: number;
  what: 'state' | 'final';
  folder: string;
}

/** One judged answer. */
export interface ItemResult {
  /** Index in the benchmark file (0-based, before any limit). */
  index: number;
  /** Score under the strict scorer, 0..1. */
  strict: number;
  /** Score under the lenient scorer, 0..1. */
  lenient: number;
  /** Whether the strict scorer could extract an answer at all. */
  parsed: boolean;
  /** The model's text (empty for benchmarks scored by likelihood). */
  output: string;
  finish: 'stop' | 'length' | 'context' | 'scored';
  /** Why the item does not count under the strict scorer, in English. */
  reason?: string;
  /** The same with its values apart, for readers of other languages; absent in runs of earlier versions. */
  words?: Phrase;
  /** Further rates by name, 0..1 (`json_strict`, `json_schema`, `refusal`, `gibberish`, `rp4`...). */
  rates?: Record<string, number>;
  /** First-token refusal margin of a harmful prompt, nats (methods 5.8.4). */
  refusalMargin?: number;
}

/** Judged items in numbers. */
export interface Measurement {
  /** Mean strict score, 0..1, and its 95 % interval: Wilson for items that are right or wrong, bootstrap otherwise. */
  score: number;
  lo: number;
  hi: number;
  /** Mean lenient score. */
  lenient: number;
  /** Share of answers the strict scorer could read. */
  parseRate: number;
  n: number;
  /** Mean of every rate over the items that carry it. */
  rates: Record<string, number>;
  /** Mean first-token refusal margin over the harmful prompts, nats (methods 5.8.4); only where the scorer asks for it. */
  refusalMargin?: number;
}

/** cells.jsonl: one measured cell of the matrix R. Stage 0 is the untouched base (arm `base`, lr 0, seed 0). */
export interface CellRecord extends TrialKey, Measurement {
  kind: 'cell';
  stage: number;
  benchmark: string;
  /** Hash of items, template, decoding, scorer and tokenizer; only equal hashes are compared. */
  protocol: string;
  /** Base at chance: cannot show forgetting (pitfall 17). */
  insensitive: boolean;
  /** Per-item results file, relative to the run folder (JSON Lines of ItemResult). */
  items: string;
  seconds: number;
}

/** Statistics of a set of training targets under the base model, before training (methods 5.3). */
export interface TargetStatistics {
  items: number;
  tokens: number;
  /** Mean over items of exp(mean nll). */
  pplMean: number;
  /** Sample standard deviation and variance of the same. */
  pplStd: number;
  pplVariance: number;
  /** exp of nll sum over token sum. */
  corpusPpl: number;
  lengthMean: number;
  lengthStd: number;
  /** Share of tokens with perplexity above the key. */
  hardShare: { '2.5': number; '10': number; '25': number; '1000': number };
}

/** Rows that were left out for the same reason. */
export interface DropCount {
  reason: string;
  count: number;
  /** Line of the first of them in its file; absent where rows of several files count, and in runs of earlier versions. */
  first?: number;
}

/** Kinds of tokens whose difficulty is told apart; `template` is what the chat template adds, the end of the turn. */
export type TokenKind = 'number' | 'word' | 'symbol' | 'whitespace' | 'template';

/** By kind that occurs: its share of the tokens, and the share of its tokens above perplexity 2.5. */
export type TokenKindShares = Partial<Record<TokenKind, { share: number; hard: number }>>;

/** How close targets are to what the base model answers greedily; means over `rows` rows (methods 5.3). */
export interface ClosenessToGreedy {
  rows: number;
  /** Levenshtein distance from the greedy answer to the target over the length of the greedy answer, in tokens. */
  editRatio: number;
  /** F1 over the tokens of both as bags. */
  tokenF1: number;
}

/** A token of an example with its probability, for colouring. Offsets are UTF-16 units of the answer text. */
export interface ScoredToken {
  id: number;
  text: string;
  start: number;
  end: number;
  logprob: number;
  /** False: the loss mask leaves it out. */
  trained: boolean;
}

/** targets.jsonl: what one arm trains on at one stage. */
export interface TargetRecord {
  kind: 'targets';
  arm: string;
  seed: number;
  stage: number;
  stageName: string;
  /** Training rows file, relative to the run folder. */
  rows: string;
  statistics: TargetStatistics;
  /** Absent in runs of earlier versions, as the two below. */
  tokenKinds?: TokenKindShares;
  /** Share of rows whose prompt and answer appeared in an earlier row. */
  duplicateShare?: number;
  /** Of the first rows; absent for raw text, which has no prompt. */
  greedy?: ClosenessToGreedy;
  /** Rows by provenance. */
  provenance: Partial<Record<Provenance, number>>;
  dropped: DropCount[];
  /** Share of answer tokens that the mask leaves out, and of the end-of-turn tokens. */
  maskedShare: number;
  maskedEosShare: number;
  /** Share of targets the verifier accepts (absent without a verifier). */
  verified?: number;
  tokensGenerated: number;
  seconds: number;
  /** A few examples with token probabilities under the base. */
  examples: TargetExample[];
}

export interface TargetExample {
  prompt: string;
  text: string;
  ppl: number;
  provenance: Provenance;
  tokens: ScoredToken[];
}

/** drift.jsonl: distance from the base without labels (methods 5.4). */
export interface DriftRecord extends TrialKey {
  kind: 'drift';
  stage: number;
  text: 'new-task' | 'neutral';
  /** Token means, nats. */
  crossEntropy: number;
  baselineEntropy: number;
  kl: number;
  hardCrossEntropy: number;
  /** Share of positions where both models' first choice agrees. */
  agreement: number;
  tokens: number;
}

/**
 * probes.jsonl: a small measurement while a stage trains, every `probes.every` steps (step 0 is the model the stage
 * begins with). A resumed run may repeat steps: the last line counts.
 */
export interface ProbeRecord extends TrialKey {
  kind: 'probe';
  stage: number;
  step: number;
  /**
   * By benchmark: how much the negative log-likelihood of the reference answers has risen against the base. The
   * difference of the token-mean nll of an answer (nats per token), averaged over the probed items; positive is
   * forgetting, 0 is the base. Benchmarks without a reference text use the base's own answers.
   */
  retention: Record<string, number>;
  /** By text (`new-task`, `neutral`): cross-entropy to the base, nats per token, as in drift.jsonl but on fewer texts. */
  crossEntropy: Record<string, number>;
  /** The same without the base's own entropy: KL(base || model), 0 at the base. */
  kl: Record<string, number>;
  /** By benchmark of harmful prompts: the first-token refusal margin, nats (methods 5.8.4). Absent without such a benchmark. */
  refusalMargin?: Record<string, number>;
  seconds: number;
}

/** log.jsonl: things worth telling that are not measurements. */
export interface LogRecord {
  kind: 'log';
  at: string;
  level: 'info' | 'warning' | 'error';
  /** In English. */
  message: string;
  /** The same with its values apart, for readers of other languages. */
  words?: Phrase;
}

/** Everything read back from a run folder. Damaged lines are counted, not hidden. */
export interface RunData {
  folder: string;
  config: RunConfig;
  status: StatusRecord | undefined;
  cells: CellRecord[];
  metrics: MetricRecord[];
  targets: TargetRecord[];
  checkpoints: CheckpointRecord[];
  drift: DriftRecord[];
  probes: ProbeRecord[];
  log: LogRecord[];
  damagedLines: { file: string; line: number }[];
}

/** A derived number with the exact name of its definition (methods 5.2). */
export interface DerivedNumber extends TrialKey {
  kind: 'derived';
  /** For instance `gain`, `retention_change`, `forgetting_chaudhry_include_base`, `bwt_gem`, `ti_stm`, `bwt_percent_stm`. */
  definition: string;
  /** The definition in words with its source. */
  description: string;
  stage: number;
  benchmark?: string;
  value: number | null;
  lo?: number;
  hi?: number;
  /** Why there is no value. */
  reason?: string;
  /** The number covers several seeds or learning rates; the key then names the first of them. */
  over?: ('seed' | 'lr')[];
}

/** One benchmark with its static description, for tables. */
export type BenchmarkInfo = Pick<BenchmarkConfig, 'name' | 'group' | 'scorer'>;
