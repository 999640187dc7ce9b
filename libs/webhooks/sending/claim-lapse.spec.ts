import { Deliveries } from '../deliveries/deliveries.service';
import { WebhookLab } from '../spec/webhook-lab';
import { DeliveryClaims } from './delivery-claims.store';
import { HostSlots } from './host-slots';

const CLAIM_MS = 20_000;

/** The lab's own senders claim for 20 s too: 15 s of an attempt, and 5 s. */
describe('a claim of a delivery', () => {
  let lab: WebhookLab;
  let jobId: string;

  beforeEach(async () => {
    lab = await WebhookLab.open();
    ({ jobId } = await lab.submit({ url: 'http://127.0.0.1:9999/' }));
    await lab.complete(jobId);
    if ((await claimAt(0)) !== 1) throw new Error('There was nothing to claim');
  });

  afterEach(async () => {
    await lab.close();
  });

  /** So many ms from now. Answers how many were there to take. */
  async function claimAt(ms: number): Promise<number> {
    const claims = lab.app.get(DeliveryClaims);
    const { deliveries } = await lab.run((tx) =>
      claims.claim(tx, new HostSlots(9, 9), lab.clock.now() + ms, CLAIM_MS),
    );
    return deliveries.length;
  }

  async function endsAt(ms: number): Promise<void> {
    const claimedUntil = lab.clock.now() + ms;
    await lab.run((tx) => tx.execute('UPDATE deliveries SET claimed_until = ?', [claimedUntil]));
  }

  it.each([
    ['ends in 1 ms', 1, 0],
    ['ends now', 0, 1],
    ['was made just now', CLAIM_MS, 0],
    ['was made before the clock was set back a little', 2 * CLAIM_MS, 0],
    ['ends far later than any that is made now', 2 * CLAIM_MS + 1, 1],
    ['was made before the clock was set back by a month', 30 * 86_400_000, 1],
  ])('that %s', async (_how, ms, taken) => {
    await endsAt(ms);
    expect(await claimAt(0)).toBe(taken);
  });

  it.each([
    [1, 1],
    [CLAIM_MS, CLAIM_MS],
    [2 * CLAIM_MS, 2 * CLAIM_MS],
    [2 * CLAIM_MS + 1, null],
  ])('that ends in %d ms is waited for until then, unless it has lapsed', async (ms, lapsesIn) => {
    await endsAt(ms);
    const now = lab.clock.now();
    expect(await lab.app.get(DeliveryClaims).nextDueAt(lab.reads, now, CLAIM_MS)).toBe(
      lapsesIn === null ? null : now + lapsesIn,
    );
  });

  it('that has lapsed does not keep its delivery from being owed anew', async () => {
    const [delivery] = await lab.deliveries(jobId);
    const redeliver = () => lab.app.get(Deliveries).redeliver(delivery?.id ?? '');
    await expect(redeliver()).rejects.toMatchObject({ code: 'delivery.under_way' });
    await endsAt(2 * CLAIM_MS + 1);
    expect(await redeliver()).toMatchObject({ status: 'pending' });
  });
});
