import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { DomainError, sha256Hex } from '@foreman/kernel';
import { eventually } from '@foreman/testing';
import express, { type NextFunction, type Request, type Response } from 'express';
import { serveBytes, type SendRules, type ServedBytes } from './byte-serving';
import { sendProblem } from './problem-details.filter';

/** A slow reader reads for longer than the limit. */
jest.setTimeout(120_000);

const IDLE_MS = 4000;
const WAIT_MS = 60_000;
const TEXT = '0123456789abcdefghij';
const ETAG = `"${sha256Hex(TEXT)}"`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Ranges and conditions: test/e2e/artifact-serving.spec.ts. */
describe('serving bytes', () => {
  let server: Server;
  let served: ServedBytes;
  let rules: SendRules;

  beforeAll(async () => {
    const app = express();
    app.disable('etag');
    app.use((request: Request, response: Response, next: NextFunction) => {
      serveBytes(request, response, served, rules).catch(next);
    });
    app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
      sendProblem(response, error as DomainError, 'test');
    });
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  beforeEach(() => {
    served = bytesOf(TEXT);
    rules = { idleMs: 60_000, begin: () => () => undefined };
  });

  function ask(method: string, headers: Record<string, string> = {}): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const sent = httpRequest({ port, host: '127.0.0.1', method, headers, agent: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString(),
          }),
        );
      });
      sent.end();
    });
  }

  it('sends the headers that keep a browser from running it', async () => {
    const { headers } = await ask('GET');
    expect(headers).toMatchObject({
      'content-type': 'text/csv',
      'content-disposition': 'attachment; filename=trades.csv',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      etag: ETAG,
      'repr-digest': `sha-256=:${Buffer.from(sha256Hex(TEXT), 'hex').toString('base64')}:`,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
    });
    expect(headers['content-encoding']).toBeUndefined();
  });

  it('tells the digest of the whole with a part of it', async () => {
    const [part, whole] = [await ask('GET', { range: 'bytes=3-4' }), await ask('GET')];
    expect(part.headers['repr-digest']).toBe(whole.headers['repr-digest']);
  });

  it.each([
    ['text/html', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'],
    ['application/xhtml+xml', 'application/octet-stream'],
    ['text/xml', 'application/octet-stream'],
    ['text/javascript', 'application/octet-stream'],
    ['application/pdf', 'application/octet-stream'],
    ['TEXT/HTML; charset=utf-8', 'application/octet-stream'],
    ['text/plain; charset=utf-8', 'text/plain; charset=utf-8'],
    ['application/json', 'application/json'],
    ['image/png', 'image/png'],
  ])('serves %s as %s', async (contentType, expected) => {
    served = { ...served, contentType };
    expect((await ask('GET')).headers['content-type']).toBe(expected);
  });

  it('cuts the connection when bytes vanish on the way', async () => {
    async function* half() {
      yield Buffer.from('0123456789');
      throw new Error('Blob has no byte 10 any more');
    }
    served = { ...served, open: () => Readable.from(half(), { objectMode: false }) };
    await expect(ask('GET', { range: 'bytes=0-18' })).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses small bytes that are damaged, with none of their headers', async () => {
    const whole = async () => Promise.reject(new DomainError('artifact.corrupt', 'They are.'));
    served = { ...served, whole };
    const { status, headers, body } = await ask('GET');
    expect([status, JSON.parse(body)]).toMatchObject([500, { code: 'artifact.corrupt' }]);
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json' });
    for (const name of ['etag', 'repr-digest', 'content-disposition', 'accept-ranges']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect((await ask('HEAD')).status).toBe(200);
  });

  describe('to a reader', () => {
    /** More than what the kernel keeps of a connection. */
    const BYTES = 48 * 1_048_576;
    const ASKING = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';
    let sockets: Socket[];
    let open: number;
    let sources: Readable[];

    beforeEach(() => {
      [sockets, open, sources] = [[], 0, []];
      served = { ...bytesOf(TEXT), size: BYTES, open: endless };
      rules = { ...rules, begin: enter };
    });
    afterEach(() => {
      for (const socket of sockets) socket.destroy();
    });

    function enter(): () => void {
      open += 1;
      return () => {
        open -= 1;
      };
    }

    function endless(): Readable {
      async function* pieces() {
        for (let sent = 0; sent < BYTES; sent += 65_536) yield Buffer.alloc(65_536);
      }
      const source = Readable.from(pieces(), { objectMode: false });
      sources.push(source);
      return source;
    }

    /** Reads nothing by itself. */
    function dial(text: string): Socket {
      const { port } = server.address() as AddressInfo;
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(text);
      sockets.push(socket);
      return socket;
    }

    const cut = () => eventually('it is cut off', () => open === 0, WAIT_MS);
    const begun = (count: number) => eventually('it begins', () => open === count, WAIT_MS);

    it('that does not read: it is cut off', async () => {
      rules = { ...rules, idleMs: 300 };
      dial(ASKING);
      await begun(1);
      await cut();
      expect(sources.map(({ destroyed }) => destroyed)).toEqual([true]);
    });

    it('that is slow, and goes on: it gets all', async () => {
      rules = { ...rules, idleMs: IDLE_MS };
      const socket = dial(ASKING);
      await begun(1);
      const startMs = performance.now();
      let read = 0;
      // Beyond the limit: that is for each pause, not for all of them together.
      while (performance.now() - startMs < 2 * IDLE_MS) {
        await once(socket, 'readable');
        read += takeOf(socket, 262_144);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(read).toBeLessThan(BYTES);
      socket.on('readable', () => {
        read += takeOf(socket, Infinity);
      });
      await eventually('all is read', () => read > BYTES, WAIT_MS);
      await cut();
    });

    it('that goes away, also while its answer waits behind another: nothing is left open', async () => {
      const socket = dial(ASKING.repeat(3));
      await begun(3);
      socket.destroy();
      await cut();
      await eventually('the sources are let go', () => sources.every((one) => one.destroyed));
      expect(sources).toHaveLength(3);
    });

    it('that asks again on the same connection: it is kept', async () => {
      served = bytesOf('x'.repeat(200_000));
      const socket = dial(ASKING);
      let read = 0;
      socket.on('data', (piece: Buffer) => {
        read += piece.length;
      });
      await eventually('the first is read', () => read > 200_000 && open === 0, WAIT_MS);
      socket.write(ASKING);
      await eventually('the second is read', () => read > 400_000, WAIT_MS);
      expect(socket.destroyed).toBe(false);
    });

    it('that finds no place: it is refused, with none of the headers of bytes', async () => {
      rules = {
        ...rules,
        begin: () => {
          throw new DomainError('rate.limited', 'Too many.', { retryAfterSeconds: 5 });
        },
      };
      const { status, headers } = await ask('GET');
      expect(status).toBe(429);
      expect(headers).toMatchObject({ 'retry-after': '5' });
      expect(headers).not.toHaveProperty('repr-digest');
      expect((await ask('HEAD')).status).toBe(200);
      expect((await ask('GET', { 'if-none-match': ETAG })).status).toBe(304);
    });
  });

  it.each([65_536, 65_537, 200_000])('serves all of %d bytes', async (size) => {
    const text = 'x'.repeat(size);
    served = bytesOf(text);
    expect((await ask('GET')).body).toBe(text);
  });
});

/** Takes so many bytes out of what has come, at most. */
function takeOf(socket: Socket, most: number): number {
  const bytes = socket.read(Math.min(most, socket.readableLength)) as Buffer | null;
  return bytes?.length ?? 0;
}

function bytesOf(text: string): ServedBytes {
  const bytes = Buffer.from(text);
  return {
    name: 'trades.csv',
    contentType: 'text/csv',
    size: bytes.length,
    sha256: sha256Hex(bytes),
    open: (range) =>
      Readable.from([range === undefined ? bytes : bytes.subarray(range.start, range.end + 1)]),
    whole: async () => bytes,
  };
}
