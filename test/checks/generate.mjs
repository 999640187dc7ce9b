/** `npm run generate`: writes the files that are made from the code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from './generated-files.mjs';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

for (const { path, text } of await generatedFiles()) {
  mkdirSync(dirname(join(REPOSITORY, path)), { recursive: true });
  writeFileSync(join(REPOSITORY, path), text);
}
