import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnitOfWork } from '@foreman/database';
import { Enrolments } from '@foreman/edges';
import { JobViews } from '@foreman/jobs';
import { Test } from '@nestjs/testing';
import { makeDataFolder } from './harness';
import { Research, researchModule } from './readme/embedding';
import { fencedBlocks, sectionOf } from './readme/markdown';

const ROOT = join(__dirname, '../..');

describe('the embedding that the README shows', () => {
  it('is the program that is tested here', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const shown = fencedBlocks(sectionOf(readme, 'Use it from another service'), 'ts');
    expect(shown).toEqual([await readFile(join(__dirname, 'readme/embedding.ts'), 'utf8')]);
  });

  it('submits a job and completes it by method calls', async () => {
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
  });
});
