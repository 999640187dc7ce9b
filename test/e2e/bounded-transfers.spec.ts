import { connect, type Socket } from 'node:net';
import { UploadsUnderWay } from '@foreman/artifacts';
import { eventually } from '@foreman/testing';
import { Downloads } from '../../apps/gateway/http/downloads';
import { type InProcessGateway, startInProcess } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(120_000);

const WAIT_MS = 60_000;
/** More than what the kernel keeps of a connection. */
const LARGE_BYTES = 32 * 1_048_576;

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

describe('transfers at the same time', () => {
  let gateway: InProcessGateway;
  let downloads: Downloads;
  let token: string;
  let task: Task;
  let sockets: Socket[];

  beforeAll(async () => {
    gateway = await startInProcess({
      artifactMaxBytes: LARGE_BYTES,
      uploadsPerLease: 2,
      maxDownloads: 2,
      maxSignedDownloads: 1,
      downloadIdleSeconds: 3600,
    });
    downloads = gateway.app.get(Downloads);
    token = (await gateway.enrolEdge(['command'])).token;
  });
  afterAll(() => gateway.stop());

  beforeEach(async () => {
    sockets = [];
    await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} });
    const leased = await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
      token,
      body: {},
    });
    task = leased.body;
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
  });

  /** Sends bytes as they are, and reads no answer. */
  function send(text: string): Socket {
    const { hostname, port } = new URL(gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(text);
    sockets.push(socket);
    return socket;
  }

  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };

  const asEdge = (method: string, path: string, body?: unknown, type = 'application/json') =>
    gateway.call(method, `/internal/edges/tasks/${task.taskId}${path}`, {
      token,
      headers: { 'foreman-lease': task.leaseToken, 'content-type': type },
      body,
    });

  describe('down', () => {
    const taken = (caller: 'token' | 'signed', count: number) =>
      eventually(`${count} read`, () => downloads.count(caller) === count, WAIT_MS);

    let path: string;
    let signed: string;

    beforeEach(async () => {
      await asEdge('PUT', '/artifacts/big', Buffer.alloc(LARGE_BYTES), 'text/plain');
      await asEdge('POST', '/complete', {});
      path = `/jobs/${task.jobId}/artifacts/big`;
      const { body } = await gateway.asAdmin('POST', `${path}/download-url`, {});
      signed = String(body['url']).slice(gateway.baseUrl.length);
    });

    const read = (at: string) =>
      send(`GET ${at} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.adminToken}\r\n\r\n`);

    it('are so many at the most, and of signed URLs as many besides', async () => {
      read(path);
      read(path);
      read(signed);
      await taken('token', 2);
      await taken('signed', 1);
      for (const at of [path, signed]) {
        const refused = await gateway.asAdmin('GET', at);
        expect(refused).toMatchObject({ status: 429, body: { code: 'rate.limited' } });
        expect(refused.headers.get('retry-after')).toBe('5');
        // What sends no bytes takes no place.
        expect((await gateway.asAdmin('HEAD', at)).status).toBe(200);
      }
      hangUp();
      await taken('token', 0);
      await taken('signed', 0);
      expect((await gateway.asAdmin('HEAD', path)).status).toBe(200);
      const { hostname, port } = new URL(gateway.baseUrl);
      const whole = await fetch(`http://${hostname}:${port}${signed}`);
      expect((await whole.arrayBuffer()).byteLength).toBe(LARGE_BYTES);
      await taken('signed', 0);
    });

    it('leave no place taken, however many readers have gone', async () => {
      for (let round = 0; round < 40; round += 1) {
        read(path);
        read(signed);
        if (round % 2 === 0) await eventually('one reads', () => downloads.count('token') > 0);
        hangUp();
        sockets = [];
      }
      await taken('token', 0);
      await taken('signed', 0);
      expect((await gateway.asAdmin('HEAD', path)).status).toBe(200);
    });
  });

  describe('up', () => {
    const flowing = (count: number) => {
      const underWay = gateway.app.get(UploadsUnderWay);
      return eventually(`${count} flow`, () => underWay.count === count, WAIT_MS);
    };

    const begin = (name: string, length = 1000) =>
      send(
        [
          `PUT /internal/edges/tasks/${task.taskId}/artifacts/${name} HTTP/1.1`,
          ...['Host: x', `Authorization: Bearer ${token}`, `Foreman-Lease: ${task.leaseToken}`],
          ...[`Content-Length: ${length}`, '', 'some'],
        ].join('\r\n'),
      );

    const put = (name: string) => asEdge('PUT', `/artifacts/${name}`, 'text', 'text/plain');

    it('are so many of a lease at the most, whatever way they come', async () => {
      const promise = { contentType: 'text/plain', size: 4 };
      const { body: issued } = await asEdge('POST', '/artifacts/c/upload-url', promise);
      begin('a');
      begin('b');
      await flowing(2);
      const bySignedUrl = String(issued['url']).slice(gateway.baseUrl.length);
      const answers = [
        await put('c'),
        await gateway.call('PUT', bySignedUrl, {
          body: 'text',
          headers: { 'content-type': 'text/plain' },
        }),
      ];
      for (const { status, body, headers } of answers) {
        expect({ status, body }).toMatchObject({ status: 429, body: { code: 'rate.limited' } });
        expect(body['detail']).toContain('FOREMAN_UPLOADS_PER_LEASE');
        expect(headers.get('retry-after')).toBe('1');
      }
      hangUp();
      await flowing(0);
      expect((await put('c')).status).toBe(201);
    });

    it('a repeat takes the place of what is left of its broken connection', async () => {
      begin('a');
      begin('b');
      await flowing(2);
      expect((await put('a')).status).toBe(201);
      await flowing(1);
    });

    it('one that gave way is told so, and its connection is as good as before once it has sent all', async () => {
      const older = begin('a', LARGE_BYTES);
      let answers = '';
      older.setEncoding('latin1').on('data', (text: string) => (answers += text));
      await flowing(1);
      expect((await put('a')).status).toBe(201);
      await eventually('the refusal', () => answers.startsWith('HTTP/1.1 503'), WAIT_MS);
      // A sender that reads the answer last.
      older.write(Buffer.alloc(LARGE_BYTES - 'some'.length));
      older.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
      await eventually('the next answer', () => answers.includes('HTTP/1.1 200'), WAIT_MS);
    });
  });
});
