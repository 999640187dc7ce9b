import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** From `dist/apps/demo/processes` or, in a test, from `apps/demo/processes`. */
const ROOTS = ['../../../apps', '../../../dist/apps'];

/** The built main file of one of this repository's applications. @throws Error when it has not been built */
export function builtProgram(application: 'gateway' | 'edge-agent'): string {
  const places = ROOTS.map((root) => join(__dirname, root, application, 'main.js'));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`${application} is not built: run npm run build first`);
  return found;
}
