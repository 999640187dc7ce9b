import { createHash } from 'node:crypto';
import { Receiver, answerWith } from '@foreman/testing';
import { WebhookSender } from '@foreman/webhooks';
import { Webhook } from 'standardwebhooks';
import { type InProcessGateway, type TestEdge, startInProcess } from './harness';

interface Artifact {
  readonly name: string;
  readonly inline: unknown;
  readonly url: string | null;
  readonly sha256: string;
  readonly expires_at?: string | null;
}

interface Job extends Record<string, unknown> {
  readonly id: string;
  readonly artifacts: Artifact[];
  readonly webhook?: { url: string; secret: string };
}

interface Task {
  readonly taskId: string;
  readonly leaseToken: string;
}

interface Body {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { job: Record<string, unknown>; artifacts: Artifact[] };
}

interface DeliveryList {
  readonly items: { status: string; eventId: string; attempts: { statusCode: number | null }[] }[];
}

const INLINE_BUDGET_BYTES = 1000;

describe('done-webhooks over HTTP', () => {
  let gateway: InProcessGateway;
  let receiver: Receiver;
  let service: string;
  let edge: TestEdge;

  beforeAll(async () => {
    receiver = await Receiver.start();
    gateway = await startInProcess({
      webhookAllowedNetworks: ['127.0.0.0/8'],
      webhookInlineBudgetBytes: INLINE_BUDGET_BYTES,
    });
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    edge = await gateway.enrolEdge(['study']);
  });

  afterAll(async () => {
    await gateway.stop();
    await receiver.stop();
  });

  const submit = async (webhook: object) =>
    gateway.call<Job>('POST', '/jobs', { token: service, body: { kind: 'study', webhook } });
  const get = async <T>(path: string) =>
    (await gateway.call<T>('GET', path, { token: service })).body;
  const atEdge = async <T>(method: string, path: string, body: unknown, task?: Task) =>
    gateway.call<T>(method, `/internal/edges/tasks/${path}`, {
      token: edge.token,
      body,
      headers: {
        ...(task === undefined ? {} : { 'Foreman-Lease': task.leaseToken }),
        ...(typeof body === 'string' ? { 'content-type': 'text/plain' } : {}),
      },
    });
  const lease = async () => (await atEdge<Task>('POST', 'next', {})).body;
  const send = () => gateway.app.get(WebhookSender).runOnce();

  /** The body of the latest POST, once its signature has been verified. */
  function verified(secret: string | undefined): Body {
    const post = receiver.posts.at(-1);
    return new Webhook(secret ?? '').verify(post?.body ?? '', { ...post?.headers }) as Body;
  }

  it('tells of a completed job what GET tells, with artifacts inline within the budget', async () => {
    const submitted = await submit({ url: receiver.url() });
    expect(submitted.status).toBe(201);
    const task = await lease();
    for (const [name, size] of Object.entries({ 'a.txt': 400, 'b.txt': 700, 'c.txt': 100 })) {
      await atEdge('PUT', `${task.taskId}/artifacts/${name}`, name[0]?.repeat(size), task);
    }
    const inline = { best: 'b', scores: [1.5, null] };
    await atEdge(
      'POST',
      `${task.taskId}/complete`,
      { artifacts: [{ name: 'completion', content_type: 'application/json', inline }] },
      task,
    );

    expect(await send()).toMatchObject({ sent: 1 });

    const body = verified(submitted.body.webhook?.secret);
    const { artifacts, ...job } = await get<Job>(`/jobs/${submitted.body.id}`);
    expect(body).toMatchObject({ type: 'job.completed', timestamp: job['finalizedAt'] });
    expect(body.data.job).toEqual({ ...job, run: 1, seq: 3 });
    expect(artifacts.map(({ inline: value }) => value === null)).toEqual(
      Array.from({ length: 4 }, () => false),
    );
    expect(body.data.artifacts.map(({ name, url }) => [name, url === null])).toEqual([
      ['completion', true],
      ['a.txt', true],
      ['b.txt', false],
      ['c.txt', true],
    ]);
    expect(job['expiresAt']).toEqual(expect.any(String));
    expect(body.data.artifacts[0]).toEqual({ ...artifacts[0], expires_at: job['expiresAt'] });

    const large = body.data.artifacts[2];
    const fetched = await gateway.call('GET', new URL(large?.url ?? '').pathname, {
      token: service,
    });
    expect(fetched.text).toBe('b'.repeat(700));
    expect(createHash('sha256').update(fetched.text).digest('hex')).toBe(large?.sha256);
  });

  it('falls back to urls when the receiver finds the body too large', async () => {
    const { body: job } = await submit({ url: receiver.url() });
    const task = await lease();
    await atEdge('POST', `${task.taskId}/complete`, { processedCount: 1 }, task);
    receiver.script.push(answerWith(413));
    const before = receiver.posts.length;

    await send();

    expect(receiver.posts).toHaveLength(before + 2);
    expect(verified(job.webhook?.secret).data.artifacts).toMatchObject([
      { name: 'completion', inline: null, url: expect.stringContaining(`/jobs/${job.id}/`) },
    ]);
  });

  it('signs its urls for who asked for that: they open without a token, the others do not', async () => {
    for (const signedUrls of [true, false]) {
      const { body: job } = await submit({ url: receiver.url(), signedUrls });
      const task = await lease();
      await atEdge('PUT', `${task.taskId}/artifacts/b.txt`, 'b'.repeat(2000), task);
      await atEdge('POST', `${task.taskId}/complete`, {}, task);
      await send();

      const { data } = verified(job.webhook?.secret);
      const artifact = data.artifacts.find(({ name }) => name === 'b.txt');
      const url = artifact?.url ?? '';
      expect(url.includes('/signed/')).toBe(signedUrls);
      // A job is kept for a week by default, and that is also the longest that a URL opens.
      const finalized = Date.parse(String(data.job['finalizedAt']));
      expect(artifact?.expires_at).toBe(new Date(finalized + 7 * 86_400_000).toISOString());
      const fetched = await gateway.call('GET', url.slice(gateway.baseUrl.length));
      expect(fetched.status).toBe(signedUrls ? 200 : 401);
      if (signedUrls) expect(fetched.text).toBe('b'.repeat(2000));
    }
  });

  it('shows each delivery with its attempts', async () => {
    const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
    const submitted = await submit({ url: receiver.url(), secret, events: ['job.failed'] });
    expect(submitted.body.webhook).toBeUndefined();
    const task = await lease();
    await atEdge(
      'POST',
      `${task.taskId}/fail`,
      { code: 'tool.broken', message: 'no', retryable: false },
      task,
    );
    receiver.script.push(answerWith(503));

    expect(await send()).toMatchObject({ failed: 1 });

    expect(verified(secret)).toMatchObject({
      type: 'job.failed',
      data: { job: { error: { code: 'tool.broken', message: 'no' } }, artifacts: [] },
    });
    const { items } = await get<DeliveryList>(`/jobs/${submitted.body.id}/deliveries`);
    expect(items).toMatchObject([
      {
        status: 'pending',
        eventId: receiver.posts.at(-1)?.headers['webhook-id'],
        attempts: [{ statusCode: 503 }],
      },
    ]);
  });

  it('still tells of the end of a job that is deleted', async () => {
    const { body: job } = await submit({ url: receiver.url() });
    await gateway.call('DELETE', `/jobs/${job.id}`, { token: service });

    expect(await send()).toMatchObject({ sent: 1 });

    expect(verified(job.webhook?.secret)).toMatchObject({
      type: 'job.cancelled',
      data: { job: { id: job.id, status: 'cancelled' } },
    });
  });

  it.each([
    ['a private address', { url: 'https://10.0.0.1/hook' }, 422, 'webhook.target_refused'],
    ['metadata', { url: 'http://169.254.169.254/' }, 422, 'webhook.target_refused'],
    ['a password', { url: 'https://a:b@hooks.example/' }, 422, 'webhook.target_refused'],
    ['no URL', { url: 'hooks' }, 422, 'webhook.target_refused'],
    [
      'a short secret',
      { url: 'https://hooks.example/', secret: 'whsec_AAAA' },
      400,
      'request.invalid',
    ],
    [
      'an unknown event',
      { url: 'https://hooks.example/', events: ['job.x'] },
      400,
      'request.invalid',
    ],
  ])('refuses %s at submission, and makes no job', async (_what, webhook, status, code) => {
    const before = await get<{ items: unknown[] }>('/jobs');

    const answer = await submit(webhook);

    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code, status });
    expect(await get('/jobs')).toEqual(before);
  });
});
