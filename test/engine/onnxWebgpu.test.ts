// The WebGPU path without a GPU: Debian's chromium package ships SwiftShader, a software Vulkan driver.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEngine } from '../../src/engine/client.ts';
import { describeEngine } from './contract.ts';
import { describe, it } from 'vitest';

/** A driver description named by the environment, or the one inside the chromium package. */
function softwareDriver(): string | undefined {
  if (process.env.VK_ICD_FILENAMES) return process.env.VK_ICD_FILENAMES;
  if (process.platform !== 'linux') return undefined;
  const listed = spawnSync('dpkg', ['-L', 'chromium', 'chromium-common'], { encoding: 'utf8' }).stdout ?? '';
  return listed.split('\n').find((file) => file.endsWith('vk_swiftshader_icd.json') && existsSync(file));
}

const driver = softwareDriver();
if (driver) {
  const env = {
    ...process.env,
    VK_ICD_FILENAMES: driver,
    // Chromium brings the Vulkan loader along with the driver; a plain Debian has none.
    LD_LIBRARY_PATH: [path.dirname(driver), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
    XDG_RUNTIME_DIR: mkdtempSync(path.join(os.tmpdir(), 'xdg-')),
  };
  describeEngine('onnxruntime, WebGPU', {
    start: () => startEngine({ env }),
    device: 'webgpu',
    tolerance: 2e-3,
    // A software driver computes in one order; a graphics card need not.
    deterministic: driver.includes('swiftshader'),
  });
} else {
  describe('engine contract: onnxruntime, WebGPU', () => {
    it.skip('needs a Vulkan driver: set VK_ICD_FILENAMES, or `apt-get install chromium` for its software driver', () =>
      undefined);
  });
}
