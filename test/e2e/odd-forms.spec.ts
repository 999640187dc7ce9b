import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

/** What an agent may get wrong about a task without losing its lease, or its verdict. */
describe('a call about a task in an odd form', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let task: Task;

  beforeAll(async () => {
    gateway = await startInProcess();
    edge = await gateway.enrolEdge(['odd']);
  });
  afterAll(() => gateway.stop());
  beforeEach(async () => {
    await gateway.asAdmin('POST', '/jobs', { kind: 'odd', maxAttempts: 1 });
    const leased = await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
      token: edge.token,
      body: {},
    });
    task = leased.body;
  });

  const call = <T>(name: string, body?: unknown) =>
    gateway.call<T>('POST', `/internal/edges/tasks/${task.taskId}/${name}`, {
      token: edge.token,
      headers: { 'Foreman-Lease': task.leaseToken },
      body,
    });
  const job = async () => {
    const { body } = await gateway.asAdmin<{
      status: string;
      error: object | null;
      progress: object;
      summary: object | null;
    }>('GET', `/jobs/${task.jobId}`);
    return body;
  };

  it.each<[string, unknown, string[] | undefined]>([
    ['a fraction', { processed: 2.5, total: 9 }, ['processed']],
    ['a number for the status', { status: 7, processed: 2 }, ['status']],
    ['unknown counters', { counters: { a: 'b' }, started: 'perhaps' }, ['started', 'counters']],
    ['a long status', { status: 'x'.repeat(300) }, undefined],
    ['a list', [], undefined],
    ['nothing', undefined, undefined],
  ])('heartbeat: %s extends the lease, and is told', async (_what, body, ignored) => {
    const { status, body: answer } = await call<{ action: string; ignored?: string[] }>(
      'heartbeat',
      body,
    );
    expect([status, answer.action, answer.ignored]).toEqual([200, 'continue', ignored]);
  });

  it.each<[string, unknown, { code: string; message: string }]>([
    [
      'a code with spaces',
      { code: 'out of luck', message: 'm' },
      {
        code: 'out_of_luck',
        message: 'out of luck: m',
      },
    ],
    ['no code', { message: 'm' }, { code: 'executor.failed', message: 'm' }],
    [
      'odd values',
      {
        code: { a: 1 },
        message: ['m'],
        retryable: 'no',
        retryAfterSeconds: -1,
        keepArtifacts: 'yes',
      },
      { code: 'a_1_', message: "{ a: 1 }: [ 'm' ]" },
    ],
    ['a list', [], { code: 'executor.failed', message: '' }],
    ['nothing', undefined, { code: 'executor.failed', message: '' }],
  ])('failure: %s is made to fit', async (_what, body, error) => {
    expect((await call('fail', body)).status).toBe(200);
    expect(await job()).toMatchObject({ status: 'failed', error });
  });

  it('failure: waits for a day at most', async () => {
    await gateway.asAdmin('POST', '/jobs', { kind: 'odd' });
    const next = await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
      token: edge.token,
      body: {},
    });
    task = next.body;
    const { body } = await call<{ availableAt: string }>('fail', { retryAfterSeconds: 1e9 });
    const waitSeconds = (Date.parse(body.availableAt) - Date.now()) / 1000;
    expect(waitSeconds).toBeGreaterThan(86_300);
    expect(waitSeconds).toBeLessThanOrEqual(86_400);
  });

  it('completion: counts that are none are as if left out', async () => {
    await call('heartbeat', { processed: 4, total: 8 });
    const { status } = await call('complete', { processedCount: 7.5, totalCount: 'many' });
    expect(status).toBe(200);
    expect(await job()).toMatchObject({
      status: 'completed',
      summary: { processedCount: 4, totalCount: 8 },
    });
  });

  it.each([
    [{ resultCount: 1.5 }, 'resultCount'],
    [{ bestConfigIds: 'a' }, 'bestConfigIds'],
    [{ artifacts: [{ name: 7, sha256: 'x' }] }, 'artifacts[0].name'],
  ])('completion: %j is refused, since results depend on it', async (body, path) => {
    const answer = await call<{ errors: { path: string }[] }>('complete', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((error) => error.path)).toContain(path);
  });
});
