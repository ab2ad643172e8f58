// The rows of the experiments tree as keys: what they show is looked up when it is drawn. One object per id, because the
// editor knows rows again by identity.

interface NodeBase {
  /** Stable across refreshes and reloads. */
  readonly id: string;
  /** What commands on the row act on: experiment file, run folder or model folder. */
  readonly path?: string;
}

export interface ExperimentNode extends NodeBase {
  readonly kind: 'experiment';
  /** File of the experiment, or its name where there is none. */
  readonly key: string;
}

/** A session that has no run yet, or never will. */
export interface SessionNode extends NodeBase {
  readonly kind: 'session';
  readonly session: string;
}

export interface RunNode extends NodeBase {
  readonly kind: 'run';
  readonly path: string;
}

export interface TrialNode extends NodeBase {
  readonly kind: 'trial';
  /** Run folder. */
  readonly path: string;
  /** Index in the run's trials. */
  readonly trial: number;
}

export interface StageNode extends NodeBase {
  readonly kind: 'stage';
  readonly parent: TrialNode;
  /** Index in the trial's stages. */
  readonly stage: number;
}

export interface CheckpointNode extends NodeBase {
  readonly kind: 'checkpoint';
  readonly parent: StageNode;
  /** Index in the stage's checkpoints. */
  readonly checkpoint: number;
}

export type ExperimentsNode = ExperimentNode | SessionNode | RunNode | TrialNode | StageNode | CheckpointNode;

/** Gives every id one object. */
export class NodeCache {
  private nodes = new Map<string, ExperimentsNode>();

  keep<T extends ExperimentsNode>(node: T): T {
    const known = this.nodes.get(node.id) as T | undefined;
    if (known && known.path === node.path) return known;
    this.nodes.set(node.id, node);
    return node;
  }

  get(id: string): ExperimentsNode | undefined {
    return this.nodes.get(id);
  }

  /** Forgets what is gone. */
  prune(isAlive: (node: ExperimentsNode) => boolean): void {
    for (const [id, node] of this.nodes) if (!isAlive(node)) this.nodes.delete(id);
  }
}

/** Folder of the run that a row belongs to. */
export function runOfNode(node: ExperimentsNode): string | undefined {
  switch (node.kind) {
    case 'run':
    case 'trial':
      return node.path;
    case 'stage':
    case 'checkpoint':
      return runOfNode(node.parent);
    case 'experiment':
    case 'session':
      return undefined;
  }
}
