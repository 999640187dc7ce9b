import { ForemanClient, type JobRequest, verifyWebhook } from '@foreman/client';
import { Receiver, answerWith, eventually } from '@foreman/testing';
import { sp500Prices } from '../../apps/demo/job/sp500-prices';
import { strategyJob } from '../../apps/demo/job/strategy-job';
import { GatewayProcess, makeDataFolder } from './harness';
import { directResults, someSearches } from './strategy-job/direct-results';
import { Edges } from './strategy-job/edges';
import { allRows, allTasks, rowCount } from './strategy-job/job-reader';

/** Real searches in real processes, and what the same takes directly. */
const WITHIN_MS = 300_000;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

describe('kill -9, with searches under way', () => {
  const cleanup: (() => Promise<unknown>)[] = [];
  let gateway: GatewayProcess;
  let client: ForemanClient;
  let edges: Edges;
  let receiver: Receiver;
  let dataDir: string;
  let settings: Record<string, string>;

  beforeEach(async () => {
    const folder = await makeDataFolder();
    cleanup.push(folder.remove);
    dataDir = folder.path;
    settings = {
      FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      FOREMAN_WEBHOOK_RETRY_SECONDS: '1,1,1,1,1',
    };
    gateway = await GatewayProcess.start(dataDir, settings);
    cleanup.push(() => gateway.kill());
    receiver = await Receiver.start();
    cleanup.push(() => receiver.stop());
    edges = new Edges(gateway);
    cleanup.push(() => edges.stopAll());
    const apiKey = await gateway.makeApiKey('jobs:write', 'jobs:read');
    client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey });
    cleanup.push(() => client.close());
  }, WITHIN_MS);

  afterEach(async () => {
    for (const undo of cleanup.splice(0).toReversed()) await undo();
  }, WITHIN_MS);

  async function submit(request: JobRequest): Promise<string> {
    const webhook = { url: receiver.url(), secret: SECRET };
    return (await client.submit({ ...request, webhook })).id;
  }

  /** The gateway dies at once, and comes back to the same folder and port. */
  async function killAndRestart(): Promise<void> {
    await gateway.kill();
    const { port } = new URL(gateway.baseUrl);
    gateway = await GatewayProcess.start(dataDir, { ...settings, PORT: port });
  }

  function untilRows(jobId: string, count: number): Promise<number> {
    const enough = async () => {
      const rows = await rowCount(client, jobId);
      return rows >= count ? rows : null;
    };
    return eventually(`${count} rows`, enough, WITHIN_MS / 3);
  }

  const untilWebhooks = (count: number) =>
    eventually(`${count} webhooks`, () => receiver.posts.length >= count, WITHIN_MS / 3);

  /** Verified events, by their ids. */
  function events(): Map<string, string> {
    return new Map(
      receiver.posts.map(({ headers, body }) => {
        const { id, event } = verifyWebhook({ secrets: SECRET, headers, rawBody: body });
        return [id, event.type];
      }),
    );
  }

  it(
    'of the gateway, three times: all tasks complete, no row is missing or doubled, one webhook',
    async () => {
      const request = strategyJob(sp500Prices());
      const direct = directResults(request);
      // The first delivery fails, so that one is owed when the gateway dies for the last time.
      receiver.script.push(answerWith(503));
      await edges.start('attic');
      await edges.start('cellar');
      const jobId = await submit(request);

      for (const rows of [300, 2000]) {
        const acknowledged = await untilRows(jobId, rows);
        const running = await client.get(jobId);
        expect(running.status).toBe('running');
        await killAndRestart();
        expect(await rowCount(client, jobId)).toBeGreaterThanOrEqual(acknowledged);
      }
      await untilWebhooks(1);
      await killAndRestart();
      await untilWebhooks(2);

      const job = await client.get(jobId);
      expect(job.status).toBe('completed');
      expect(job.taskCounts.completed).toBe(8);
      expect(await allRows(client, jobId)).toEqual(direct.rows);
      expect(job.summary?.bestConfigIds).toEqual(direct.bestConfigIds);
      expect([...events().values()]).toEqual(['job.completed']);
      expect(new Set(receiver.posts.map(({ body }) => body)).size).toBe(1);
      // Leases outlived the gateway: nothing was run twice.
      const tasks = await allTasks(client, jobId);
      expect(tasks.map(({ attempts }) => attempts.length)).toEqual(tasks.map(() => 1));
    },
    WITHIN_MS,
  );

  it(
    'of an agent: the other one does its tasks after their leases expired, no row missing or doubled',
    async () => {
      const request = someSearches(sp500Prices(), 4);
      const direct = directResults(request);
      const doomed = await edges.start('doomed', 4);
      const jobId = await submit({ ...request, leaseSeconds: 5 });
      await untilRows(jobId, 300);
      doomed.kill();
      await doomed.ended;
      const before = await allTasks(client, jobId);
      expect(before.some(({ status }) => status === 'leased')).toBe(true);
      await edges.start('survivor', 4);

      const job = await client.waitForFinalized(jobId);
      expect(job.status).toBe('completed');
      expect(await allRows(client, jobId)).toEqual(direct.rows);
      const tasks = await allTasks(client, jobId);
      for (const [index, { attempts }] of tasks.entries()) {
        const outcomes = attempts.map(({ outcome }) => outcome);
        const hadIt = before[index]?.status === 'leased';
        expect(outcomes).toEqual(hadIt ? ['expired', 'completed'] : ['completed']);
      }
      await untilWebhooks(1);
      expect([...events().values()]).toEqual(['job.completed']);
    },
    WITHIN_MS,
  );
});
