import { Receiver, answerWith } from '@foreman/testing';
import { WebhookSender } from '@foreman/webhooks';
import { type InProcessGateway, startInProcess } from './harness';

const UNKNOWN_ID = '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c11';

interface Attempt {
  readonly startedAt: string;
  readonly durationMs: number;
}

interface Delivery {
  readonly id: string;
  readonly url: string;
  readonly nextAttemptAt: string | null;
  readonly attempts: Attempt[];
}

interface List {
  readonly items: Delivery[];
  readonly nextCursor: string | null;
}

describe('deliveries, as they are looked at', () => {
  let gateway: InProcessGateway;
  let receiver: Receiver;
  let service: string;
  let jobId: string;
  let endpointId: string;

  beforeAll(async () => {
    receiver = await Receiver.start();
    gateway = await startInProcess({ webhookAllowedNetworks: ['127.0.0.0/8'] });
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    const standing = { url: receiver.url('127.0.0.1', '/standing') };
    const endpoint = await gateway.asAdmin('POST', '/admin/webhook-endpoints', standing);
    endpointId = String(endpoint.body['id']);
    const webhook = { url: receiver.url('127.0.0.1', '/own?token=query') };
    const job = await gateway.asAdmin('POST', '/jobs', { kind: 'k', webhook });
    jobId = String(job.body['id']);
    await gateway.asAdmin('POST', `/jobs/${jobId}/cancel`);
    const body = `${'é'.repeat(3000)}and more`;
    receiver.script.push(answerWith(500, body), answerWith(500, body));
    await gateway.app.get(WebhookSender).runOnce();
  });

  afterAll(async () => {
    await gateway.stop();
    await receiver.stop();
  });

  const ofJob = (token: string, query = '', id = jobId) =>
    gateway.call<List>('GET', `/jobs/${id}/deliveries${query}`, { token });

  it('show status, time, duration, class, address, the next try, and 4 KiB of the answer', async () => {
    const { body } = await ofJob(service);
    const own = body.items.find(({ url }) => url.endsWith('/own'));
    expect(own).toMatchObject({
      type: 'job.cancelled',
      jobId,
      run: 1,
      status: 'pending',
      attemptCount: 1,
      finishedAt: null,
      attempts: [
        {
          number: 1,
          statusCode: 500,
          error: { class: 'status', detail: 'answered 500' },
          address: '127.0.0.1',
          responseExcerpt: 'é'.repeat(2048),
        },
      ],
    });
    const [attempt] = own?.attempts ?? [];
    expect(attempt?.durationMs).toBeGreaterThanOrEqual(0);
    const waitsMs = Date.parse(own?.nextAttemptAt ?? '') - Date.parse(attempt?.startedAt ?? '');
    expect(waitsMs).toBeGreaterThanOrEqual(4500);
    expect(JSON.stringify(body)).not.toContain('token=query');
  });

  it('show no service what an administrator’s endpoint is and answers; they show him by endpoint', async () => {
    const { body } = await ofJob(service);
    const others = body.items.find(({ url }) => !url.endsWith('/own'));
    expect(others).toMatchObject({
      url: new URL(receiver.url()).origin,
      attempts: [{ statusCode: 500, address: null, responseExcerpt: null }],
    });
    const { items } = (
      await gateway.asAdmin<List>('GET', `/admin/deliveries?endpoint=${endpointId}`)
    ).body;
    expect(items).toMatchObject([
      {
        id: others?.id,
        url: receiver.url('127.0.0.1', '/standing'),
        attempts: [{ address: '127.0.0.1', responseExcerpt: 'é'.repeat(2048) }],
      },
    ]);
  });

  it('are shown to nobody without the right', async () => {
    const writer = await gateway.makeApiKey('jobs:write');
    const edge = await gateway.enrolEdge(['k']);
    expect((await ofJob(writer)).status).toBe(403);
    expect((await ofJob(edge.token)).status).toBe(401);
    expect((await gateway.call('GET', `/jobs/${jobId}/deliveries`)).status).toBe(401);
    for (const token of [writer, service]) {
      for (const query of ['', `?jobId=${jobId}`, `?endpoint=${endpointId}`]) {
        const answer = await gateway.call('GET', `/admin/deliveries${query}`, { token });
        expect(answer.status).toBe(403);
      }
    }
    for (const id of [UNKNOWN_ID, 'no-id']) {
      expect(await ofJob(service, '', id)).toMatchObject({
        status: 404,
        body: { code: 'job.not_found' },
      });
    }
  });

  it('come in pages', async () => {
    for (const query of ['?limit=0', '?limit=501', '?limit=all', '?cursor=nonsense']) {
      expect((await ofJob(service, query)).status).toBe(400);
      expect((await gateway.asAdmin('GET', `/admin/deliveries${query}`)).status).toBe(400);
    }
    const first = (await ofJob(service, '?limit=1')).body;
    const second = (await ofJob(service, `?limit=1&cursor=${first.nextCursor}`)).body;
    expect(second.nextCursor).toBeNull();
    const ids = [...first.items, ...second.items].map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(ids).toEqual((await ofJob(service)).body.items.map(({ id }) => id));
  });

  it('are gone from sight with their job', async () => {
    const { body } = await gateway.asAdmin('POST', '/jobs', { kind: 'k' });
    const id = String(body['id']);
    await gateway.asAdmin('DELETE', `/jobs/${id}`);
    expect((await ofJob(service, '', id)).status).toBe(404);
    const still = await gateway.asAdmin<List>('GET', `/admin/deliveries?jobId=${id}`);
    expect(still.body.items).toHaveLength(1);
  });
});
