import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * The installed Chromium: `FOREMAN_CHROMIUM`, or the first that the PATH has. A browser test without a browser has
 * shown nothing: it fails. @throws with what to install.
 */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment['FOREMAN_CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  const folders = (environment['PATH'] ?? '').split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(
    isProgram,
  );
  if (found !== undefined) return found;
  throw new Error(
    'No Chromium on the PATH: install it (Debian: apt-get install chromium), or name one in FOREMAN_CHROMIUM.',
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
