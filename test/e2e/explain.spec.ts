import { LeaseSweep } from '@foreman/leasing';
import { FakeClock } from '@foreman/testing';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Explanation {
  readonly status: string;
  readonly reasons: readonly { readonly code: string; readonly detail: string }[];
}

interface Leased {
  readonly taskId: string;
  readonly leaseToken: string;
}

/** Longer than an edge may be silent before it counts as offline. */
const LONG_SILENCE_MS = 150_001;

describe('why a job is not running, or does not advance', () => {
  let gateway: InProcessGateway;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = new FakeClock();
    gateway = await startInProcess({}, { clock });
  });
  afterEach(() => gateway.stop());

  const submit = async (request: object = {}): Promise<string> => {
    const body = { kind: 'test', leaseSeconds: 3600, ...request };
    const submitted = await gateway.asAdmin<{ id: string }>('POST', '/jobs', body);
    expect(submitted.status).toBe(201);
    return submitted.body.id;
  };
  const explain = async (jobId: string): Promise<Explanation> => {
    const answer = await gateway.asAdmin<Explanation>('GET', `/jobs/${jobId}/explain`);
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const codes = async (jobId: string) => (await explain(jobId)).reasons.map(({ code }) => code);
  /** An edge that has called. */
  const callingEdge = async (): Promise<TestEdge> => {
    const edge = await gateway.enrolEdge(['test']);
    const body = { tasks: [] };
    await gateway.call('POST', '/internal/edges/heartbeat', { token: edge.token, body });
    return edge;
  };
  const change = async ({ edgeId }: TestEdge, body: object) => {
    expect((await gateway.asAdmin('PATCH', `/admin/edges/${edgeId}`, body)).status).toBe(200);
  };
  const lease = async ({ token }: TestEdge, max: number): Promise<readonly Leased[]> => {
    const path = '/internal/edges/tasks/lease';
    const answer = await gateway.call<{ items: Leased[] }>('POST', path, { token, body: { max } });
    return answer.body.items;
  };

  it('no_capable_edge', async () => {
    await callingEdge();
    expect(await codes(await submit({ kind: 'other' }))).toEqual(['no_capable_edge']);
    expect(await codes(await submit({ requires: { gpu: 'true' } }))).toEqual(['no_capable_edge']);
  });

  it('assigned_edge_offline', async () => {
    const { name } = await callingEdge();
    const jobId = await submit({ assignTo: name });
    clock.advance(LONG_SILENCE_MS);
    await callingEdge();
    expect(await explain(jobId)).toEqual({
      status: 'queued',
      reasons: [{ code: 'assigned_edge_offline', detail: expect.stringContaining('Task 0') }],
    });
  });

  it('queue_paused', async () => {
    const jobId = await submit({ queue: 'night' });
    await gateway.asAdmin('POST', '/admin/queues/night/pause');
    expect(await codes(jobId)).toContain('queue_paused');
    await gateway.asAdmin('POST', '/admin/queues/night/resume');
    expect(await codes(jobId)).not.toContain('queue_paused');
  });

  it('not_yet_available', async () => {
    await callingEdge();
    const runAt = new Date(clock.now() + 60_000).toISOString();
    const { reasons } = await explain(await submit({ runAt }));
    expect(reasons).toEqual([
      { code: 'not_yet_available', detail: `Task 0 becomes available at ${runAt}.` },
    ]);
  });

  it('edges_busy: not asked yet, or as many leases as they may hold', async () => {
    const edge = await callingEdge();
    await change(edge, { maxLeases: 1 });
    const jobId = await submit({ tasks: [{}, {}] });
    expect((await explain(jobId)).reasons).toEqual([
      { code: 'edges_busy', detail: expect.stringContaining('not asked') },
    ]);
    expect(await lease(edge, 2)).toHaveLength(1);
    expect(await explain(jobId)).toEqual({
      status: 'running',
      reasons: [{ code: 'edges_busy', detail: expect.stringContaining('maxLeases') }],
    });
  });

  it('draining', async () => {
    await change(await callingEdge(), { desired: 'drain' });
    expect(await codes(await submit())).toEqual(['draining']);
  });

  describe('task_stalled', () => {
    const beat = async ({ token }: TestEdge, { taskId, leaseToken }: Leased, body: object) => {
      const headers = { 'Foreman-Lease': leaseToken };
      const path = `/internal/edges/tasks/${taskId}/heartbeat`;
      return (await gateway.call('POST', path, { token, headers, body })).status;
    };
    const running = async (onStall?: string) => {
      const edge = await callingEdge();
      const jobId = await submit({ stallSeconds: 60, onStall, maxAttempts: 1 });
      const [task] = await lease(edge, 1);
      if (task === undefined) throw new Error('There is a task to lease');
      return { edge, jobId, task };
    };
    const sweep = () => gateway.app.get(LeaseSweep).runOnce();
    const job = async (jobId: string) => (await gateway.asAdmin('GET', `/jobs/${jobId}`)).body;
    const tasks = async (jobId: string) =>
      (await gateway.asAdmin<{ items: object[] }>('GET', `/jobs/${jobId}/tasks`)).body.items;
    const stats = async () => (await gateway.asAdmin('GET', '/admin/stats')).body;

    it('is told wherever one looks, until it goes on', async () => {
      const { edge, jobId, task } = await running();
      clock.advance(20_000);
      const advancedAt = new Date(clock.now()).toISOString();
      expect(await beat(edge, task, { processed: 40, total: 100 })).toBe(200);
      expect(await job(jobId)).toMatchObject({
        progress: { processed: 40, total: 100, ratePerSecond: 2, etaSeconds: 30 },
        stalledTasks: 0,
      });
      clock.advance(59_999);
      expect(await beat(edge, task, { processed: 40, total: 100 })).toBe(200);
      clock.advance(1);
      await sweep();
      expect(await explain(jobId)).toEqual({
        status: 'running',
        reasons: [
          { code: 'task_stalled', detail: expect.stringContaining(`task 0 since ${advancedAt}`) },
        ],
      });
      expect(await job(jobId)).toMatchObject({
        status: 'running',
        progress: { ratePerSecond: 0, etaSeconds: null },
        stalledTasks: 1,
      });
      expect(await tasks(jobId)).toMatchObject([
        { stalledAt: new Date(clock.now()).toISOString(), progress: { ratePerSecond: 0 } },
      ]);
      expect(await stats()).toMatchObject({ tasks: { leased: 1, stalled: 1 } });

      expect(await beat(edge, task, { processed: 41 })).toBe(200);
      expect(await codes(jobId)).toEqual([]);
      expect(await tasks(jobId)).toMatchObject([{ stalledAt: null }]);
      expect(await stats()).toMatchObject({ tasks: { leased: 1, stalled: 0 } });
    });

    it('fails the task where the job says so', async () => {
      const { edge, jobId, task } = await running('fail');
      clock.advance(60_000);
      await sweep();
      expect(await beat(edge, task, { processed: 1 })).toBe(409);
      expect(await job(jobId)).toMatchObject({
        status: 'failed',
        error: { code: 'task.stalled' },
        stalledTasks: 0,
      });
      expect(await tasks(jobId)).toMatchObject([
        { attempts: [{ outcome: 'timed_out', error: { code: 'task.stalled' } }] },
      ]);
    });

    it.each([{ stallSeconds: 0 }, { stallSeconds: 1.5 }, { onStall: 'panic' }])(
      'is not asked for by %j',
      async (request) => {
        const refused = await gateway.asAdmin('POST', '/jobs', { kind: 'test', ...request });
        expect(refused.status).toBe(400);
        expect(refused.body).toMatchObject({ errors: [{ path: Object.keys(request)[0] }] });
      },
    );
  });
});
