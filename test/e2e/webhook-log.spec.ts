import { type Answer, Receiver, answerWith, eventually } from '@foreman/testing';
import { type DataFolder, GatewayProcess, makeDataFolder } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(120_000);

const WITHIN_MS = 60_000;
const secretOf = (seed: string) => `whsec_${Buffer.alloc(32, seed).toString('base64')}`;
const [JOBS, STANDING, ROTATED] = [secretOf('of job'), secretOf('standing'), secretOf('rotated')];
const PATH = '/path-t0ken';
const QUERY = 'token=query-t0ken';
const ANSWER = 'answer-of-receiver';
const METADATA = 'what-the-body-tells';
const hangUp: Answer = (_request, response) => void response.socket?.destroy();

interface Delivery {
  readonly id: string;
  readonly eventId: string;
  readonly endpointId: string;
  readonly status: string;
  readonly attempts: { number: number; statusCode: number | null; durationMs: number }[];
}

describe('the log of a run that sends webhooks', () => {
  let folder: DataFolder;
  let receiver: Receiver;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    folder = await makeDataFolder();
    receiver = await Receiver.start();
    gateway = await GatewayProcess.start(folder.path, {
      FOREMAN_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      FOREMAN_WEBHOOK_RETRY_SECONDS: '0,0,0',
      FOREMAN_LOG_LEVEL: 'trace',
    });
  });

  afterAll(async () => {
    await gateway.kill();
    await receiver.stop();
    await folder.remove();
  });

  it('has a line for each attempt, with its ids, and nowhere a secret, a signature, a URL or a body', async () => {
    const url = receiver.url('127.0.0.1', `${PATH}?${QUERY}`);
    const standing = { url, secret: STANDING, events: ['job.started'] };
    const made = await gateway.asAdmin('POST', '/admin/webhook-endpoints', standing);
    const endpoint = `/admin/webhook-endpoints/${String(made.body['id'])}`;
    await gateway.asAdmin('POST', `${endpoint}/rotate-secret`, { secret: ROTATED });
    expect((await gateway.asAdmin('POST', `${endpoint}/test`)).body['statusCode']).toBe(204);

    const location = `http://169.254.169.254${PATH}?${QUERY}`;
    receiver.script.push(answerWith(500, ANSWER), hangUp, answerWith(302, ANSWER, { location }));
    const webhook = { url, secret: JOBS };
    const request = { kind: 'k', webhook, metadata: { note: METADATA } };
    const { body: job } = await gateway.asAdmin('POST', '/jobs', request);
    const jobId = String(job['id']);
    await gateway.asAdmin('POST', `/jobs/${jobId}/cancel`);
    const delivery = await eventually(
      'the webhook is delivered',
      async () => {
        const list = await gateway.asAdmin<{ items: Delivery[] }>(
          'GET',
          `/jobs/${jobId}/deliveries`,
        );
        return list.body.items.find(({ status }) => status === 'delivered');
      },
      WITHIN_MS,
    );

    const lines = () =>
      gateway
        .output()
        .split('\n')
        .filter((line) => line.includes('A webhook was posted'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    await eventually('all of it is logged', () => lines().length >= 4, WITHIN_MS);
    const { id: deliveryId, eventId, endpointId } = delivery;
    expect(lines()).toEqual(
      [
        { outcome: 'retrying', statusCode: 500, errorClass: 'status' },
        { outcome: 'retrying', statusCode: null, errorClass: 'reset' },
        { outcome: 'retrying', statusCode: 302, errorClass: 'redirect' },
        { outcome: 'delivered', statusCode: 204, errorClass: null },
      ].map((each, index) =>
        expect.objectContaining({
          context: 'WebhookAttempt',
          ...{ deliveryId, eventId, endpointId, jobId, ...each },
          attempt: index + 1,
          durationMs: delivery.attempts[index]?.durationMs,
        }),
      ),
    );

    const log = gateway.output();
    const signatures = receiver.posts.flatMap(({ headers }) =>
      (headers['webhook-signature'] ?? '').split(' ').map((one) => one.slice('v1,'.length)),
    );
    // Two while the secret rotates, one for each attempt.
    expect(signatures).toHaveLength(6);
    const secrets = [JOBS, STANDING, ROTATED].map((secret) => secret.slice('whsec_'.length));
    const texts = [PATH, QUERY, ANSWER, METADATA, location];
    for (const text of [...signatures, ...secrets, ...texts]) {
      expect([text, log.includes(text)]).toEqual([text, false]);
    }
  });
});
