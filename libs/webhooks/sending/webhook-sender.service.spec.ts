import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { Receiver, answerWith } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';
import type { WebhooksOptions } from '../webhooks.options';

const TIMEOUT_MS = 15_000;
const PAUSES_SECONDS = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

describe('WebhookSender', () => {
  let receiver: Receiver;
  let lab: WebhookLab;

  async function open(options: Partial<WebhooksOptions> = {}): Promise<void> {
    await lab?.close();
    lab = await WebhookLab.open(options);
  }

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open();
  });

  afterEach(async () => {
    await lab.close();
    await receiver.stop();
  });

  async function completedJob(url = receiver.url()) {
    const job = await lab.submit({ url });
    await lab.complete(job.jobId);
    return job;
  }

  it("sends the contract's body, signed so that both packages verify it", async () => {
    const { jobId, endpoint } = await lab.submit({ url: receiver.url() });
    lab.shelf.put(jobId, 'completion', 5);
    lab.shelf.put(jobId, 'large.txt', 2_000_000);
    await lab.complete(jobId);

    expect(await lab.sender.runOnce()).toEqual({ sent: 1, failed: 0, exhausted: 0, disabled: 0 });

    const [post] = receiver.posts;
    const body: unknown = JSON.parse(post?.body ?? '');
    const at = new Date(lab.clock.now()).toISOString();
    expect(body).toEqual({
      type: 'job.completed',
      timestamp: at,
      data: {
        job: expect.objectContaining({
          id: jobId,
          kind: 'command',
          status: 'completed',
          finalizedAt: at,
          run: 1,
          seq: 2,
        }),
        artifacts: [
          expect.objectContaining({ name: 'completion', inline: 'xxxxx', url: null }),
          expect.objectContaining({
            name: 'large.txt',
            inline: null,
            url: `https://foreman.example/jobs/${jobId}/artifacts/large.txt`,
          }),
        ],
      },
    });
    expect(post?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-timestamp': String(Math.floor(lab.clock.now() / 1000)),
    });
    for (const verifier of [new Webhook(endpoint.secret), new SvixWebhook(endpoint.secret)]) {
      expect(verifier.verify(post?.body ?? '', { ...post?.headers })).toEqual(body);
    }
  });

  it('keeps to the schedule, attempt by attempt, and then gives up', async () => {
    const { jobId } = await completedJob();
    for (let count = 0; count <= PAUSES_SECONDS.length; count += 1) {
      receiver.script.push(answerWith(500, 'broken'));
    }

    for (const [step, seconds] of PAUSES_SECONDS.entries()) {
      expect(await lab.sender.runOnce()).toMatchObject({ failed: 1 });
      const [delivery] = await lab.deliveries(jobId);
      expect(delivery).toMatchObject({
        status: 'pending',
        attemptCount: step + 1,
        nextAttemptAt: new Date(lab.clock.now() + seconds * 1000).toISOString(),
      });
      lab.clock.advance(seconds * 1000 - 1);
      expect(await lab.sender.runOnce()).toMatchObject({ sent: 0, failed: 0 });
      lab.clock.advance(1);
    }
    expect(await lab.sender.runOnce()).toMatchObject({ exhausted: 1 });

    const [delivery] = await lab.deliveries(jobId);
    expect(delivery).toMatchObject({ status: 'exhausted', attemptCount: 10, nextAttemptAt: null });
    expect(delivery?.attempts.map((attempt) => attempt.number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(delivery?.attempts[0]).toMatchObject({
      statusCode: 500,
      error: { class: 'status', detail: 'answered 500' },
      responseExcerpt: 'broken',
      address: expect.stringMatching(/127\.0\.0\.1$/),
    });
    expect(receiver.posts).toHaveLength(10);
    expect(new Set(receiver.posts.map((post) => post.headers['webhook-id'])).size).toBe(1);
    expect(new Set(receiver.posts.map((post) => post.headers['webhook-timestamp'])).size).toBe(10);
  });

  it.each([429, 503])('waits as long as a %i asks for', async (statusCode) => {
    const { jobId } = await completedJob();
    receiver.script.push(answerWith(statusCode, '', { 'retry-after': '600' }));

    await lab.sender.runOnce();

    const [delivery] = await lab.deliveries(jobId);
    expect(delivery?.nextAttemptAt).toBe(new Date(lab.clock.now() + 600_000).toISOString());
  });

  it('does not let a 500 put it off', async () => {
    const { jobId } = await completedJob();
    receiver.script.push(answerWith(500, '', { 'retry-after': '600' }));

    await lab.sender.runOnce();

    const [delivery] = await lab.deliveries(jobId);
    expect(delivery?.nextAttemptAt).toBe(new Date(lab.clock.now() + 5000).toISOString());
  });

  it('answers a 413 once, at once, by urls only, without using up a pause', async () => {
    const { jobId } = await lab.submit({ url: receiver.url() });
    lab.shelf.put(jobId, 'completion', 1000);
    await lab.complete(jobId);
    receiver.script.push(answerWith(413), answerWith(413));

    await lab.sender.runOnce();

    const inlined = receiver.posts.map(
      ({ body }) =>
        (JSON.parse(body) as { data: { artifacts: { inline: unknown }[] } }).data.artifacts[0]
          ?.inline,
    );
    expect(inlined).toEqual(['x'.repeat(1000), null]);
    expect(receiver.posts[1]?.headers['webhook-id']).toBe(receiver.posts[0]?.headers['webhook-id']);
    const [delivery] = await lab.deliveries(jobId);
    expect(delivery?.nextAttemptAt).toBe(new Date(lab.clock.now() + 5000).toISOString());
    lab.clock.advance(5000);
    expect(await lab.sender.runOnce()).toMatchObject({ sent: 1 });
    expect(receiver.posts[2]?.body).toContain('"inline":null');
  });

  it('signs urls for the endpoint that asked for it, the same over the retries', async () => {
    const { jobId } = await lab.submit({ url: receiver.url(), signedUrls: true });
    await lab.run((tx) => lab.endpoints.createStanding(tx, { url: receiver.url('[::1]') }));
    lab.shelf.put(jobId, 'large', 2_000_000);
    const at = lab.clock.now();
    await lab.complete(jobId);
    receiver.script.push(answerWith(500), answerWith(500));
    const urls = () =>
      receiver.posts.map(({ body }) => {
        const { data } = JSON.parse(body) as { data: { artifacts: { url: string }[] } };
        return data.artifacts[0]?.url.split('?')[1] ?? 'plain';
      });

    await lab.sender.runOnce();
    const signed = `expires=${at + 7 * 86_400_000}`;
    expect(urls().toSorted()).toEqual([signed, 'plain']);
    lab.clock.advance(5000);
    await lab.sender.runOnce();

    expect(urls().slice(2).toSorted()).toEqual([signed, 'plain']);
    const bodies = new Set(receiver.posts.map(({ body }) => body));
    expect([receiver.posts.length, bodies.size]).toEqual([4, 2]);
  });

  it('disables the endpoint that answers 410, with all that is owed to it', async () => {
    const { jobId } = await lab.submit({
      url: receiver.url(),
      events: ['job.started', 'job.failed'],
    });
    receiver.script.push(answerWith(500), answerWith(410));
    await lab.fail(jobId);
    await lab.sender.runOnce();
    await lab.retry(jobId);
    await lab.start(jobId);

    expect(await lab.sender.runOnce()).toMatchObject({ disabled: 1 });
    lab.clock.advance(10_000);
    expect(await lab.sender.runOnce()).toEqual({ sent: 0, failed: 0, exhausted: 0, disabled: 0 });

    expect((await lab.deliveries(jobId)).map((delivery) => delivery.status)).toEqual([
      'disabled',
      'disabled',
    ]);
    expect(receiver.posts).toHaveLength(2);
  });

  it('disables a standing endpoint after five days without a success, not before', async () => {
    await open({ retrySeconds: [86_400, 86_400, 86_400, 86_400, 86_399, 1, 1] });
    const closed = await Receiver.start();
    const closedUrl = closed.url();
    await closed.stop();
    const { id } = await lab.run((tx) => lab.endpoints.createStanding(tx, { url: closedUrl }));
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    const disabledAt = async () =>
      (
        await lab.reads.query<{ disabled_at: number | null }>(
          'SELECT disabled_at FROM webhook_endpoints WHERE id = ?',
          [id],
        )
      )[0]?.disabled_at;

    for (const seconds of [86_400, 86_400, 86_400, 86_400, 86_399]) {
      await lab.sender.runOnce();
      lab.clock.advance(seconds * 1000);
    }
    await lab.sender.runOnce();
    expect(await disabledAt()).toBeNull();
    lab.clock.advance(1000);
    await lab.sender.runOnce();

    expect(await disabledAt()).toBe(lab.clock.now());
    const statuses = (await lab.deliveries(jobId)).map((delivery) => delivery.status);
    expect(statuses.toSorted()).toEqual(['delivered', 'disabled']);
  });

  it('cuts a receiver that never answers, and counts it as failed', async () => {
    const { jobId } = await completedJob();
    receiver.script.push(() => undefined);

    const run = lab.sender.runOnce();
    await receiver.received(1);
    lab.clock.advance(TIMEOUT_MS);

    expect(await run).toMatchObject({ failed: 1 });
    const [delivery] = await lab.deliveries(jobId);
    expect(delivery?.attempts).toMatchObject([
      { error: { class: 'timeout' }, durationMs: TIMEOUT_MS, statusCode: null },
    ]);
  });

  it('tries a refused target again by the schedule, without connecting', async () => {
    await open({ allowedNetworks: ['10.0.0.0/8'], resolve: async () => ['127.0.0.1'] });
    const { jobId } = await completedJob(receiver.url('hooks.example'));

    expect(await lab.sender.runOnce()).toMatchObject({ failed: 1 });

    const [delivery] = await lab.deliveries(jobId);
    expect(delivery?.attempts).toMatchObject([{ error: { class: 'target_refused' } }]);
    expect(receiver.posts).toHaveLength(0);
  });

  it('records that it arrived even when a later event superseded it meanwhile', async () => {
    const { jobId } = await lab.submit({
      url: receiver.url(),
      events: ['job.started', 'job.completed'],
    });
    let answerStarted: () => void = () => undefined;
    receiver.script.push((_request, response) => {
      answerStarted = () => response.writeHead(204).end();
    });
    await lab.start(jobId);
    const run = lab.sender.runOnce();
    await receiver.received(1);
    await lab.complete(jobId);
    answerStarted();
    await run;

    expect(await lab.deliveries(jobId)).toMatchObject([
      { type: 'job.started', status: 'delivered', attemptCount: 1 },
      { type: 'job.completed', status: 'delivered' },
    ]);
  });

  it('keeps a delivery whose secret cannot be read, and says so', async () => {
    const { jobId } = await completedJob();
    await lab.run((tx) =>
      tx.execute(`UPDATE webhook_endpoints SET secret_sealed = 'v1.AAAA' WHERE job_id = ?`, [
        jobId,
      ]),
    );

    await lab.sender.runOnce();

    expect((await lab.deliveries(jobId))[0]).toMatchObject({
      status: 'pending',
      attempts: [{ error: { class: 'secret_unreadable' } }],
    });
    expect(receiver.posts).toHaveLength(0);
  });
});
