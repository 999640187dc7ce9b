import { Receiver, answerWith } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';
import { Deliveries } from './deliveries.service';
import type { DeliveryView } from './delivery-view';

const EXCERPT = 'x'.repeat(4096);
const ATTEMPTS = 35;

describe('how deliveries are shown', () => {
  let lab: WebhookLab;
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open({ retrySeconds: [5] });
  });

  afterEach(async () => {
    await lab.close();
    await receiver.stop();
  });

  /** One job, owed to `count` standing endpoints and redelivered so often that each has many attempts. */
  async function oftenRedelivered(count: number): Promise<string> {
    await lab.run(async (tx) => {
      for (let made = 0; made < count; made += 1) {
        await lab.endpoints.createStanding(tx, { url: receiver.url() });
      }
    });
    const jobId = await lab.submitPlain();
    await lab.complete(jobId);
    await lab.run(async (tx) => {
      const rows = await tx.query<{ id: string }>('SELECT id FROM deliveries');
      for (const { id } of rows) {
        for (let number = 1; number <= ATTEMPTS; number += 1) {
          await tx.insert('delivery_attempts', {
            delivery_id: id,
            number,
            started_at: number,
            duration_ms: 1,
            status_code: 500,
            error_class: 'status',
            error_detail: 'answered 500',
            address: '127.0.0.1',
            response_excerpt: EXCERPT,
          });
        }
      }
      await tx.execute('UPDATE deliveries SET attempt_count = ?', [ATTEMPTS]);
    });
    return jobId;
  }

  it('with the latest twenty of their attempts, in order, and how many there were', async () => {
    const jobId = await oftenRedelivered(1);
    const [delivery] = await lab.deliveries(jobId);
    expect(delivery?.attemptCount).toBe(ATTEMPTS);
    const numbers = delivery?.attempts.map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => ATTEMPTS - 19 + index));
  });

  it.each(['services', 'administrators'])(
    'on pages of bounded size, on which none is lost or doubled, to %s',
    async (audience) => {
      const jobId = await oftenRedelivered(120);
      const deliveries = lab.app.get(Deliveries);
      const pages: DeliveryView[][] = [];
      let cursor: string | null = null;
      do {
        const request = { limit: 100, cursor };
        const page: { items: DeliveryView[]; nextCursor: string | null } =
          audience === 'services'
            ? await deliveries.ofJob(lab.reads, jobId, request)
            : await deliveries.list(lab.reads, { jobId }, request);
        pages.push(page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      // 20 answers of 4 KiB each: 51 of them are the last that fit into 4 MiB.
      expect(pages.map(({ length }) => length)).toEqual([51, 51, 18]);
      expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(120);
    },
  );

  it('to services, of what is sent to standing endpoints: where, when and with what success, and no more', async () => {
    await lab.run((tx) =>
      lab.endpoints.createStanding(tx, { url: receiver.url('127.0.0.1', '/T0KEN?a=b') }),
    );
    const { jobId, endpoint } = await lab.submit({ url: receiver.url('127.0.0.1', '/mine?a=b') });
    await lab.complete(jobId);
    receiver.script.push(answerWith(500, 'stack trace'), answerWith(500, 'stack trace'));
    await lab.sender.runOnce();

    const shown = await lab.deliveries(jobId);
    const own = shown.find(({ endpointId }) => endpointId === endpoint.id);
    const others = shown.find(({ endpointId }) => endpointId !== endpoint.id);
    const fullAttempt = {
      number: 1,
      statusCode: 500,
      error: { class: 'status', detail: 'answered 500' },
      address: '127.0.0.1',
      responseExcerpt: 'stack trace',
    };
    expect(own).toMatchObject({
      url: receiver.url('127.0.0.1', '/mine'),
      attempts: [fullAttempt],
      nextAttemptAt: expect.any(String),
    });
    expect(others).toMatchObject({
      url: new URL(receiver.url()).origin,
      status: 'pending',
      nextAttemptAt: expect.any(String),
      attempts: [
        {
          number: 1,
          statusCode: 500,
          durationMs: expect.any(Number),
          error: { class: 'status', detail: 'told to administrators' },
          address: null,
          responseExcerpt: null,
        },
      ],
    });
    expect(JSON.stringify(others)).not.toMatch(/T0KEN|stack|127\.0\.0\.1(?!:)/);

    const page = { limit: 10, cursor: null };
    const { items } = await lab.app.get(Deliveries).list(lab.reads, { jobId }, page);
    const toAdministrators = items.find(({ id }) => id === others?.id);
    expect(toAdministrators).toMatchObject({
      url: receiver.url('127.0.0.1', '/T0KEN'),
      attempts: [fullAttempt],
    });
  });
});
