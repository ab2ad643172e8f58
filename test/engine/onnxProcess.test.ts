import { startEngine } from '../../src/engine/client.ts';
import { describeEngine } from './contract.ts';

describeEngine('onnxruntime in a process of its own', {
  start: () => startEngine(),
  device: 'cpu',
  tolerance: 2e-5,
  deterministic: true,
});
