// The engine contract: a handful of verbs, token ids in and numbers out. No text, no recipes, no datasets. The embedded
// engine (onnx/) implements it in a process of its own; other engines implement the same verbs and pass the same tests.
import type { Words } from '../shared/phrase.ts';

/** `auto` prefers a GPU that is really there and otherwise the CPU; `ModelInfo.device` says what it chose and why. */
export type Device = 'auto' | 'cpu' | 'webgpu' | 'cuda';

/** Parts of every layer that a trainable set can name (methods 3.1). */
export type TensorRole = 'attention' | 'mlp' | 'norm' | 'embeddings';

/**
 * What is trained (methods 3.1, 3.2). `layers` are half-open ranges of layer indices. `select` without `layers` means
 * all layers; `freeze` lists what stays fixed, `only` what is trained.
 */
export type TrainableSet =
  | { kind: 'full' }
  | { kind: 'lora'; rank: number; alpha: number; targets: LoraTarget[] }
  | { kind: 'freeze' | 'only'; roles?: TensorRole[]; layers?: [number, number] };

/** Linear layers that LoRA can adapt, by their Llama names (GPT-2's fused c_attn is addressed as q_proj). */
export type LoraTarget = 'q_proj' | 'k_proj' | 'v_proj' | 'o_proj' | 'gate_proj' | 'up_proj' | 'down_proj';

export interface LoadRequest {
  /** Hugging Face model folder (config.json and safetensors). */
  folder: string;
  /** PEFT adapter folder to put on top of the model. */
  adapter?: string;
  device?: Device;
  /** Compute threads; default: the number of physical cores the process may use. */
  threads?: number;
  /** Absent: inference only, no optimizer state is allocated. */
  trainable?: TrainableSet;
  /** Seeds the initialisation of new LoRA matrices. */
  seed?: number;
}

/** A loaded model: quote `id` in every other verb. */
export interface ModelInfo {
  id: number;
  architecture: string;
  parameters: number;
  trainableParameters: number;
  layers: number;
  vocabularySize: number;
  /** Longest sequence the model takes, in tokens. */
  contextLength: number;
  device: Exclude<Device, 'auto'>;
  /** Why this device. */
  deviceReason: Words;
  threads: number;
  /** SHA-256 over the tensor names, shapes and bytes of the folder. */
  weightsHash: string;
}

export interface ScoreRequest {
  model: number;
  /** Token ids, first one is context only (nothing is predicted before it). */
  sequences: number[][];
  /** First scored position per sequence (>= 1, default 1): positions before it are context only. */
  from?: number[];
  /** Also return the k most probable tokens at each scored position (default 0). */
  topK?: number;
  /** Also return the logprobs of these tokens at each scored position, whatever stands there. */
  candidates?: number[];
  /** Compare with another loaded model of the same vocabulary: adds `divergence` (methods 5.4). */
  baseline?: number;
  /** False: score with the adapter switched off (exactly the base model). Default true. */
  adapter?: boolean;
}

/** Arrays run over the scored positions from[i]..length-1. All logarithms are natural. */
export interface SequenceScore {
  logprobs: number[];
  /** Whether the scored token is the model's own first choice. */
  greedy: boolean[];
  /** [position][k] most probable first. */
  topIds?: number[][];
  topLogprobs?: number[][];
  /** [position][candidate] in the order of the request. */
  candidateLogprobs?: number[][];
  divergence?: SequenceDivergence;
}

/** Per scored position, between the baseline p0 and this model p (methods 5.4). */
export interface SequenceDivergence {
  /** Soft cross-entropy -sum_v p0(v) ln p(v), nats. */
  crossEntropy: number[];
  /** Entropy of p0, nats. crossEntropy - baselineEntropy = KL(p0 || p). */
  baselineEntropy: number[];
  /** -ln p(argmax p0), nats: the hard form. */
  hardCrossEntropy: number[];
  /** argmax p = argmax p0. */
  agree: boolean[];
}

export interface SampleRequest {
  model: number;
  /** One prompt per completion; repeat a prompt for n samples. */
  prompts: number[][];
  /** Seed per completion; a result depends on its own seed and prompt, not on its batch mates. Default 0. */
  seeds?: number[];
  maxTokens: number;
  /** 0 = greedy (default). */
  temperature?: number;
  topP?: number;
  topK?: number;
  /** Token ids that end a completion (the id itself is not returned). */
  stopIds: number[];
  /** Token id sequences that end a completion as soon as they appear at its end (they are not returned). */
  stopSequences?: number[][];
  /** Sequences decoded together (default: chosen by the engine). */
  batchSize?: number;
  adapter?: boolean;
}

export interface Completion {
  tokens: number[];
  /** Under the unmodified distribution, before temperature and truncation. */
  logprobs: number[];
  /** `context`: the model's context length was reached. */
  finish: 'stop' | 'length' | 'context';
}

/** One training sequence. weights[t] multiplies the loss of predicting tokens[t]; weights[0] must be 0. */
export interface TrainingSequence {
  tokens: number[];
  weights: number[];
}

export interface ForwardBackwardRequest {
  model: number;
  /** One micro-batch. Gradients of sum_t w_t nll_t are added to those of earlier calls since the last optimStep. */
  sequences: TrainingSequence[];
}

export interface ForwardBackwardResult {
  /** sum_t w_t nll_t of this micro-batch, nats. */
  lossSum: number;
  /** sum_t w_t of this micro-batch. */
  weightSum: number;
  /** Tokens processed, padding not counted. */
  tokens: number;
}

/** AdamW with decoupled weight decay (1711.05101) after clipping by global norm. */
export interface OptimStepRequest {
  model: number;
  learningRate: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
  /** Global gradient norm limit; absent: no clipping. */
  maxGradNorm?: number;
  /** What the summed gradients are divided by. Default: the weight sum since the last step (token-mean, methods 0.4). */
  normalizer?: number;
}

export interface OptimStepResult {
  /** Global norm of the normalised gradient before clipping. */
  gradNorm: number;
  step: number;
}

export interface SaveRequest {
  model: number;
  folder: string;
  /**
   * `model`: a complete Hugging Face folder (LoRA merged in, config and tokenizer files copied). `adapter`: PEFT layout.
   * `state`: everything a bit-exact continuation needs (weights that train, optimizer moments, step).
   */
  what: 'model' | 'adapter' | 'state';
}

export interface RestoreRequest {
  model: number;
  /** A folder written by save with `what: 'state'`. */
  folder: string;
}

/** Called while a long verb works: `done` of `total` sequences, `tokens` produced or processed so far. */
export type EngineProgress = (progress: { done: number; total: number; tokens: number }) => void;

/** Options every verb takes. An aborted call rejects with an AbortError and leaves the model usable. */
export interface CallOptions {
  signal?: AbortSignal;
  onProgress?: EngineProgress;
}

/** The verbs. Errors are `LabError`s with a code; a dead engine process rejects everything with `engine-died`. */
export interface Engine {
  load(request: LoadRequest, options?: CallOptions): Promise<ModelInfo>;
  score(request: ScoreRequest, options?: CallOptions): Promise<SequenceScore[]>;
  sample(request: SampleRequest, options?: CallOptions): Promise<Completion[]>;
  forwardBackward(request: ForwardBackwardRequest, options?: CallOptions): Promise<ForwardBackwardResult>;
  optimStep(request: OptimStepRequest, options?: CallOptions): Promise<OptimStepResult>;
  save(request: SaveRequest, options?: CallOptions): Promise<void>;
  restore(request: RestoreRequest, options?: CallOptions): Promise<void>;
  /** Frees one model, or with no argument everything and the engine itself. */
  dispose(model?: number): Promise<void>;
}
