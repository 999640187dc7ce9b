import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { eventually } from '@foreman/testing';
import { DiskReserve } from '../../apps/gateway/http/disk-reserve';
import { FreeSpace } from '../../apps/gateway/http/free-space';
import { type InProcessGateway, startInProcess } from './harness';

/** A start of the whole gateway, and hundreds of connections, on a machine that may be busy. */
jest.setTimeout(120_000);

const MIB = 1_048_576;
const RESERVE_BYTES = 10 * MIB;
const WAIT_MS = 30_000;

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

describe('bytes that are under way', () => {
  let gateway: InProcessGateway;
  let reserve: DiskReserve;
  let token: string;
  let task: Task;
  let freeBytes: number;
  let sockets: Socket[];

  beforeAll(async () => {
    gateway = await startInProcess({ diskReserveBytes: RESERVE_BYTES });
    reserve = gateway.app.get(DiskReserve);
    jest.spyOn(gateway.app.get(FreeSpace), 'bytes').mockImplementation(async () => freeBytes);
    token = (await gateway.enrolEdge(['command'])).token;
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await gateway.stop();
  });

  beforeEach(async () => {
    freeBytes = 1000 * MIB;
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

  const announced = (bytes: number) =>
    eventually(`${bytes} bytes are announced`, () => reserve.announcedBytes === bytes, WAIT_MS);

  /** Sends bytes as they are; nothing is read of the answer. */
  function send(text: string): Socket {
    const { hostname, port } = new URL(gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(text);
    sockets.push(socket);
    return socket;
  }

  const head = (name: string, ...headers: string[]) =>
    [
      `PUT /internal/edges/tasks/${task.taskId}/artifacts/${name} HTTP/1.1`,
      ...['Host: x', `Authorization: Bearer ${token}`, `Foreman-Lease: ${task.leaseToken}`],
      ...[...headers, '', ''],
    ].join('\r\n');

  const put = (name: string, bytes: number) =>
    gateway.call('PUT', `/internal/edges/tasks/${task.taskId}/artifacts/${name}`, {
      token,
      headers: { 'foreman-lease': task.leaseToken, 'content-type': 'text/plain' },
      body: 'x'.repeat(bytes),
    });

  it('are given to nobody else, until their upload is over', async () => {
    const slow = send(`${head('slow', `Content-Length: ${4 * MIB}`)}begins`);
    await announced(4 * MIB);
    freeBytes = RESERVE_BYTES + 8 * MIB;
    await eventually('a small one is refused', async () => (await put('b', 1)).status === 507);
    slow.destroy();
    await announced(0);
    expect((await put('c', 1)).status).toBe(201);
  });

  it.each([
    ['of no length', 'Transfer-Encoding: chunked', '3\r\nabc\r\n', MIB],
    ['of a length beyond every limit', 'Content-Length: 900000000000000', 'abc', 8 * MIB],
  ])('are no more than they could be, of a body %s', async (_what, header, body, bytes) => {
    send(head('odd', header) + body);
    await announced(bytes);
    for (const socket of sockets) socket.destroy();
    await announced(0);
    expect((await put('plain', 10)).status).toBe(201);
  });

  it('of JSON are those that it is unpacked to', async () => {
    const during = jest.spyOn(reserve, 'during');
    const text = JSON.stringify({ kind: 'command', payload: { text: 'x'.repeat(50_000) } });
    const call = (headers: Record<string, string>, body: unknown) =>
      fetch(`${gateway.baseUrl}/jobs`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${gateway.adminToken}`,
          'content-type': 'application/json',
          ...headers,
        },
        body,
        duplex: 'half',
      } as RequestInit);
    await call({ 'content-encoding': 'gzip' }, gzipSync(text));
    await call({}, new Blob([text]).stream());
    await call({}, text);
    expect(during.mock.calls.map(([bytes]) => bytes)).toEqual(Array(3).fill(text.length));
    during.mockRestore();
    expect(reserve.announcedBytes).toBe(0);
  });

  it('are nothing once hundreds of uploads have been given up, wherever they were', async () => {
    const during = jest.spyOn(reserve, 'during');
    const starts = [
      (name: string) => `${head(name, 'Content-Length: 100000')}some`,
      (name: string) => `${head(name, 'Content-Length: 100000')}${'x'.repeat(70_000)}`,
      (name: string) => `${head(name, 'Transfer-Encoding: chunked')}4\r\nsome\r\n`,
      (name: string) => head(name, 'Content-Length: 100000'),
      // Two in one connection, of which the second is never answered.
      (name: string) =>
        `${head(name, 'Content-Length: 4')}some${head(`${name}.2`, 'Content-Length: 9')}so`,
      (name: string) => `${head(name, 'Content-Length: 100', 'Repr-Digest: bad')}some`,
      (name: string) => head(`..${name}`, 'Content-Length: 100'),
    ];
    for (let round = 0; round < 60; round += 1) {
      const opened = starts.map((start, index) => send(start(`a${round}.${index}`)));
      // Some of them before the gateway knows who they are, some while their bytes are written.
      const before = during.mock.calls.length;
      const waitFor = [0, 1, 4][round % 3] ?? 0;
      await eventually('some are let in', () => during.mock.calls.length >= before + waitFor);
      for (const [index, socket] of opened.entries()) {
        if (index % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }
    }
    await announced(0);
    expect(during.mock.calls.length).toBeGreaterThan(100);
    during.mockRestore();
    freeBytes = RESERVE_BYTES + 2 * MIB;
    await eventually('room is found', async () => (await put('last', 1)).status === 201, WAIT_MS);
  });
});
