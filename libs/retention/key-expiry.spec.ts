import { Logger } from '@nestjs/common';
import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { ResultsModule } from '@foreman/results';
import { openTestEngine, watchUnits, type TestEngine } from '@foreman/testing';
import { WebhooksModule } from '@foreman/webhooks';
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

  it('looks for a bounded number of ids at a time and outside of units of work, and passes over keys of living things of one millisecond', async () => {
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
    const query = jest.spyOn(engine.reads, 'query');
    await retention.runOnce();
    expect(await count('SELECT count(*) AS n FROM idempotency_keys')).toBe(308);
    const looks = query.mock.calls.filter(([sql]) =>
      sql.startsWith('SELECT 1 FROM jobs WHERE id IN'),
    );
    const ids = looks.map(([, params]) => params?.length ?? 0);
    expect(Math.max(...ids)).toBeLessThanOrEqual(1000);
    expect(ids.reduce((all, some) => all + some, 0)).toBe(8000 + 300 + 1);
    const written = units.flatMap(({ statements }) =>
      statements.filter(({ sql }) => sql.includes('idempotency_keys')),
    );
    expect(written).toHaveLength(1);
  });

  it('one key that cannot be read stops no other, however many there are of them', async () => {
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
    expect(await count('SELECT count(*) AS n FROM idempotency_keys')).toBe(440);
  });
});
