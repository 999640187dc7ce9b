/**
 * `npm run check`: format, lint, house rules, types, layers, unused code, generated files. Prints
 * nothing when all is well; else what each failing check says, and exits 1.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from './generated-files.mjs';
import { houseRuleFindings } from './house-rules.mjs';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Each answers what is wrong, or an empty string. */
const CHECKS = {
  'format (npm run format mends it)': () => tool('prettier', '--check', '--log-level=warn', '.'),
  lint: () => tool('oxlint', '--deny-warnings'),
  'house rules': houseRules,
  types: () => tool('tsc', '--noEmit', '-p', 'tsconfig.json'),
  layers: () =>
    tool('depcruise', 'apps', 'libs', 'test', '--config', '.dependency-cruiser.cjs', '-T', 'err'),
  'unused code': () => tool('knip', '--no-progress'),
  'generated files (npm run generate mends them)': staleFiles,
};

function tool(name, ...args) {
  const { status, stdout, stderr, error } = spawnSync(
    join(REPOSITORY, 'node_modules/.bin', name),
    args,
    { cwd: REPOSITORY, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (error !== undefined) return String(error);
  return status === 0 ? '' : stdout + stderr || `exited with ${status}`;
}

function houseRules() {
  const files = ['apps', 'libs', 'test']
    .flatMap((folder) =>
      readdirSync(join(REPOSITORY, folder), { recursive: true }).map((name) => join(folder, name)),
    )
    .map((path) => path.split(sep).join('/'))
    .filter((path) => /\.(ts|mts|mjs|cjs)$/.test(path) && !path.endsWith('/openapi.types.ts'));
  return files
    .flatMap((path) =>
      houseRuleFindings(path, readFileSync(join(REPOSITORY, path), 'utf8')).map(
        ({ line, message }) => `${path}:${line}: ${message}`,
      ),
    )
    .join('\n');
}

async function staleFiles() {
  const stale = (await generatedFiles()).filter(({ path, text }) => text !== present(path));
  return stale.map(({ path }) => `${path} is not what the code says now`).join('\n');
}

function present(path) {
  try {
    return readFileSync(join(REPOSITORY, path), 'utf8');
  } catch {
    return null;
  }
}

for (const [name, check] of Object.entries(CHECKS)) {
  let finding;
  try {
    finding = await check();
  } catch (error) {
    finding = String(error?.stack ?? error);
  }
  if (finding === '') continue;
  process.exitCode = 1;
  process.stdout.write(`── ${name} ${'─'.repeat(60)}\n${finding.trimEnd()}\n\n`);
}
