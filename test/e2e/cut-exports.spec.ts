import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connectionEnd, eventually, FakeClock } from '@foreman/testing';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

/** A start of the whole gateway, and twenty MiB of rows, on a machine that may be busy. */
jest.setTimeout(120_000);

const WAIT_MS = 60_000;
/** Together more than what the kernel and the gateway keep of a connection. */
const ROWS = 4000;
const ROW_BYTES = 4096;
const ROWS_A_POST = 1000;
const DAY_MS = 86_400_000;

const VERSIONS = ['HTTP/1.0', 'HTTP/1.1'] as const;
const FORMATS = ['application/x-ndjson', 'text/csv'] as const;
const QUERIES = [
  '',
  'sort=metrics.s',
  'where=metrics.s%3E%3D0',
  'sort=metrics.s&order=asc&where=taskIndex%3D0',
] as const;

interface Task {
  readonly taskId: string;
  readonly jobId: string;
  readonly leaseToken: string;
}

interface Export {
  readonly asked: string;
  readonly socket: Socket;
  readonly ended: Promise<'closed' | 'reset'>;
  /** All before the body. */
  head: string;
  /** The latest that came. */
  tail: string;
  lines: number;
}

describe('exports whose rows go while they are read', () => {
  let gateway: InProcessGateway;
  let clock: FakeClock;
  let edge: TestEdge;
  let task: Task;
  let exports: Export[];

  async function start(options: { readonly downloadIdleSeconds?: number } = {}): Promise<void> {
    clock = new FakeClock();
    exports = [];
    gateway = await startInProcess(options, { clock });
    edge = await gateway.enrolEdge(['study']);
    await gateway.asAdmin('POST', '/jobs', { kind: 'study', ttlSeconds: 60 });
    task = await lease();
    await post(0, ROWS);
  }
  afterEach(async () => {
    for (const { socket } of exports) socket.destroy();
    await gateway.stop();
  });

  const lease = async () =>
    (
      await gateway.call<Task>('POST', '/internal/edges/tasks/next', {
        token: edge.token,
        body: {},
      })
    ).body;

  const about = (path: string, body: object = {}) =>
    gateway.call('POST', `/internal/edges/tasks/${task.taskId}/${path}`, {
      token: edge.token,
      body,
      headers: { 'foreman-lease': task.leaseToken },
    });

  async function post(from: number, count: number): Promise<void> {
    const note = 'x'.repeat(ROW_BYTES);
    for (let first = 0; first < count; first += ROWS_A_POST) {
      const rows = Array.from({ length: ROWS_A_POST }, (_, index) => {
        const number = from + first + index;
        return { configId: `c${number}`, config: { note }, metrics: { s: number % 97 } };
      });
      expect((await about('results', { rows })).status).toBe(200);
    }
  }

  /** Asks for an export and reads its beginning only. */
  function begin(version: string, accept: string, query: string): Export {
    const { hostname, port } = new URL(gateway.baseUrl);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const asked = `${version} ${accept} ${query}`;
    const ended = connectionEnd(socket);
    const read: Export = { asked, socket, ended, head: '', tail: '', lines: 0 };
    socket.setEncoding('latin1').on('data', (text: string) => {
      if (read.head === '') socket.pause();
      read.head ||= text.slice(0, text.indexOf('\r\n\r\n') + 4);
      read.lines += text.split('\n').length - 1;
      read.tail = (read.tail + text).slice(-20);
    });
    socket.write(
      [
        `GET /jobs/${task.jobId}/results?${query} ${version}`,
        ...['Host: x', 'Connection: close', `Accept: ${accept}`],
        ...[`Authorization: Bearer ${gateway.adminToken}`, '', ''],
      ].join('\r\n'),
    );
    exports.push(read);
    return read;
  }

  const begun = () =>
    eventually('all have begun', () => exports.every(({ head }) => head !== ''), WAIT_MS);

  async function beginAll(): Promise<void> {
    for (const version of VERSIONS) {
      for (const accept of FORMATS) {
        for (const query of QUERIES) begin(version, accept, query);
      }
    }
    await begun();
  }

  /** What each of them has come to; `chunked`: its last chunk came. */
  const readOn = () =>
    Promise.all(
      exports.map(async (read) => {
        const { asked, socket, ended } = read;
        socket.resume();
        const ending = await ended;
        socket.destroy();
        const isChunked = read.tail.endsWith('\r\n0\r\n\r\n');
        return `${asked}: ${read.head.slice(0, 15)}, ${ending}${isChunked ? ', chunked' : ''}`;
      }),
    );

  const all = (ending: string) =>
    exports.map(({ asked }) => `${asked}: HTTP/1.1 200 OK, ${ending}`);

  it('by retention are cut off by a reset, and are whole before', async () => {
    await start();
    await about('complete');
    const whole = begin('HTTP/1.0', 'application/x-ndjson', 'sort=metrics.s');
    await begun();
    expect(await readOn()).toEqual(all('closed'));
    expect(whole.lines - whole.head.split('\n').length + 1).toBe(ROWS);

    exports = [];
    await beginAll();
    clock.advance(DAY_MS);
    const { body } = await gateway.asAdmin('POST', '/admin/retention/run');
    expect(body).toMatchObject({ jobs: 1 });
    expect(await readOn()).toEqual(all('reset'));
  });

  it.each([
    ['also when nothing of them is swept yet', false],
    ['and swept', true],
  ])('by a new attempt are cut off by a reset, %s', async (_what, isSwept) => {
    await start();
    await beginAll();
    const stale = task;
    await about('release');
    task = await lease();
    expect(task).toMatchObject({ taskId: stale.taskId, resume: null });
    if (isSwept) await gateway.asAdmin('POST', '/admin/retention/run');
    await post(ROWS, ROWS_A_POST);
    expect(await readOn()).toEqual(all('reset'));
  });

  it('are cut off as well when they are not read', async () => {
    await start({ downloadIdleSeconds: 0.4 });
    const closed: Promise<unknown>[] = [];
    const server = gateway.app.getHttpServer() as Server;
    server.on('connection', (socket: Socket) => closed.push(once(socket, 'close')));
    begin('HTTP/1.0', 'application/x-ndjson', 'sort=metrics.s');
    await begun();
    await Promise.all(closed);
    expect(await readOn()).toEqual(all('reset'));
  });
});
