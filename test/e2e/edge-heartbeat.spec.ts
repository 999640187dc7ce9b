import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly leaseExpiresAt: string;
}

describe('a heartbeat for all that an edge holds, over HTTP', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let held: Task[];

  beforeAll(async () => {
    gateway = await startInProcess();
    edge = await gateway.enrolEdge(['study']);
    await gateway.asAdmin('POST', '/jobs', { kind: 'study', tasks: [{}, {}] });
    const leased = await atEdge<{ items: Task[] }>('tasks/lease', { max: 2 });
    held = leased.body.items;
  });
  afterAll(() => gateway.stop());

  const atEdge = <T>(path: string, body: unknown) =>
    gateway.call<T>('POST', `/internal/edges/${path}`, { token: edge.token, body });
  const beat = (...tasks: unknown[]) =>
    atEdge<{ tasks: object[]; code: string }>('heartbeat', { tasks });
  const named = (index: number) => {
    const { taskId, leaseToken } = held[index] ?? {};
    return { taskId, leaseToken };
  };

  it('loses no lease over a field that it does not understand', async () => {
    const bad = { ...named(0), processed: -1, status: 7, started: 'perhaps', novelty: { a: 1 } };
    const answer = await beat(bad, { ...named(1), processed: 2, status: 'x'.repeat(300) });
    expect(answer.status).toBe(200);
    expect(answer.body.tasks).toEqual([
      {
        taskId: held[0]?.taskId,
        action: 'continue',
        leaseExpiresAt: expect.any(String),
        ignored: ['started', 'processed', 'status'],
      },
      { taskId: held[1]?.taskId, action: 'continue', leaseExpiresAt: expect.any(String) },
    ]);
  });

  it.each([
    ['without a task', { leaseToken: 'x' }],
    ['without a lease', { taskId: 'x' }],
    ['that is no object', 7],
  ])('is refused for an entry %s', async (_what, entry) => {
    const answer = await beat(named(0), entry);
    expect([answer.status, answer.body.code]).toEqual([400, 'request.invalid']);
  });

  it('is refused for more than 1000 tasks', async () => {
    const answer = await beat(...Array.from({ length: 1001 }, () => named(0)));
    expect([answer.status, answer.body.code]).toEqual([400, 'request.invalid']);
  });
});
