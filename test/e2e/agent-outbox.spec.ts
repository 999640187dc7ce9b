import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ForemanClient } from '@foreman/client';
import { SystemClock } from '@foreman/kernel';
import { eventually } from '@foreman/testing';
import { childEnvironment } from '../../apps/demo/config/child-environment';
import { sp500Prices } from '../../apps/demo/job/sp500-prices';
import { ChildProgram } from '../../apps/demo/processes/child-program';
import { GatewayProcess, type TestEdge, makeDataFolder } from './harness';
import { directResults, someSearches } from './strategy-job/direct-results';
import { allRows, allTasks } from './strategy-job/job-reader';

const MAIN = join(__dirname, '../../dist/apps/edge-agent/main.js');
const WITHIN_MS = 60_000;
/** Of an agent that waits for work. */
const MOST_RSS_KIB = 60 * 1024;

jest.setTimeout(3 * WITHIN_MS);

/** The built agent and the built gateway, each of which may die at any time. */
describe("the agent's outbox", () => {
  const cleanup: (() => unknown)[] = [];
  let gateway: GatewayProcess;
  let client: ForemanClient;
  let edge: TestEdge;
  let dataDir: string;
  let stateDirectory: string;

  beforeEach(async () => {
    const [data, state] = [await makeDataFolder(), await makeDataFolder()];
    cleanup.push(data.remove, state.remove);
    dataDir = data.path;
    stateDirectory = state.path;
    gateway = await GatewayProcess.start(dataDir);
    cleanup.push(() => gateway.kill());
    edge = await gateway.enrolEdge(['strategy-search']);
    const apiKey = await gateway.makeApiKey('jobs:write', 'jobs:read');
    client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey });
    cleanup.push(() => client.close());
  });

  afterEach(async () => {
    for (const undo of cleanup.splice(0).toReversed()) await undo();
  });

  function startAgent(): ChildProgram {
    const place = ['--url', gateway.baseUrl, '--name', edge.name, '--state-dir', stateDirectory];
    const environment = {
      ...childEnvironment(process.env),
      FOREMAN_TOKEN: edge.token,
      FOREMAN_LOG_LEVEL: 'debug',
    };
    const args = [...place, '--kinds', 'strategy-search'];
    const spec = { name: 'agent', main: MAIN, args, environment };
    const agent = new ChildProgram(spec, new SystemClock());
    cleanup.push(() => {
      agent.kill();
      return agent.ended;
    });
    return agent;
  }

  it('brings home what was worked while the gateway was dead, although the agent died too', async () => {
    const job = someSearches(sp500Prices(), 1);
    const agent = startAgent();
    const { id } = await client.submit(job);
    await agent.lineMatching(/task started/, WITHIN_MS);
    await gateway.kill();
    await agent.lineMatching(/its end is in the outbox/, WITHIN_MS);
    agent.kill();
    await agent.ended;

    const { port } = new URL(gateway.baseUrl);
    gateway = await GatewayProcess.start(dataDir, { PORT: port });
    expect((await client.get(id)).status).toBe('running');
    const next = startAgent();
    await next.lineMatching(/task of an earlier run ended/, WITHIN_MS);
    expect((await client.get(id)).status).toBe('completed');
    expect(await allRows(client, id)).toEqual(directResults(job).rows);
    const [task] = await allTasks(client, id);
    expect(task?.attempts.map(({ outcome }) => outcome)).toEqual(['completed']);
  });

  it('belongs to one agent at a time', async () => {
    const agent = startAgent();
    await agent.lineMatching(/agent started/, WITHIN_MS);
    const second = startAgent();
    expect((await second.ended).code).toBe(4);
    expect(second.log().join('\n')).toMatch(/another agent holds the outbox/);
    expect((await agent.stop(WITHIN_MS)).code).toBe(0);
  });

  it('leaves room in the memory: an agent that waits stays under 60 MB', async () => {
    const agent = startAgent();
    await agent.lineMatching(/agent started/, WITHIN_MS);
    const seen = async () => {
      const { body } = await gateway.asAdmin<{ items: { lastSeenAt: string | null }[] }>(
        'GET',
        '/admin/edges',
      );
      return body.items[0]?.lastSeenAt !== null;
    };
    await eventually('it has called', seen, WITHIN_MS);
    const kib = async () => {
      const status = await readFile(`/proc/${agent.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
    };
    // Parked, with all loaded that a start loads: nothing has changed over several looks.
    const looks: number[] = [];
    const isResting = async () => {
      looks.push(await kib());
      return looks.length > 20 && new Set(looks.slice(-20)).size === 1;
    };
    await eventually('it rests', isResting, WITHIN_MS);
    expect(await kib()).toBeLessThan(MOST_RSS_KIB);
    expect(await kib()).toBeGreaterThan(10 * 1024);
  });
});
