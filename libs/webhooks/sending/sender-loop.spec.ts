import { UnitOfWork } from '@foreman/database';
import { eventually, Receiver, answerWith } from '@foreman/testing';
import { writeBacklogs } from '../spec/backlog';
import { WebhookLab } from '../spec/webhook-lab';
import type { WebhooksOptions } from '../webhooks.options';
import { DeliveryClaims } from './delivery-claims.store';
import { DeliveryWakeup } from './delivery-wakeup';
import { HostSlots } from './host-slots';

const TIMEOUT_MS = 15_000;

describe('the loop of WebhookSender', () => {
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

  it('sends again under the same id what a dead sender had claimed', async () => {
    const { jobId } = await completedJob();
    const claims = lab.app.get(DeliveryClaims);
    const claimedAt = lab.clock.now();
    const { deliveries } = await lab.run((tx) =>
      claims.claim(tx, new HostSlots(1, 1), claimedAt, 20_000),
    );

    // The sender that claimed it posts, and dies before it records anything.
    expect(await lab.sender.runOnce()).toMatchObject({ sent: 0 });
    lab.clock.advance(19_999);
    expect(await lab.sender.runOnce()).toMatchObject({ sent: 0 });
    lab.clock.advance(1);

    expect(await lab.sender.runOnce()).toMatchObject({ sent: 1 });
    expect(receiver.posts[0]?.headers['webhook-id']).toBe(deliveries[0]?.delivery.eventId);
    expect((await lab.deliveries(jobId))[0]).toMatchObject({
      status: 'delivered',
      attemptCount: 1,
    });
  });

  it('sends again at once what a stopping sender had to cut', async () => {
    const { jobId } = await completedJob();
    receiver.script.push(() => undefined);
    lab.sender.start();
    await receiver.received(1);

    const stopping = lab.sender.stop();
    lab.clock.advance(5000);
    await stopping;

    expect((await lab.deliveries(jobId))[0]).toMatchObject({ status: 'pending', attempts: [] });
    lab.sender.start();
    await receiver.received(2);
    await lab.sender.stop();
    const [first, second] = receiver.posts;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect((await lab.deliveries(jobId))[0]).toMatchObject({ status: 'delivered' });
  });

  it('is woken by the commit of an event, and by the time of a retry', async () => {
    receiver.script.push(answerWith(500));
    const { jobId } = await lab.submit({ url: receiver.url() });
    const waits = jest.spyOn(lab.app.get(DeliveryWakeup), 'wait');
    lab.sender.start();
    await eventually('the wait for work', () => waits.mock.calls.length > 0);

    await lab.complete(jobId);
    await receiver.received(1);
    await lab.recorded(jobId, { attemptCount: 1 });
    await eventually('the wait for the retry', () => lab.clock.pendingTimers > 0);
    lab.clock.advance(5000);
    await receiver.received(2);
    await lab.sender.stop();

    expect((await lab.deliveries(jobId))[0]).toMatchObject({
      status: 'delivered',
      attemptCount: 2,
    });
  });

  it('reads no database while nothing is owed, and sends what comes up after an hour of that', async () => {
    const waits = jest.spyOn(lab.app.get(DeliveryWakeup), 'wait');
    lab.sender.start();
    await eventually('the wait for work', () => waits.mock.calls.length > 0);
    const looks = [
      jest.spyOn(lab.reads, 'query'),
      jest.spyOn(lab.app.get(UnitOfWork), 'run'),
    ] as const;
    for (let minute = 0; minute < 60; minute += 1) lab.clock.advance(60_000);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(looks.map((look) => look.mock.calls.length)).toEqual([0, 0]);

    await completedJob();
    await receiver.received(1);
    await lab.sender.stop();
  });

  it('lets neither a dead receiver nor its backlog delay another', async () => {
    await open({ concurrency: 8, concurrencyPerHost: 2 });
    const dead = await Receiver.start();
    for (let count = 0; count < 40; count += 1) dead.script.push(() => undefined);
    for (let count = 0; count < 30; count += 1) await completedJob(dead.url());
    const alive = await completedJob();

    const run = lab.sender.runOnce();
    await receiver.received(1);
    await dead.received(1);

    await lab.recorded(alive.jobId, { status: 'delivered' });
    // Neither is known when it begins, and the dead one does not become so: it has a single slot until it answers.
    expect(dead.posts).toHaveLength(1);
    lab.clock.advance(TIMEOUT_MS);
    await dead.received(2);
    await completedJob();
    await receiver.received(2);
    expect(dead.posts).toHaveLength(2);
    const stopping = lab.sender.stop();
    lab.clock.advance(5000);
    await Promise.all([run, stopping]);
    await dead.stop();
  });

  it('waits for no time while there is no room: the slot that is freed wakes it', async () => {
    await open({ concurrency: 1 });
    let answer: () => void = () => undefined;
    receiver.script.push(answerWith(500), (_request, response) => {
      answer = () => response.writeHead(204).end();
    });
    const { jobId } = await completedJob();
    lab.sender.start();
    await lab.recorded(jobId, { attemptCount: 1 });
    const waits = jest.spyOn(lab.app.get(DeliveryWakeup), 'wait');
    await completedJob();
    await receiver.received(2);
    await eventually('the wait for a slot', () => waits.mock.calls.some(([, , ms]) => ms === null));
    // Only the deadline of the attempt, not the retry of the first.
    expect(lab.clock.pendingTimers).toBe(1);

    // The time of that passes unseen; it goes out as soon as there is room.
    lab.clock.advance(6000);
    answer();
    await receiver.received(3);
    await lab.recorded(jobId, { attemptCount: 2 });
    await lab.sender.stop();
  });

  describe('beside an attempt that hangs', () => {
    const hanging = () => receiver.url('[::1]');

    /** One of two slots is held by a host that is known to answer; an endpoint with a rate has more to get. */
    async function hang(): Promise<void> {
      await open({ concurrency: 2 });
      await lab.run((tx) =>
        lab.endpoints.createStanding(tx, { url: receiver.url(), ratePerMinute: 60 }),
      );
      lab.sender.start();
      const { jobId } = await completedJob(hanging());
      await receiver.received(2);
      await eventually('both records', async () =>
        (await lab.deliveries(jobId)).every(({ status }) => status === 'delivered'),
      );
      receiver.script.push(() => undefined);
      await completedJob(hanging());
      await receiver.received(3);
    }

    async function stop(): Promise<void> {
      const stopping = lab.sender.stop();
      lab.clock.advance(5000);
      await stopping;
    }

    it('looks at a lane again when its rate allows the next post', async () => {
      await hang();
      await eventually('the deadline and the wait', () => lab.clock.pendingTimers === 2);
      lab.clock.advance(1000);
      await receiver.received(4);
      await stop();
    });

    it('looks at all lanes after a time without room, whosesoever slot is freed', async () => {
      await hang();
      const dead = await Receiver.start();
      let breakOff: () => void = () => undefined;
      dead.script.push(
        (_request, response) => void response.socket?.destroy(),
        (_request, response) => {
          breakOff = () => void response.socket?.destroy();
        },
      );
      const { jobId } = await completedJob(dead.url());
      await eventually('a failure', async () =>
        (await lab.deliveries(jobId)).some(({ attemptCount }) => attemptCount === 1),
      );
      await completedJob(dead.url());
      await dead.received(2);
      expect(receiver.posts).toHaveLength(3);

      lab.clock.advance(1000);
      breakOff();
      await receiver.received(4);
      await stop();
      await dead.stop();
    });
  });

  it('looks on when more falls due together than one look marks', async () => {
    await open({ concurrency: 8, concurrencyPerHost: 2 });
    const dead = await Receiver.start();
    for (let count = 0; count < 10; count += 1) dead.script.push(() => undefined);
    const endpointOf = async (url: string) =>
      (await lab.run((tx) => lab.endpoints.createStanding(tx, { url }))).id;
    const [toDead, toAlive] = [await endpointOf(dead.url()), await endpointOf(receiver.url())];
    writeBacklogs(lab, [
      { lane: `dead ${toDead}`, endpointId: toDead, count: 1200, dueAt: 0 },
      { lane: `alive ${toAlive}`, endpointId: toAlive, count: 1, dueAt: 1 },
    ]);

    lab.sender.start();
    await receiver.received(1);

    expect(dead.posts.length).toBeLessThanOrEqual(1);
    const stopping = lab.sender.stop();
    lab.clock.advance(5000);
    await stopping;
    await dead.stop();
  });

  it('never has more under way than it may, and drains a backlog', async () => {
    await open({ concurrency: 3, concurrencyPerHost: 2 });
    let underWay = 0;
    let most = 0;
    const second = await Receiver.start();
    for (const each of [receiver, second]) {
      for (let count = 0; count < 20; count += 1) {
        each.script.push((_request, response) => {
          underWay += 1;
          most = Math.max(most, underWay);
          setImmediate(() => {
            underWay -= 1;
            response.writeHead(204).end();
          });
        });
      }
    }
    for (let count = 0; count < 20; count += 1) {
      await completedJob(receiver.url());
      await completedJob(second.url());
    }

    expect(await lab.sender.runOnce()).toMatchObject({ sent: 40 });
    expect(most).toBeLessThanOrEqual(3);
    await second.stop();
  });
});
