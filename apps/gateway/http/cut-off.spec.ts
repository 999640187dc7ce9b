import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { DomainError } from '@foreman/kernel';
import { connectionEnd, eventually } from '@foreman/testing';
import { Logger, type ArgumentsHost } from '@nestjs/common';
import express, { type Request, type Response } from 'express';
import type { GatewayOptions } from '../config/gateway-options';
import { Downloads } from './downloads';
import { ProblemDetailsFilter } from './problem-details.filter';
import { cutSilentBodies } from './silent-bodies';
import { cutUnreadAnswers } from './unread-answers';
import { answerUnreadableRequests } from './unreadable-requests';

/** Answers wait for longer than the limit. */
jest.setTimeout(120_000);

const IDLE_MS = 300;
/** More than what the kernel keeps of a connection. */
const LARGE_BYTES = 32 * 1_048_576;

/** Without a length, over HTTP/1.0, the end of the connection is the end of the answer. */
describe('an answer over HTTP/1.0', () => {
  let server: Server;
  let answer: (request: Request, response: Response) => Promise<void>;
  let socket: Socket;
  let came: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    const app = express();
    app.use(cutUnreadAnswers(IDLE_MS));
    app.use(cutSilentBodies(IDLE_MS));
    app.use((request: Request, response: Response) => {
      answer(request, response).catch((error: unknown) => {
        const http = { getRequest: () => request, getResponse: () => response };
        const host = { switchToHttp: () => http } as unknown as ArgumentsHost;
        new ProblemDetailsFilter().catch(error, host);
      });
    });
    server = app.listen(0, '127.0.0.1');
    answerUnreadableRequests(server);
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  afterEach(() => socket.destroy());

  /** Settles with how the connection ended. Nothing is read of the answer before `reads` settles. */
  async function ask(
    headers: readonly string[] = [],
    body = '',
    reads?: Promise<unknown>,
    method = 'POST',
  ) {
    const { port } = server.address() as AddressInfo;
    socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    came = '';
    const ended = connectionEnd(socket);
    socket.write([`${method} / HTTP/1.0`, ...headers, '', body].join('\r\n'));
    await reads;
    socket.setEncoding('latin1').on('data', (text: string) => (came += text.slice(0, 1000)));
    return ended;
  }

  async function* pieces(error?: Error): AsyncGenerator<string> {
    yield 'some';
    await new Promise(setImmediate);
    if (error !== undefined) throw error;
    yield ', and the rest';
  }

  const downloads = new Downloads({ downloadIdleSeconds: IDLE_MS / 1000 } as GatewayOptions);

  const stream = (source: Iterable<unknown> | AsyncIterable<unknown>) => {
    const rows = Readable.from(source, { objectMode: false });
    answer = (_request, response) => downloads.stream(rows, response);
    return rows;
  };

  async function* endless(): AsyncGenerator<string> {
    for (;;) {
      yield 'more';
      await new Promise(setImmediate);
    }
  }

  const begin = (response: Response) =>
    new Promise<void>((resolve) => response.write('some', () => resolve()));

  it('that is whole is closed', async () => {
    stream(pieces());
    expect(await ask()).toBe('closed');
    expect(came).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nsome, and the rest$/);
    expect(came).not.toMatch(/content-length|transfer-encoding/i);
  });

  it('whose source has nothing for a while is waited for', async () => {
    async function* slow() {
      yield 'some';
      const endMs = performance.now() + 3 * IDLE_MS;
      await eventually('it is later', () => performance.now() > endMs);
      yield ', and the rest';
    }
    stream(slow());
    expect(await ask()).toBe('closed');
    expect(came).toMatch(/some, and the rest$/);
  });

  it('to HEAD has no body, and nothing is read for one', async () => {
    const rows = stream(endless());
    expect(await ask([], '', undefined, 'HEAD')).toBe('closed');
    expect(came).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
    expect(rows.destroyed).toBe(true);
  });

  it.each([
    ['is refused', new DomainError('results.dropped', 'They were.')],
    ['fails', new Error('It has failed.')],
  ])('whose source %s is reset', async (_what, error) => {
    stream(pieces(error));
    expect(await ask()).toBe('reset');
    expect(came).not.toContain('rest');
  });

  it('whose handler fails once it has begun is reset', async () => {
    answer = async (_request, response) => {
      await begin(response);
      throw new Error('It has failed.');
    };
    expect(await ask()).toBe('reset');
    expect(came).toMatch(/some$/);
  });

  it.each([
    ['streamed', true],
    ['complete', false],
  ])('that is not read, and %s, is reset', async (_what, isStreamed) => {
    let closed: Promise<unknown> = Promise.resolve();
    let hasBegun = () => undefined as void;
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    const large = Buffer.alloc(LARGE_BYTES, 'x');
    answer = async (_request, response) => {
      closed = once(response, 'close');
      hasBegun();
      if (!isStreamed) return void response.end(large);
      await downloads.stream(Readable.from([large], { objectMode: false }), response);
    };
    expect(
      await ask(
        [],
        '',
        begun.then(() => closed),
      ),
    ).toBe('reset');
  });

  it('that has begun before a body that does not come is reset', async () => {
    answer = async (request, response) => {
      await begin(response);
      for await (const _ of request);
    };
    expect(await ask(['Content-Length: 1000'], 'some of it')).toBe('reset');
    expect(came).toMatch(/some$/);
  });

  it('that has begun is reset, and not gone on with, when what comes then is no request', async () => {
    answer = async (_request, response) => {
      await begin(response);
      socket.write('what is this?');
      await once(response, 'close');
    };
    expect(await ask()).toBe('reset');
    expect(came).toMatch(/some$/);
  });
});
