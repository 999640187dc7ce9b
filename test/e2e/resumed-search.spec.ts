import { join } from 'node:path';
import { ForemanClient } from '@foreman/client';
import { SystemClock } from '@foreman/kernel';
import { eventually } from '@foreman/testing';
import { childEnvironment } from '../../apps/demo/config/child-environment';
import { sp500Prices } from '../../apps/demo/job/sp500-prices';
import { strategyJob } from '../../apps/demo/job/strategy-job';
import { ChildProgram } from '../../apps/demo/processes/child-program';
import { type InProcessGateway, type TestEdge, makeDataFolder, startInProcess } from './harness';
import { CountingProxy } from './strategy-job/counting-proxy';
import { directResults } from './strategy-job/direct-results';
import { allRows, allTasks } from './strategy-job/job-reader';

const MAIN = join(__dirname, '../../dist/apps/edge-agent/main.js');
const WITHIN_MS = 90_000;
/** Some ten seconds of work for an agent, of which it is given the first. */
const CONFIGS = 1500;
const KILLED_AFTER = 300;

jest.setTimeout(3 * WITHIN_MS);

describe('a search whose agent is killed half-way', () => {
  const cleanup: (() => unknown)[] = [];
  let gateway: InProcessGateway;
  let client: ForemanClient;
  let proxy: CountingProxy;
  let startAgent: () => ChildProgram;

  beforeEach(async () => {
    const state = await makeDataFolder();
    cleanup.push(state.remove);
    gateway = await startInProcess();
    cleanup.push(() => gateway.stop());
    const edge: TestEdge = await gateway.enrolEdge(['strategy-search', 'chat']);
    const apiKey = await gateway.makeApiKey('jobs:write', 'jobs:read');
    client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey });
    cleanup.push(() => client.close());
    proxy = new CountingProxy(gateway.baseUrl);
    const url = await proxy.start();
    cleanup.push(() => proxy.stop());
    startAgent = () => {
      const place = ['--url', url, '--name', edge.name, '--state-dir', state.path];
      const environment = { ...childEnvironment(process.env), FOREMAN_TOKEN: edge.token };
      // With a kind beside it that cannot go on: its presence must not make the search start over.
      const args = [...place, '--kinds', 'strategy-search,chat'];
      const spec = { name: 'agent', main: MAIN, args, environment };
      const agent = new ChildProgram(spec, new SystemClock());
      cleanup.push(() => {
        agent.kill();
        return agent.ended;
      });
      return agent;
    };
  });

  afterEach(async () => {
    for (const undo of cleanup.splice(0).toReversed()) await undo();
  });

  it('is finished by the next without evaluating a config again whose row is known', async () => {
    const whole = strategyJob(sp500Prices());
    const tasks = whole.tasks
      .slice(-1)
      .map(({ payload }) => ({ payload: { ...payload, trials: { max: CONFIGS, seed: 1 } } }));
    const job = { ...whole, tasks };
    const killed = startAgent();
    const { id } = await client.submit(job);
    const arePosted = () => proxy.idsByLease().some((ids) => ids.size >= KILLED_AFTER);
    await eventually('rows have come', arePosted, WITHIN_MS);
    killed.kill();
    await killed.ended;

    startAgent();
    const isOver = async () => (await client.get(id)).finalizedAt !== null;
    await eventually('the job has ended', isOver, WITHIN_MS);
    const direct = directResults(job);
    const found = await client.get(id);
    expect(found.status).toBe('completed');
    expect(found.summary).toMatchObject({ processedCount: CONFIGS, totalCount: CONFIGS });
    expect(found.summary?.bestConfigIds.map((configId) => `0:${configId}`)).toEqual(
      direct.bestConfigIds,
    );
    expect(await allRows(client, id)).toEqual(direct.rows);

    const [task] = await allTasks(client, id);
    expect(task?.attempts.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['failed', 'agent.restarted'],
      ['completed', undefined],
    ]);
    // Every config that an agent evaluates becomes a row, unless it is killed between the two: then, and for no more
    // than the two batches that a search holds in memory, the config is evaluated again. What the killed one had on
    // its disk was delivered under its own lease, by its successor.
    const [first = new Set(), second = new Set(), ...others] = proxy.idsByLease();
    expect(others).toEqual([]);
    expect(first.size).toBeGreaterThanOrEqual(KILLED_AFTER);
    expect(second.size).toBe(CONFIGS - first.size);
    expect(second.size).toBeGreaterThan(0);
    expect([...first, ...second].toSorted()).toEqual(direct.rows.map(({ configId }) => configId));
  });
});
