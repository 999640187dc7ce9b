import { Receiver, answerWith } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';
import { Deliveries } from './deliveries.service';
import { DeliveryRemoval, owedDeliverySql } from './delivery-removal';

describe('Deliveries', () => {
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

  async function owedJobs(): Promise<string[]> {
    const rows = await lab.reads.query<{ id: string }>(
      `SELECT id FROM jobs WHERE ${owedDeliverySql('jobs.id')}`,
    );
    return rows.map((row) => row.id);
  }

  it('shows the url without its query, where receivers keep tokens', async () => {
    const { jobId } = await lab.submit({ url: receiver.url('127.0.0.1', '/hook?token=t0p') });
    await lab.complete(jobId);

    const [delivery] = await lab.deliveries(jobId);

    expect(delivery).toMatchObject({
      type: 'job.completed',
      jobId,
      run: 1,
      seq: 2,
      url: receiver.url(),
      status: 'pending',
      attemptCount: 0,
      createdAt: new Date(lab.clock.now()).toISOString(),
      finishedAt: null,
      attempts: [],
    });
  });

  it('pages without losing or doubling any', async () => {
    await lab.run(async (tx) => {
      for (let count = 0; count < 6; count += 1) {
        await lab.endpoints.createStanding(tx, { url: receiver.url() });
      }
    });
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    const seen: string[] = [];
    let cursor: string | null = null;

    do {
      const page = await lab.app.get(Deliveries).ofJob(lab.reads, jobId, { limit: 3, cursor });
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    } while (cursor !== null);

    expect(seen).toHaveLength(7);
    expect(new Set(seen).size).toBe(7);
    await expect(
      lab.app.get(Deliveries).ofJob(lab.reads, jobId, { limit: 3, cursor: 'nonsense' }),
    ).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('owes an exhausted delivery anew, with the same id and the whole schedule', async () => {
    receiver.script.push(answerWith(500), answerWith(500), answerWith(500));
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    await lab.sender.runOnce();
    lab.clock.advance(5000);
    await lab.sender.runOnce();
    const [exhausted] = await lab.deliveries(jobId);
    expect(exhausted?.status).toBe('exhausted');
    expect(await owedJobs()).toEqual([]);

    const view = await lab.app.get(Deliveries).redeliver(exhausted?.id ?? '');
    expect(view).toMatchObject({ status: 'pending', attemptCount: 2 });
    expect(await owedJobs()).toEqual([jobId]);
    await lab.sender.runOnce();
    lab.clock.advance(5000);
    await lab.sender.runOnce();

    const [delivered] = await lab.deliveries(jobId);
    expect(delivered?.attempts.map(({ number, statusCode }) => [number, statusCode])).toEqual([
      [1, 500],
      [2, 500],
      [3, 500],
      [4, 204],
    ]);
    expect(new Set(receiver.posts.map((post) => post.headers['webhook-id'])).size).toBe(1);
  });

  it('refuses what is being sent: the last try ends it, and then it can be asked for', async () => {
    receiver.script.push(answerWith(500), () => undefined, answerWith(204));
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    await lab.sender.runOnce();
    lab.clock.advance(5000);
    const run = lab.sender.runOnce();
    await receiver.received(2);
    const [delivery] = await lab.deliveries(jobId);
    const redeliver = () => lab.app.get(Deliveries).redeliver(delivery?.id ?? '');

    await expect(redeliver()).rejects.toMatchObject({ code: 'delivery.under_way' });
    lab.clock.advance(15_000);
    await run;
    expect(receiver.posts).toHaveLength(2);
    expect(await lab.deliveries(jobId)).toMatchObject([{ status: 'exhausted' }]);

    await redeliver();
    await lab.sender.runOnce();
    expect(await lab.deliveries(jobId)).toMatchObject([{ status: 'delivered' }]);
  });

  it('redelivers nothing unknown, and nothing to a disabled endpoint', async () => {
    receiver.script.push(answerWith(410));
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    await lab.sender.runOnce();
    const [delivery] = await lab.deliveries(jobId);
    const deliveries = lab.app.get(Deliveries);

    await expect(deliveries.redeliver('unknown')).rejects.toMatchObject({
      code: 'delivery.not_found',
    });
    await expect(deliveries.redeliver(delivery?.id ?? '')).rejects.toMatchObject({
      code: 'endpoint.disabled',
    });
    // Only standing endpoints have a history: a job's own one goes with its job.
    expect(await lab.reads.query('SELECT id FROM webhook_endpoint_events')).toEqual([]);
  });

  it('tells the backlog: what is owed, and what of it is due', async () => {
    const deliveries = lab.app.get(Deliveries);
    const none = { due: 0, dueSince: null, oldestCreatedAt: null };
    expect(await deliveries.backlog(lab.reads)).toEqual(none);
    const since = lab.clock.now();
    for (let count = 0; count < 3; count += 1) {
      await lab.complete((await lab.submit({ url: receiver.url() })).jobId);
      lab.clock.advance(1000);
    }
    expect(await deliveries.backlog(lab.reads)).toEqual({
      due: 3,
      dueSince: since,
      oldestCreatedAt: since,
    });

    receiver.script.push(...[500, 500, 500].map((status) => answerWith(status)));
    await lab.sender.runOnce();
    expect(await deliveries.backlog(lab.reads)).toEqual({ ...none, oldestCreatedAt: since });
    const retryAt = lab.clock.now() + 6000;
    lab.clock.advance(7000);
    expect(await deliveries.backlog(lab.reads)).toMatchObject({
      due: 3,
      dueSince: expect.any(Number),
    });
    expect((await deliveries.backlog(lab.reads)).dueSince).toBeLessThanOrEqual(retryAt);
    await lab.sender.runOnce();
    expect(await deliveries.backlog(lab.reads)).toEqual(none);
  });

  it('is removed with its jobs, and only with those', async () => {
    receiver.script.push(answerWith(500), answerWith(500));
    await lab.run((tx) => lab.endpoints.createStanding(tx, { url: receiver.url() }));
    const [gone, kept] = [
      await lab.submit({ url: receiver.url() }),
      await lab.submit({ url: receiver.url() }),
    ];
    await lab.complete(gone.jobId);
    await lab.complete(kept.jobId);
    await lab.sender.runOnce();

    const removed = await lab.run((tx) => lab.app.get(DeliveryRemoval).ofJobs(tx, [gone.jobId]));

    expect(removed).toBe(2);
    expect(await lab.deliveries(gone.jobId)).toEqual([]);
    expect(await lab.deliveries(kept.jobId)).toHaveLength(2);
    const left = await lab.reads.query<{ job_id: string | null }>(
      'SELECT job_id FROM webhook_endpoints ORDER BY created_at',
    );
    expect(left.map((row) => row.job_id).toSorted()).toEqual([kept.jobId, null].toSorted());
  });
});
