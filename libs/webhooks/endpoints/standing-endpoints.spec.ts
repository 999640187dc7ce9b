import { Receiver, answerWith, eventually } from '@foreman/testing';
import { StandingLab, jobOf } from '../spec/standing-lab';
import { WebhookLab } from '../spec/webhook-lab';
import { DeliveryWakeup } from '../sending/delivery-wakeup';
import { EndpointProbe } from './endpoint-probe.service';

const URL_OF_HOOK = 'https://hooks.example/a?token=t0p';
const SECRET = `whsec_${Buffer.alloc(24, 'secret').toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(24, 'other').toString('base64')}`;

describe('StandingEndpoints', () => {
  let lab: WebhookLab;
  let standing: StandingLab;
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open();
    standing = new StandingLab(lab);
  });

  afterEach(async () => {
    await lab.close();
    await receiver.stop();
  });

  const change = (id: string, changes: object) =>
    lab.run((tx) => standing.standing.change(tx, id, changes));
  const remove = (id: string) => lab.run((tx) => standing.standing.remove(tx, id));
  const rotate = (id: string, given?: string) =>
    lab.run((tx) => standing.standing.rotateSecret(tx, id, given));
  const get = (id: string) => standing.standing.get(lab.reads, id);

  it('tell the sender of a change: another rate or host may let something go at once', async () => {
    const { id } = await lab.run((tx) => lab.endpoints.createStanding(tx, { url: URL_OF_HOOK }));
    const { news } = lab.app.get(DeliveryWakeup);
    await change(id, { ratePerMinute: 60 });
    expect(lab.app.get(DeliveryWakeup).news).toBe(news + 1);
  });

  it('are shown without secrets and tokens, and found only while they stand', async () => {
    const id = await standing.make({ url: URL_OF_HOOK, secret: SECRET, kinds: ['chat', 'chat'] });
    const { endpoint: ofJob } = await lab.submit({ url: URL_OF_HOOK });

    expect(await get(id)).toEqual({
      id,
      url: 'https://hooks.example/a',
      events: ['job.completed', 'job.failed', 'job.cancelled'],
      kinds: ['chat'],
      inlineBudgetBytes: null,
      signedUrls: false,
      ratePerMinute: null,
      status: 'enabled',
      disabledAt: null,
      disabledReason: null,
      failingSince: null,
      previousSecretUntil: null,
      createdAt: new Date(lab.clock.now()).toISOString(),
    });
    for (const other of [ofJob.id, 'unknown']) {
      await expect(get(other)).rejects.toMatchObject({ code: 'endpoint.not_found' });
      await expect(change(other, {})).rejects.toMatchObject({ code: 'endpoint.not_found' });
      await expect(remove(other)).rejects.toMatchObject({ code: 'endpoint.not_found' });
      await expect(rotate(other)).rejects.toMatchObject({ code: 'endpoint.not_found' });
    }
  });

  it('are paged, newest first', async () => {
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) ids.push(await standing.make({ url: URL_OF_HOOK }));
    await lab.submit({ url: URL_OF_HOOK });
    const first = await standing.standing.list(lab.reads, { limit: 3, cursor: null });
    const second = await standing.standing.list(lab.reads, { limit: 3, cursor: first.nextCursor });
    const seen = [...first.items, ...second.items].map(({ id }) => id);
    expect(seen).toEqual(ids.toReversed());
    expect(second.nextCursor).toBeNull();
  });

  it('change field by field, and what is owed already follows', async () => {
    const id = await standing.make({ url: URL_OF_HOOK, kinds: ['chat'], ratePerMinute: 60 });
    const view = await change(id, {
      url: receiver.url(),
      kinds: null,
      ratePerMinute: null,
      inlineBudgetBytes: 0,
      signedUrls: true,
    });
    expect(view).toMatchObject({
      url: receiver.url(),
      kinds: null,
      ratePerMinute: null,
      inlineBudgetBytes: 0,
      signedUrls: true,
      events: ['job.completed', 'job.failed', 'job.cancelled'],
    });
    expect(await change(id, { events: ['job.failed'] })).toMatchObject({
      url: receiver.url(),
      events: ['job.failed'],
    });
    await standing.completedJobs(1);
    await lab.sender.runOnce();
    expect(receiver.posts).toEqual([]);
    expect(await change(id, { events: null })).toMatchObject({ events: { length: 3 } });
  });

  it.each([
    [{ url: 'https://10.0.0.1/' }, 'webhook.target_refused'],
    [{ events: ['job.created'] }, 'request.invalid'],
    [{ kinds: [] }, 'request.invalid'],
    [{ kinds: ['no kind'] }, 'request.invalid'],
  ])('do not change to %j', async (changes, code) => {
    const id = await standing.make({ url: URL_OF_HOOK });
    const before = await get(id);
    await expect(change(id, changes)).rejects.toMatchObject({ code });
    expect(await get(id)).toEqual(before);
  });

  it('inline as much as they were told to', async () => {
    await standing.make({ url: receiver.url(), inlineBudgetBytes: 100 });
    const jobId = await lab.submitPlain();
    lab.shelf.put(jobId, 'a.txt', 60);
    lab.shelf.put(jobId, 'b.txt', 60);
    await lab.complete(jobId);
    await lab.sender.runOnce();
    const event = JSON.parse(receiver.posts[0]?.body ?? '') as {
      data: { artifacts: { url: string | null }[] };
    };
    expect(event.data.artifacts.map(({ url }) => url === null)).toEqual([true, false]);
  });

  it('rotate to a given secret once, however often they are asked to', async () => {
    const id = await standing.make({ url: receiver.url(), secret: SECRET });
    await rotate(id, OTHER);
    lab.clock.advance(1000);
    await rotate(id, OTHER);
    const until = new Date(lab.clock.now() - 1000 + 86_400_000).toISOString();
    expect(await get(id)).toMatchObject({ previousSecretUntil: until });
    const sealed = await lab.reads.query<{ secret_sealed: string }>(
      'SELECT secret_sealed, previous_secret_sealed FROM webhook_endpoints',
    );
    expect(sealed).toHaveLength(1);
    await standing.completedJobs(1);
    await lab.sender.runOnce();
    expect(receiver.posts[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    lab.clock.advance(86_400_000);
    expect(await get(id)).toMatchObject({ previousSecretUntil: null });
  });

  it('get nothing more once they are removed, what they were owed included; their secrets go at once', async () => {
    const id = await standing.make({ url: receiver.url(), secret: SECRET });
    const sealed = async () =>
      lab.reads.query<{ secret_sealed: string }>('SELECT secret_sealed FROM webhook_endpoints');
    const before = await sealed();
    const [jobId = ''] = await standing.completedJobs(1);
    await remove(id);
    const [laterId = ''] = await standing.completedJobs(1);
    await lab.sender.runOnce();
    expect(receiver.posts).toEqual([]);
    expect(await lab.deliveries(laterId)).toEqual([]);
    expect((await lab.deliveries(jobId)).map(({ status }) => status)).toEqual(['disabled']);
    expect(await sealed()).not.toEqual(before);
    await expect(remove(id)).rejects.toMatchObject({ code: 'endpoint.not_found' });
  });

  it('leave no row behind where nothing was ever owed', async () => {
    const id = await standing.make({ url: URL_OF_HOOK });
    await remove(id);
    expect(await lab.reads.query('SELECT id FROM webhook_endpoints')).toEqual([]);
  });

  it('are posted to no more often than their rate, while others on the same host go on', async () => {
    const slow = await standing.make({ url: receiver.url(), ratePerMinute: 30, kinds: ['slow'] });
    const free = await standing.make({ url: receiver.url(), kinds: ['free'] });
    const ids = await Promise.all([
      lab.submitPlain('slow'),
      lab.submitPlain('slow'),
      lab.submitPlain('slow'),
    ]);
    for (const id of ids) await lab.complete(id);
    await lab.complete(await lab.submitPlain('free'));
    const delivered = async () =>
      (await standing.statuses(slow)).filter((status) => status === 'delivered').length;

    await lab.sender.runOnce();
    expect([await delivered(), await standing.statuses(free)]).toEqual([1, ['delivered']]);
    lab.clock.advance(1999);
    await lab.sender.runOnce();
    expect(await delivered()).toBe(1);
    lab.clock.advance(1);
    await lab.sender.runOnce();
    expect(await delivered()).toBe(2);
  });

  it('are woken for by the loop when their rate allows the next post', async () => {
    const id = await standing.make({ url: receiver.url(), ratePerMinute: 60 });
    const first = await lab.submitPlain();
    const second = await lab.submitPlain();
    await lab.complete(first);
    await lab.complete(second);
    lab.sender.start();
    await receiver.received(1);
    await lab.recorded(first, { status: 'delivered' });
    expect(receiver.posts).toHaveLength(1);
    await eventually('the loop waits for the rate', async () => lab.clock.pendingTimers === 1);
    lab.clock.advance(1000);
    await receiver.received(2);
    await standing.settled(id, 'delivered');
    expect(receiver.posts.map(jobOf)).toEqual([first, second]);
  });

  it('show what they answer to a test, which is neither counted nor followed', async () => {
    const id = await standing.make({ url: receiver.url() });
    const probe = () => lab.app.get(EndpointProbe).test(lab.reads, id);
    receiver.script.push(
      answerWith(302, 'x'.repeat(5000), { location: receiver.url('127.0.0.1', '/elsewhere') }),
    );
    expect(await probe()).toMatchObject({
      statusCode: 302,
      error: { class: 'redirect' },
      address: '127.0.0.1',
      responseExcerpt: 'x'.repeat(4096),
    });
    expect(await probe()).toMatchObject({ statusCode: 204, error: null });
    expect(receiver.posts.map(({ path }) => path)).toEqual(['/hook', '/hook']);
    expect(await get(id)).toMatchObject({ failingSince: null });
    expect(await lab.reads.query('SELECT id FROM deliveries')).toEqual([]);
    await expect(lab.app.get(EndpointProbe).test(lab.reads, 'unknown')).rejects.toMatchObject({
      code: 'endpoint.not_found',
    });
  });

  it('let a test go that is under way when Foreman stops', async () => {
    const id = await standing.make({ url: receiver.url() });
    receiver.script.push(() => undefined);
    const probe = lab.app.get(EndpointProbe);
    const refusal = probe.test(lab.reads, id).catch((error: unknown) => error);
    await receiver.received(1);
    probe.onModuleDestroy();
    expect(await refusal).toMatchObject({ code: 'server.busy' });
  });

  it('hold the target policy in a test too', async () => {
    const id = await standing.make({ url: 'http://changed.example/' });
    // The name resolves to nothing that is allowed; a literal shows it without DNS.
    await lab.run((tx) =>
      tx.execute(`UPDATE webhook_endpoints SET url = 'https://10.0.0.1/' WHERE id = ?`, [id]),
    );
    expect(await lab.app.get(EndpointProbe).test(lab.reads, id)).toMatchObject({
      statusCode: null,
      error: { class: 'target_refused' },
    });
  });
});
