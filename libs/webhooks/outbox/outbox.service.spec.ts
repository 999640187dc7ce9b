import { JobSubmission } from '@foreman/jobs';
import { Receiver, answerWith } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';

const URL_OF_HOOK = 'http://127.0.0.1:9999/hook';

describe('Outbox', () => {
  let lab: WebhookLab;

  beforeEach(async () => {
    lab = await WebhookLab.open();
  });

  afterEach(async () => {
    await lab.close();
  });

  async function told(jobId: string): Promise<string[]> {
    return (await lab.deliveries(jobId)).map(({ type, status }) => `${type} ${status}`);
  }

  it.each(['complete', 'fail', 'cancel'] as const)(
    'owes how a job ends where no events are named: %s',
    async (end) => {
      const { jobId } = await lab.submit({ url: URL_OF_HOOK });

      await lab.start(jobId);
      await lab[end](jobId);

      expect(await told(jobId)).toHaveLength(1);
      expect((await told(jobId))[0]).toMatch(/^job\.(completed|failed|cancelled) pending$/);
    },
  );

  it('owes job.started on request, until the end of the job makes it stale', async () => {
    const { jobId } = await lab.submit({ url: URL_OF_HOOK, events: ['job.started', 'job.failed'] });

    await lab.start(jobId);
    expect(await told(jobId)).toEqual(['job.started pending']);
    await lab.fail(jobId);

    expect((await told(jobId)).toSorted()).toEqual([
      'job.failed pending',
      'job.started superseded',
    ]);
  });

  it('leaves job.started to an endpoint that is told of no end', async () => {
    await lab.run((tx) => lab.endpoints.createStanding(tx, { url: URL_OF_HOOK }));
    const { jobId } = await lab.submit({ url: URL_OF_HOOK, events: ['job.started'] });

    await lab.start(jobId);
    await lab.complete(jobId);

    expect(await told(jobId)).toEqual(['job.started pending', 'job.completed pending']);
  });

  it('writes in the transaction of the event: with it, or not at all', async () => {
    const { jobId } = await lab.submit({ url: URL_OF_HOOK });
    const submission = lab.app.get(JobSubmission);

    await expect(
      lab.run(async (tx) => {
        const job = await submission.submitIn(tx, { kind: 'command' });
        await lab.endpoints.createForJob(tx, job.id, { url: URL_OF_HOOK });
        await tx.execute(`UPDATE tasks SET status = 'cancelled', finalized_at = 1`);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await told(jobId)).toEqual([]);

    // The database refuses the delivery: then the job is not cancelled either.
    await lab.run((tx) =>
      tx.execute(
        `CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'no room'); END`,
      ),
    );
    await expect(lab.cancel(jobId)).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_TRIGGER' });
    expect(await lab.reads.query('SELECT status FROM jobs')).toEqual([{ status: 'queued' }]);
    expect(await lab.reads.query('SELECT * FROM webhook_messages')).toEqual([]);
  });

  it('freezes what it tells: a retried job still tells of its first failure as it was', async () => {
    const receiver = await Receiver.start();
    const { jobId } = await lab.submit({ url: receiver.url() });
    lab.shelf.put(jobId, 'log.txt', 3);
    receiver.script.push(answerWith(500));
    await lab.fail(jobId, 'first.failure');
    await lab.sender.runOnce();

    await lab.retry(jobId);
    await lab.fail(jobId, 'second.failure');
    lab.shelf.put(jobId, 'later.txt', 3);
    lab.clock.advance(5000);
    await lab.sender.runOnce();
    await receiver.stop();

    interface Told {
      data: {
        job: { error: { code: string }; run: number; seq: number };
        artifacts: { name: string }[];
      };
    }
    const bodies = receiver.posts.map(({ body }) => (JSON.parse(body) as Told).data);
    const first = bodies.filter(({ job }) => job.run === 1);
    const second = bodies.filter(({ job }) => job.run === 2);
    expect(first).toHaveLength(2);
    expect(first[1]).toEqual(first[0]);
    expect(first[1]).toMatchObject({
      job: { error: { code: 'first.failure' }, seq: 2 },
      artifacts: [{ name: 'log.txt' }],
    });
    expect(second).toMatchObject([{ job: { error: { code: 'second.failure' }, seq: 4 } }]);
  });

  it('tells standing endpoints of the kinds and events that they asked for, with the same id', async () => {
    const standing = await lab.run(async (tx) => [
      await lab.endpoints.createStanding(tx, { url: URL_OF_HOOK }),
      await lab.endpoints.createStanding(tx, { url: URL_OF_HOOK, kinds: ['command', 'chat'] }),
      await lab.endpoints.createStanding(tx, { url: URL_OF_HOOK, kinds: ['chat'] }),
      await lab.endpoints.createStanding(tx, { url: URL_OF_HOOK, events: ['job.failed'] }),
    ]);
    const { jobId, endpoint } = await lab.submit({ url: URL_OF_HOOK }, 'command');

    await lab.complete(jobId);

    const deliveries = await lab.deliveries(jobId);
    expect(deliveries.map((delivery) => delivery.endpointId).toSorted()).toEqual(
      [endpoint.id, standing[0]?.id, standing[1]?.id].toSorted(),
    );
    expect(new Set(deliveries.map((delivery) => delivery.eventId)).size).toBe(1);
  });

  it('keeps what a disabled endpoint would have got', async () => {
    await lab.run((tx) => lab.endpoints.createStanding(tx, { url: URL_OF_HOOK }));
    await lab.run((tx) =>
      tx.execute(`UPDATE webhook_endpoints SET disabled_at = 1, disabled_reason = 'gone'`),
    );
    const { jobId } = await lab.submit({ url: URL_OF_HOOK });

    await lab.complete(jobId);

    expect((await told(jobId)).toSorted()).toEqual([
      'job.completed disabled',
      'job.completed pending',
    ]);
  });
});
