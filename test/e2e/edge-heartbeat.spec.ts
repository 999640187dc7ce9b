import { FixedRandom } from '@foreman/testing';
import { GatewayLoad } from '../../apps/gateway/edge-api/gateway-load';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
  readonly leaseExpiresAt: string;
}

interface Told {
  readonly heartbeatSeconds: number;
}

describe('a heartbeat for all that an edge holds, over HTTP', () => {
  let gateway: InProcessGateway;
  let edge: TestEdge;
  let held: Task[];

  beforeAll(async () => {
    gateway = await startInProcess({}, { random: new FixedRandom() });
    edge = await gateway.enrolEdge(['study']);
    await gateway.asAdmin('POST', '/jobs', { kind: 'study', tasks: [{}, {}] });
    const leased = await atEdge<{ items: Task[] }>('tasks/lease', { max: 2 });
    held = leased.body.items;
  });
  afterAll(() => gateway.stop());

  const atEdge = <T>(path: string, body: unknown) =>
    gateway.call<T>('POST', `/internal/edges/${path}`, { token: edge.token, body });
  const beat = (...tasks: unknown[]) =>
    atEdge<{ tasks: object[]; code: string; heartbeatSeconds: number }>('heartbeat', { tasks });
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
    ['without a task', { leaseToken: 'x' }, ['taskId']],
    ['without a lease', { taskId: 'x' }, ['leaseToken']],
    ['that is no object', 7, ['taskId', 'leaseToken']],
  ])('costs no other lease by an entry %s', async (_what, entry, ignored) => {
    const answer = await beat(named(0), entry);
    expect(answer.status).toBe(200);
    expect(answer.body.tasks).toMatchObject([
      { action: 'continue' },
      { action: 'lost', leaseExpiresAt: null, ignored },
    ]);
  });

  it('understands an odd version, and no list of tasks', async () => {
    for (const body of [{ agentVersion: 7 }, { agentVersion: 'x'.repeat(500), tasks: null }, {}]) {
      const answer = await atEdge<{ tasks: object[] }>('heartbeat', body);
      expect([answer.status, answer.body.tasks]).toEqual([200, []]);
    }
    expect((await atEdge('heartbeat', { tasks: {} })).status).toBe(400);
  });

  it('asks edges to call less often while the gateway is loaded, in every answer', async () => {
    const level = jest.spyOn(gateway.app.get(GatewayLoad), 'level');
    const told = async () => {
      await gateway.asAdmin('POST', '/jobs', { kind: 'study', tasks: [{}, {}, {}] });
      const next = await atEdge<Told & Task>('tasks/next', {});
      const lease = await atEdge<{ items: Told[] }>('tasks/lease', { max: 1 });
      const call = (name: string, body: object) =>
        gateway.call<Told & { next: Told }>(
          'POST',
          `/internal/edges/tasks/${next.body.taskId}/${name}`,
          { token: edge.token, body, headers: { 'Foreman-Lease': next.body.leaseToken } },
        );
      const ofTask = await call('heartbeat', {});
      const ofEdge = await beat();
      const completed = await call('complete?next=true', {});
      const answers = [
        next.body,
        lease.body.items[0],
        ofTask.body,
        ofEdge.body,
        completed.body.next,
      ];
      return answers.map((answer) => answer?.heartbeatSeconds);
    };
    level.mockReturnValue(0);
    expect(await told()).toEqual([20, 20, 20, 20, 20]);
    level.mockReturnValue(1);
    expect(await told()).toEqual([27, 27, 27, 27, 27]);
    level.mockRestore();
  });

  it('is to come again in time for the shortest lease', async () => {
    await gateway.asAdmin('POST', '/jobs', { kind: 'study', leaseSeconds: 15, priority: 9 });
    const { body } = await atEdge<Task>('tasks/next', {});
    const { taskId, leaseToken } = body;
    expect((await beat(named(0), { taskId, leaseToken })).body.heartbeatSeconds).toBe(5);
  });

  it('is refused for more than 1000 tasks', async () => {
    const answer = await beat(...Array.from({ length: 1001 }, () => named(0)));
    expect([answer.status, answer.body.code]).toEqual([400, 'request.invalid']);
  });
});
