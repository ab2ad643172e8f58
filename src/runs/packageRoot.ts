// Where this package lies, from the sources as from the bundle: the bundled model and examples are found from here.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Manifest {
  name?: string;
  version?: string;
}

function findPackage(): { root: string; manifest: Manifest } {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) {
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
      if (manifest.name === 'forgetting-lab') return { root: folder, manifest };
    }
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the package folder of forgetting-lab was not found');
    folder = parent;
  }
}

const found = findPackage();

/** Absolute folder of the package. */
export const packageRoot = found.root;

/** Version in package.json. */
export const packageVersion = found.manifest.version ?? '0.0.0';

/** Folder of the bundled pocket model. */
export const pocketModelFolder = join(packageRoot, 'media', 'pocket');

/** The experiment that `npm start` runs. */
export const pocketExperimentFile = join(packageRoot, 'examples', 'pocket', 'pocket.experiment.yaml');
