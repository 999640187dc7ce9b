import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Retention } from '@foreman/retention';
import { eventually } from '@foreman/testing';
import { type InProcessGateway, startInProcess } from './harness';
import { sectionOf } from './readme/markdown';

const OPERATIONS = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
/** `name{labels} value`, as the text format has it. */
const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="[^"]*",?)+)\})? (\S+)$/i;

describe('GET /metrics', () => {
  let gateway: InProcessGateway;

  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(() => gateway.stop());

  const scrape = async (of = gateway) => (await of.asAdmin('GET', '/metrics')).text;

  /** The value of one series, by its name with its labels. */
  async function value(series: string): Promise<number | undefined> {
    const line = (await scrape()).split('\n').find((text) => text.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** What is counted is counted anew a little later than it changes. */
  const settles = (series: string, wanted: number) =>
    eventually(`${series} is ${wanted}`, async () => (await value(series)) === wanted);

  it('needs an admin key, unless it is public', async () => {
    expect((await gateway.call('GET', '/metrics')).status).toBe(401);
    const token = await gateway.makeApiKey('jobs:read', 'jobs:write');
    expect((await gateway.call('GET', '/metrics', { token })).status).toBe(403);
    expect((await gateway.asAdmin('GET', '/metrics')).status).toBe(200);
    const open = await startInProcess({ metricsPublic: true });
    const answer = await open.call('GET', '/metrics');
    await open.stop();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('is in the text format, each family with its help and type, once', async () => {
    const lines = (await scrape()).split('\n').filter((line) => line !== '');
    const samples = lines.filter((line) => !line.startsWith('#'));
    for (const line of samples) {
      expect(line).toMatch(SAMPLE);
      expect(line).toMatch(/ (-?\d|Nan|\+Inf)/i);
    }
    const series = samples.map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(new Set(series).size).toBe(series.length);
    const families = lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
    const helped = lines.flatMap((line) => /^# HELP (\S+) \S/.exec(line)?.[1] ?? []);
    expect(helped).toEqual(families);
    expect(new Set(families).size).toBe(families.length);
  });

  it('has what docs/operations.md tells of, and nothing else', async () => {
    const types = (await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm);
    const scraped = [...types].map(([, name, type]) => `${name} ${type}`);
    const rows = sectionOf(OPERATIONS, 'Metrics').matchAll(
      /^\| `([a-z0-9_]+)[^`]*` +\| (\w+) +\|/gm,
    );
    const documented = [...rows].map(([, name, type]) => `${name} ${type}`);
    expect(documented.toSorted()).toEqual(scraped.toSorted());
  });

  it('follows a job from its submission to its removal', async () => {
    const edge = await gateway.enrolEdge(['metrics']);
    const before = Number(await value('foreman_events_total{type="task.leased"}'));
    const job = await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'metrics' });
    await settles('foreman_jobs{status="queued"}', 1);
    await settles('foreman_tasks{status="queued"}', 1);
    const { body: task } = await gateway.call<{ taskId: string; leaseToken: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: {} },
    );
    await settles('foreman_tasks{status="leased"}', 1);
    expect(await value('foreman_events_total{type="task.leased"}')).toBe(before + 1);
    await settles('foreman_edges_online', 1);

    const path = `/internal/edges/tasks/${task.taskId}`;
    const lease = { token: edge.token, headers: { 'Foreman-Lease': task.leaseToken } };
    const rows = [1, 2, 3].map((n) => ({ configId: `c${n}`, config: {}, metrics: { sharpe: n } }));
    await gateway.call('POST', `${path}/results`, { ...lease, body: { rows } });
    expect(await value('foreman_result_rows_total')).toBe(3);
    const headers = { ...lease.headers, 'content-type': 'application/octet-stream' };
    await gateway.call('PUT', `${path}/artifacts/a`, { ...lease, headers, body: Buffer.alloc(99) });
    await settles('foreman_artifacts{state="staged"}', 1);
    await settles('foreman_artifacts_bytes{state="staged"}', 99);
    const summary = { bestConfigIds: ['c3'], processedCount: 3, totalCount: 3 };
    await gateway.call('POST', `${path}/complete`, { ...lease, body: summary });
    await settles('foreman_artifacts{state="published"}', 2);
    await settles('foreman_jobs{status="completed"}', 1);

    const input = await gateway.asAdmin('POST', '/inputs', { contentType: 'text/csv' });
    const csv = { token: gateway.adminToken, headers: { 'content-type': 'text/csv' } };
    await gateway.call('PUT', `/inputs/${input.body.id}`, { ...csv, body: Buffer.alloc(7, 'x') });
    await settles('foreman_inputs', 1);
    await settles('foreman_inputs_bytes', 7);

    await gateway.asAdmin('DELETE', `/jobs/${job.body.id}`);
    await gateway.app.get(Retention).runOnce();
    expect(await value('foreman_retention_removed_jobs_total')).toBe(1);
    expect(await value('foreman_retention_removed_artifacts_total')).toBe(2);
    expect(await value('foreman_retention_removed_bytes_total')).toBeGreaterThan(99);
    await settles('foreman_artifacts{state="published"}', 0);
    expect(await value('foreman_storage_free_bytes')).toBeGreaterThan(0);
    expect(await value('foreman_writes_waiting{lane="bulk"}')).toBe(0);
    expect(await value('foreman_leases_expired_total')).toBe(0);
  });

  it('counts polls that wait', async () => {
    const edge = await gateway.enrolEdge(['waiting']);
    const aborted = new AbortController();
    const poll = gateway.call('POST', '/internal/edges/tasks/next', {
      token: edge.token,
      body: { waitSeconds: 30 },
      signal: aborted.signal,
    });
    await settles('foreman_polls_parked', 1);
    aborted.abort();
    await expect(poll).rejects.toThrow('aborted');
    await settles('foreman_polls_parked', 0);
    await settles(
      'foreman_http_requests_total{method="POST",route="/internal/edges/tasks/next",status="cut"}',
      1,
    );
  });

  it('knows requests by the templates of their routes: no caller can make a series', async () => {
    for (let n = 0; n < 50; n += 1) {
      await gateway.asAdmin('GET', `/jobs/00000000-0000-7000-8000-0000000000${10 + n}`);
      await gateway.call('GET', `/made/up/${n}`);
      await gateway.call('GET', `/jobs/${n}`, { token: null });
    }
    const requests = 'foreman_http_requests_total';
    await settles(`${requests}{method="GET",route="/jobs/:id",status="404"}`, 50);
    await settles(`${requests}{method="GET",route="/jobs/:id",status="401"}`, 50);
    await settles(`${requests}{method="GET",route="none",status="404"}`, 50);
    await gateway.call('PROPFIND', '/made/up');
    await settles(`${requests}{method="other",route="none",status="404"}`, 1);
    expect(await scrape()).not.toMatch(/0000-0000|made/);
  });
});
