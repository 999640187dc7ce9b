import { FakeClock, Receiver, answerWith } from '@foreman/testing';
import { WebhookSender } from '@foreman/webhooks';
import { type InProcessGateway, startInProcess } from './harness';

const DAY_SECONDS = 86_400;

/** `GET /metrics` and `GET /admin/stats` on webhooks, from the first delivery to the last try. */
describe('figures of webhooks', () => {
  let gateway: InProcessGateway;
  let receiver: Receiver;
  let clock: FakeClock;

  beforeAll(async () => {
    receiver = await Receiver.start();
    clock = new FakeClock(Math.floor(performance.timeOrigin + performance.now()));
    gateway = await startInProcess(
      { webhookAllowedNetworks: ['127.0.0.0/8'], webhookRetrySeconds: [DAY_SECONDS] },
      { clock },
    );
  });

  afterAll(async () => {
    await gateway.stop();
    await receiver.stop();
  });

  const send = () => gateway.app.get(WebhookSender).runOnce();

  /** All series of webhooks, by their names. */
  async function series(): Promise<Record<string, number>> {
    // Figures that have to be counted are counted anew only when some time has passed for what that costs.
    clock.advance(1000);
    const { text } = await gateway.asAdmin('GET', '/metrics');
    const lines = text.split('\n').filter((line) => line.startsWith('foreman_webhook_'));
    return Object.fromEntries(
      lines.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice('foreman_webhook_'.length, space), Number(line.slice(space + 1))];
      }),
    );
  }

  async function endedJob(): Promise<void> {
    const url = `${receiver.url()}/who-could-be?a=label`;
    const { body } = await gateway.asAdmin('POST', '/jobs', { kind: 'k', webhook: { url } });
    await gateway.asAdmin('POST', `/jobs/${String(body['id'])}/cancel`);
  }

  it('are all there from the start, at nought', async () => {
    const all = await series();
    expect(Object.keys(all)).toEqual(
      expect.arrayContaining([
        'attempts_total{outcome="delivered"}',
        'attempts_total{outcome="retrying"}',
        'attempts_total{outcome="exhausted"}',
        'attempts_total{outcome="disabled"}',
        'attempts_total{outcome="overtaken"}',
        'failures_total{class="timeout"}',
        'failures_total{class="target_refused"}',
        'attempt_duration_seconds_bucket{le="15"}',
        'deliveries_due',
        'deliveries_under_way',
        'overdue_seconds',
        'backlog_age_seconds',
        'endpoints_disabled',
        'endpoints_failing',
      ]),
    );
    expect(Object.values(all).filter((value) => value !== 0)).toEqual([]);
  });

  it('tell what was sent, what is tried again, what waits and for how long, and what was given up', async () => {
    const before = Object.keys(await series()).length;
    for (let job = 0; job < 4; job += 1) await endedJob();
    clock.advance(59_000);
    expect(await series()).toMatchObject({
      deliveries_due: 4,
      overdue_seconds: 60,
      backlog_age_seconds: 60,
    });
    const { body: stats } = await gateway.asAdmin('GET', '/admin/stats');
    expect(stats).toMatchObject({
      deliveries: { pending: 4 },
      webhooks: { due: 4, overdueSeconds: 60, backlogAgeSeconds: 60 },
    });

    let underWay = 0;
    receiver.script.push(
      (request, response) => {
        underWay = gateway.app.get(WebhookSender).deliveriesUnderWay;
        answerWith(200)(request, response);
      },
      answerWith(500),
      (_request, response) => void response.socket?.destroy(),
      answerWith(410),
    );
    await send();
    // The first alone: of its host nothing was known then.
    expect(underWay).toBe(1);
    expect(await series()).toMatchObject({
      'attempts_total{outcome="delivered"}': 1,
      'attempts_total{outcome="retrying"}': 2,
      'attempts_total{outcome="disabled"}': 1,
      'attempts_total{outcome="exhausted"}': 0,
      'failures_total{class="status"}': 2,
      'failures_total{class="reset"}': 1,
      attempt_duration_seconds_count: 4,
      deliveries_due: 0,
      deliveries_under_way: 0,
      overdue_seconds: 0,
    });
    expect((await series())['backlog_age_seconds']).toBeGreaterThanOrEqual(60);

    clock.advance(DAY_SECONDS * 1200);
    receiver.script.push(answerWith(500), answerWith(500));
    await send();
    const after = await series();
    expect(after).toMatchObject({
      'attempts_total{outcome="exhausted"}': 2,
      'failures_total{class="status"}': 4,
      backlog_age_seconds: 0,
    });
    // Whatever was sent to whom: not one series more.
    expect(Object.keys(after)).toHaveLength(before);
    expect((await gateway.asAdmin('GET', '/metrics')).text).not.toMatch(
      /127\.0\.0\.1|who-could-be/,
    );
  });

  it('tell of standing endpoints that are disabled', async () => {
    const url = receiver.url('127.0.0.1', '/standing');
    await gateway.asAdmin('POST', '/admin/webhook-endpoints', { url });
    const { body } = await gateway.asAdmin('POST', '/jobs', { kind: 'k' });
    await gateway.asAdmin('POST', `/jobs/${String(body['id'])}/cancel`);
    receiver.script.push(answerWith(410));
    await send();
    expect(await series()).toMatchObject({ endpoints_disabled: 1, endpoints_failing: 0 });
  });
});
