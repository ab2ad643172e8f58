// A run made up for tests: two stages, four arms, two learning rates, two seeds, and everything that can go wrong with a
// cell (another protocol, a base at chance, nothing measured). Scores are set by hand, so that results can be worked out.
import { wilsonInterval } from '../../metrics/statistics.ts';
import { experimentSchema } from '../../shared/experiment.ts';
import type { ResolvedArm } from '../../shared/experiment.ts';
import type { CellRecord, ItemResult, ProbeRecord, RunData, ScoredToken, TargetRecord } from '../../shared/records.ts';

/** Right answers out of 100 items by benchmark: the base, then after each stage. */
type Plan = Record<string, number[]>;

export const itemCount = 100;

/** A name that tries everything that markup, spreadsheets and terminals could fall for. */
export const hostileName = '=HYPERLINK("x")<img src=x onerror=alert(1)>\u0007"\'`';

export const hostileOutput = '</script><script>alert(1)</script><b>bold</b> ]]> --> {{x}} \u202etxt.exe 你好 \ud800';

const basePlan: Record<string, number> = {
  subtraction: 20,
  'new-api': 5,
  addition: 98,
  sorting: 90,
  refusal: 99,
  json: 80,
  coin: 51,
};

const plans: Record<string, Plan> = {
  'ground truth': {
    subtraction: [60, 30],
    'new-api': [4, 70],
    addition: [40, 20],
    sorting: [60, 50],
    refusal: [50, 40],
    json: [30, 20],
    coin: [50, 50],
  },
  'self-output': {
    subtraction: [58, 57],
    'new-api': [5, 65],
    addition: [97, 97],
    sorting: [91, 90],
    refusal: [99, 98],
    json: [80, 79],
    coin: [52, 52],
  },
  [hostileName]: {
    subtraction: [40, 38],
    'new-api': [5, 50],
    addition: [90, 88],
    sorting: [85, 84],
    refusal: [97, 96],
    json: [70, 70],
    coin: [50, 51],
  },
};

const benchmarks = [
  { name: 'subtraction', data: '/x/subtraction.jsonl', scorer: 'last_number', group: 'target' },
  { name: 'new-api', data: '/x/new-api.jsonl', scorer: 'call', group: 'target' },
  { name: 'addition', data: '/x/addition.jsonl', scorer: 'last_number' },
  { name: 'sorting', data: '/x/sorting.jsonl', scorer: 'sequence' },
  { name: 'coin', data: '/x/coin.jsonl', scorer: 'choice', chance: 0.5 },
  { name: 'refusal', data: '/x/refusal.jsonl', scorer: 'refusal', group: 'safety' },
  { name: 'json', data: '/x/json.jsonl', scorer: 'json_answer', group: 'format' },
];

const plain = {
  mask: { kind: 'none' },
  mix: { kind: 'none' },
  trainable: { kind: 'full' },
  weightStep: { kind: 'none' },
} as const;

function arms(learningRates: number[]): ResolvedArm[] {
  return [
    { name: 'ground truth', preset: 'sft', targets: { kind: 'ground-truth' }, ...plain, learningRates },
    {
      name: 'self-output',
      preset: 'self-output',
      targets: {
        kind: 'self-output',
        samples: 8,
        temperature: 0.7,
        topP: 0.95,
        select: 'lowest-perplexity',
        perplexityContext: 'prompt',
        fallback: 'drop',
      },
      ...plain,
      learningRates,
    },
    {
      name: hostileName,
      preset: undefined,
      targets: { kind: 'ground-truth' },
      ...plain,
      mask: { kind: 'stm', tau: 2.5, protectEos: true },
      learningRates,
    },
    {
      name: 'replay',
      preset: 'replay',
      targets: { kind: 'ground-truth' },
      ...plain,
      mix: { kind: 'replay', rate: 0.1, dataset: '/x/old.jsonl' },
      learningRates,
    },
  ];
}

export interface SyntheticRun {
  run: RunData;
  readItems: (cell: CellRecord) => Promise<ItemResult[]>;
  readPrompts: (benchmark: string) => Promise<Map<number, string>>;
}

export interface SyntheticOptions {
  learningRates?: number[];
  seeds?: number[];
}

/** Items 0..right-1 are right. Half of the wrong ones are right under lenient scoring where `lenient` says so. */
function items(right: number, output: (index: number, isRight: boolean) => string): ItemResult[] {
  return Array.from({ length: itemCount }, (_, index) => {
    const isRight = index < right;
    return {
      index,
      strict: isRight ? 1 : 0,
      lenient: isRight ? 1 : 0,
      parsed: true,
      output: output(index, isRight),
      finish: index % 10 === 9 ? 'length' : 'stop',
    };
  });
}

/** The run. The smaller learning rate learns and forgets half as much; the second seed gets one answer fewer right. */
export function syntheticRun(options: SyntheticOptions = {}): SyntheticRun {
  const { learningRates = [3e-4], seeds = [0] } = options;
  const files = new Map<string, ItemResult[]>();
  const cells: CellRecord[] = [];
  const add = (
    key: { arm: string; lr: number; seed: number; stage: number },
    benchmark: string,
    right: number,
  ): void => {
    const file = `items/${cells.length}.jsonl`;
    const wording = key.stage === 0 ? 'The answer is' : key.arm === hostileName ? hostileOutput : '# #';
    files.set(
      file,
      items(right, (index, isRight) => `${wording} ${isRight ? index : -1}`),
    );
    cells.push({
      kind: 'cell',
      ...key,
      benchmark,
      score: right / itemCount,
      lo: wilsonInterval(right, itemCount).lo,
      hi: wilsonInterval(right, itemCount).hi,
      lenient: right / itemCount,
      parseRate: 1,
      n: itemCount,
      protocol: `protocol-of-${benchmark}`,
      rates: benchmark === 'json' ? { json_strict: right / itemCount } : {},
      insensitive: benchmark === 'coin',
      items: file,
      seconds: 1,
    });
  };
  for (const [benchmark, right] of Object.entries(basePlan)) {
    add({ arm: 'base', lr: 0, seed: 0, stage: 0 }, benchmark, right);
  }
  const highest = Math.max(...learningRates);
  for (const [arm, plan] of Object.entries(plans)) {
    for (const lr of learningRates) {
      seeds.forEach((seed, place) => {
        for (const stage of [1, 2]) {
          for (const [benchmark, scores] of Object.entries(plan)) {
            const base = basePlan[benchmark] ?? 0;
            const full = scores[stage - 1] ?? 0;
            const right = lr === highest ? full : Math.round((base + full) / 2);
            add({ arm, lr, seed, stage }, benchmark, Math.max(0, right - place));
          }
        }
      });
    }
  }
  const run = runOf(cells, learningRates, seeds);
  return {
    run,
    readItems: (cell) => {
      const found = files.get(cell.items);
      return found ? Promise.resolve(found) : Promise.reject(new Error(`no such file ${cell.items}`));
    },
    readPrompts: (benchmark) =>
      Promise.resolve(
        new Map(Array.from({ length: itemCount }, (_, index) => [index, `${benchmark} question <${index}>`])),
      ),
  };
}

function runOf(cells: CellRecord[], learningRates: number[], seeds: number[]): RunData {
  const experiment = experimentSchema.parse({
    name: 'synthetic',
    model: '/x/model',
    seeds,
    learningRates,
    stages: [
      { name: 'subtraction', dataset: '/x/a.jsonl', benchmark: 'subtraction', steps: 40 },
      { name: 'new API', dataset: '/x/b.jsonl', benchmark: 'new-api', steps: 40 },
    ],
    arms: [{ name: 'ground truth' }],
    benchmarks,
  });
  return {
    folder: '/x/run',
    config: {
      formatVersion: 1,
      id: 'synthetic-1',
      createdAt: '2026-01-02T03:04:05.000Z',
      experiment,
      arms: arms(learningRates),
      versions: { forgettingLab: '0.1.0', node: 'v20', onnxruntime: '1.30.0', platform: 'linux-x64' },
      model: {
        folder: '/x/model',
        architecture: 'llama',
        parameters: 1_234_567,
        layers: 4,
        contextLength: 256,
        weightsHash: 'w'.repeat(64),
        tokenizerHash: 't'.repeat(64),
        templateHash: 'c'.repeat(64),
      },
      device: { name: 'cpu', reason: 'asked for', threads: 2 },
      dataHashes: { '/x/a.jsonl': 'a'.repeat(64) },
      lossNormalization: 'token-mean',
    },
    status: { kind: 'status', at: '2026-01-02T03:10:00.000Z', state: 'done', pid: 1 },
    cells,
    metrics: arms(learningRates)
      .slice(0, 3)
      .flatMap(({ name }, k) =>
        [1, 2].flatMap((stage) =>
          Array.from({ length: 40 }, (_, step) => ({
            kind: 'metric' as const,
            arm: name,
            lr: learningRates[0] ?? 0,
            seed: seeds[0] ?? 0,
            stage,
            step: step + 1,
            steps: 40,
            'train/loss': 0.2 + (2 - 0.5 * k) * Math.exp(-step / 8),
            'train/grad_norm': 1,
            'train/lr': 1e-4,
            'train/tokens': 500,
            'train/tokens_per_second': 9000,
            at: '2026-01-02T03:05:00.000Z',
          })),
        ),
      ),
    targets: arms(learningRates)
      .slice(0, 3)
      .flatMap(({ name }) => [1, 2].map((stage) => targetsOf(name, stage, seeds[0] ?? 0))),
    checkpoints: [],
    drift: ['ground truth', 'self-output'].map((arm, k) => ({
      kind: 'drift' as const,
      arm,
      lr: learningRates[0] ?? 0,
      seed: seeds[0] ?? 0,
      stage: 1,
      text: 'neutral' as const,
      crossEntropy: 1.5 - k,
      baselineEntropy: 0.4,
      kl: 1.1 - k,
      hardCrossEntropy: 0.9,
      agreement: 0.8,
      tokens: 500,
    })),
    probes: probesOf(learningRates[0] ?? 0, seeds[0] ?? 0),
    log: [{ kind: 'log', at: '2026-01-02T03:04:06.000Z', level: 'warning', message: 'coin <b>is at chance</b>' }],
    damagedLines: [{ file: 'metrics.jsonl', line: 7 }],
  };
}

/** Probes of two arms at the first stage: old skills fall under ground truth and stay under self-output. */
function probesOf(lr: number, seed: number): ProbeRecord[] {
  return ['ground truth', 'self-output'].flatMap((arm, k) =>
    [0, 20, 40].map((step) => ({
      kind: 'probe' as const,
      arm,
      lr,
      seed,
      stage: 1,
      step,
      retention: { subtraction: -step / 40, addition: k === 0 ? step / 20 : 0, sorting: k === 0 ? step / 40 : -0.01 },
      crossEntropy: { 'new-task': 0.4 + step / 100, neutral: 0.4 },
      kl: { 'new-task': step / 100, neutral: 0 },
      refusalMargin: { refusal: k === 0 ? 6 - step / 5 : 6 },
      seconds: 0.1,
    })),
  );
}

/** Tokens of `# 22.` and the end-of-turn token: one in every difficulty bin. */
function foreignTokens(masked: boolean): ScoredToken[] {
  const token = (id: number, text: string, start: number, end: number, p: number): ScoredToken => ({
    id,
    text,
    start,
    end,
    logprob: Math.log(p),
    trained: !(masked && p < 0.4),
  });
  return [
    token(1, '#', 0, 1, 0.001),
    token(2, ' 2', 1, 3, 0.05),
    token(3, '2', 3, 4, 0.3),
    token(4, '.', 4, 5, 0.6),
    token(5, '<|end|>', 5, 5, 0.95),
  ];
}

function targetsOf(arm: string, stage: number, seed: number): TargetRecord {
  const own = arm === 'self-output';
  const text = own ? 'The answer is 22.' : '# 22.';
  return {
    kind: 'targets',
    arm,
    seed,
    stage,
    stageName: stage === 1 ? 'subtraction' : 'new API',
    rows: `targets/${stage}.jsonl`,
    statistics: {
      items: own ? 900 : 1500,
      tokens: 15_000,
      pplMean: own ? 1.16 : 4.83,
      pplStd: own ? 0.1 : 2.65,
      pplVariance: own ? 0.01 : 7.04,
      corpusPpl: own ? 1.15 : 4.4,
      lengthMean: own ? 15.5 : 10,
      lengthStd: 2,
      hardShare: { '2.5': own ? 0.03 : 0.24, '10': 0.02, '25': 0.01, '1000': 0.005 },
    },
    tokenKinds: {
      number: { share: 0.4, hard: own ? 0.01 : 0.3 },
      word: { share: 0.5, hard: own ? 0.02 : 0.1 },
      template: { share: 0.1, hard: 0 },
    },
    duplicateShare: own ? 0 : 0.02,
    greedy: { rows: 64, editRatio: own ? 0.05 : 0.9, tokenF1: own ? 0.96 : 0.3 },
    provenance: own ? { self_output: 900 } : { ground_truth: 1500 },
    dropped: own ? [{ reason: 'no correct answer in 8 samples', count: 600 }] : [],
    maskedShare: arm === hostileName ? 0.24 : 0,
    maskedEosShare: 0,
    verified: 1,
    tokensGenerated: own ? 100_000 : 0,
    seconds: 3,
    examples: [
      {
        prompt: 'What is 45 - 23? <script>alert(2)</script>',
        text,
        ppl: own ? 1.2 : 4.8,
        provenance: own ? 'self_output' : 'ground_truth',
        tokens: own
          ? [{ id: 9, text, start: 0, end: text.length, logprob: Math.log(0.97), trained: true }]
          : foreignTokens(arm === hostileName),
      },
    ],
  };
}
