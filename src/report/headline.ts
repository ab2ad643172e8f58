// Which trials stand for their arm in sentences and pictures that show one per arm.
import type { RunConfig } from '../shared/records.ts';
import { isReferenceArm } from '../shared/arms.ts';
import { lastMeasuredRow } from './matrix.ts';
import type { MatrixBlock, MatrixView } from '../shared/matrixView.ts';

export interface Headline {
  /** One block per arm that has been measured, in the order of the experiment. */
  blocks: MatrixBlock[];
  /** The learning rate they share; absent when the arms have none in common. */
  lr?: number;
}

function gainOf(block: MatrixBlock): number {
  return lastMeasuredRow(block)?.gained?.value ?? -Infinity;
}

function best(blocks: readonly MatrixBlock[]): MatrixBlock | undefined {
  return blocks.reduce<MatrixBlock | undefined>(
    (leader, block) => (leader && gainOf(leader) >= gainOf(block) ? leader : block),
    undefined,
  );
}

/**
 * Arms are compared at a learning rate that all of them have; among several, the one at which the reference arm (plain
 * fine-tuning on the ground truth, else the first arm) gained most. Without a common one, each arm at its largest gain.
 */
export function headline(config: RunConfig, view: Pick<MatrixView, 'blocks'>): Headline {
  const measured = view.blocks.filter((block) => lastMeasuredRow(block));
  const arms = [...new Set(measured.map((block) => block.arm))];
  const reference = config.arms.find((arm) => isReferenceArm(arm) && arms.includes(arm.name))?.name ?? arms[0];
  const shared = measured.filter(
    (block) =>
      block.arm === reference && arms.every((arm) => measured.some((one) => one.arm === arm && one.lr === block.lr)),
  );
  const lr = best(shared)?.lr;
  if (lr !== undefined) return { blocks: measured.filter((block) => block.lr === lr), lr };
  return { blocks: arms.flatMap((arm) => best(measured.filter((block) => block.arm === arm)) ?? []) };
}
