import { Receiver, answerWith } from '@foreman/testing';
import { StandingLab, jobOf } from '../spec/standing-lab';
import { WebhookLab } from '../spec/webhook-lab';
import { Deliveries, type DeliveryFilter } from './deliveries.service';
import { EndpointRedelivery } from './endpoint-redelivery.service';

describe('the deliveries of a standing endpoint', () => {
  let lab: WebhookLab;
  let standing: StandingLab;
  let receiver: Receiver;
  let id: string;
  let jobs: string[];
  let start: number;

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open({ retrySeconds: [] });
    standing = new StandingLab(lab);
    id = await standing.make({ url: receiver.url() });
    start = lab.clock.now();
  });

  afterEach(async () => {
    await lab.close();
    await receiver.stop();
  });

  const redeliver = (selection: object) => lab.app.get(EndpointRedelivery).redeliver(id, selection);
  /** Three have failed for good, at start, +1 s and +2 s; a fourth has arrived at +3 s. */
  const threeExhausted = async () => {
    receiver.script.push(answerWith(500), answerWith(500), answerWith(500));
    jobs = await standing.completedJobs(3);
    await lab.sender.runOnce();
    jobs.push(...(await standing.completedJobs(1)));
    await lab.sender.runOnce();
    const exhausted = Array<string>(3).fill('exhausted');
    expect(await standing.statuses(id)).toEqual([...exhausted, 'delivered']);
  };
  const list = async (filter: DeliveryFilter) =>
    (await lab.app.get(Deliveries).list(lab.reads, filter, { limit: 50, cursor: null })).items.map(
      ({ jobId }) => jobId,
    );

  it('that are exhausted are owed anew, with the same ids, oldest first', async () => {
    await threeExhausted();
    expect(await redeliver({})).toBe(3);
    await lab.sender.runOnce();
    expect(await standing.statuses(id)).toEqual(Array(4).fill('delivered'));
    const idsOf = (from: number, to: number) =>
      receiver.posts.slice(from, to).map(({ headers }) => headers['webhook-id']);
    expect(idsOf(4, 7).toSorted()).toEqual(idsOf(0, 3).toSorted());
    expect(await redeliver({})).toBe(0);
  });

  it('can be told apart by time and status', async () => {
    await threeExhausted();
    expect(await redeliver({ after: start + 1000, before: start + 2000 })).toBe(1);
    await lab.sender.runOnce();
    expect(receiver.posts.slice(4).map(jobOf)).toEqual([jobs[1]]);
    expect(await redeliver({ status: 'delivered', after: start + 3000 })).toBe(1);
    await lab.sender.runOnce();
    expect(receiver.posts.slice(5).map(jobOf)).toEqual([jobs[3]]);
  });

  it('are owed anew in pieces, each once, though they fail again meanwhile', async () => {
    const jobId = await lab.submitPlain();
    await lab.run(async (tx) => {
      for (let each = 0; each < 1203; each += 1) {
        const eventId = `event ${each}`;
        await tx.execute(
          `INSERT INTO webhook_messages (event_id, job_id, type, run, seq, job, artifacts, created_at)
           VALUES (?, ?, 'job.completed', 1, 1, '{}', '[]', ?)`,
          [eventId, jobId, start],
        );
        await tx.execute(
          `INSERT INTO deliveries (id, event_id, endpoint_id, job_id, host, status, attempt_count,
             schedule_step, created_at, finished_at) VALUES (?, ?, ?, ?, 'h', 'exhausted', 1, 0, ?, ?)`,
          [eventId, eventId, id, jobId, start, start],
        );
      }
    });
    receiver.script.push(...Array.from({ length: 1203 }, () => answerWith(500)));
    lab.sender.start();
    expect(await redeliver({})).toBe(1203);
  });

  it('are not sent to an endpoint that is disabled or unknown', async () => {
    receiver.script.push(answerWith(410));
    await standing.completedJobs(1);
    await lab.sender.runOnce();
    await expect(redeliver({})).rejects.toMatchObject({ code: 'endpoint.disabled' });
    await expect(lab.app.get(EndpointRedelivery).redeliver('unknown', {})).rejects.toMatchObject({
      code: 'endpoint.not_found',
    });
  });

  it('are listed with all others, newest first, by status, endpoint and job', async () => {
    await threeExhausted();
    const other = await standing.make({ url: receiver.url() });
    const [last = ''] = await standing.completedJobs(1);
    const [a, b, c, d] = jobs;
    expect(await list({})).toEqual([last, last, d, c, b, a]);
    expect(await list({ status: 'exhausted' })).toEqual([c, b, a]);
    expect(await list({ endpointId: other })).toEqual([last]);
    expect(await list({ endpointId: id, status: 'delivered' })).toEqual([d]);
    expect(await list({ jobId: b })).toEqual([b]);
    const deliveries = lab.app.get(Deliveries);
    const first = await deliveries.list(lab.reads, {}, { limit: 4, cursor: null });
    const rest = await deliveries.list(lab.reads, {}, { limit: 4, cursor: first.nextCursor });
    expect(new Set([...first.items, ...rest.items].map((item) => item.id)).size).toBe(6);
    expect(rest.nextCursor).toBeNull();
  });
});
