import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { ResultsModule } from '@foreman/results';
import { openTestEngine, type TestEngine } from '@foreman/testing';
import { WebhooksModule } from '@foreman/webhooks';
import { COUNT_DUE, HIDE, REMOVABLE } from './expired-jobs.store';
import { REMOVAL_STATEMENTS } from './job-rows.store';
import { FORGET_LEASE_REQUESTS, OLD_KEYS } from './key-expiry';

describe('the statements of retention', () => {
  let engine: TestEngine;

  beforeAll(async () => {
    engine = await openTestEngine(
      ArtifactsModule.forRoot({ publicUrl: 'http://foreman.test' }),
      ResultsModule.forRoot(),
      WebhooksModule.forRoot({ secretKey: Buffer.alloc(32), artifactSource: ArtifactObjects }),
    );
  });

  afterAll(() => engine.close());

  async function plan(sql: string): Promise<string> {
    const params = sql
      .split('?')
      .slice(1)
      .map(() => 1);
    const steps = await engine.reads.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
    return steps.map(({ detail }) => detail).join('\n');
  }

  it.each<[string, string, RegExp[]]>([
    [
      'hiding',
      HIDE,
      [
        /jobs_expiring \(expires_at>?<\?\)|jobs_expiring/,
        /deliveries_of_job|deliveries.*job_id=\?/,
      ],
    ],
    ['what is hidden', REMOVABLE, [/jobs_hidden/, /deliveries_of_job|deliveries.*job_id=\?/]],
    ['what is due', COUNT_DUE, [/jobs_expiring/, /jobs_hidden/]],
    ['old keys', OLD_KEYS, [/idempotency_keys_age/]],
    ['old lease requests', FORGET_LEASE_REQUESTS, [/lease_requests_age/, /attempts_by_request/]],
  ])('%s: by its indexes, reading no table whole', async (_what, sql, indexes) => {
    const details = await plan(sql);
    for (const index of indexes) expect(details).toMatch(index);
    expect(details).not.toMatch(/SCAN [a-z]/);
  });

  it.each(REMOVAL_STATEMENTS)('removal reads no table whole: %s', async (sql) => {
    expect(await plan(sql)).not.toMatch(/SCAN/);
  });
});
