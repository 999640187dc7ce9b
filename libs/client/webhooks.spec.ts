import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { request } from 'undici';
import { receiveNestWebhook, receiveWebhook } from './receive-webhook';
import { verifyWebhook } from './verify-webhook';

/** The example of the Standard Webhooks specification. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = '{"test": 2432232314}';
const HEADERS = {
  'Webhook-Id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'Webhook-Timestamp': '1614265330',
  'Webhook-Signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

describe('verifyWebhook', () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_614_265_330_000, doNotFake: ['nextTick'] }));
  afterEach(() => jest.useRealTimers());

  it('takes the example of the specification', () => {
    expect(
      verifyWebhook({ secrets: SECRET, headers: HEADERS, rawBody: Buffer.from(BODY) }),
    ).toEqual({
      id: HEADERS['Webhook-Id'],
      event: { test: 2432232314 },
    });
  });

  it('tries every secret while one is being replaced', () => {
    const secrets = [OTHER_SECRET, SECRET];
    expect(verifyWebhook({ secrets, headers: HEADERS, rawBody: BODY }).id).toMatch(/^msg_/);
  });

  it.each([
    ['another secret', { secrets: OTHER_SECRET }],
    ['no secret', { secrets: [] }],
    ['another body', { rawBody: BODY.replace('2432232314', '2432232315') }],
    ['the same body printed again', { rawBody: JSON.stringify(JSON.parse(BODY)) }],
    ['another id', { headers: { ...HEADERS, 'Webhook-Id': 'msg_other' } }],
    ['no signature', { headers: { ...HEADERS, 'Webhook-Signature': undefined } }],
    ['no timestamp', { headers: { ...HEADERS, 'Webhook-Timestamp': undefined } }],
  ])('rejects %s', (_name, change) => {
    expect(() =>
      verifyWebhook({ secrets: SECRET, headers: HEADERS, rawBody: BODY, ...change }),
    ).toThrow(expect.objectContaining({ name: 'WebhookRejected' }));
  });

  it('rejects what is older than five minutes', () => {
    jest.setSystemTime(1_614_265_330_000 + 301_000);
    expect(() => verifyWebhook({ secrets: SECRET, headers: HEADERS, rawBody: BODY })).toThrow(
      /too old/,
    );
  });

  it('reads the raw body that NestJS keeps, and says when it was not asked to', () => {
    const nestRequest = { headers: HEADERS, rawBody: Buffer.from(BODY) };
    expect(receiveNestWebhook(nestRequest, SECRET).event).toEqual({ test: 2432232314 });
    expect(() => receiveNestWebhook({ headers: HEADERS }, SECRET)).toThrow(/rawBody: true/);
  });
});

describe('receiveWebhook', () => {
  const server = createServer((incoming, response) => {
    receiveWebhook(incoming, SECRET, 100).then(
      ({ event }) => response.end(JSON.stringify(event)),
      (error: Error) => response.writeHead(400).end(error.name),
    );
  });

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const post = async (body: string) => {
    const timestamp = new Date();
    const { port } = server.address() as AddressInfo;
    const response = await request(`http://127.0.0.1:${port}`, {
      method: 'POST',
      body,
      headers: {
        'webhook-id': 'e1',
        'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
        'webhook-signature': new Webhook(SECRET).sign('e1', timestamp, body),
      },
    });
    return response.body.text();
  };

  it('reads a plain Node request', async () => {
    await expect(post('{"type":"job.completed"}')).resolves.toBe('{"type":"job.completed"}');
  });

  it('reads no more than its bound, and leaves the request to be answered', async () => {
    await expect(post(JSON.stringify('x'.repeat(200_000)))).resolves.toBe('BodyTooLarge');
  });
});
