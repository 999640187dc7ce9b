import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForemanClient } from '@foreman/client';
import { UnitOfWork } from '@foreman/database';
import { Enrolments } from '@foreman/edges';
import { JobViews } from '@foreman/jobs';
import { Test } from '@nestjs/testing';
import { type InProcessGateway, makeDataFolder, startInProcess } from './harness';
import { largestSquare } from './readme/client';
import { Research, researchModule } from './readme/embedding';
import { fencedBlocks, sectionOf } from './readme/markdown';

const ROOT = join(__dirname, '../..');

describe('the programs that the README shows', () => {
  it('are the ones that are tested here', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const shown = fencedBlocks(sectionOf(readme, 'Use it from another service'), 'ts');
    const tested = ['client.ts', 'embedding.ts'].map((name) =>
      readFile(join(__dirname, 'readme', name), 'utf8'),
    );
    expect(shown).toEqual(await Promise.all(tested));
  });

  it('client: submits once, waits, reads the best row', async () => {
    const gateway = await startInProcess();
    const apiKey = await gateway.makeApiKey('jobs:read', 'jobs:write');
    const foreman = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey });
    try {
      const asked = [largestSquare(foreman, 'order-1', 3), largestSquare(foreman, 'order-1', 3)];
      await completeOne(gateway);
      expect(await Promise.all(asked)).toEqual([9, 9]);
      const jobs = await gateway.asAdmin<{ items: unknown[] }>('GET', '/jobs');
      expect(jobs.body.items).toHaveLength(1);
    } finally {
      await foreman.close();
      await gateway.stop();
    }
  }, 30_000);

  it('embedding: submits a job and completes it by method calls', async () => {
    const folder = await makeDataFolder();
    const file = join(folder.path, 'research.db');
    const app = await Test.createTestingModule({ imports: [researchModule(file)] }).compile();
    await app.init();
    try {
      const work = app.get(UnitOfWork);
      const enrolments = app.get(Enrolments);
      const { token } = await work.run((tx) => enrolments.create(tx, {}));
      const edge = await enrolments.enrol(token, { name: 'here', kinds: ['squares'] });
      const research = app.get(Research);
      const jobId = await research.submit(3);
      expect(await research.workOnce(edge.token)).toBe(true);
      expect(await research.workOnce(edge.token)).toBe(false);
      const job = await work.run((tx) => app.get(JobViews).one(tx, jobId));
      expect(job).toMatchObject({ status: 'completed', taskCounts: { completed: 1 } });
    } finally {
      await app.close();
      await folder.remove();
    }
  }, 30_000);
});

/** An edge that squares, for one task. */
async function completeOne(gateway: InProcessGateway): Promise<void> {
  const { token } = await gateway.enrolEdge(['squares']);
  const post = (path: string, body: object, lease = '') =>
    gateway.call('POST', `/internal/edges/tasks/${path}`, {
      token,
      body,
      headers: lease === '' ? {} : { 'Foreman-Lease': lease },
    });
  const { body: task } = await post('next', { waitSeconds: 20 });
  const [id, lease] = [String(task['taskId']), String(task['leaseToken'])];
  const { upTo } = task['payload'] as { upTo: number };
  const rows = Array.from({ length: upTo }, (_, index) => index + 1).map((n) => ({
    configId: `${n}`,
    config: { n },
    metrics: { square: n * n },
  }));
  await post(`${id}/results`, { rows }, lease);
  await post(`${id}/complete`, { resultCount: upTo }, lease);
}
