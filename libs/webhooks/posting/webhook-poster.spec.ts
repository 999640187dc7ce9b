import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { FakeClock, Receiver, answerWith, eventually } from '@foreman/testing';
import { selfSigned } from '../spec/self-signed';
import { BLOCKED_PORTS } from '../target/blocked-ports';
import { TargetPolicy } from '../target/target-policy';
import type { PostOutcome } from './post-outcome';
import { WebhookPoster } from './webhook-poster';

const TIMEOUT_MS = 15_000;
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

describe('WebhookPoster', () => {
  const clock = new FakeClock();
  const running = new AbortController();
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = await Receiver.start();
  });

  afterEach(async () => {
    await receiver.stop();
  });

  interface Setting {
    readonly allowed?: string[];
    readonly names?: Record<string, string[][]>;
    readonly authorities?: string[];
  }

  /** `names` gives the answers of the resolver in turn, the last one for ever. */
  function poster({ allowed = LOOPBACK, names = {}, authorities }: Setting = {}): WebhookPoster {
    const asked = new Map<string, number>();
    const policy = new TargetPolicy({
      allowedNetworks: allowed,
      deniedPorts: BLOCKED_PORTS,
      deniedHosts: [],
    });
    return new WebhookPoster(policy, clock, {
      timeoutMs: TIMEOUT_MS,
      certificateAuthorities: authorities ?? null,
      resolve: async (host) => {
        const answers = names[host] ?? [];
        const turn = asked.get(host) ?? 0;
        asked.set(host, turn + 1);
        const answer = answers[Math.min(turn, answers.length - 1)];
        if (answer === undefined) {
          throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
        }
        return answer;
      },
    });
  }

  function post(by: WebhookPoster, url: string, body = '{}'): Promise<PostOutcome> {
    const headers = { 'content-type': 'application/json', 'webhook-id': 'event-1' };
    return by.post({ url, headers, body: Buffer.from(body) }, running.signal);
  }

  it('posts the bytes and headers as they are and tells of the answer', async () => {
    receiver.script.push(answerWith(202, 'thank you'));

    const outcome = await post(poster(), receiver.url('127.0.0.1', '/hook?a=b#c'), '{"ü":1}');

    expect(outcome).toEqual({
      statusCode: 202,
      errorClass: null,
      errorDetail: null,
      address: '127.0.0.1',
      responseExcerpt: 'thank you',
      retryAfterMs: null,
    });
    expect(receiver.posts).toHaveLength(1);
    expect(receiver.posts[0]).toMatchObject({
      path: '/hook?a=b',
      body: '{"ü":1}',
      headers: { 'content-type': 'application/json', 'webhook-id': 'event-1' },
    });
  });

  it('cuts an answer at 16 KiB: nothing more is awaited, and the connection is closed', async () => {
    let isClosed = false;
    let sendOneMore: () => void = () => undefined;
    receiver.script.push(({ socket }) => {
      socket.on('close', () => (isClosed = true));
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
      socket.write('a'.repeat(16_383));
      sendOneMore = () => void socket.write('a');
    });

    const posting = post(poster(), receiver.url());
    await receiver.received(1);
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    expect(isClosed).toBe(false);
    sendOneMore();

    expect(await posting).toMatchObject({ statusCode: 200, responseExcerpt: 'a'.repeat(4096) });
    await eventually('the receiver is hung up on', () => isClosed, 20_000);
  });

  it('takes little more than that from a receiver that has a gigabyte to say', async () => {
    let taken = 0;
    let isClosed = false;
    receiver.script.push(({ socket }) => {
      socket.on('error', () => undefined).on('close', () => (isClosed = true));
      socket.write('HTTP/1.1 500 No\r\nContent-Length: 1000000000\r\n\r\n');
      const chunk = Buffer.alloc(16_384, 'a');
      const push = () => {
        if (socket.destroyed) return;
        // Told once the system has it: what lies in its buffers has not been taken by anybody.
        socket.write(chunk, (error) => {
          if (error) return;
          taken += chunk.length;
          push();
        });
      };
      push();
    });

    const outcome = await post(poster(), receiver.url());
    await eventually('the receiver is hung up on', () => isClosed, 20_000);

    expect(outcome).toMatchObject({ statusCode: 500, responseExcerpt: 'a'.repeat(4096) });
    expect(taken).toBeLessThan(16 * 1024 * 1024);
  });

  it('gives up on a receiver that never answers', async () => {
    receiver.script.push(() => undefined);

    const posting = post(poster(), receiver.url());
    await receiver.received(1);
    clock.advance(TIMEOUT_MS - 1);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);

    expect(await posting).toMatchObject({ statusCode: null, errorClass: 'timeout' });
  });

  it('gives up on a resolver that never answers', async () => {
    const policy = new TargetPolicy({ allowedNetworks: [], deniedPorts: [], deniedHosts: [] });
    const hanging = new WebhookPoster(policy, clock, {
      timeoutMs: TIMEOUT_MS,
      certificateAuthorities: null,
      resolve: () => new Promise(() => undefined),
    });

    const posting = post(hanging, 'https://name.example/');
    clock.advance(TIMEOUT_MS);

    expect(await posting).toMatchObject({ errorClass: 'timeout', address: null });
  });

  it('counts a 2xx as success even when its body breaks off', async () => {
    receiver.script.push((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('partial', () => request.socket.end());
    });

    const outcome = await post(poster(), receiver.url());

    expect(outcome).toMatchObject({
      statusCode: 200,
      errorClass: null,
      responseExcerpt: 'partial',
    });
  });

  it('tells a reset, a refused connection, an unknown name and nonsense apart', async () => {
    receiver.script.push(
      (request) => request.socket.destroy(),
      (request) => request.socket.end('this is not HTTP\r\n\r\n'),
    );
    const reset = await post(poster(), receiver.url());
    const nonsense = await post(poster(), receiver.url());
    const closed = receiver.url();
    await receiver.stop();
    const refused = await post(poster(), closed);
    const unknown = await post(poster(), 'https://nowhere.example/');
    receiver = await Receiver.start();

    expect([reset, nonsense, refused, unknown].map((outcome) => outcome.errorClass)).toEqual([
      'reset',
      'protocol',
      'connect',
      'dns',
    ]);
  });

  it('tries the addresses of a name in turn, and says of each why it failed', async () => {
    const only4 = createServer((_request, response) => response.writeHead(204).end());
    await new Promise<void>((resolve) => only4.listen(0, '127.0.0.1', resolve));
    const { port } = only4.address() as AddressInfo;
    const names = { 'two.example': [['127.0.0.2', '127.0.0.1']] };
    const url = `http://two.example:${port}/`;

    expect(await post(poster({ names }), url)).toMatchObject({
      statusCode: 204,
      address: '127.0.0.1',
    });
    await new Promise((resolve) => only4.close(resolve));
    expect(await post(poster({ names }), url)).toMatchObject({
      errorClass: 'connect',
      errorDetail: expect.stringMatching(/127\.0\.0\.2.*; .*127\.0\.0\.1/),
      address: null,
    });
  });

  it('verifies the certificate against the host name', async () => {
    const certificate = selfSigned('hooks.example');
    const secure = await Receiver.start(certificate);
    const names = { 'hooks.example': [['127.0.0.1']], 'other.example': [['127.0.0.1']] };
    const trusting = poster({ names, authorities: [certificate.cert] });

    const trusted = await post(trusting, secure.url('hooks.example'));
    const wrongName = await post(trusting, secure.url('other.example'));
    const unknownIssuer = await post(poster({ names }), secure.url('hooks.example'));
    await secure.stop();

    expect(trusted).toMatchObject({ statusCode: 204, errorClass: null });
    expect(wrongName).toMatchObject({ statusCode: null, errorClass: 'tls' });
    expect(unknownIssuer).toMatchObject({ statusCode: null, errorClass: 'tls' });
    expect(secure.posts).toHaveLength(1);
  });

  it('rejects when the sender stops, so that nothing is recorded of a cut attempt', async () => {
    const stopping = new AbortController();
    receiver.script.push(() => undefined);

    const posting = poster().post(
      { url: receiver.url(), headers: {}, body: Buffer.from('{}') },
      stopping.signal,
    );
    await receiver.received(1);
    stopping.abort(new Error('stopping'));

    await expect(posting).rejects.toThrow('stopping');
  });
});
