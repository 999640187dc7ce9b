import { Logger } from '@nestjs/common';
import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { ResultsModule } from '@foreman/results';
import { JobLifecycle } from '@foreman/jobs';
import { openTestEngine, watchUnits, type TestEngine } from '@foreman/testing';
import { WebhooksModule } from '@foreman/webhooks';
import { OLD_KEYS } from './key-expiry';
import { Retention } from './retention';
import { RetentionModule } from './retention.module';

describe('retention of keys', () => {
  let engine: TestEngine;
  let retention: Retention;

  beforeEach(async () => {
    engine = await openTestEngine(
      ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }),
      ResultsModule.forRoot(),
      WebhooksModule.forRoot({
        secretKey: Buffer.alloc(32, 1),
        artifactSource: ArtifactObjects,
      }),
      RetentionModule.forRoot(),
    );
    retention = engine.get(Retention);
  });

  afterEach(() => engine.close());

  const count = async (sql: string) => Number((await engine.reads.query<{ n: number }>(sql))[0]?.n);

  it('forgets idempotency keys after 24 h, unless what they made lives', async () => {
    const living = await engine.submit();
    const release = engine.ids.uuid();
    await engine.unitOfWork.run(async (tx) => {
      await tx.execute(
        `INSERT INTO releases (id, version, channel, platform, url, size, sha256, signature, key_id, created_at)
         VALUES (?, '1.0.0', 'stable', 'any', 'https://a.example/', 1, '', '', '', 0)`,
        [release],
      );
      for (const [key, answer] of [
        ['gone', JSON.stringify(['00000000-0000-7000-8000-ffffffffffff'])],
        ['living', JSON.stringify([living.id])],
        ['bare', living.id],
        ['release', release],
      ]) {
        const made = { answer: answer ?? '', created_at: engine.clock.now() };
        const use = { credential_id: 'me', path: '/jobs', idempotency_key: key ?? '' };
        await tx.insert('idempotency_keys', { ...use, body_sha256: 'x', ...made });
      }
    });
    const keys = () => count('SELECT count(*) AS n FROM idempotency_keys');
    engine.clock.advance(86_400_000);
    await retention.runOnce();
    expect(await keys()).toBe(4);
    engine.clock.advance(1);
    await retention.runOnce();
    expect(await keys()).toBe(3);
  });

  it('forgets as many keys as came in, also when they are many', async () => {
    await engine.unitOfWork.run(async (tx) => {
      const made = { body_sha256: 'x', created_at: engine.clock.now() };
      for (let n = 0; n < 450; n += 1) {
        const key = { path: 'p', idempotency_key: `key ${n}`, ...made };
        const answer = JSON.stringify([engine.ids.uuid()]);
        const created_at = made.created_at + n;
        await tx.insert('idempotency_keys', { ...key, credential_id: 'me', answer, created_at });
        await tx.insert('lease_requests', { id: engine.ids.uuid(), edge_id: 'edge', ...key });
      }
    });
    engine.clock.advance(86_400_001 + 450);
    await retention.runOnce();
    expect(await count('SELECT count(*) AS n FROM idempotency_keys')).toBe(0);
    expect(await count('SELECT count(*) AS n FROM lease_requests')).toBe(0);
  });

  it('looks for a bounded number of ids a unit, and passes over keys of living things of one millisecond', async () => {
    const living = await engine.submit();
    const made = { credential_id: 'me', body_sha256: 'x', created_at: engine.clock.now() };
    const unknown = Array.from({ length: 999 }, () => engine.ids.uuid());
    await engine.unitOfWork.run(async (tx) => {
      for (let n = 0; n < 8; n += 1) {
        const answer = JSON.stringify([...unknown, living.id]);
        await tx.insert('idempotency_keys', {
          ...made,
          path: 'batch',
          idempotency_key: `${n}`,
          answer,
        });
      }
      for (let n = 0; n < 300; n += 1) {
        const key = { path: 'jobs', idempotency_key: `${n}`, answer: living.id };
        await tx.insert('idempotency_keys', { ...made, ...key });
      }
      const last = { path: 'z', idempotency_key: 'gone', answer: engine.ids.uuid() };
      await tx.insert('idempotency_keys', { ...made, ...last });
    });
    engine.clock.advance(86_400_001);
    const units = watchUnits(engine.unitOfWork);
    await retention.runOnce();
    expect(await count('SELECT count(*) AS n FROM idempotency_keys')).toBe(308);
    const idsOfUnits = units.map(({ statements }) =>
      statements
        .filter(({ sql }) => sql.startsWith('SELECT id FROM jobs WHERE id IN'))
        .reduce((ids, { params }) => ids + new Set(params).size, 0),
    );
    expect(Math.max(...idsOfUnits)).toBeLessThanOrEqual(1000);
    expect(idsOfUnits.reduce((all, ids) => all + ids, 0)).toBe(8000 + 300 + 1);
  });

  it('one key that cannot be read stops no other', async () => {
    Logger.overrideLogger(false);
    await engine.unitOfWork.run(async (tx) => {
      const made = { credential_id: 'me', body_sha256: 'x', path: 'p' };
      for (let n = 0; n < 450; n += 1) {
        const answer = n < 440 ? '[broken' : engine.ids.uuid();
        const key = { idempotency_key: `${n}`, answer, created_at: engine.clock.now() + n };
        await tx.insert('idempotency_keys', { ...made, ...key });
      }
    });
    engine.clock.advance(86_400_001 + 450);
    await retention.runOnce();
    expect(await count('SELECT count(*) AS n FROM idempotency_keys')).toBe(0);
  });

  describe('a key of what lives', () => {
    const DAY_MS = 86_400_000;

    async function remember(key: string, made: readonly string[]): Promise<void> {
      const use = { credential_id: 'me', path: '/jobs/batch', idempotency_key: key };
      const answer = JSON.stringify(made);
      const row = { ...use, body_sha256: 'x', answer, created_at: engine.clock.now() };
      await engine.unitOfWork.run((tx) => tx.insert('idempotency_keys', row));
    }

    /** Pruned: by its time at the next run. */
    const end = (jobId: string) =>
      engine.unitOfWork.run(async (tx) => {
        await engine.get(JobLifecycle).cancel(tx, jobId, engine.clock.now());
        await tx.execute('UPDATE jobs SET expires_at = ? WHERE id = ?', [
          engine.clock.now(),
          jobId,
        ]);
      });
    const keys = () => count('SELECT count(*) AS n FROM idempotency_keys');
    /** How many keys a run looked at. */
    const look = async () => {
      const units = watchUnits(engine.unitOfWork);
      await retention.runOnce();
      return units
        .flatMap(({ statements }) => statements)
        .filter(({ sql }) => sql === OLD_KEYS)
        .reduce((all, { rows }) => all + rows, 0);
    };

    it('is looked at once, and not again while that lives', async () => {
      const jobs = await Promise.all([1, 2].map(() => engine.submit()));
      for (let n = 0; n < 450; n += 1) {
        await remember(`key ${n}`, [jobs[n % 2]?.id ?? '']);
      }
      engine.clock.advance(DAY_MS + 1);
      // A unit that looked at as many as it may does not know that it was the last.
      expect(await look()).toBe(450);
      expect(await look()).toBe(0);
      engine.clock.advance(100 * DAY_MS);
      expect(await look()).toBe(0);
      expect(await keys()).toBe(450);
      await end(jobs[0]?.id ?? '');
      await retention.runOnce();
      expect(await keys()).toBe(225);
      expect(await look()).toBe(0);
    });

    it('goes with the last of what it made, not with the first', async () => {
      const jobs = await Promise.all([1, 2, 3].map(() => engine.submit()));
      await remember(
        'batch',
        jobs.map(({ id }) => id),
      );
      engine.clock.advance(DAY_MS + 1);
      await retention.runOnce();
      for (const { id } of jobs.toReversed()) {
        expect(await keys()).toBe(1);
        await end(id);
        await retention.runOnce();
      }
      expect(await keys()).toBe(0);
    });

    it('stays for its 24 h though what it made is pruned before', async () => {
      const job = await engine.submit();
      await remember('short', [job.id]);
      await end(job.id);
      await retention.runOnce();
      expect(await count('SELECT count(*) AS n FROM jobs')).toBe(0);
      engine.clock.advance(DAY_MS);
      await retention.runOnce();
      expect(await keys()).toBe(1);
      engine.clock.advance(1);
      await retention.runOnce();
      expect(await keys()).toBe(0);
    });

    it('is let go by the removal of whatever it may have made', async () => {
      const input = { id: engine.ids.uuid(), content_type: 'text/csv', ttl_seconds: 1 };
      const times = { created_at: 0, expires_at: engine.clock.now() + DAY_MS + 2 };
      await engine.unitOfWork.run((tx) => tx.insert('inputs', { ...input, ...times }));
      await remember('input', [input.id]);
      engine.clock.advance(DAY_MS + 1);
      await retention.runOnce();
      expect(await keys()).toBe(1);
      await engine.unitOfWork.run((tx) => tx.execute('DELETE FROM inputs'));
      await retention.runOnce();
      expect(await keys()).toBe(0);
    });
  });
});
