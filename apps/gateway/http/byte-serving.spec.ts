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

  const RANGES: [range: string, status: number, body: string, contentRange: string | null][] = [
    ['bytes=0-0', 206, '0', 'bytes 0-0/20'],
    ['bytes=0-4', 206, '01234', 'bytes 0-4/20'],
    ['bytes=5-', 206, TEXT.slice(5), 'bytes 5-19/20'],
    ['bytes=19-19', 206, 'j', 'bytes 19-19/20'],
    ['bytes=19-', 206, 'j', 'bytes 19-19/20'],
    ['bytes=-1', 206, 'j', 'bytes 19-19/20'],
    ['bytes=-5', 206, 'fghij', 'bytes 15-19/20'],
    ['bytes=-20', 206, TEXT, 'bytes 0-19/20'],
    ['bytes=-21', 206, TEXT, 'bytes 0-19/20'],
    ['bytes=-99999999999999999999', 206, TEXT, 'bytes 0-19/20'],
    ['bytes=0-19', 206, TEXT, 'bytes 0-19/20'],
    ['bytes=0-20', 206, TEXT, 'bytes 0-19/20'],
    ['bytes=10-99999999999999999999', 206, TEXT.slice(10), 'bytes 10-19/20'],
    ['Bytes=0-1', 206, '01', 'bytes 0-1/20'],
    ['bytes= 0-1', 206, '01', 'bytes 0-1/20'],
    ['bytes=20-', 416, '', 'bytes */20'],
    ['bytes=20-25', 416, '', 'bytes */20'],
    ['bytes=-0', 416, '', 'bytes */20'],
    ['bytes=5-4', 416, '', 'bytes */20'],
    ['bytes=0-1,3-4', 200, TEXT, null],
    ['bytes=0-1,99-100', 200, TEXT, null],
    ['bytes=-', 200, TEXT, null],
    ['bytes=a-b', 200, TEXT, null],
    ['bytes=1', 200, TEXT, null],
    ['bytes=--1', 200, TEXT, null],
    ['bytes', 200, TEXT, null],
    ['bytes=', 200, TEXT, null],
    ['items=0-1', 200, TEXT, null],
    ['0-1', 200, TEXT, null],
  ];

  it.each(RANGES)('Range: %s -> %d', async (range, status, body, contentRange) => {
    const answer = await ask('GET', { range });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-range'] ?? null).toBe(contentRange);
    if (status === 416) {
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'artifact.range_not_satisfiable' });
    } else {
      expect(answer.body).toBe(body);
      expect(answer.headers['content-length']).toBe(String(body.length));
    }
  });

  const CONDITIONS: [headers: Record<string, string>, status: number][] = [
    [{ 'if-none-match': ETAG }, 304],
    [{ 'if-none-match': `W/${ETAG}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': `"other", ${ETAG}` }, 304],
    [{ 'if-none-match': '"other"' }, 200],
    [{ 'if-none-match': sha256Hex(TEXT) }, 200],
    [{ 'if-none-match': ETAG, 'cache-control': 'no-cache' }, 304],
    [{ 'if-none-match': ETAG, range: 'bytes=0-1' }, 304],
    [{ 'if-none-match': '"other"', range: 'bytes=0-1' }, 206],
    [{ 'if-match': ETAG }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': `"other", ${ETAG}` }, 200],
    [{ 'if-match': `W/${ETAG}` }, 412],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-match': '"other"', 'if-none-match': ETAG }, 412],
    [{ 'if-match': ETAG, 'if-none-match': ETAG }, 304],
    [{ 'if-match': '"other"', range: 'bytes=0-1' }, 412],
    [{ 'if-match': ETAG, range: 'bytes=0-1' }, 206],
    [{ 'if-range': ETAG, range: 'bytes=0-1' }, 206],
    [{ 'if-range': '"other"', range: 'bytes=0-1' }, 200],
    [{ 'if-range': `W/${ETAG}`, range: 'bytes=0-1' }, 200],
    [{ 'if-range': 'Sat, 01 Jan 2050 00:00:00 GMT', range: 'bytes=0-1' }, 200],
    [{ 'if-range': '"other"', range: 'bytes=99-' }, 200],
    [{ 'if-range': ETAG }, 200],
    [{ 'if-modified-since': 'Sat, 01 Jan 2050 00:00:00 GMT' }, 200],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 200],
  ];

  it.each(CONDITIONS)('GET with %j -> %d', async (headers, status) => {
    const answer = await ask('GET', headers);
    expect(answer.status).toBe(status);
    if (status === 304) expect([answer.body, answer.headers.etag]).toEqual(['', ETAG]);
    if (status === 200) expect(answer.body).toBe(TEXT);
    if (status === 206) expect(answer.body).toBe('01');
  });

  it('answers HEAD with the headers of GET, and ignores its range', async () => {
    const [head, get] = [await ask('HEAD', { range: 'bytes=0-1' }), await ask('GET')];
    const withoutDate = ({ date: _date, ...headers }: IncomingHttpHeaders) => headers;
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(withoutDate(head.headers)).toEqual(withoutDate(get.headers));
  });

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

  it('serves no bytes at all as such', async () => {
    served = bytesOf('');
    expect(await ask('GET')).toMatchObject({ status: 200, body: '' });
    expect(await ask('GET', { range: 'bytes=0-' })).toMatchObject({ status: 416 });
    expect(await ask('GET', { range: 'bytes=-5' })).toMatchObject({ status: 416 });
  });

  it('cuts the connection when bytes vanish on the way', async () => {
    async function* half() {
      yield Buffer.from('0123456789');
      throw new Error('Blob has no byte 10 any more');
    }
    served = { ...served, open: () => Readable.from(half(), { objectMode: false }) };
    await expect(ask('GET', { range: 'bytes=0-18' })).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('cuts the connection when small bytes are gone', async () => {
    served = { ...served, whole: async () => null };
    await expect(ask('GET')).rejects.toMatchObject({ code: 'ECONNRESET' });
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
