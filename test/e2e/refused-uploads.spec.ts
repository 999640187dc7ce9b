import { Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { BlobStore } from '@foreman/artifacts';
import { DomainError } from '@foreman/kernel';
import { type InProcessGateway, startInProcess } from './harness';

/** Far more than the buffers of a connection and of a stream hold. */
const BODY = Buffer.alloc(8 * 1024 * 1024, 'x');

/** Nothing moves for so long: nobody reads the body. */
const STILL_MS = 20_000;

describe('an upload that is refused when its body is under way', () => {
  let gateway: InProcessGateway;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(async () => {
    agent.destroy();
    await gateway.stop();
  });
  afterEach(() => jest.restoreAllMocks());

  /** All of the body is sent, whatever is answered; on one kept-alive connection, that of the call before. */
  async function call(method: string, path: string, headers: object, body?: Buffer) {
    const { hostname, port } = new URL(gateway.baseUrl);
    let socket: Socket | null = null;
    const answered = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(
        { hostname, port, path, method, agent, headers: { ...headers }, timeout: STILL_MS },
        resolve,
      );
      sent.on('error', reject);
      sent.on('timeout', () => sent.destroy(new Error('The connection stands still')));
      sent.once('socket', (used) => (socket = used));
      sent.end(body);
    });
    return { status: answered.statusCode, body: await text(answered), socket };
  }

  async function artifactUpload() {
    const edge = await gateway.enrolEdge(['upload']);
    await gateway.asAdmin('POST', '/jobs', { kind: 'upload' });
    const { body: task } = await gateway.call<{ taskId: string; leaseToken: string }>(
      'POST',
      '/internal/edges/tasks/next',
      { token: edge.token, body: {} },
    );
    return {
      path: `/internal/edges/tasks/${task.taskId}/artifacts/big.bin`,
      headers: {
        authorization: `Bearer ${edge.token}`,
        'foreman-lease': task.leaseToken,
        'content-type': 'application/octet-stream',
      },
    };
  }

  async function inputUpload() {
    const input = await gateway.asAdmin<{ id: string }>('POST', '/inputs', {
      contentType: 'text/csv',
    });
    const headers = { authorization: `Bearer ${gateway.adminToken}` };
    return { path: `/inputs/${input.body.id}`, headers };
  }

  it.each([
    ['an artifact', artifactUpload],
    ['an input', inputUpload],
  ])('as %s is told so, and leaves its connection usable', async (_what, upload) => {
    const { path, headers } = await upload();
    const busy = new DomainError('server.busy', 'Not now.', { retryAfterSeconds: 1 });
    jest.spyOn(gateway.app.get(BlobStore), 'write').mockRejectedValueOnce(busy);
    const refused = await call('PUT', path, headers, BODY);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'server.busy' });
    const next = await call('GET', '/healthz', {});
    expect(next.status).toBe(200);
    expect(next.socket).toBe(refused.socket);
    expect((await call('PUT', path, headers, BODY)).status).toBe(201);
  });
});
