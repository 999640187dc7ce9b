import { eventually, Receiver } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';

const CLAIM_MS = 20_000;

/** What goes wrong on this side neither hammers the receiver nor spins. */
describe('failures of the sender itself', () => {
  let receiver: Receiver;
  let lab: WebhookLab;
  let jobId: string;

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open();
    ({ jobId } = await lab.submit({ url: receiver.url() }));
    await lab.complete(jobId);
  });

  afterEach(async () => {
    await lab.close();
    await receiver.stop();
  });

  const execute = (sql: string) => lab.run((tx) => tx.execute(sql));

  it('posts once a claim, not once a moment, while nothing can be recorded', async () => {
    await execute(`CREATE TRIGGER full BEFORE INSERT ON delivery_attempts
      BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`);

    for (const posts of [1, 2]) {
      await Promise.race([lab.sender.runOnce(), receiver.received(posts + 1)]);
      expect(receiver.posts).toHaveLength(posts);
      lab.clock.advance(CLAIM_MS - 1);
      expect(await lab.sender.runOnce()).toMatchObject({ sent: 0 });
      expect(receiver.posts).toHaveLength(posts);
      lab.clock.advance(1);
    }
    await execute('DROP TRIGGER full');

    expect(await lab.sender.runOnce()).toMatchObject({ sent: 1 });
    expect((await lab.deliveries(jobId))[0]).toMatchObject({
      status: 'delivered',
      attemptCount: 1,
    });
    expect(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it.each([
    ['message', `UPDATE webhook_messages SET job = '{'`],
    ['endpoint', `UPDATE webhook_endpoints SET events = '{'`],
  ])('tries by the schedule what cannot be read of its %s', async (_what, damage) => {
    await execute(damage);

    expect(await lab.sender.runOnce()).toMatchObject({ failed: 1 });

    const [delivery] = await lab.deliveries(jobId);
    expect(delivery).toMatchObject({
      status: 'pending',
      nextAttemptAt: new Date(lab.clock.now() + 5000).toISOString(),
      attempts: [{ error: { class: 'body_unavailable' }, statusCode: null }],
    });
    expect(receiver.posts).toHaveLength(0);
  });

  it('come to one endpoint whose URL cannot be read, not to the others', async () => {
    const { jobId: other } = await lab.submit({ url: receiver.url() });
    await lab.complete(other);
    const standing = await lab.run((tx) =>
      lab.endpoints.createStanding(tx, { url: receiver.url() }),
    );
    const { jobId: third } = await lab.submit({ url: receiver.url() });
    await lab.complete(third);
    await lab.run((tx) =>
      tx.execute(`UPDATE webhook_endpoints SET url = 'nowhere' WHERE id = ?`, [standing.id]),
    );
    expect(await lab.sender.runOnce()).toMatchObject({ sent: 3, failed: 1 });
  });

  it('say nothing of the host: it keeps its places', async () => {
    expect(await lab.sender.runOnce()).toMatchObject({ sent: 1 });
    const broken = await lab.submit({ url: receiver.url() });
    await lab.complete(broken.jobId);
    await execute(`UPDATE webhook_messages SET job = '{'
      WHERE event_id IN (SELECT event_id FROM deliveries WHERE status = 'pending')`);
    expect(await lab.sender.runOnce()).toMatchObject({ failed: 1 });

    const answers: (() => void)[] = [];
    for (let count = 0; count < 2; count += 1) {
      receiver.script.push((_request, response) => {
        answers.push(() => void response.writeHead(204).end());
      });
      const { jobId: other } = await lab.submit({ url: receiver.url() });
      await lab.complete(other);
    }
    const sending = lab.sender.runOnce();
    // Both are under way at the same time.
    await eventually('both posts', () => answers.length === 2);
    for (const answer of answers) answer();
    expect(await sending).toMatchObject({ sent: 2 });
  });

  it('keep what they say of themselves in the log, beside the id of the delivery', async () => {
    const lines: unknown[] = [];
    const keep = (line: unknown) => void lines.push(line);
    lab.app.useLogger({ log: () => undefined, warn: keep, error: keep });
    jest.spyOn(lab.shelf, 'of').mockRejectedValue(new Error('ENOENT: /data/blobs/ab/cd'));

    expect(await lab.sender.runOnce()).toMatchObject({ failed: 1 });
    lab.app.useLogger(false);

    const [delivery] = await lab.deliveries(jobId);
    expect(delivery?.attempts[0]?.error).toEqual({
      class: 'body_unavailable',
      detail: 'The body could not be built: see the log of the gateway',
    });
    expect(lines).toMatchObject([
      { deliveryId: delivery?.id, error: { message: 'ENOENT: /data/blobs/ab/cd' } },
    ]);
  });
});
