import type { DeliveryEntity } from '../entities/delivery.entity';
import { failedPost, type PostOutcome } from '../posting/post-outcome';
import { WebhookLab } from '../spec/webhook-lab';
import { DeliveryClaims } from './delivery-claims.store';
import { DeliveryOutcomes } from './delivery-outcomes.store';
import type { Verdict } from './delivery-schedule';
import { HostSlots } from './host-slots';

const CLAIM_MS = 30_000;
const ARRIVED: PostOutcome = { ...failedPost('other', ''), statusCode: 204, errorClass: null };

describe('DeliveryOutcomes', () => {
  let lab: WebhookLab;
  let jobId: string;
  let slow: DeliveryEntity;
  let fast: DeliveryEntity;

  /** A sender that is so slow that its claim lapses, and another that has claimed the same since. */
  beforeEach(async () => {
    lab = await WebhookLab.open();
    ({ jobId } = await lab.submit({ url: 'http://127.0.0.1:9999/' }));
    await lab.complete(jobId);
    slow = await claim();
    lab.clock.advance(CLAIM_MS);
    fast = await claim();
  });

  afterEach(async () => {
    await lab.close();
  });

  async function claim(): Promise<DeliveryEntity> {
    const now = lab.clock.now();
    const claims = lab.app.get(DeliveryClaims);
    const { deliveries } = await lab.run((tx) =>
      claims.claim(tx, new HostSlots(1, 1), now, CLAIM_MS),
    );
    const [claimed] = deliveries;
    if (claimed === undefined) throw new Error('there is one due');
    return claimed.delivery;
  }

  function record(delivery: DeliveryEntity, outcome: PostOutcome, verdict: Verdict) {
    const now = lab.clock.now();
    const attempt = { startedMs: 0, durationMs: 1, outcome };
    return lab.run((tx) =>
      lab.app
        .get(DeliveryOutcomes)
        .record(tx, delivery, attempt, verdict, { now, startedAt: now, disableAfterMs: 1000 }),
    );
  }

  const later = (scheduleStep: number): Verdict => ({
    status: 'pending',
    nextAttemptAt: lab.clock.now() + 5000,
    scheduleStep,
    urlsOnly: false,
  });

  it('lets a lapsed claim change nothing', async () => {
    expect(await record(slow, failedPost('timeout', 'late'), later(1))).toBe(false);
    expect((await lab.deliveries(jobId))[0]).toMatchObject({ attemptCount: 0, attempts: [] });

    expect(await record(fast, failedPost('timeout', 'late'), later(1))).toBe(true);
    expect((await lab.deliveries(jobId))[0]).toMatchObject({
      attemptCount: 1,
      attempts: [{ number: 1, error: { class: 'timeout', detail: 'late' } }],
    });
  });

  it('believes a lapsed claim that it arrived, and keeps the later failure from undoing that', async () => {
    expect(await record(slow, ARRIVED, { status: 'delivered' })).toBe(true);
    expect(await record(fast, failedPost('reset', 'broken'), later(1))).toBe(false);

    expect((await lab.deliveries(jobId))[0]).toMatchObject({
      status: 'delivered',
      attempts: [{ number: 1, statusCode: 204 }],
    });
  });

  it('counts one arrival, though both senders saw it', async () => {
    expect(await record(fast, ARRIVED, { status: 'delivered' })).toBe(true);
    expect(await record(slow, ARRIVED, { status: 'delivered' })).toBe(false);

    expect((await lab.deliveries(jobId))[0]).toMatchObject({
      status: 'delivered',
      attemptCount: 1,
    });
  });
});
