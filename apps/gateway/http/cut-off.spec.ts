import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { DomainError } from '@foreman/kernel';
import { connectionEnd } from '@foreman/testing';
import { Logger, type ArgumentsHost } from '@nestjs/common';
import express, { type Request, type Response } from 'express';
import { ProblemDetailsFilter } from './problem-details.filter';
import { cutSilentBodies } from './silent-bodies';
import { sendStream, watchAnswer } from './streamed-answers';
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
  async function ask(headers: readonly string[] = [], body = '', reads?: Promise<unknown>) {
    const { port } = server.address() as AddressInfo;
    socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    came = '';
    const ended = connectionEnd(socket);
    socket.write(['POST / HTTP/1.0', ...headers, '', body].join('\r\n'));
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

  const stream = (error?: Error) => (_request: Request, response: Response) =>
    sendStream(
      Readable.from(pieces(error), { objectMode: false }),
      response,
      watchAnswer(response, IDLE_MS, () => undefined),
    );

  const begin = (response: Response) =>
    new Promise<void>((resolve) => response.write('some', () => resolve()));

  it('that is whole is closed', async () => {
    answer = stream();
    expect(await ask()).toBe('closed');
    expect(came).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nsome, and the rest$/);
    expect(came).not.toMatch(/content-length|transfer-encoding/i);
  });

  it.each([
    ['is refused', new DomainError('results.dropped', 'They were.')],
    ['fails', new Error('It has failed.')],
  ])('whose source %s is reset', async (_what, error) => {
    answer = stream(error);
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
      const signal = watchAnswer(response, IDLE_MS, () => undefined);
      await sendStream(Readable.from([large], { objectMode: false }), response, signal);
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
