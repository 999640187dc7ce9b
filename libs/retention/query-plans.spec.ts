import { ArtifactObjects, ArtifactsModule } from '@foreman/artifacts';
import { ResultsModule } from '@foreman/results';
import { openTestEngine, type TestEngine } from '@foreman/testing';
import { WebhooksModule } from '@foreman/webhooks';
import { EXPIRED, HIDDEN, HIDE } from './expired-jobs.store';
import { REMOVAL_STATEMENTS } from './job-rows.store';
import { FORGET_LEASE_REQUESTS, OLD_KEYS } from './key-expiry';
import { NEXT_QUEUES, REMOVE_UNUSED } from './unused-queues';

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
    ['who has expired', EXPIRED, [/^SEARCH jobs USING (COVERING )?INDEX jobs_expiring \(.+>.+\)$/]],
    [
      'hiding',
      HIDE,
      [
        /^SEARCH jobs USING INDEX jobs_expiring \(.+>.+<.+\)/,
        /deliveries_of_job|deliveries.*job_id=\?/,
      ],
    ],
    [
      'what is hidden',
      HIDDEN,
      [/^SEARCH jobs USING INDEX jobs_hidden \(.+>.+\)/, /deliveries_of_job|deliveries.*job_id=\?/],
    ],
    ['old keys', OLD_KEYS, [/idempotency_keys_age/]],
    [
      'unused queues',
      REMOVE_UNUSED,
      [/^SEARCH queues USING INDEX \S+ \(name>\? AND name<\?\)/m, /INDEX jobs_by_queue/],
    ],
    ['the next queues', NEXT_QUEUES, [/^SEARCH queues USING COVERING INDEX \S+ \(name>\?\)/]],
    ['old lease requests', FORGET_LEASE_REQUESTS, [/lease_requests_age/, /attempts_by_request/]],
  ])('%s: by its indexes, reading no table whole', async (_what, sql, indexes) => {
    const details = await plan(sql);
    for (const index of indexes) expect(details).toMatch(index);
    expect(details).not.toMatch(/SCAN [a-z]/);
  });

  it.each([
    ['who has expired', EXPIRED],
    ['what is hidden', HIDDEN],
    ['old keys', OLD_KEYS],
  ])('%s: a page is in the order of its index, and nothing is sorted', async (_what, sql) => {
    expect(await plan(sql)).not.toContain('TEMP B-TREE');
  });

  it.each(REMOVAL_STATEMENTS)('removal reads no table whole: %s', async (sql) => {
    expect(await plan(sql)).not.toMatch(/SCAN/);
  });
});
