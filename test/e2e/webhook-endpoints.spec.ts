import { Receiver, answerWith } from '@foreman/testing';
import { WebhookSender } from '@foreman/webhooks';
import { Webhook } from 'standardwebhooks';
import { type InProcessGateway, startInProcess } from './harness';

const UNKNOWN_ID = '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11';
const GIVEN = `whsec_${Buffer.alloc(32, 'given').toString('base64')}`;

interface Endpoint {
  readonly id: string;
  readonly secret: string | null;
  readonly status: string;
  readonly history: { type: string }[];
}

interface Delivery {
  readonly id: string;
  readonly jobId: string;
  readonly endpointId: string;
  readonly status: string;
  readonly attempts: { statusCode: number | null }[];
}

interface List<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

describe('standing webhook endpoints over HTTP', () => {
  let gateway: InProcessGateway;
  let receiver: Receiver;
  let service: string;

  beforeAll(async () => {
    gateway = await startInProcess({
      webhookAllowedNetworks: ['127.0.0.0/8'],
      webhookRetrySeconds: [],
    });
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
  });
  beforeEach(async () => {
    receiver = await Receiver.start();
  });
  afterEach(async () => {
    const { body } = await gateway.asAdmin<List<Endpoint>>('GET', '/admin/webhook-endpoints');
    for (const { id } of body.items) {
      await gateway.asAdmin('DELETE', `/admin/webhook-endpoints/${id}`);
    }
    await receiver.stop();
  });
  afterAll(() => gateway.stop());

  const admin = <T = Record<string, unknown>>(method: string, path: string, body?: unknown) =>
    gateway.asAdmin<T>(method, `/admin/${path}`, body);
  const make = async (fields: object = {}) => {
    const body = { url: receiver.url(), ...fields };
    return (await admin<Endpoint>('POST', 'webhook-endpoints', body)).body;
  };
  const send = () => gateway.app.get(WebhookSender).runOnce();
  /** A job that ends at once: it is cancelled. */
  const endedJob = async (kind = 'study') => {
    const job = await gateway.call<{ id: string }>('POST', '/jobs', {
      token: service,
      body: { kind },
    });
    await gateway.call('POST', `/jobs/${job.body.id}/cancel`, { token: service });
    return job.body.id;
  };
  const jobsOfPosts = () =>
    receiver.posts.flatMap(({ body }) => {
      const event = JSON.parse(body) as { type: string; data: { job?: { id: string } } };
      return event.data.job === undefined ? [event.type] : [event.data.job.id];
    });

  it('are made, shown, changed and removed, their secret told once', async () => {
    const made = await admin<Endpoint>('POST', 'webhook-endpoints', {
      url: `${receiver.url()}?token=t0p`,
      events: ['job.cancelled'],
      kinds: ['study'],
      inlineBudgetBytes: 1000,
      ratePerMinute: 6000,
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      url: receiver.url(),
      secret: expect.stringMatching(/^whsec_/),
      status: 'enabled',
      ratePerMinute: 6000,
    });
    const { id, secret } = made.body;
    const one = await admin<Endpoint>('GET', `webhook-endpoints/${id}`);
    expect(one.body.history.map(({ type }) => type)).toEqual(['created']);
    const list = await admin<List<Endpoint>>('GET', 'webhook-endpoints');
    expect(list.body.items.map((item) => item.id)).toEqual([id]);
    for (const { text } of [one, list]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain('t0p');
    }

    const changed = await admin('PATCH', `webhook-endpoints/${id}`, {
      kinds: null,
      ratePerMinute: null,
    });
    expect(changed.body).toMatchObject({
      kinds: null,
      ratePerMinute: null,
      inlineBudgetBytes: 1000,
    });
    await endedJob('other');
    await send();
    const [post] = receiver.posts;
    const event = new Webhook(secret ?? '').verify(post?.body ?? '', { ...post?.headers });
    expect(event).toMatchObject({ type: 'job.cancelled' });

    const remove = () => admin('DELETE', `webhook-endpoints/${id}`);
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 404]);
    await endedJob('study');
    await send();
    expect(receiver.posts).toHaveLength(1);
  });

  it('are made once for a key; the repeat shows no secret', async () => {
    const call = (url: string) =>
      gateway.call<Endpoint>('POST', '/admin/webhook-endpoints', {
        token: gateway.adminToken,
        body: { url, secret: GIVEN },
        headers: { 'Idempotency-Key': 'one endpoint' },
      });
    const first = await call(receiver.url());
    const again = await call(receiver.url());
    expect([first.status, again.status]).toEqual([201, 200]);
    expect([first.body.secret, again.body.secret]).toEqual([GIVEN, null]);
    expect(again.body.id).toBe(first.body.id);
    expect((await call(`${receiver.url()}/other`)).body).toMatchObject({
      code: 'idempotency.conflict',
    });
  });

  it.each([
    [{ url: 'https://10.0.0.1/' }, 422, 'webhook.target_refused'],
    [{ url: 'http://1.1.1.1/' }, 422, 'webhook.target_refused'],
    [{}, 400, 'request.invalid'],
    [{ url: 'https://a.example/', secret: 'whsec_c2hvcnQ=' }, 400, 'request.invalid'],
    [{ url: 'https://a.example/', events: ['job.created'] }, 400, 'request.invalid'],
    [{ url: 'https://a.example/', ratePerMinute: 0 }, 400, 'request.invalid'],
    [{ url: 'https://a.example/', inlineBudgetBytes: -1 }, 400, 'request.invalid'],
    [{ url: 'https://a.example/', enabled: true }, 400, 'request.invalid'],
  ])('are not made of %j', async (body, status, code) => {
    const answer = await admin('POST', 'webhook-endpoints', body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect((await admin<List<Endpoint>>('GET', 'webhook-endpoints')).body.items).toEqual([]);
  });

  it('sign with both secrets while one is rotating', async () => {
    const { id, secret } = await make();
    const rotated = await admin<{ secret: string }>(
      'POST',
      `webhook-endpoints/${id}/rotate-secret`,
      {},
    );
    expect(rotated.status).toBe(201);
    await endedJob();
    await send();
    const [post] = receiver.posts;
    for (const each of [secret, rotated.body.secret]) {
      const verified = new Webhook(each ?? '').verify(post?.body ?? '', { ...post?.headers });
      expect(verified).toMatchObject({ type: 'job.cancelled' });
    }
    expect((await admin('GET', `webhook-endpoints/${id}`)).body).toMatchObject({
      previousSecretUntil: expect.any(String),
    });
  });

  it('answer a test, which shows what came back', async () => {
    const { id, secret } = await make();
    receiver.script.push(answerWith(418, 'short and stout'));
    const test = await admin('POST', `webhook-endpoints/${id}/test`);
    expect(test).toMatchObject({
      status: 200,
      body: {
        statusCode: 418,
        durationMs: expect.any(Number),
        error: { class: 'status' },
        responseExcerpt: 'short and stout',
      },
    });
    const [post] = receiver.posts;
    const event = new Webhook(secret ?? '').verify(post?.body ?? '', { ...post?.headers });
    expect(event).toMatchObject({ type: 'webhook.test', data: { endpointId: id } });
    expect(post?.headers['webhook-id']).toBe(test.body['eventId']);
  });

  it('are disabled by 410, say so, and get what was kept in order once they are enabled', async () => {
    const { id } = await make();
    receiver.script.push(answerWith(410));
    const jobs = [await endedJob()];
    await send();
    jobs.push(await endedJob(), await endedJob());
    await send();
    expect((await admin('GET', 'stats')).body).toMatchObject({
      webhooks: { endpoints: { enabled: 0, disabled: 1 }, backlogAgeSeconds: 0 },
    });
    const kept = await admin<List<Delivery>>('GET', `deliveries?endpoint=${id}&status=disabled`);
    expect(kept.body.items.map(({ jobId }) => jobId)).toEqual(jobs.toReversed());
    const [newest] = kept.body.items;
    expect(await admin('POST', `deliveries/${newest?.id}/redeliver`)).toMatchObject({
      status: 409,
      body: { code: 'endpoint.disabled' },
    });
    expect(await admin('POST', `webhook-endpoints/${id}/redeliver`, {})).toMatchObject({
      status: 409,
    });

    receiver.script.push(answerWith(500, 'no'));
    expect(await admin('POST', `webhook-endpoints/${id}/enable`)).toMatchObject({
      status: 409,
      body: { code: 'endpoint.disabled', test: { statusCode: 500, responseExcerpt: 'no' } },
    });
    expect(await admin('POST', `webhook-endpoints/${id}/enable`)).toMatchObject({
      status: 200,
      body: { status: 'replaying' },
    });
    await send();

    expect(jobsOfPosts()).toEqual([jobs[0], 'webhook.test', 'webhook.test', ...jobs]);
    const after = await admin<Endpoint>('GET', `webhook-endpoints/${id}`);
    expect(after.body.history.map(({ type }) => type)).toEqual([
      'replayed',
      'enabled',
      'disabled',
      'created',
    ]);
  });

  it('get exhausted deliveries again, one or all, under the same id', async () => {
    const { id } = await make();
    receiver.script.push(answerWith(500), answerWith(500));
    const jobs = [await endedJob(), await endedJob()];
    await send();
    const path = `deliveries?endpoint=${id}`;
    const exhausted = await admin<List<Delivery>>('GET', `${path}&status=exhausted`);
    expect(exhausted.body.items).toHaveLength(2);
    const [last] = exhausted.body.items;
    expect((await admin('POST', `deliveries/${last?.id}/redeliver`)).body).toMatchObject({
      status: 'pending',
    });
    await send();
    expect(jobsOfPosts().slice(2)).toEqual([jobs[1]]);
    const all = await admin('POST', `webhook-endpoints/${id}/redeliver`, {
      before: '2100-01-01T00:00:00.000Z',
    });
    expect(all).toMatchObject({ status: 200, body: { redelivered: 1 } });
    await send();
    expect(jobsOfPosts().slice(3)).toEqual([jobs[0]]);
    expect(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
    const ofJob = await admin<List<Delivery>>('GET', `deliveries?jobId=${jobs[0]}`);
    expect(ofJob.body.items[0]?.attempts.map(({ statusCode }) => statusCode)).toEqual([500, 204]);
    expect((await admin<List<Delivery>>('GET', 'deliveries?jobId=no-id')).body.items).toEqual([]);
    expect((await admin('GET', 'deliveries?status=lost')).status).toBe(400);
  });

  it('are for administrators, and not found under other ids', async () => {
    const calls: [string, string][] = [
      ['GET', 'webhook-endpoints/ID'],
      ['PATCH', 'webhook-endpoints/ID'],
      ['DELETE', 'webhook-endpoints/ID'],
      ['POST', 'webhook-endpoints/ID/rotate-secret'],
      ['POST', 'webhook-endpoints/ID/test'],
      ['POST', 'webhook-endpoints/ID/enable'],
      ['POST', 'webhook-endpoints/ID/redeliver'],
      ['POST', 'deliveries/ID/redeliver'],
    ];
    for (const [method, path] of calls) {
      const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
      for (const id of [UNKNOWN_ID, 'nonsense']) {
        expect((await admin(method, path.replace('ID', id), body)).status).toBe(404);
      }
      const route = `/admin/${path.replace('ID', UNKNOWN_ID)}`;
      expect((await gateway.call(method, route, { token: service, body })).status).toBe(403);
    }
    const list = await gateway.call('GET', '/admin/deliveries', { token: service });
    expect(list.status).toBe(403);
  });
});
