import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { DomainError, sha256Hex } from '@foreman/kernel';
import express, { type NextFunction, type Request, type Response } from 'express';
import { serveBytes, type ServedBytes } from './byte-serving';
import { sendProblem } from './problem-details.filter';

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

  beforeAll(async () => {
    const app = express();
    app.disable('etag');
    app.use((request: Request, response: Response, next: NextFunction) => {
      serveBytes(request, response, served).catch(next);
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

  it.each([65_536, 65_537, 200_000])('serves all of %d bytes', async (size) => {
    const text = 'x'.repeat(size);
    served = bytesOf(text);
    expect((await ask('GET')).body).toBe(text);
  });
});

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
