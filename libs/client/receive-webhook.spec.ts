import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Body, Controller, HttpCode, Module, Post, Req } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { request } from 'undici';
import { receiveNestWebhook, receiveWebhook } from './receive-webhook';
import type { RawBodyRequest } from './receive-webhook';
import { OTHER_SECRET, SECRET, signedHeaders } from './spec/signed-webhook';
import type { VerifiedWebhook } from './verify-webhook';
import { webhookListener } from './webhook-listener';
import { WebhookRejected } from './webhook-signature';

const BODY = '{"type":"job.completed"}';
const now = () => Math.floor((performance.timeOrigin + performance.now()) / 1000);

const servers: Server[] = [];
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function fail(): never {
  throw new Error('the disk of the log is full');
}

async function post(url: string, body: string, headers: Record<string, string> = {}) {
  const answer = await request(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...signedHeaders(body, now()), ...headers },
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}

describe('webhookListener', () => {
  let events: VerifiedWebhook[];
  let refused: unknown[];
  let failsOnce: boolean;
  let url: string;

  beforeEach(async () => {
    events = [];
    refused = [];
    failsOnce = false;
    url = await listen(
      webhookListener({
        secrets: [OTHER_SECRET, SECRET],
        limitBytes: 1000,
        onEvent: async (webhook) => {
          await Promise.resolve();
          if (failsOnce) {
            failsOnce = false;
            throw new Error('the database is away');
          }
          events.push(webhook);
        },
        onRefused: (error) => refused.push(error),
      }),
    );
  });

  it('hands over what is signed, and answers 204', async () => {
    expect(await post(url, BODY)).toEqual({ status: 204, text: '' });
    expect(events).toEqual([{ id: 'event-1', event: { type: 'job.completed' } }]);
    expect(refused).toEqual([]);
  });

  it('answers 401 to what is not, without a word, and hands nothing over', async () => {
    const forged = { 'webhook-signature': `v1,${'A'.repeat(43)}=` };
    expect(await post(url, BODY, forged)).toEqual({ status: 401, text: '' });
    expect(await post(url, `${BODY} `, { ...signedHeaders(BODY, now()) })).toMatchObject({
      status: 401,
    });
    expect(await post(url, BODY, signedHeaders(BODY, now() - 400))).toMatchObject({ status: 401 });
    expect(events).toEqual([]);
    expect(refused).toHaveLength(3);
  });

  it('answers 413 to a body beyond its bound, said or not, to its end or not', async () => {
    for (const size of [1001, 200_000, 8_000_000]) {
      const body = JSON.stringify({ text: 'x'.repeat(size - 11) });
      expect(body).toHaveLength(size);
      expect(await post(url, body)).toEqual({ status: 413, text: '' });
    }
    expect(await post(url, JSON.stringify({ text: 'x'.repeat(989) }))).toMatchObject({
      status: 204,
    });
    expect(events).toHaveLength(1);
  });

  it('answers 413 to a stream without an end', async () => {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    const answer = text(socket);
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    socket.write(`800\r\n${'x'.repeat(2048)}\r\n`);
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    await answer.catch(() => undefined);
    expect(head.toString()).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('answers 500 when the event could not be taken: it comes again', async () => {
    failsOnce = true;
    expect(await post(url, BODY)).toMatchObject({ status: 500 });
    expect(refused).toEqual([expect.objectContaining({ message: 'the database is away' })]);
    expect(await post(url, BODY)).toMatchObject({ status: 204 });
    expect(events).toHaveLength(1);
  });

  it.each([
    ['throws', fail],
    ['rejects', async () => fail()],
  ])('answers, and warns, when what is told of a refusal %s', async (_how, onRefused) => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
    url = await listen(
      webhookListener({ secrets: OTHER_SECRET, onEvent: () => undefined, onRefused }),
    );
    expect(await post(url, BODY)).toEqual({ status: 401, text: '' });
    expect(await post(url, BODY)).toEqual({ status: 401, text: '' });
    expect(warn).toHaveBeenCalledTimes(2);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('the disk of the log is full'));
    warn.mockRestore();
  });

  it('leaves an answer alone that somebody else has given meanwhile', async () => {
    const listener = webhookListener({
      secrets: SECRET,
      onEvent: () => answerAtTimeout(),
      onRefused: (error) => refused.push(error),
    });
    let answerAtTimeout: () => void = () => undefined;
    url = await listen((incoming, response) => {
      answerAtTimeout = () => response.writeHead(503).end();
      listener(incoming, response);
    });
    expect(await post(url, BODY)).toEqual({ status: 503, text: '' });
    expect(refused).toEqual([]);
  });

  it('answers 405 to a browser', async () => {
    const answer = await request(url);
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'POST']);
  });

  it('lives through a caller that breaks off', async () => {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
    await once(socket, 'connect');
    socket.destroy();
    expect(await post(url, BODY)).toMatchObject({ status: 204 });
  });

  it('does not start with a secret that is none', () => {
    const start = (secrets: string | undefined) => () =>
      webhookListener({ secrets: secrets as string, onEvent: () => undefined });
    expect(start('')).toThrow(TypeError);
    expect(start(undefined)).toThrow(TypeError);
  });
});

describe('receiveWebhook', () => {
  it('says when somebody has read the body before', async () => {
    const url = await listen((incoming, response) => {
      void (async () => {
        await text(incoming);
        const error = await receiveWebhook(incoming, SECRET).catch((reason: Error) => reason);
        response.end(error instanceof Error ? error.message : 'taken');
      })();
    });
    expect((await post(url, BODY)).text).toMatch(/read before: take webhooks before any body/);
  });
});

@Controller('hooks')
class HooksController {
  static readonly taken: VerifiedWebhook[] = [];

  @Post()
  @HttpCode(204)
  receive(@Req() incoming: RawBodyRequest, @Body() _parsed: unknown): void {
    HooksController.taken.push(receiveNestWebhook(incoming, SECRET));
  }
}

@Module({ controllers: [HooksController] })
class HooksModule {}

describe('receiveNestWebhook, in an application', () => {
  let app: NestExpressApplication;
  let url: string;

  async function start(options: { rawBody: boolean }): Promise<void> {
    const testing = await Test.createTestingModule({ imports: [HooksModule] }).compile();
    app = testing.createNestApplication<NestExpressApplication>(options);
    app.useLogger(false);
    app.useBodyParser('json', { limit: '4mb' });
    await app.listen(0, '127.0.0.1');
    url = `${await app.getUrl()}/hooks`;
    HooksController.taken.length = 0;
  }
  afterEach(() => app.close());

  it('takes what is signed, as it came, also beyond the 100 KB of its parser', async () => {
    await start({ rawBody: true });
    const spaced = '{ "type" : "job.completed", "n": 1.0 }';
    expect(await post(url, spaced)).toMatchObject({ status: 204 });
    const long = JSON.stringify({ text: 'x'.repeat(3_000_000) });
    expect(await post(url, long)).toMatchObject({ status: 204 });
    expect(HooksController.taken).toMatchObject([{ event: { n: 1 } }, {}]);
  });

  it.each<[string, number, string, Record<string, string>]>([
    ['a forged one', 401, BODY, { 'webhook-signature': `v1,${'A'.repeat(43)}=` }],
    ['one that is too long', 413, JSON.stringify({ text: 'x'.repeat(4_200_000) }), {}],
    ['one that is not JSON', 401, 'hm', { 'content-type': 'text/plain' }],
    ['one without a body', 401, '', {}],
    ['broken JSON', 400, '{', {}],
  ])('refuses %s with %i', async (_name, status, body, headers) => {
    await start({ rawBody: true });
    expect(await post(url, body, headers)).toMatchObject({ status });
    expect(HooksController.taken).toEqual([]);
  });

  it('tells a request without a JSON body from an application that keeps none', () => {
    const json = { 'content-type': 'application/json; charset=utf-8' };
    for (const headers of [{}, json, { ...json, 'content-length': '0' }]) {
      expect(() => receiveNestWebhook({ headers }, SECRET)).toThrow(WebhookRejected);
    }
    for (const size of [{ 'content-length': '1' }, { 'transfer-encoding': 'chunked' }]) {
      const headers = { ...json, ...size };
      expect(() => receiveNestWebhook({ headers }, SECRET)).toThrow(/rawBody: true/);
    }
  });

  it('answers 500 without rawBody: true, and the error says what is missing', async () => {
    await start({ rawBody: false });
    expect(await post(url, BODY)).toMatchObject({ status: 500 });
    const headers = { 'content-type': 'application/json', 'content-length': '24' };
    expect(() => receiveNestWebhook({ headers }, SECRET)).toThrow(/rawBody: true/);
  });
});
