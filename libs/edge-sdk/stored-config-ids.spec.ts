import type { StoredMetrics } from './executor';
import { agentOn } from './spec/agent-fixture';
import { eventually } from './spec/eventually';
import { StandInGateway } from './spec/stand-in-gateway';

describe('storedConfigIds', () => {
  let gateway: StandInGateway;

  beforeEach(async () => {
    gateway = await new StandInGateway().start();
  });
  afterEach(() => gateway.stop());

  /** What an executor is told that asks at once. */
  async function told(): Promise<{
    stored: ReadonlyMap<string, StoredMetrics> | null;
    status: string;
  }> {
    const task = gateway.add('t1');
    task.rows.set('a', { configId: 'a', metrics: { sharpe: 0.5 } });
    task.rows.set('b', { configId: 'b' });
    let stored: ReadonlyMap<string, StoredMetrics> | null = null;
    const agent = agentOn(gateway, async (_task, context) => {
      stored = await context.storedConfigIds(['sharpe', 'max loss']);
      return {};
    });
    const done = agent.run();
    await eventually(() => task.status === 'completed' || task.status === 'failed');
    agent.stopNow();
    await done;
    return { stored, status: task.status };
  }

  it('tells which configs have rows, and their metrics', async () => {
    const { stored } = await told();
    expect([...(stored ?? [])]).toEqual([
      ['a', { sharpe: 0.5 }],
      ['b', {}],
    ]);
    const [call] = gateway.callsTo(/results\/ids/);
    expect(call?.path).toBe('/internal/edges/tasks/t1/results/ids?metrics=sharpe&metrics=max+loss');
    expect(call?.headers['foreman-lease']).toBe('lease-t1');
  });

  it('asks again when the list is cut off: half of it would have work done twice', async () => {
    gateway.disturb(/results\/ids/, { kind: 'cut' });
    const { stored } = await told();
    expect([...(stored?.keys() ?? [])]).toEqual(['a', 'b']);
    expect(gateway.callsTo(/results\/ids/)).toHaveLength(2);
  });

  it('rejects with what the gateway refuses', async () => {
    gateway.disturb(/results\/ids/, { kind: 'problem', status: 400, code: 'request.invalid' });
    expect(await told()).toEqual({ stored: null, status: 'failed' });
  });
});
