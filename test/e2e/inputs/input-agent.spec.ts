import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, asyncProperty, constantFrom, json, oneof, string, uint8Array } from 'fast-check';
import { ForemanClient, type ResultRow } from '@foreman/client';
import {
  EdgeAgent,
  EdgeConnection,
  Outbox,
  type Executor,
  type LeasedTask,
  type TaskContext,
} from '@foreman/edge-sdk';
import { RandomIds, SystemClock, SystemRandom, sha256Hex } from '@foreman/kernel';
import { eventually } from '@foreman/testing';
import { sp500Prices } from '../../../apps/demo/job/sp500-prices';
import { strategyJob } from '../../../apps/demo/job/strategy-job';
import { StrategySearchExecutor } from '../../../apps/edge-agent/executors/strategy-search';
import { type InProcessGateway, startInProcess } from '../harness';
import { directResults, inOrder } from '../strategy-job/direct-results';

/** A search in a thread of its own, on a busy machine. */
jest.setTimeout(240_000);

const INLINE_LIMIT_BYTES = 64;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Answers with the digest of each of its inputs, as files and as told. */
class DigestExecutor implements Executor {
  readonly kind = 'digest';

  async run(task: LeasedTask, context: TaskContext) {
    const digests: Record<string, string> = {};
    for (const { name } of task.inputs) {
      digests[name] = sha256Hex(await readFile(await context.inputFile(name)));
    }
    const body = JSON.stringify({ digests, told: task.inputs });
    await context.putArtifact({ name: 'seen', contentType: 'application/json', body });
    return {};
  }
}

describe('inputs at an agent', () => {
  const clock = new SystemClock();
  let gateway: InProcessGateway;
  let client: ForemanClient;
  let folder: string;
  let agent: EdgeAgent;
  let running: Promise<void>;
  let outbox: Outbox;
  let connection: EdgeConnection;

  beforeAll(async () => {
    gateway = await startInProcess({ inlineLimitBytes: INLINE_LIMIT_BYTES });
    const apiKey = await gateway.makeApiKey('jobs:write', 'jobs:read');
    client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey });
    folder = await mkdtemp(join(tmpdir(), 'foreman-e2e-'));
    const { token } = await gateway.enrolEdge(['digest', 'strategy-search']);
    outbox = Outbox.open(join(folder, 'outbox.db'), { clock, log: silent });
    connection = new EdgeConnection({ baseUrl: gateway.baseUrl, token, clock });
    agent = new EdgeAgent({
      connection,
      clock,
      random: new SystemRandom(),
      ids: new RandomIds(),
      log: silent,
      outbox,
      inputFolder: join(folder, 'inputs'),
      executors: [new DigestExecutor(), new StrategySearchExecutor()],
      waitSeconds: 1,
    });
    running = agent.run();
  });

  afterAll(async () => {
    agent.stopNow();
    await running;
    await connection.close();
    outbox.close();
    await client.close();
    await gateway.stop();
    await rm(folder, { recursive: true });
  });

  const finished = (jobId: string) =>
    client.waitForFinalized(jobId, { policy: { baseMs: 20, maxMs: 100, jitter: 0 } });

  it('have the bytes that went in, whatever they are and however they are told', async () => {
    const types = constantFrom('application/json', 'text/plain', 'application/octet-stream');
    const bodies = oneof(
      uint8Array({ maxLength: 2 * INLINE_LIMIT_BYTES }),
      string({ maxLength: 2 * INLINE_LIMIT_BYTES, unit: 'grapheme' }),
      json(),
    );
    await assert(
      asyncProperty(bodies, types, async (body, contentType) => {
        const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : Buffer.from(body);
        const input = await client.uploadInput(bytes, { contentType });
        const inputs = [{ name: 'it', inputId: input.id }];
        const job = await finished((await client.submit({ kind: 'digest', inputs })).id);
        const seen = job.artifacts.find(({ name }) => name === 'seen');
        if (seen === undefined) throw new Error('The job has no artifact');
        const chunks: Buffer[] = [];
        for await (const chunk of client.downloadArtifact(job.id, seen)) chunks.push(chunk);
        const { digests, told } = JSON.parse(Buffer.concat(chunks).toString()) as {
          digests: Record<string, string>;
          told: { inline: unknown; url: string | null; size: number; sha256: string }[];
        };
        expect(digests).toEqual({ it: sha256Hex(bytes) });
        const [object] = told;
        expect(object).toMatchObject({ size: bytes.length, sha256: sha256Hex(bytes) });
        expect(object?.inline === null).toBe(object?.url !== null);
        if (typeof object?.inline === 'string' && contentType === 'text/plain') {
          expect(Buffer.from(object.inline).equals(bytes)).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
    await eventually(
      'the files are gone',
      async () => (await readdir(join(folder, 'inputs'))).length === 0,
    );
  });

  it('bring the prices of a search, which comes to the same as with a payload', async () => {
    const job = strategyJob(sp500Prices());
    const { prices, ...payload } = job.payload;
    const alone = { ...job, tasks: job.tasks.slice(0, 1) };
    const input = await client.uploadInput(JSON.stringify(prices), {
      contentType: 'application/json',
    });
    const inputs = [{ name: 'prices', inputId: input.id }];
    const submitted = await client.submit({ ...alone, payload, inputs });
    const done = await finished(submitted.id);
    expect(done).toMatchObject({ status: 'completed', error: null });
    const rows: ResultRow[] = [];
    for await (const row of client.results(submitted.id)) rows.push(row);
    expect(inOrder(rows)).toEqual(directResults(alone).rows);
  });

  it('that are missing fail the task for good', async () => {
    const job = strategyJob([]);
    const { prices: _, ...payload } = job.payload;
    const submitted = await client.submit({ ...job, payload, tasks: job.tasks.slice(0, 1) });
    expect(await finished(submitted.id)).toMatchObject({
      status: 'failed',
      error: { code: 'payload.invalid' },
    });
  });
});
