import { ForemanClient, type ReceivedLiveEvent } from '@foreman/client';
import { eventually } from '@foreman/testing';
import { GatewayProcess, makeDataFolder, type DataFolder, type TestEdge } from '../harness';

interface Lease {
  readonly taskId: string;
  readonly leaseToken: string;
}

const TASKS = 4;

describe('kill -9 of the gateway', () => {
  let folder: DataFolder;
  let gateway: GatewayProcess;
  let client: ForemanClient;
  beforeEach(async () => {
    folder = await makeDataFolder();
    gateway = await GatewayProcess.start(folder.path);
    const apiKey = await gateway.makeApiKey('jobs:read', 'jobs:write');
    client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey, maxAttempts: 50 });
  });
  afterEach(async () => {
    await gateway.kill();
    await client.close();
    await folder.remove();
  });

  async function killAndRestart(): Promise<void> {
    const { port } = new URL(gateway.baseUrl);
    await gateway.kill();
    gateway = await GatewayProcess.start(folder.path, { PORT: port });
  }

  async function runTask(edge: TestEdge): Promise<void> {
    const post = <T>(path: string, lease?: Lease) =>
      gateway.call<T>('POST', `/internal/edges/tasks/${path}`, {
        token: edge.token,
        body: {},
        headers: lease === undefined ? {} : { 'Foreman-Lease': lease.leaseToken },
      });
    const { body } = await post<Lease>('next');
    expect((await post(`${body.taskId}/complete`, body)).status).toBe(200);
  }

  it('while a client follows a job: it is told each state and task event once, in order', async () => {
    const edge = await gateway.enrolEdge(['study']);
    const { id } = await client.submit({
      kind: 'study',
      tasks: Array.from({ length: TASKS }, () => ({})),
    });
    const told: ReceivedLiveEvent[] = [];
    const following = (async () => {
      for await (const event of client.events(id)) told.push(event);
    })();
    await eventually('the present is told', () => told.length > 0);
    for (let task = 0; task < TASKS; task += 1) {
      await runTask(edge);
      // Right behind the commit: what was told of it and what not is chance.
      if (task % 2 === 1) await killAndRestart();
    }
    await following;

    const durable = told.slice(1).filter(({ event }) => event === 'state' || event === 'task');
    const names = durable.map(({ data }) => {
      if ('type' in data) return data.type;
      return 'seq' in data ? data.status : null;
    });
    const perTask = Array.from({ length: TASKS }, () => ['task.leased', 'task.completed']);
    const [first = [], ...others] = perTask;
    expect(names).toEqual([first[0], 'running', first[1], ...others.flat(), 'completed']);
    const ids = durable.map((event) => Number(event.id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    const artifacts = told.flatMap((each) => (each.event === 'artifact' ? each.data.names : []));
    expect(new Set(artifacts)).toContain('completion');
  }, 120_000);
});
