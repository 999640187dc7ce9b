import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemRandom, sha256Hex } from '@foreman/kernel';
import { EdgeConnection } from './edge-connection';
import { InputFiles } from './input-files';
import type { LeasedTask } from './protocol.types';
import { silent } from './spec/agent-fixture';
import { FastClock } from './spec/fast-clock';

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));

/** How one request is answered: after so many bytes the connection breaks. */
interface Turn {
  readonly cutAfter?: number;
  readonly status?: number;
  /** Of the problem, with a status that is one. */
  readonly code?: string;
  readonly bytes?: Buffer;
}

describe('input files', () => {
  let server: Server;
  let folder: string;
  let turns: Turn[];
  let asked: { path: string; range: string; ifRange: string; lease: string }[];
  let stopper: AbortController;

  beforeEach(async () => {
    turns = [];
    asked = [];
    stopper = new AbortController();
    folder = await mkdtemp(join(tmpdir(), 'foreman-spec-'));
    server = createServer((request, response) => {
      const { cutAfter, status, code = 'lease.lost', bytes = BYTES } = turns.shift() ?? {};
      const range = String(request.headers.range ?? '');
      asked.push({
        path: request.url ?? '',
        range,
        ifRange: String(request.headers['if-range'] ?? ''),
        lease: String(request.headers['foreman-lease']),
      });
      const start = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
      const part = bytes.subarray(start);
      if (status !== undefined && status >= 400) {
        response.writeHead(status, { 'content-type': 'application/problem+json' });
        return void response.end(JSON.stringify({ code, title: 'Over' }));
      }
      response.writeHead(status ?? (range === '' ? 200 : 206), { 'content-length': part.length });
      if (cutAfter === undefined) return void response.end(part);
      // The head goes out also where no byte follows it.
      response.flushHeaders();
      if (cutAfter === 0) return void request.socket.destroySoon();
      response.write(part.subarray(0, cutAfter), () => request.socket.destroySoon());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  function filesOf(sha256 = sha256Hex(BYTES), size = BYTES.length): InputFiles {
    const clock = new FastClock();
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connection = new EdgeConnection({ baseUrl, token: 'fme_test', clock });
    const input = {
      name: 'prices',
      content_type: 'text/csv',
      size,
      inline: null,
      url: 'x',
      sha256,
    };
    const task = { taskId: 't1', leaseToken: 'l1', inputs: [input] } as unknown as LeasedTask;
    const parts = { connection, clock, random: new SystemRandom(), log: silent };
    return new InputFiles({ ...parts, inputFolder: join(folder, 'inputs') }, task, stopper.signal);
  }

  it('have exactly the bytes, and are gone when they are removed', async () => {
    const files = filesOf();
    expect(BYTES.equals(await readFile(await files.path('prices')))).toBe(true);
    expect(asked).toEqual([
      { path: '/internal/edges/tasks/t1/inputs/prices', range: '', ifRange: '', lease: 'l1' },
    ]);
    await files.remove();
    expect(await readdir(join(folder, 'inputs'))).toEqual([]);
  });

  it('are fetched once, however often they are asked for', async () => {
    const files = filesOf();
    const [first, second] = await Promise.all([files.path('prices'), files.path('prices')]);
    expect([second, await files.path('prices')]).toEqual([first, first]);
    expect(asked).toHaveLength(1);
    await files.remove();
  });

  it('go on where a connection broke', async () => {
    turns = [{ cutAfter: 50_000 }, { cutAfter: 0 }, { cutAfter: 30_000 }];
    const files = filesOf();
    expect(BYTES.equals(await readFile(await files.path('prices')))).toBe(true);
    expect(asked[0]?.range).toBe('');
    const later = asked.slice(1);
    expect(later.length).toBeGreaterThanOrEqual(2);
    for (const { range, ifRange } of later) {
      expect(range).toMatch(/^bytes=[1-9]\d*-$/);
      expect(ifRange).toBe(`"${sha256Hex(BYTES)}"`);
    }
    await files.remove();
  });

  it.each<[string, Turn[], number]>([
    ['other bytes', [{ bytes: Buffer.alloc(BYTES.length) }], BYTES.length],
    ['more bytes', [{ bytes: Buffer.concat([BYTES, BYTES]) }], BYTES.length],
    ['fewer bytes', [{ bytes: BYTES.subarray(1) }], BYTES.length],
    ['all of them where a part was asked for', [{ cutAfter: 10 }, { status: 200 }], BYTES.length],
  ])('are not had of %s, but of another try', async (_, wrong) => {
    turns = [...wrong];
    const files = filesOf();
    await expect(files.path('prices')).rejects.toMatchObject({
      code: 'input.corrupted',
      retryable: true,
    });
    expect(BYTES.equals(await readFile(await files.path('prices')))).toBe(true);
    await files.remove();
  });

  it('are not had of an input that the task does not have', async () => {
    await expect(filesOf().path('other')).rejects.toMatchObject({
      code: 'input.missing',
      retryable: false,
    });
    expect(asked).toEqual([]);
  });

  it('tell the refusal of a gateway', async () => {
    turns = [{ status: 409 }];
    await expect(filesOf().path('prices')).rejects.toMatchObject({ code: 'lease.lost' });
  });

  it('are not had of bytes that the gateway knows to be damaged, by no other attempt either', async () => {
    turns = [{ cutAfter: 50_000 }, { status: 500, code: 'artifact.corrupt' }];
    await expect(filesOf().path('prices')).rejects.toMatchObject({
      name: 'TaskFailure',
      code: 'input.corrupted',
      retryable: false,
    });
    expect(turns).toEqual([]);
  });

  it('are given up after ten answers without a byte, for another attempt', async () => {
    turns = Array.from({ length: 11 }, () => ({ cutAfter: 0 }));
    await expect(filesOf().path('prices')).rejects.toMatchObject({
      name: 'TaskFailure',
      code: 'input.unreadable',
      retryable: true,
    });
    expect(turns).toHaveLength(1);
  });

  it('are given up when the task must stop', async () => {
    turns = Array.from({ length: 1000 }, () => ({ cutAfter: 0 }));
    const fetching = filesOf().path('prices');
    stopper.abort(new Error('the task was stopped'));
    await expect(fetching).rejects.toThrow('the task was stopped');
  });
});
