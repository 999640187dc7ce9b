import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { eventually } from '@foreman/testing';
import express, { type Request, type Response } from 'express';
import { JsonBodyReader } from './json-body-reader';
import { cutSilentBodies } from './silent-bodies';

/** Slow senders send for longer than the limit. */
jest.setTimeout(120_000);

const WAIT_MS = 60_000;
/** For what is to be cut off. */
const SHORT_MS = 300;
/** For what is not: a busy machine is to be faster. */
const LONG_MS = 3000;
const MIB = 1_048_576;
const JSON_TYPE = 'Content-Type: application/json';

describe('a request of whose body nothing comes', () => {
  let server: Server;
  let idleMs: number;
  let handle: (request: Request, response: Response) => Promise<void>;
  let sockets: Socket[];
  /** What handlers ended with, and the bytes that they have read. */
  let ended: unknown[];
  let readBytes: number;

  beforeAll(async () => {
    const app = express();
    app.use((request, response, next) => cutSilentBodies(idleMs)(request, response, next));
    app.use((request: Request, response: Response) => {
      handle(request, response).then(
        () => ended.push(null),
        (error: unknown) => ended.push(error),
      );
    });
    server = app.listen(0, '127.0.0.1');
    // Nothing else closes a connection here.
    server.keepAliveTimeout = 0;
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  beforeEach(() => {
    [idleMs, handle, sockets, ended, readBytes] = [SHORT_MS, readAll, [], [], 0];
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
  });

  async function readAll(request: Request, response: Response): Promise<void> {
    for await (const piece of request) readBytes += (piece as Buffer).length;
    response.end(`read ${readBytes}`);
  }

  function send(headers: string[], body: string | Buffer = '') {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const sent = { socket, answer: '', isClosed: false };
    socket.on('error', () => undefined);
    socket.on('close', () => (sent.isClosed = true));
    socket.setEncoding('latin1').on('data', (text: string) => (sent.answer += text));
    socket.write(['POST / HTTP/1.1', 'Host: x', ...headers, '', ''].join('\r\n'));
    socket.write(body);
    sockets.push(socket);
    return sent;
  }

  const within = (what: string, condition: () => boolean) => eventually(what, condition, WAIT_MS);

  it.each([
    ['announced', ['Content-Length: 1000'], ''],
    ['announced, after some', ['Content-Length: 1000'], 'some'],
    ['in chunks', ['Transfer-Encoding: chunked'], '4\r\nsome\r\n'],
  ])('is ended, and told so: %s', async (_case, headers, body) => {
    const sent = send(headers, body);
    await within('it is over', () => sent.isClosed && ended.length === 1);
    expect(sent.answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(sent.answer).toMatch(/\r\nRetry-After: 1\r\n/);
    expect(sent.answer).toMatch(/\r\nConnection: close\r\n/);
    expect(sent.answer).toContain('FOREMAN_UPLOAD_IDLE_SECONDS');
    expect(ended).toMatchObject([{ code: 'server.busy' }]);
    expect(readBytes).toBe(body.includes('some') ? 4 : 0);
  });

  it('is ended when it is JSON', async () => {
    const reader = new JsonBodyReader(1000);
    handle = (request, response) => reader.read(request, response);
    const sent = send([JSON_TYPE, 'Content-Length: 100'], '{"half":');
    await within('it is over', () => sent.isClosed && ended.length === 1);
    expect(sent.answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(ended).toMatchObject([{ code: 'request.invalid' }]);
  });

  it.each([
    ['out already', (response: Response) => response.end('no')],
    ['begun already', (response: Response) => response.write('no')],
  ])('is cut off when its answer is %s', async (_case, answer) => {
    handle = async (request, response) => {
      answer(response.status(409));
      for await (const piece of request) readBytes += (piece as Buffer).length;
    };
    const sent = send(['Content-Length: 1000'], 'some');
    await within('it is over', () => sent.isClosed);
    expect(sent.answer).toMatch(/^HTTP\/1\.1 409 /);
    expect(sent.answer).not.toContain('503');
  });

  it('is cut off without a word when its answer waits behind another', async () => {
    handle = async (request, response) => {
      if (request.headers['content-length'] !== undefined) await readAll(request, response);
    };
    const sent = send([], 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome');
    await within('it is over', () => sent.isClosed);
    expect(sent.answer).toBe('');
  });

  describe('for a moment only', () => {
    beforeEach(() => {
      idleMs = LONG_MS;
    });

    it('is left alone, however long it takes in all', async () => {
      const sent = send(['Content-Length: 1000']);
      const startMs = performance.now();
      let count = 0;
      while (performance.now() - startMs < 2 * LONG_MS) {
        count += 1;
        sent.socket.write('x');
        await within('it is read', () => readBytes === count || sent.isClosed);
        const untilMs = performance.now() + LONG_MS / 10;
        await within('some time', () => performance.now() > untilMs);
      }
      sent.socket.write('x'.repeat(1000 - count));
      await within('the answer', () => sent.answer.includes('\r\n\r\n') || sent.isClosed);
      expect(sent.answer).toContain('read 1000');
    });

    it('is left alone where the silence is ours: the body is there, and nobody reads it', async () => {
      let mayRead = false;
      handle = async (request, response) => {
        await within('it may', () => mayRead);
        await readAll(request, response);
      };
      const sent = send([`Content-Length: ${16 * MIB}`], Buffer.alloc(16 * MIB));
      const startMs = performance.now();
      await within('twice the limit', () => performance.now() > startMs + 2 * LONG_MS);
      mayRead = true;
      await within('the answer', () => sent.answer.includes('\r\n\r\n') || sent.isClosed);
      expect(sent.answer).toContain(`read ${16 * MIB}`);
    });

    it.each([
      ['and was read', 'Content-Length: 2', '{}'],
      ['and nobody reads it', 'Content-Length: 2', '{}'],
      ['and is empty', 'Transfer-Encoding: chunked', '0\r\n\r\n'],
    ])('is left alone when it has come whole %s', async (isRead, header, body) => {
      idleMs = SHORT_MS;
      const reader = new JsonBodyReader(1000);
      handle = async (request, response) => {
        if (isRead === 'and was read') await reader.read(request, response);
        const startMs = performance.now();
        await within('five times the limit', () => performance.now() > startMs + 5 * SHORT_MS);
        response.end('late');
      };
      const sent = send([JSON_TYPE, header], body);
      await within('the answer', () => sent.answer.includes('\r\n\r\n') || sent.isClosed);
      expect(sent.answer).toMatch(/^HTTP\/1\.1 200 /);
    });
  });
});
