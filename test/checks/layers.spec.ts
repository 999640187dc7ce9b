import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const REPOSITORY = join(__dirname, '../..');

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

/** What the layer rules say about a little tree of files, as `<file>: <rule>`. */
async function violationsIn(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'foreman-layers-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ dependencies: { express: '5' } }),
    );
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { paths: { '@foreman/*': ['./libs/*/index.ts'] } } }),
    );
    const { stdout } = spawnSync(
      join(REPOSITORY, 'node_modules/.bin/depcruise'),
      ['apps', 'libs', '--config', join(REPOSITORY, '.dependency-cruiser.cjs'), '-T', 'json'],
      { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    );
    const { summary } = JSON.parse(stdout) as { summary: { violations: Violation[] } };
    return summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`).toSorted();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every lib that the samples import, so that each import leads somewhere. */
const INDEXES = Object.fromEntries(
  [
    'kernel',
    'database',
    'access',
    'jobs',
    'artifacts',
    'webhooks',
    'leasing',
    'client',
    'testing',
  ].map((lib) => [`libs/${lib}/index.ts`, `export const ${lib} = 1;\n`]),
);

describe('the layer rules', () => {
  it('find each forbidden way, and let the others pass', async () => {
    const violations = await violationsIn({
      ...INDEXES,
      'libs/kernel/a.ts': `import { Module } from '@nestjs/common'; export const a = Module;`,
      'libs/database/a.ts': `import { jobs } from '@foreman/jobs'; export const a = jobs;`,
      'libs/jobs/a.ts': `import { access } from '@foreman/access'; export const a = access;`,
      'libs/jobs/b.ts': `import type { jobs } from '../database/inner'; export type B = typeof jobs;`,
      'libs/database/inner.ts': `export const jobs = 1;`,
      'libs/artifacts/a.ts': `import { webhooks } from '@foreman/webhooks'; export const a = webhooks;`,
      'libs/artifacts/b.ts': `import express from 'express'; export const b = express;`,
      'libs/artifacts/c.ts': `import { testing } from '@foreman/testing'; export const c = testing;`,
      'libs/leasing/a.ts': `import { b } from './b'; export const a = b;`,
      'libs/leasing/b.ts': `import { a } from './a'; export const b = a;`,
      'libs/client/a.ts': `import { jobs } from '@foreman/jobs'; export const a = jobs;`,
      'libs/novel/index.ts': `import { kernel } from '@foreman/kernel'; export const a = kernel;`,
      'apps/gateway/a.ts': `import { client } from '@foreman/client'; export const a = client;`,
      'apps/demo/a.ts': `import { a } from '../gateway/a'; export const b = a;`,
      'apps/demo/b.ts': `import { jobs } from '@foreman/jobs'; export const b = jobs;`,
      'libs/leasing/c.ts': `import { a } from '../../apps/gateway/a'; export const c = a;`,
      // These are as they should be.
      'libs/leasing/good.ts': `import { jobs } from '@foreman/jobs'; export const good = jobs;`,
      'libs/jobs/good.spec.ts': `import { testing } from '@foreman/testing'; export const g = testing;`,
      'apps/gateway/good.ts': `import { leasing } from '@foreman/leasing'; export const g = leasing;`,
    });
    expect(violations).toEqual([
      'apps/demo/a.ts: apps-are-apart',
      'apps/demo/b.ts: agent-and-demo-know-no-server',
      'apps/gateway/a.ts: server-knows-no-beside',
      'libs/artifacts/a.ts: no-sideways-in-edges',
      'libs/artifacts/b.ts: no-web-in-libs',
      'libs/artifacts/c.ts: testing-only-in-tests',
      'libs/client/a.ts: beside-knows-no-server',
      'libs/database/a.ts: no-upward-from-database',
      'libs/jobs/a.ts: no-sideways-in-access',
      'libs/jobs/b.ts: through-index',
      'libs/kernel/a.ts: kernel-is-plain',
      'libs/leasing/a.ts: no-circular',
      'libs/leasing/c.ts: libs-know-no-app',
      'libs/novel/index.ts: every-lib-has-a-layer',
    ]);
  }, 60_000);
});
