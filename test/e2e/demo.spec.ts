import { ForemanClient, type Job, type ResultRow } from '@foreman/client';
import { sp500Prices } from '../../apps/demo/job/sp500-prices';
import { strategyJob } from '../../apps/demo/job/strategy-job';
import { GatewayProcess, makeDataFolder } from './harness';
import { type DirectResults, directResults } from './strategy-job/direct-results';
import { Edges } from './strategy-job/edges';
import { allRows } from './strategy-job/job-reader';

/** Twenty years of prices, some thousands of configs, twice: on edges and directly. */
const WITHIN_MS = 240_000;

describe("the demo's job, run by two agents", () => {
  const cleanup: (() => Promise<unknown>)[] = [];
  let direct: DirectResults;
  let client: ForemanClient;
  let job: Job;
  let rows: ResultRow[];

  beforeAll(async () => {
    const request = strategyJob(sp500Prices());
    direct = directResults(request);
    const folder = await makeDataFolder();
    cleanup.push(folder.remove);
    const gateway = await GatewayProcess.start(folder.path);
    cleanup.push(() => gateway.kill());
    const edges = new Edges(gateway);
    cleanup.push(() => edges.stopAll());
    await edges.start('attic');
    await edges.start('cellar');
    const apiKey = await gateway.makeApiKey('jobs:write', 'jobs:read');
    client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey });
    cleanup.push(() => client.close());
    const { id } = await client.submit(request);
    job = await client.waitForFinalized(id);
    rows = await allRows(client, id);
  }, WITHIN_MS);

  afterAll(async () => {
    for (const undo of cleanup.toReversed()) await undo();
  }, WITHIN_MS);

  it('completes all eight tasks', () => {
    expect(job).toMatchObject({ status: 'completed', error: null });
    expect(job.taskCounts).toEqual({ queued: 0, leased: 0, completed: 8, failed: 0, cancelled: 0 });
  });

  it('has the very rows and metrics of a direct run, each once', () => {
    expect(direct.rows).toHaveLength(3842);
    expect(rows).toEqual(direct.rows);
  });

  it('names the same best configs, and counts the same', () => {
    expect(job.summary).toEqual({
      bestConfigIds: direct.bestConfigIds,
      processedCount: direct.rows.length,
      totalCount: direct.rows.length,
    });
    expect(job.progress).toMatchObject({
      processed: direct.rows.length,
      total: direct.rows.length,
    });
  });

  it('sorts them over all tasks as a sort of the direct rows does', async () => {
    const sharpe = ({ metrics }: ResultRow) => Number(metrics['sharpe']);
    const best: number[] = [];
    for await (const row of client.results(job.id, { sort: 'metrics.sharpe', order: 'desc' })) {
      best.push(sharpe(row));
      if (best.length === 100) break;
    }
    const expected = direct.rows
      .map(sharpe)
      .toSorted((a, b) => b - a)
      .slice(0, 100);
    expect(best).toEqual(expected);
  });

  it("has the direct run's artifacts, byte for byte, behind its own completion", () => {
    const [completion, ...others] = job.artifacts;
    expect(completion?.name).toBe('completion');
    const digests = others.map(({ name, sha256 }) => [name, sha256] as const);
    expect(Object.fromEntries(digests)).toEqual(direct.digests);
  });
});
