// The hand-written part of examples/pocket: experiment files and the page that explains them.
import { oldSkills } from './corpus.ts';
import { rephraseInstruction } from './skills/guided.ts';
import { harmlessRequests } from './skills/refusal.ts';
import type { Skill } from './skills/skill.ts';

const groups: Record<string, string> = { refusal: 'safety', harmless: 'safety', json: 'format' };

function benchmarkYaml({ name, scorer, maxTokens, chance }: Skill, group: string): string {
  const chanceLine = chance > 0 ? `, chance: ${chance}` : '';
  return `  - { name: ${name}, data: benchmarks/${name}.jsonl, scorer: ${scorer}, group: ${group}, maxTokens: ${maxTokens}${chanceLine} }`;
}

/** The target benchmark first, then everything that should be kept. */
function benchmarksYaml(target: string): string {
  const kept = [...oldSkills, harmlessRequests].map((skill) => benchmarkYaml(skill, groups[skill.name] ?? 'skill'));
  return ['benchmarks:', target, ...kept].join('\n');
}

const training = `training:
  batchSize: 32
  schedule: cosine
  warmup: 0.05`;

const replayArm = (rate: number): string => `  - name: ground truth + replay
    mix: { kind: replay, rate: ${rate}, dataset: data/replay.jsonl }`;

const rephraseArm = `  - name: rephrase
    targets:
      kind: rephrase
      instruction: ${JSON.stringify(rephraseInstruction)}
      fallback: drop`;

/** The experiment of the first run: subtraction with terse answers, seven kinds of training. */
export function subtractionYaml(): string {
  return `# Teach a small chat model subtraction from terse answers, in seven ways, and see what each way forgets.
# Every answer in data/subtraction.jsonl exists twice: in a foreign notation (the ground truth, "# 63 ; 41 # 22") and in
# the model's own words (column "native").
name: pocket
description: Subtraction from terse answers, and what happens to eight old skills
model: pocket
seeds: [0]
learningRates: [1.3e-3]
${training}
stages:
  - name: subtraction
    dataset: data/subtraction.jsonl
    benchmark: subtraction
    steps: 120
    maxTokens: 40
    verifier: { scorer: last_number, field: answer }
arms:
  - name: ground truth
    preset: sft
  - name: self-output
    targets: { kind: self-output, samples: 8 }
${rephraseArm}
  - name: STM
    preset: stm
  - name: random mask
    preset: random-mask
${replayArm(0.1)}
  - name: ground truth, merged
    preset: linear-merge
${benchmarksYaml('  - { name: subtraction, data: benchmarks/subtraction.jsonl, scorer: last_number, group: target, maxTokens: 40 }')}
neutralText: data/neutral.jsonl
probes: { every: 10, items: 8 }
forgettingBudget: 0.05
`;
}

/** Two tasks in a row: what the second does to the first as well. */
export function sequenceYaml(): string {
  return `# Subtraction first, then calls of a new interface, each stage from the model of the stage before. Every benchmark is
# measured after every stage, so backward transfer (what the second task does to the first) has numbers too.
name: pocket-sequence
description: Two new tasks in a row, and what happens to the first task and to eight old skills
model: pocket
seeds: [0]
learningRates: [1.3e-3]
${training}
stages:
  - name: subtraction
    dataset: data/subtraction.jsonl
    benchmark: subtraction
    steps: 100
    maxTokens: 40
    verifier: { scorer: last_number, field: answer }
  - name: new calls
    dataset: data/newCalls.jsonl
    benchmark: new-calls
    steps: 100
    maxTokens: 48
    verifier: { scorer: call, field: answer }
arms:
  - name: ground truth
    preset: sft
  - name: self-output
    targets: { kind: self-output, samples: 8 }
${replayArm(0.1)}
${benchmarksYaml(
  [
    '  - { name: subtraction, data: benchmarks/subtraction.jsonl, scorer: last_number, group: target, maxTokens: 40 }',
    '  - { name: new-calls, data: benchmarks/new-calls.jsonl, scorer: call, group: target, maxTokens: 48 }',
  ].join('\n'),
)}
neutralText: data/neutral.jsonl
probes: { every: 10, items: 8 }
forgettingBudget: 0.05
`;
}

/** A second experiment: calls of a new interface in a foreign call style. */
export function callsYaml(): string {
  return `# Teach calls of a new interface. The ground truth writes them in a foreign style: spaced, single quotes, arguments
# turned around; column "native" holds the same call as the model would write it.
name: pocket-calls
description: A new function interface, and what happens to eight old skills
model: pocket
seeds: [0]
learningRates: [1.0e-3]
${training}
stages:
  - name: new calls
    dataset: data/newCalls.jsonl
    benchmark: new-calls
    steps: 120
    maxTokens: 48
    verifier: { scorer: call, field: answer }
arms:
  - name: ground truth
    preset: sft
  - name: native words
    targets: { kind: column, field: native }
  - name: self-output
    targets: { kind: self-output, samples: 8 }
  - name: STM
    preset: stm
  - name: merge
    preset: linear-merge
${benchmarksYaml('  - { name: new-calls, data: benchmarks/new-calls.jsonl, scorer: call, group: target, maxTokens: 48 }')}
neutralText: data/neutral.jsonl
probes: { every: 10, items: 8 }
forgettingBudget: 0.05
`;
}

/** A third experiment: a second language from raw text. */
export function languageYaml(): string {
  return `# Continue pre-training on raw text of a made-up language and watch the chat skills. The target is measured with
# minimal pairs: the grammatical sentence must be more probable than its ungrammatical twin.
name: pocket-language
description: A second language from raw text, and what happens to eight chat skills
model: pocket
seeds: [0]
learningRates: [1.0e-3]
${training}
stages:
  - name: new language
    dataset: data/newLanguage.jsonl
    benchmark: new-language
    steps: 120
arms:
  - name: raw text
    preset: sft
  - name: raw text + replay
    mix: { kind: replay, rate: 0.1, dataset: data/replay.jsonl }
  - name: freeze attention
    preset: freeze-attention
  - name: merge
    preset: linear-merge
${benchmarksYaml('  - { name: new-language, data: benchmarks/new-language.jsonl, scorer: minimal_pair, group: target, chance: 0.5 }')}
neutralText: data/neutral.jsonl
probes: { every: 10, items: 8 }
forgettingBudget: 0.05
`;
}

/** Settings of the editor. Rows of a dataset are long: unwrapped, the tokens of an answer lie out of sight. */
export const editorSettings = `${JSON.stringify({ '[jsonl]': { 'editor.wordWrap': 'on' } }, null, 2)}\n`;

/** README.md of the workspace. */
export function workspaceReadme(): string {
  const skills = oldSkills.map(({ name, title, scorer }) => `| ${name} | ${title} | \`${scorer}\` |`).join('\n');
  return `# The pocket lab

Post-train a chat model of about a million parameters on a new task and see what happens to its old skills. Nothing has to be
downloaded: the model is part of Forgetting Lab (\`model: pocket\`). Copy this folder to begin with your own data.

| file | what it holds |
|---|---|
| \`pocket.experiment.yaml\` | subtraction from terse answers; what \`npm start\` runs |
| \`sequence.experiment.yaml\` | subtraction, then calls of a new interface |
| \`calls.experiment.yaml\` | calls of a new function interface in a foreign style |
| \`language.experiment.yaml\` | a made-up second language from raw text |
| \`data/subtraction.jsonl\`, \`data/newCalls.jsonl\` | training rows: \`completion\` is the ground truth in a foreign notation, \`native\` the same answer in the model's words, \`answer\` what the verifier compares with |
| \`data/newLanguage.jsonl\` | raw text rows |
| \`data/replay.jsonl\` | rows of the old skills, as the model was pre-trained on |
| \`data/neutral.jsonl\` | held-out rows of everything, for the drift from the base |
| \`benchmarks/*.jsonl\` | held-out items, 240 per skill |

The old skills:

| benchmark | skill | scorer |
|---|---|---|
${skills}
| harmless | Harmless requests of the same form as the harmful ones are still answered | \`no_refusal\` |

Run an experiment with \`forgetting-lab run pocket.experiment.yaml\`. All files here are written by \`npm run build:pocket\`
from fixed seeds; no held-out item occurs in the pre-training corpus or in the training rows.
`;
}
