import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { UploadsUnderWay } from '@foreman/artifacts';
import { eventually } from '@foreman/testing';
import { DiskReserve } from '../../apps/gateway/http/disk-reserve';
import { FreeSpace } from '../../apps/gateway/http/free-space';
import { type InProcessGateway, startInProcess } from './harness';

/** A start of the whole gateway, on a machine that may be busy. */
jest.setTimeout(120_000);

const MIB = 1_048_576;
const WAIT_MS = 60_000;
const RESERVE_BYTES = 10 * MIB;
/** Of a second: for what is to be cut off. */
const SHORT = 0.4;
/** In seconds: nothing is cut off for it here. */
const NEVER = 3600;

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

describe('a caller who stalls', () => {
  let gateway: InProcessGateway;
  let sockets: Socket[];

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    jest.restoreAllMocks();
    await gateway.stop();
  });

  beforeEach(() => {
    sockets = [];
  });

  /** Sends bytes as they are, and reads nothing by itself. */
  function send(...lines: string[]): Socket {
    const { hostname, port } = new URL(gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(lines.join('\r\n'));
    sockets.push(socket);
    return socket;
  }

  function answerOf(socket: Socket) {
    const read = { text: '' };
    socket.setEncoding('latin1').on('data', (text: string) => (read.text += text));
    return read;
  }

  const sendInput = async (length: number) => {
    const made = await gateway.asAdmin<{ id: string }>('POST', '/inputs', {
      contentType: 'text/plain',
    });
    return send(
      `PUT /inputs/${made.body.id} HTTP/1.1`,
      ...['Host: x', `Authorization: Bearer ${gateway.adminToken}`],
      ...[`Content-Length: ${length}`, '', ''],
    );
  };

  async function leaseTask(token: string): Promise<Task> {
    await gateway.asAdmin('POST', '/jobs', { kind: 'command', payload: {} });
    const path = '/internal/edges/tasks/next';
    return (await gateway.call<Task>('POST', path, { token, body: {} })).body;
  }

  it('with announced bytes that never come holds their room for a moment only', async () => {
    gateway = await startInProcess({ uploadIdleSeconds: SHORT, diskReserveBytes: RESERVE_BYTES });
    const space = gateway.app.get(FreeSpace);
    jest.spyOn(space, 'bytes').mockResolvedValue(RESERVE_BYTES + 40 * MIB);
    const reserve = gateway.app.get(DiskReserve);
    const most = { bytes: 0 };
    const read = answerOf(await sendInput(8 * MIB));
    await eventually(
      'the room is taken, and free again',
      () => {
        most.bytes = Math.max(most.bytes, reserve.announcedBytes);
        return most.bytes > 0 && reserve.announcedBytes === 0;
      },
      WAIT_MS,
    );
    expect(most.bytes).toBe(8 * MIB);
    await eventually('it is told', () => read.text.includes('server.busy'), WAIT_MS);
    const job = { kind: 'command', payload: {} };
    expect((await gateway.asAdmin('POST', '/jobs', job)).status).toBe(201);
  });

  it('in the middle of rows is told to come again, and what came before is kept', async () => {
    gateway = await startInProcess({ uploadIdleSeconds: SHORT });
    const { token } = await gateway.enrolEdge(['command']);
    const { taskId, leaseToken } = await leaseTask(token);
    const path = `/internal/edges/tasks/${taskId}/results`;
    const row = (configId: string) => JSON.stringify({ configId, config: {}, metrics: {} });
    const read = answerOf(
      send(
        `POST ${path} HTTP/1.1`,
        ...['Host: x', `Authorization: Bearer ${token}`, `Foreman-Lease: ${leaseToken}`],
        ...['Content-Type: application/x-ndjson', 'Content-Length: 100000', '', `${row('a')}\n{`],
      ),
    );
    await eventually('it is told', () => read.text.includes('server.busy'), WAIT_MS);
    expect(read.text).toMatch(/^HTTP\/1\.1 503 /);
    const again = await gateway.call('POST', path, {
      token,
      headers: { 'foreman-lease': leaseToken },
      body: { rows: [{ configId: 'b', config: {}, metrics: {} }] },
    });
    expect(again).toMatchObject({ status: 200, body: { received: 1, stored: 2 } });
  });

  it('finds a place with as many others at the most, whatever way uploads come', async () => {
    gateway = await startInProcess({ maxUploads: 2, uploadIdleSeconds: NEVER });
    const { token } = await gateway.enrolEdge(['command']);
    const { taskId, leaseToken } = await leaseTask(token);
    const path = `/internal/edges/tasks/${taskId}/artifacts/a`;
    const headers = { 'foreman-lease': leaseToken, 'content-type': 'text/plain' };
    const promise = { contentType: 'text/plain', size: 4 };
    const issued = await gateway.call('POST', `${path}/upload-url`, {
      token,
      headers: { 'foreman-lease': leaseToken },
      body: promise,
    });
    const signed = String(issued.body['url']).slice(gateway.baseUrl.length);
    const input = await gateway.asAdmin('POST', '/inputs', promise);
    const type = { 'content-type': 'text/plain' };
    const puts = [
      () => gateway.call('PUT', path, { token, headers, body: 'text' }),
      () => gateway.call('PUT', signed, { headers: type, body: 'text' }),
      () => {
        const at = `/inputs/${String(input.body['id'])}`;
        return gateway.call('PUT', at, { token: gateway.adminToken, headers: type, body: 'text' });
      },
    ];
    const holders = [await sendInput(1000), await sendInput(1000)];
    const underWay = gateway.app.get(UploadsUnderWay);
    await eventually('all places are taken', () => underWay.count === 2, WAIT_MS);
    for (const put of puts) {
      const { status, body, headers: told } = await put();
      expect({ status, body }).toMatchObject({ status: 429, body: { code: 'rate.limited' } });
      expect(body['detail']).toContain('FOREMAN_MAX_UPLOADS');
      expect(told.get('retry-after')).toBe('5');
    }
    for (const holder of holders) holder.destroy();
    await eventually('they are free', () => underWay.count === 0, WAIT_MS);
    for (const put of puts) expect([200, 201]).toContain((await put()).status);
  });

  it('before answers that it has asked for is cut off, and they are held no longer', async () => {
    gateway = await startInProcess({ downloadIdleSeconds: SHORT });
    const server = gateway.app.getHttpServer() as Server;
    const held: Socket[] = [];
    server.on('connection', (socket: Socket) => held.push(socket));
    // More than the kernel keeps of a connection.
    const asking = 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n';
    send(asking.repeat(60));
    await eventually('it is cut off', () => held[0]?.destroyed === true, WAIT_MS);
    expect((await gateway.asAdmin('GET', '/healthz')).status).toBe(200);
  });
});
