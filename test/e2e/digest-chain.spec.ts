import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ArtifactUploads } from '@foreman/artifacts';
import { ForemanClient, verifyWebhook } from '@foreman/client';
import type { ArtifactObject } from '@foreman/client';
import { ReadConnection } from '@foreman/database';
import { EdgeAgent, EdgeConnection, Outbox } from '@foreman/edge-sdk';
import { RandomIds, SystemClock, SystemRandom } from '@foreman/kernel';
import { Receiver } from '@foreman/testing';
import { WebhookSender } from '@foreman/webhooks';
import {
  type DataFolder,
  type InProcessGateway,
  type TestEdge,
  makeDataFolder,
  startInProcess,
} from './harness';

/** One that goes inline, one that goes by its URL from several chunks; any bytes. */
const ARTIFACTS = {
  'note.txt': { contentType: 'text/plain', body: Buffer.from('Grüße, 1e400\r\n\0') },
  'equity.bin': {
    contentType: 'application/octet-stream',
    body: Buffer.from(Uint8Array.from({ length: 700_001 }, (_, at) => (at * 31) >> 3)),
  },
} as const;
type Name = keyof typeof ARTIFACTS;
const NAMES = Object.keys(ARTIFACTS) as Name[];

const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe('one digest from the agent to the reader', () => {
  let gateway: InProcessGateway;
  let receiver: Receiver;
  let state: DataFolder;
  let service: string;
  let client: ForemanClient;
  let edge: TestEdge;
  let jobId: string;
  let secret: string;
  /** What the gateway's uploads were told of each body's digest, by name. */
  const announced = new Map<string, string | undefined>();

  beforeAll(async () => {
    receiver = await Receiver.start();
    state = await makeDataFolder();
    gateway = await startInProcess({ webhookAllowedNetworks: ['127.0.0.0/8'] });
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    client = new ForemanClient({ baseUrl: gateway.baseUrl, apiKey: service });
    edge = await gateway.enrolEdge(['study']);
    const uploads = gateway.app.get(ArtifactUploads);
    const put = uploads.put.bind(uploads);
    jest.spyOn(uploads, 'put').mockImplementation((upload) => {
      announced.set(upload.name, upload.digests?.sha256?.toString('hex'));
      return put(upload);
    });
    const job = await client.submit({ kind: 'study', webhook: { url: receiver.url() } });
    jobId = job.id;
    secret = job.webhook?.secret ?? '';
    await workOnce();
    await gateway.app.get(WebhookSender).runOnce();
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    await client.close();
    await gateway.stop();
    await receiver.stop();
    await state.remove();
  });

  /** The real agent, until the job is over. */
  async function workOnce(): Promise<void> {
    const clock = new SystemClock();
    const outbox = Outbox.open(join(state.path, 'outbox.db'), { clock, log: silent });
    const connection = new EdgeConnection({ baseUrl: gateway.baseUrl, token: edge.token, clock });
    const agent = new EdgeAgent({
      clock,
      random: new SystemRandom(),
      ids: new RandomIds(),
      log: silent,
      outbox,
      connection,
      executors: [
        {
          kind: 'study',
          async run(_task, context) {
            for (const name of NAMES) await context.putArtifact({ name, ...ARTIFACTS[name] });
            return {};
          },
        },
      ],
    });
    const running = agent.run();
    await client.waitForFinalized(jobId);
    await agent.stop();
    await running;
    await connection.close();
    outbox.close();
  }

  function inWebhook(name: string): ArtifactObject | undefined {
    const [post] = receiver.posts;
    const { event } = verifyWebhook({
      secrets: secret,
      headers: { ...post?.headers },
      rawBody: post?.body ?? '',
    });
    if (event.type === 'webhook.test') throw new Error('nobody asked for a test event');
    return event.data.artifacts.find((artifact) => artifact.name === name);
  }

  it.each(NAMES)('%s: announced, stored, signed and served as one', async (name) => {
    const { body, contentType } = ARTIFACTS[name];
    const sha256 = createHash('sha256').update(body).digest('hex');

    // 1. What the agent took when the executor handed the bytes over, as the gateway was told of it.
    expect(announced.get(name)).toBe(sha256);
    // 2. What is stored, computed from what arrived.
    const stored = await gateway.app
      .get(ReadConnection)
      .query<{ sha256: string; size: number }>(
        'SELECT sha256, size FROM artifacts WHERE job_id = ? AND name = ?',
        [jobId, name],
      );
    expect(stored).toEqual([{ sha256, size: body.length }]);
    // 3. The object in the signed webhook, with the bytes in it or without.
    const object = inWebhook(name);
    expect(object).toMatchObject({ sha256, size: body.length, content_type: contentType });
    expect(object?.inline).toBe(name === 'note.txt' ? body.toString() : null);
    // 4. The digest beside the bytes on a download, whole or in part; and the bytes.
    for (const range of [undefined, { start: 3, end: 9 }]) {
      const { headers, body: bytes } = await client.openArtifact(jobId, name, { range });
      const base64 = createHash('sha256').update(body).digest('base64');
      expect(headers).toMatchObject({
        'repr-digest': `sha-256=:${base64}:`,
        etag: `"${sha256}"`,
      });
      const expected = range === undefined ? body : body.subarray(range.start, range.end + 1);
      expect((await buffer(bytes)).equals(expected)).toBe(true);
    }
    // The client holds what it is given against the object of the webhook.
    const promised = object ?? { name, size: 0, sha256: '' };
    expect((await buffer(client.downloadArtifact(jobId, promised))).equals(body)).toBe(true);
  });

  it.each(NAMES)('%s: the client refuses it under any other digest', async (name) => {
    const size = ARTIFACTS[name].body.length;
    const promised = { name, size, sha256: createHash('sha256').digest('hex') };
    await expect(buffer(client.downloadArtifact(jobId, promised))).rejects.toMatchObject({
      name: 'ArtifactCorrupted',
    });
  });
});
