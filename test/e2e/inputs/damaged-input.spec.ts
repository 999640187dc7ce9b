import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForemanClient } from '@foreman/client';
import { Database } from '@foreman/database';
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
import { Logger } from '@nestjs/common';
import { type InProcessGateway, startInProcess } from '../harness';

/** An agent with backoffs of its own, on a busy machine. */
jest.setTimeout(120_000);

const silent = { debug() {}, info() {}, warn() {}, error() {} };

interface Scrub {
  readonly status: string;
  readonly corruptItems: readonly { inputId: string | null }[];
}

/** Answers with the digest of its input's file. */
class DigestExecutor implements Executor {
  readonly kind = 'digest';

  async run(_task: LeasedTask, context: TaskContext) {
    const body = JSON.stringify(sha256Hex(await readFile(await context.inputFile('it'))));
    await context.putArtifact({ name: 'completion', contentType: 'application/json', body });
    return {};
  }
}

/** What docs/operations.md says under "Damaged bytes", step by step, with an agent that reads them. */
describe('an input whose stored bytes were damaged', () => {
  const clock = new SystemClock();
  let gateway: InProcessGateway;
  let client: ForemanClient;
  let folder: string;
  let agent: EdgeAgent;
  let running: Promise<void>;
  let outbox: Outbox;
  let connection: EdgeConnection;

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    gateway = await startInProcess();
    const apiKey = await gateway.makeApiKey('jobs:write', 'jobs:read');
    client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey });
    folder = await mkdtemp(join(tmpdir(), 'foreman-e2e-'));
    const { token } = await gateway.enrolEdge(['digest']);
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
      executors: [new DigestExecutor()],
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
    jest.restoreAllMocks();
  });

  /** One bit of the last chunk, in the file itself. */
  function damage(bytes: Buffer): void {
    const { driver } = gateway.app.get(Database);
    const [chunk] = driver
      .prepare<unknown[], { blob_key: string; start_byte: number; bytes: Buffer }>(
        `SELECT * FROM blob_chunks WHERE blob_key =
           (SELECT blob_key FROM input_blobs WHERE sha256 = ?) ORDER BY start_byte DESC LIMIT 1`,
      )
      .all(sha256Hex(bytes));
    if (chunk === undefined) throw new Error('There is nothing to damage');
    chunk.bytes[0] = (chunk.bytes[0] ?? 0) ^ 1;
    driver
      .prepare('UPDATE blob_chunks SET bytes = ? WHERE blob_key = ? AND start_byte = ?')
      .run(chunk.bytes, chunk.blob_key, chunk.start_byte);
  }

  const contentType = 'application/octet-stream';
  const upload = async (bytes: Buffer) => (await client.uploadInput(bytes, { contentType })).id;
  const submit = async (inputId: string) =>
    (await client.submit({ kind: 'digest', inputs: [{ name: 'it', inputId }] })).id;
  const finished = (jobId: string) =>
    client.waitForFinalized(jobId, { policy: { baseMs: 20, maxMs: 100, jitter: 0 } });
  const digestOf = async (jobId: string) =>
    (await finished(jobId)).artifacts.find(({ name }) => name === 'completion')?.inline;
  const look = async () => (await gateway.asAdmin<Scrub>('GET', '/admin/artifacts/scrub')).body;
  const damagedInputs = async () => (await look()).corruptItems.map(({ inputId }) => inputId);
  const scrub = async () => {
    expect((await gateway.asAdmin('POST', '/admin/artifacts/scrub')).status).toBe(202);
    await eventually('the pass is over', async () => (await look()).status === 'idle');
  };
  const failedOf = async (inputId: string) => {
    const jobId = await submit(inputId);
    expect(await finished(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'input.corrupted' },
    });
    return jobId;
  };
  const retry = (jobId: string) => gateway.asAdmin('POST', `/jobs/${jobId}/retry`);

  it.each([
    ['small', 1000],
    ['large', 600_000],
  ])('is found by the scrub, healed by a PUT, and its jobs can be retried: %s', async (_, size) => {
    const bytes = randomBytes(size);
    const inputId = await upload(bytes);
    damage(bytes);
    await scrub();
    expect(await damagedInputs()).toEqual([inputId]);
    const jobId = await failedOf(inputId);

    const put = await gateway.call('PUT', `/inputs/${inputId}`, {
      token: gateway.adminToken,
      body: bytes,
    });
    expect(put.status).toBe(201);
    expect(await damagedInputs()).toEqual([]);
    expect((await gateway.asAdmin('GET', '/admin/stats')).body).toMatchObject({
      artifacts: { corrupt: 0 },
    });
    expect((await retry(jobId)).status).toBe(200);
    expect(await digestOf(jobId)).toBe(sha256Hex(bytes));
    expect(await digestOf(await submit(inputId))).toBe(sha256Hex(bytes));
  });

  it('is healed by the same bytes again, though nothing has found it', async () => {
    const bytes = randomBytes(600_000);
    const inputId = await upload(bytes);
    damage(bytes);
    const put = () =>
      gateway.call('PUT', `/inputs/${inputId}`, { token: gateway.adminToken, body: bytes });
    expect(await put()).toMatchObject({ status: 503, body: { code: 'server.busy' } });
    expect(await damagedInputs()).toEqual([inputId]);
    expect((await put()).status).toBe(201);
    expect(await damagedInputs()).toEqual([]);
    expect(await digestOf(await submit(inputId))).toBe(sha256Hex(bytes));
    expect((await put()).status).toBe(200);
  });

  it('is healed by a client that uploads the same bytes as another input, and is told nothing of it', async () => {
    const bytes = randomBytes(600_000);
    const inputId = await upload(bytes);
    damage(bytes);
    await upload(bytes);
    expect(await digestOf(await submit(inputId))).toBe(sha256Hex(bytes));
  });

  it.each([
    ['small', 1000],
    ['large', 600_000],
  ])('is found by the edge that reads it, and healed under another id: %s', async (_, size) => {
    const bytes = randomBytes(size);
    const inputId = await upload(bytes);
    damage(bytes);
    const jobId = await failedOf(inputId);
    const tasks = await gateway.asAdmin<{ items: { attempts: unknown[] }[] }>(
      'GET',
      `/jobs/${jobId}/tasks`,
    );
    expect(tasks.body.items[0]?.attempts).toHaveLength(1);
    expect(await damagedInputs()).toEqual([inputId]);
    const other = await upload(bytes);
    expect(await damagedInputs()).toEqual([]);
    expect(await digestOf(await submit(other))).toBe(sha256Hex(bytes));
    expect((await retry(jobId)).status).toBe(200);
    expect(await digestOf(jobId)).toBe(sha256Hex(bytes));
  });
});
