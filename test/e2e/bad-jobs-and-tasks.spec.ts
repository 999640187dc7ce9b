import { ReadConnection } from '@foreman/database';
import { LeaseSweep } from '@foreman/leasing';
import { FakeClock } from '@foreman/testing';
import { BAD_CALLS, JSON_LIMIT_BYTES } from './bad-job-and-task-calls';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

describe('bad input to jobs and tasks', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let ids: { job: string; task: string; live: string; stale: string };

  beforeAll(async () => {
    const clock = new FakeClock(Date.parse('2026-11-22'));
    gateway = await startInProcess({ jsonLimitBytes: JSON_LIMIT_BYTES }, { clock });
    edge = await gateway.enrolEdge(['study']);
    const { body: job } = await gateway.asAdmin<{ id: string }>('POST', '/jobs', { kind: 'study' });
    const atEdge = (path: string, lease = '') =>
      gateway.call<{ taskId: string; leaseToken: string }>('POST', `/internal/edges/${path}`, {
        token: edge.token,
        body: {},
        headers: lease === '' ? {} : { 'Foreman-Lease': lease },
      });
    const first = (await atEdge('tasks/next')).body;
    // The first lease runs out, and the task is leased again: a call under the first is too late.
    clock.advance(60_001);
    await gateway.app.get(LeaseSweep).runOnce();
    const second = (await atEdge('tasks/next')).body;
    ids = { job: job.id, task: first.taskId, live: second.leaseToken, stale: first.leaseToken };
  });
  afterAll(() => gateway.stop());

  const TABLES = ['jobs', 'tasks', 'attempts', 'events', 'result_rows', 'artifacts', 'queues'];
  const state = async () => {
    const reads = gateway.app.get(ReadConnection);
    const rows: unknown[] = [];
    for (const table of TABLES)
      rows.push(await reads.query(`SELECT * FROM ${table} ORDER BY 1, 2`));
    return JSON.stringify(rows, (name, value: unknown) =>
      // A call that is refused for its body still proves its edge alive.
      name === 'lease_expires_at' ? undefined : value,
    );
  };

  it.each(BAD_CALLS)('$title: $expected', async (bad) => {
    const before = await state();
    const path = bad.path.replace(':job', ids.job).replace(':task', ids.task);
    const headers: Record<string, string> = { 'content-type': bad.type ?? 'application/json' };
    if (bad.lease === 'live') headers['Foreman-Lease'] = ids.live;
    if (bad.lease === 'stale') headers['Foreman-Lease'] = ids.stale;
    const isEdges = path.startsWith('/internal/edges');
    const answer = await gateway.call(bad.method ?? 'POST', path, {
      token: isEdges ? edge.token : gateway.adminToken,
      body: bad.body,
      headers,
    });
    const [status, code] = bad.expected;
    expect(answer.body).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    if (bad.errorPath !== undefined) {
      const errors = answer.body['errors'] as { path: string }[];
      expect(errors.map((error) => error.path)).toContain(bad.errorPath);
    }
    if (code === 'lease.lost') {
      expect(answer.body['task']).toEqual({ id: ids.task, status: 'leased', attempt: 2 });
    }
    expect(await state()).toBe(before);
  });
});
