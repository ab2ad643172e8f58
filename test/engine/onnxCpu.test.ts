import { createOnnxEngine } from '../../src/engine/onnx/onnxEngine.ts';
import { describeEngine } from './contract.ts';

// Single precision: two orders of summation differ by a few 1e-6 in a logprob.
describeEngine('onnxruntime, CPU', {
  start: () => Promise.resolve(createOnnxEngine()),
  device: 'cpu',
  tolerance: 2e-5,
  deterministic: true,
});
