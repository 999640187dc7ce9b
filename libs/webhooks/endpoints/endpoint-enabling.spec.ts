import { Webhook } from 'standardwebhooks';
import { Receiver, answerWith } from '@foreman/testing';
import { DeliveryRemoval, owedDeliverySql } from '../deliveries/delivery-removal';
import { StandingLab, jobOf } from '../spec/standing-lab';
import { WebhookLab } from '../spec/webhook-lab';
import { EndpointEnabling } from './endpoint-enabling.service';
import { EndpointStore } from './endpoint.store';

const DAY_MS = 86_400_000;

describe('a standing endpoint that is disabled', () => {
  let lab: WebhookLab;
  let standing: StandingLab;
  let receiver: Receiver;
  let id: string;
  let secret: string;

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open({ retrySeconds: [5, 300, 1800, 7200] });
    standing = new StandingLab(lab);
    ({ id, secret } = await lab.run((tx) =>
      lab.endpoints.createStanding(tx, { url: receiver.url() }),
    ));
  });

  afterEach(async () => {
    await lab.close();
    await receiver.stop();
  });

  const enabling = () => lab.app.get(EndpointEnabling);
  const look = () => standing.standing.get(lab.reads, id);
  const send = () => lab.sender.runOnce();
  /** It has answered 410 to the event of one job. */
  const disabled = async () => {
    receiver.script.push(answerWith(410));
    const [first = ''] = await standing.completedJobs(1);
    await send();
    expect(await look()).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
    return first;
  };
  const jobsFrom = (index: number) => receiver.posts.slice(index).map(jobOf);

  it('was one that had no success for five days, and that is told', async () => {
    receiver.script.push(...Array.from({ length: 20 }, () => answerWith(500)));
    await standing.completedJobs(1);
    await send();
    lab.clock.advance(5 * DAY_MS - 1001);
    await standing.completedJobs(1);
    await send();
    expect(await look()).toMatchObject({ status: 'enabled', disabledAt: null });

    lab.clock.advance(5000);
    await send();
    lab.clock.advance(300_000);
    await send();
    expect(await look()).toMatchObject({ status: 'enabled', disabledAt: null });
    lab.clock.advance(1_800_000);
    await send();

    expect(await look()).toMatchObject({ status: 'disabled', disabledReason: 'failing' });
    const [latest] = await standing.standing.events(lab.reads, id);
    expect(latest).toMatchObject({ type: 'disabled', reason: 'failing' });
    expect(await standing.standing.counts(lab.reads)).toEqual({
      enabled: 0,
      replaying: 0,
      disabled: 1,
      failing: 0,
    });
  });

  it('was not one that failed at one event, had none for days, and then failed for a moment', async () => {
    receiver.script.push(...Array.from({ length: 8 }, () => answerWith(500)), answerWith(204));
    await standing.completedJobs(1);
    for (const pauseMs of [5, 300, 1800, 7200, 0].map((seconds) => seconds * 1000)) {
      await send();
      lab.clock.advance(pauseMs);
    }
    expect(await standing.statuses(id)).toEqual(['exhausted']);
    lab.clock.advance(10 * DAY_MS);
    await standing.completedJobs(1);
    for (const pauseMs of [5, 300, 1800].map((seconds) => seconds * 1000)) {
      await send();
      lab.clock.advance(pauseMs);
    }
    expect(receiver.posts).toHaveLength(8);
    expect(await look()).toMatchObject({ status: 'enabled', failingSince: expect.any(String) });

    await send();

    expect(await look()).toMatchObject({ status: 'enabled', failingSince: null });
  });

  it('was one that failed at its last event up to the last try, however few there are', async () => {
    await lab.close();
    lab = await WebhookLab.open({ retrySeconds: [5] });
    standing = new StandingLab(lab);
    id = await standing.make({ url: receiver.url() });
    receiver.script.push(...Array.from({ length: 4 }, () => answerWith(500)));
    for (const pauseMs of [5 * DAY_MS, 0]) {
      await standing.completedJobs(1);
      await send();
      lab.clock.advance(5000);
      expect(await look()).toMatchObject({ status: 'enabled' });
      await send();
      lab.clock.advance(pauseMs);
    }
    expect(await look()).toMatchObject({ status: 'disabled', disabledReason: 'failing' });
  });

  it('keeps what happens meanwhile, and gets it in order after its probe, what happens then behind it', async () => {
    const first = await disabled();
    const kept = await standing.completedJobs(6);
    await send();
    expect(receiver.posts).toHaveLength(1);
    expect(await standing.statuses(id)).toEqual(Array(7).fill('disabled'));

    const view = await enabling().enable(id);
    expect(view).toMatchObject({ status: 'replaying', disabledAt: null, failingSince: null });
    const later = await standing.completedJobs(2);
    await send();

    expect(receiver.posts).toHaveLength(2 + 7 + 2);
    expect(jobsFrom(2)).toEqual([first, ...kept, ...later]);
    expect(await standing.statuses(id)).toEqual(Array(9).fill('delivered'));
    expect(await look()).toMatchObject({ status: 'enabled' });
    const events = await standing.standing.events(lab.reads, id);
    expect(events.map(({ type }) => type)).toEqual(['replayed', 'enabled', 'disabled', 'created']);
  });

  it('gathers what was still pending behind its first 500 among what was kept', async () => {
    const jobId = await lab.submitPlain();
    const now = lab.clock.now();
    await lab.run(async (tx) => {
      for (let each = 0; each < 1100; each += 1) {
        const eventId = `event ${each}`;
        await tx.execute(
          `INSERT INTO webhook_messages (event_id, job_id, type, run, seq, job, artifacts, created_at)
           VALUES (?, ?, 'job.completed', 1, 1, '{}', '[]', ?)`,
          [eventId, jobId, now],
        );
        await tx.execute(
          `INSERT INTO deliveries (id, event_id, endpoint_id, job_id, host, status, attempt_count,
             schedule_step, next_attempt_at, created_at) VALUES (?, ?, ?, ?, 'h', 'pending', 1, 3, ?, ?)`,
          [eventId, eventId, id, jobId, now + DAY_MS, now],
        );
      }
    });
    await disabled();
    const pending = () =>
      lab.reads.query(`SELECT count(*) AS count FROM deliveries WHERE status = 'pending'`);
    expect(await pending()).toEqual([{ count: 600 }]);

    await enabling().enable(id);

    expect(await pending()).toEqual([{ count: 0 }]);
  });

  it('probes with a signed webhook.test, and stays disabled when the answer is no 2xx', async () => {
    await disabled();
    receiver.script.push(answerWith(503, 'not yet'));

    await expect(enabling().enable(id)).rejects.toMatchObject({
      code: 'endpoint.disabled',
      details: { test: { statusCode: 503, responseExcerpt: 'not yet' } },
    });

    expect(await look()).toMatchObject({ status: 'disabled' });
    const probe = receiver.posts[1];
    const event = new Webhook(secret).verify(probe?.body ?? '', { ...probe?.headers });
    expect(event).toMatchObject({ type: 'webhook.test', data: { endpointId: id } });
    await send();
    expect(await standing.statuses(id)).toEqual(['disabled']);
  });

  it('sets nothing aside once it is enabled: another call, whose probe is answered later, finds it so', async () => {
    await standing.completedJobs(2);
    const now = lab.clock.now();
    const moved = await lab.run((tx) => lab.app.get(EndpointStore).setPendingAside(tx, id, now));
    expect(moved).toBe(0);
    expect(await standing.statuses(id)).toEqual(['pending', 'pending']);
  });

  it('sends nothing when it is enabled already', async () => {
    expect(await enabling().enable(id)).toMatchObject({ status: 'enabled' });
    expect(receiver.posts).toEqual([]);
    await expect(enabling().enable('unknown')).rejects.toMatchObject({
      code: 'endpoint.not_found',
    });
  });

  it('waits in its replay for one that fails, but not for more than three tries', async () => {
    await disabled();
    const [second = '', third = ''] = await standing.completedJobs(2);
    await enabling().enable(id);
    receiver.script.push(answerWith(204), answerWith(500), answerWith(500), answerWith(500));

    await send();
    expect(jobsFrom(3)).toEqual([second]);
    lab.clock.advance(5000);
    await send();
    expect(jobsFrom(3)).toEqual([second, second]);
    lab.clock.advance(300_000);
    await send();

    expect(jobsFrom(3)).toEqual([second, second, second, third]);
    expect(await standing.statuses(id)).toEqual(['delivered', 'pending', 'delivered']);
    expect(await look()).toMatchObject({ status: 'enabled' });
  });

  it('goes on with its replay where a sender has died', async () => {
    await disabled();
    await standing.completedJobs(2);
    await enabling().enable(id);
    // A turn was given, then the process ended: no attempt is recorded.
    await lab.run((tx) =>
      tx.execute(
        `UPDATE webhook_endpoints SET replay_delivery_id = (SELECT min(id) FROM deliveries)`,
      ),
    );

    await send();

    expect(await standing.statuses(id)).toEqual(Array(3).fill('delivered'));
  });

  it('holds the jobs of what is kept; one that is removed holds none', async () => {
    const jobId = await disabled();
    const owed = () =>
      lab.reads.query<{ id: string }>(`SELECT id FROM jobs WHERE ${owedDeliverySql('jobs.id')}`);
    expect(await owed()).toEqual([{ id: jobId }]);

    await lab.run((tx) => standing.standing.remove(tx, id));

    expect(await owed()).toEqual([]);
    await expect(look()).rejects.toMatchObject({ code: 'endpoint.not_found' });
    await lab.run((tx) => lab.app.get(DeliveryRemoval).ofJobs(tx, [jobId]));
    expect(await lab.reads.query('SELECT id FROM webhook_endpoints')).toEqual([]);
    expect(await lab.reads.query('SELECT id FROM webhook_endpoint_events')).toEqual([]);
  });
});
