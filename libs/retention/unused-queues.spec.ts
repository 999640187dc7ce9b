import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { JobLifecycle, Queues } from '@foreman/jobs';
import { ResultsModule } from '@foreman/results';
import { openTestEngine, watchUnits, type TestEngine } from '@foreman/testing';
import { WebhooksModule } from '@foreman/webhooks';
import { Retention } from './retention';
import { RetentionModule } from './retention.module';

describe('retention of queues', () => {
  let engine: TestEngine;
  let retention: Retention;

  beforeEach(async () => {
    engine = await openTestEngine(
      ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }),
      ResultsModule.forRoot(),
      WebhooksModule.forRoot({ secretKey: Buffer.alloc(32), artifactSource: ArtifactObjects }),
      RetentionModule.forRoot(),
    );
    retention = engine.get(Retention);
  });

  afterEach(() => engine.close());

  const names = async () =>
    (await engine.reads.query<{ name: string }>('SELECT name FROM queues ORDER BY name')).map(
      ({ name }) => name,
    );
  /** A queue that no job names any more, as after the removal of its last one. */
  const leave = async (count: number) => {
    await engine.unitOfWork.run(async (tx) => {
      for (let n = 0; n < count; n += 1) {
        const name = `left-${String(n).padStart(5, '0')}`;
        await tx.insert('queues', { name, weight: 1, is_paused: 0, created_at: 0 });
      }
    });
  };

  it('removes one when its last job is removed, and the next job makes it again', async () => {
    const first = await engine.submit({ queue: 'night' });
    const second = await engine.submit({ queue: 'night' });
    const hide = (id: string) =>
      engine.unitOfWork.run((tx) => engine.get(JobLifecycle).hide(tx, id, engine.clock.now()));
    await hide(first.id);
    await retention.runOnce();
    expect(await names()).toEqual(['night']);
    await hide(second.id);
    await retention.runOnce();
    expect(await names()).toEqual([]);
    await engine.submit({ queue: 'night' });
    expect(await names()).toEqual(['night']);
  });

  it('leaves one that is paused or has a weight, until it stands as it was made', async () => {
    const queues = engine.get(Queues);
    await leave(2);
    await queues.pause('left-00000');
    await queues.setWeight('left-00001', 3);
    await retention.runOnce();
    expect(await names()).toEqual(['left-00000', 'left-00001']);
    await queues.resume('left-00000');
    await queues.setWeight('left-00001', 1);
    await retention.runOnce();
    expect(await names()).toEqual([]);
  });

  it('never takes one from a job that is submitted meanwhile', async () => {
    await leave(1200);
    const run = retention.runOnce();
    const jobs = Array.from({ length: 300 }, (_, n) =>
      engine.submit({ queue: `left-${String(n * 4).padStart(5, '0')}` }),
    );
    await Promise.all([run, ...jobs]);
    await retention.runOnce();
    const lost = await engine.reads.query(
      'SELECT queue FROM jobs WHERE queue NOT IN (SELECT name FROM queues)',
    );
    expect(lost).toEqual([]);
    expect(await names()).toHaveLength(300);
  });

  it('looks at a page a run, and at more as long as it finds some to remove', async () => {
    await leave(3000);
    await engine.unitOfWork.run((tx) =>
      tx.execute(`UPDATE queues SET weight = 2 WHERE name >= 'left-01200'`),
    );
    const pages = async () => {
      const units = watchUnits(engine.unitOfWork);
      await retention.runOnce();
      return units
        .flatMap(({ statements }) => statements)
        .filter(({ sql }) => sql.startsWith('SELECT name FROM queues WHERE name >'))
        .map(({ rows }) => rows);
    };
    expect(await pages()).toEqual([500, 500, 500, 500]);
    expect(await names()).toHaveLength(1800);
    expect(await pages()).toEqual([500]);
  });
});
