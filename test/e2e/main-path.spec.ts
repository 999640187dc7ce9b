import { createHash } from 'node:crypto';
import { FixedRandom } from '@foreman/testing';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly taskIndex: number;
  readonly attempt: number;
  readonly leaseToken: string;
  readonly payload: Record<string, unknown>;
  readonly resume: unknown;
}

interface Job {
  readonly id: string;
  readonly status: string;
  readonly artifacts: { name: string; inline: unknown; url: string | null; sha256: string }[];
  readonly summary: unknown;
  readonly progress: unknown;
  readonly taskCounts: Record<string, number>;
}

const ROWS = [
  { configId: 'a', config: { fast: 5 }, metrics: { sharpe: 0.5, isGood: true } },
  { configId: 'b', config: { fast: 9 }, metrics: { sharpe: 1.5, isGood: null } },
  { configId: 'c', config: { fast: 7 }, metrics: { sharpe: null, isGood: false } },
];

describe('the main path over HTTP', () => {
  let gateway: InProcessGateway;
  let service: string;
  let edge: TestEdge;

  beforeAll(async () => {
    // Nothing is jittered: answers can be told to the second.
    gateway = await startInProcess({}, { random: new FixedRandom() });
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    edge = await gateway.enrolEdge(['study']);
  });
  afterAll(() => gateway.stop());

  const submit = async (body: object, headers: Record<string, string> = {}) =>
    gateway.call<Job>('POST', '/jobs', { token: service, body, headers });
  const job = async (id: string) =>
    (await gateway.call<Job>('GET', `/jobs/${id}`, { token: service })).body;
  const atEdge = <T = Record<string, unknown>>(path: string, body: unknown, lease?: string) =>
    gateway.call<T>('POST', `/internal/edges/${path}`, {
      token: edge.token,
      body,
      headers: lease === undefined ? {} : { 'Foreman-Lease': lease },
    });
  const next = async (body: object = {}) => (await atEdge<Task>('tasks/next', body)).body;

  it('takes a job of one task from submission to its artifacts', async () => {
    const submitted = await submit({ kind: 'study', payload: { depth: 3 }, metadata: { a: 'b' } });
    expect(submitted.status).toBe(201);
    expect(submitted.headers.get('location')).toBe(`${gateway.baseUrl}/jobs/${submitted.body.id}`);
    expect(submitted.body).toMatchObject({
      status: 'queued',
      artifacts: [],
      summary: null,
      taskCounts: { queued: 1 },
    });

    const task = await next();
    expect(task).toMatchObject({
      jobId: submitted.body.id,
      taskIndex: 0,
      kind: 'study',
      queue: 'default',
      attempt: 1,
      payload: { depth: 3 },
      inputs: [],
      resume: null,
      leaseSeconds: 60,
      heartbeatSeconds: 20,
    });
    expect(await job(task.jobId)).toMatchObject({ status: 'running', taskCounts: { leased: 1 } });

    const beat = await atEdge(
      `tasks/${task.taskId}/heartbeat`,
      { processed: 1, total: 3, status: 'one' },
      task.leaseToken,
    );
    expect(beat.body).toMatchObject({ action: 'continue', edge: 'run', heartbeatSeconds: 20 });
    expect((await job(task.jobId)).progress).toMatchObject({
      processed: 1,
      total: 3,
      status: 'one',
    });

    const rows = await atEdge(`tasks/${task.taskId}/results`, { rows: ROWS }, task.leaseToken);
    expect(rows.body).toEqual({ received: 3, stored: 3 });

    const bytes = Buffer.alloc(300_000, 'x');
    const sha256 = createHash('sha256').update(bytes).digest();
    const put = await gateway.call(
      'PUT',
      `/internal/edges/tasks/${task.taskId}/artifacts/big.txt`,
      {
        token: edge.token,
        body: bytes,
        headers: {
          'content-type': 'text/plain',
          'Foreman-Lease': task.leaseToken,
          'Repr-Digest': `sha-256=:${sha256.toString('base64')}:`,
        },
      },
    );
    expect(put.status).toBe(201);
    expect((await job(task.jobId)).artifacts).toEqual([]);

    const completion = {
      bestConfigIds: ['b'],
      processedCount: 3,
      totalCount: 3,
      resultCount: 3,
      artifacts: [
        { name: 'big.txt', sha256: sha256.toString('hex') },
        { name: 'completion', content_type: 'application/json', inline: { best: 'b' } },
      ],
    };
    const completed = await atEdge(`tasks/${task.taskId}/complete`, completion, task.leaseToken);
    expect(completed.body).toEqual({
      taskId: task.taskId,
      status: 'completed',
      jobStatus: 'completed',
      next: null,
    });
    const again = await atEdge(`tasks/${task.taskId}/complete`, completion, task.leaseToken);
    expect([again.status, again.body]).toEqual([200, completed.body]);

    const done = await job(task.jobId);
    expect(done).toMatchObject({
      status: 'completed',
      summary: { bestConfigIds: ['b'], processedCount: 3, totalCount: 3 },
    });
    expect(done.artifacts.map(({ name, inline, url }) => ({ name, inline, url }))).toEqual([
      { name: 'completion', inline: { best: 'b' }, url: null },
      {
        name: 'big.txt',
        inline: null,
        url: `${gateway.baseUrl}/jobs/${task.jobId}/artifacts/big.txt`,
      },
    ]);
    const fetched = await gateway.call('GET', `/jobs/${task.jobId}/artifacts/big.txt`, {
      token: service,
    });
    expect(createHash('sha256').update(fetched.text).digest('hex')).toBe(sha256.toString('hex'));
  });

  it('gives a job of many tasks its own completion, and sorts its rows', async () => {
    const { body } = await submit({
      kind: 'study',
      payload: { shared: true, own: 0 },
      tasks: [{ payload: { own: 1 } }, { payload: { own: 2 } }],
    });
    for (const own of [1, 2]) {
      const task = await next();
      expect(task.payload).toEqual({ shared: true, own });
      await atEdge(`tasks/${task.taskId}/results`, { rows: ROWS }, task.leaseToken);
      await atEdge(`tasks/${task.taskId}/complete`, { bestConfigIds: ['b'] }, task.leaseToken);
    }
    const done = await job(body.id);
    expect(done).toMatchObject({ status: 'completed', summary: { bestConfigIds: ['0:b', '1:b'] } });
    expect(done.artifacts.find(({ name }) => name === 'completion')?.inline).toEqual({
      tasks: [null, null],
    });
    const sorted = await gateway.call<{ items: { taskIndex: number; configId: string }[] }>(
      'GET',
      `/jobs/${body.id}/results?sort=metrics.sharpe&order=desc`,
      { token: service },
    );
    expect(sorted.body.items.map(({ taskIndex, configId }) => `${taskIndex}:${configId}`)).toEqual([
      '0:b',
      '1:b',
      '0:a',
      '1:a',
      '0:c',
      '1:c',
    ]);
    const csv = await gateway.call('GET', `/jobs/${body.id}/results`, {
      token: service,
      headers: { accept: 'text/csv' },
    });
    expect(csv.text.split('\r\n')[0]).toBe(
      'taskIndex,configId,config.fast,metrics.sharpe,metrics.isGood',
    );
  });

  it('answers a parked poll when a job arrives', async () => {
    const poll = next({ waitSeconds: 20 });
    const { body } = await submit({ kind: 'study' });
    const task = await poll;
    expect(task.jobId).toBe(body.id);
    await atEdge(`tasks/${task.taskId}/complete`, {}, task.leaseToken);
  });

  it('fails a job whose task fails for good, and retries it', async () => {
    const { body } = await submit({ kind: 'study', maxAttempts: 1 });
    const first = await next();
    const failure = { code: 'model.missing', message: 'no model' };
    const failed = await atEdge(`tasks/${first.taskId}/fail`, failure, first.leaseToken);
    expect(failed.body).toEqual({ taskId: first.taskId, status: 'failed', availableAt: null });
    const repeated = await atEdge(`tasks/${first.taskId}/fail`, failure, first.leaseToken);
    expect(repeated.body).toEqual(failed.body);
    expect(await job(body.id)).toMatchObject({
      status: 'failed',
      error: { code: 'model.missing', message: 'no model' },
    });

    const retried = await gateway.call<Job>('POST', `/jobs/${body.id}/retry`, { token: service });
    expect(retried.body).toMatchObject({ status: 'queued', error: null });
    const second = await next();
    expect(second).toMatchObject({ taskId: first.taskId, attempt: 2 });
    await atEdge(`tasks/${second.taskId}/complete`, {}, second.leaseToken);
    expect(await job(body.id)).toMatchObject({ status: 'completed', error: null });
  });

  it('tells the edge of a cancelled task to stop, and refuses everything else', async () => {
    const { body } = await submit({ kind: 'study' });
    const task = await next();
    const cancelled = await gateway.call<Job>('POST', `/jobs/${body.id}/cancel`, {
      token: service,
    });
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
    const beat = await atEdge(`tasks/${task.taskId}/heartbeat`, {}, task.leaseToken);
    expect([beat.status, beat.body['action']]).toEqual([200, 'cancel']);
    const late = await atEdge(`tasks/${task.taskId}/complete`, {}, task.leaseToken);
    expect([late.status, late.body]).toMatchObject([
      409,
      { code: 'lease.lost', task: { id: task.taskId, status: 'cancelled' }, kept: true },
    ]);
  });

  it('repeats a submission by its key, and refuses another body under it', async () => {
    const headers = { 'Idempotency-Key': 'once' };
    const first = await submit({ kind: 'nobody-runs-this' }, headers);
    const again = await submit({ kind: 'nobody-runs-this' }, headers);
    expect([first.status, again.status, again.body.id]).toEqual([201, 200, first.body.id]);
    const other = await submit({ kind: 'something-else' }, headers);
    expect([other.status, other.body]).toMatchObject([409, { code: 'idempotency.conflict' }]);
  });

  it('says why a job waits', async () => {
    const { body } = await submit({ kind: 'nobody-runs-this' });
    const explained = await gateway.call('GET', `/jobs/${body.id}/explain`, { token: service });
    expect(explained.body).toMatchObject({
      status: 'queued',
      reasons: [{ code: 'no_capable_edge' }],
    });
  });
});
