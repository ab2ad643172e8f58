// Chooses where to compute and says why. A provider that is merely installed is not enough: it must run a graph.
import { readdirSync } from 'node:fs';
import os from 'node:os';
import { listSupportedBackends } from 'onnxruntime-node';
import { Executor, tensorOf } from './executor.ts';
import { Graph } from './graph.ts';
import { lower, type Provider } from './lowering.ts';
import type { Device } from '../engine.ts';
import { LabError } from '../../shared/errors.ts';
import { joinedBySemicolon, phrase, type Phrase, type Words } from '../../shared/phrase.ts';

export interface DeviceChoice {
  provider: Provider;
  reason: Phrase;
}

/** Names of the execution providers that onnxruntime-node can load here. */
export function installedProviders(): string[] {
  return listSupportedBackends().map((backend) => backend.name);
}

/**
 * `cpu`, `webgpu` and `cuda` are taken at their word or refused with the reason; `auto` takes the first of cuda, webgpu
 * that really computes, otherwise the CPU.
 */
export async function chooseDevice(device: Device): Promise<DeviceChoice> {
  if (device === 'cpu') return { provider: 'cpu', reason: phrase('asked for') };
  if (device !== 'auto') {
    const problem = await probe(device);
    if (!problem) return { provider: device, reason: phrase('asked for') };
    throw new LabError('device-unavailable', phrase('device {0} cannot be used: {1}', device, problem), {
      remedy: phrase('Use --device auto or --device cpu.'),
    });
  }
  const problems: Phrase[] = [];
  for (const provider of ['cuda', 'webgpu'] as const) {
    const problem = await probe(provider);
    if (!problem) return { provider, reason: phrase('auto: {0} is there and computes', provider) };
    problems.push(phrase('{0}: {1}', provider, problem));
  }
  return { provider: 'cpu', reason: phrase('auto: {0}', joinedBySemicolon(problems)) };
}

/** Undefined when the provider adds 1 and 1; otherwise why not, in one line. */
async function probe(provider: Exclude<Provider, 'cpu'>): Promise<Words | undefined> {
  if (!installedProviders().includes(provider)) return phrase('the provider is not installed');
  if (provider === 'webgpu' && !hasGpuDevice()) return phrase('no GPU found');
  try {
    const graph = new Graph();
    const x = graph.input('x', [1]);
    const executor = new Executor(provider, 1);
    const session = await executor.compile(lower(graph, { y: graph.add(x, x) }, provider));
    const { y } = await executor.run(session, { x: tensorOf(Float32Array.of(1), [1]) }, new Map(), ['y']);
    await session.release();
    return (y!.data as Float32Array)[0] === 2 ? undefined : phrase('a test addition came out wrong');
  } catch (error) {
    return lastSentence(error instanceof Error ? error.message : String(error));
  }
}

/** The runtime puts source positions first and the reason last ("... was false. Failed to get an adapter: ..."). */
const lastSentence = (message: string): string => message.split('\n')[0]!.split('was false. ').at(-1)!.slice(0, 200);

/**
 * Whether asking for a WebGPU adapter can succeed. On Linux the provider aborts or is slow without any Vulkan driver, so
 * look for a driver description first; VK_ICD_FILENAMES names one explicitly (software drivers for tests).
 */
function hasGpuDevice(): boolean {
  if (process.platform !== 'linux') return true;
  return Boolean(process.env.VK_ICD_FILENAMES) || vulkanDrivers().length > 0;
}

function vulkanDrivers(): string[] {
  const folders = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
  return folders.flatMap((folder) => listJson(folder)).filter((name) => !/lvp|swrast/.test(name));
}

function listJson(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return []; // the folder does not exist: no driver there
  }
}

/** Threads to compute with when nobody says: one per core the process may use. */
export const defaultThreads = (): number => os.availableParallelism();
