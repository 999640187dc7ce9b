import { Receiver, answerWith, eventually } from '@foreman/testing';
import { Deliveries } from '../deliveries/deliveries.service';
import { StandingLab, jobOf } from '../spec/standing-lab';
import { WebhookLab } from '../spec/webhook-lab';
import { WebhookTimes } from './webhook-times';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SECRET = `whsec_${Buffer.alloc(32, 4).toString('base64')}`;

let lab: WebhookLab;
let standing: StandingLab;
let receiver: Receiver;

beforeEach(async () => {
  receiver = await Receiver.start();
  lab = await WebhookLab.open({ retrySeconds: [100, 50, 7200], concurrency: 1 });
  standing = new StandingLab(lab);
});

afterEach(async () => {
  await lab.close();
  await receiver.stop();
});

const send = () => lab.sender.runOnce();
const look = (id: string) => standing.standing.get(lab.reads, id);
const ago = (ms: number) => new Date(lab.clock.now() - ms).toISOString();

describe.each([
  ['forward by thirty days', 30 * DAY_MS],
  ['forward by a minute', 60_000],
  ['back by an hour', -HOUR_MS],
  ['back by thirty years', -30 * 365 * DAY_MS],
])('the wall clock is set %s', (_how, stepMs) => {
  it('a next try keeps what is left of its wait', async () => {
    receiver.script.push(answerWith(500));
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    await send();
    lab.clock.advance(40_000);
    await lab.setWallClock(stepMs);
    expect(await lab.deliveries(jobId)).toMatchObject([{ nextAttemptAt: ago(-60_000) }]);
    lab.clock.advance(59_999);
    await send();
    expect(receiver.posts).toHaveLength(1);
    lab.clock.advance(1);
    await send();
    expect(receiver.posts).toHaveLength(2);
  });

  it('what is due keeps its place, and the time since when it is', async () => {
    const jobs = [
      await lab.submit({ url: receiver.url() }),
      await lab.submit({ url: receiver.url() }),
    ];
    const [first, second] = jobs.map(({ jobId }) => jobId);
    await lab.complete(first ?? '');
    lab.clock.advance(20_000);
    await lab.setWallClock(stepMs);
    expect(await lab.app.get(Deliveries).backlog(lab.reads)).toMatchObject({
      due: 1,
      dueSince: lab.clock.now() - 20_000,
    });
    await lab.complete(second ?? '');
    await send();
    expect(receiver.posts.map(jobOf)).toEqual([first, second]);
  });

  it('a rate allows the next post when it would have', async () => {
    await standing.make({ url: receiver.url(), ratePerMinute: 1 });
    await standing.completedJobs(2);
    await send();
    lab.clock.advance(20_000);
    await lab.setWallClock(stepMs);
    lab.clock.advance(39_999);
    await send();
    expect(receiver.posts).toHaveLength(1);
    lab.clock.advance(1);
    await send();
    expect(receiver.posts).toHaveLength(2);
  });

  it('so it does while a try is under way', async () => {
    await lab.close();
    lab = await WebhookLab.open();
    standing = new StandingLab(lab);
    const dead = await Receiver.start();
    dead.script.push(() => undefined);
    await lab.complete((await lab.submit({ url: dead.url() })).jobId);
    const id = await standing.make({ url: receiver.url(), ratePerMinute: 60 });
    await standing.completedJobs(2);
    const run = lab.sender.runOnce();
    await dead.received(1);
    await receiver.received(1);
    await eventually('the first is recorded', async () =>
      (await standing.statuses(id)).includes('delivered'),
    );
    await eventually('the run waits for the rate', () => lab.clock.pendingTimers === 2);
    await lab.setWallClock(stepMs);
    await eventually('the run waits again', () => lab.clock.pendingTimers === 2);
    lab.clock.advance(1000);
    await receiver.received(2);
    lab.clock.advance(15_000);
    await run;
    await dead.stop();
  });

  it('an endpoint has failed for as long as it has', async () => {
    receiver.script.push(answerWith(500));
    const id = await standing.make({ url: receiver.url() });
    await standing.completedJobs(1);
    await send();
    lab.clock.advance(20_000);
    await lab.setWallClock(stepMs);
    expect(await look(id)).toMatchObject({ failingSince: ago(20_000) });
  });

  it('both secrets sign for the rest of the day', async () => {
    const id = await standing.make({ url: receiver.url() });
    await lab.run((tx) => standing.standing.rotateSecret(tx, id, SECRET));
    lab.clock.advance(HOUR_MS);
    await lab.setWallClock(stepMs);
    expect(await look(id)).toMatchObject({ previousSecretUntil: ago(-23 * HOUR_MS) });
  });
});

/** As a clock that was wrong before the start has left it. */
describe('what is stored from before a start', () => {
  const start = () => lab.app.get(WebhookTimes).onModuleInit();
  const set = (table: string, values: string) =>
    lab.run((tx) => tx.execute(`UPDATE ${table} SET ${values}`));

  async function failedOnce(): Promise<string> {
    receiver.script.push(answerWith(500));
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    await send();
    return jobId;
  }

  it('a next try is at most as far away as the longest pause can be', async () => {
    const jobId = await failedOnce();
    const latest = lab.clock.now() + 1.1 * DAY_MS;
    await set('deliveries', `next_attempt_at = ${latest}`);
    await start();
    expect(await lab.deliveries(jobId)).toMatchObject([{ nextAttemptAt: ago(-1.1 * DAY_MS) }]);
    await set('deliveries', `next_attempt_at = ${latest + 30 * DAY_MS}`);
    await start();
    expect(await lab.deliveries(jobId)).toMatchObject([{ nextAttemptAt: ago(-1.1 * DAY_MS) }]);
  });

  it('nothing is due since the future', async () => {
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.complete(jobId);
    await set('deliveries', `next_attempt_at = ${lab.clock.now() + HOUR_MS}`);
    await start();
    expect(await lab.deliveries(jobId)).toMatchObject([{ nextAttemptAt: ago(0) }]);
  });

  it('a rate holds an endpoint back for one of its intervals at most', async () => {
    const paced = await standing.make({ url: receiver.url(), ratePerMinute: 7 });
    const nextPostAt = async () =>
      lab.reads.query('SELECT next_post_at FROM webhook_endpoints WHERE id = ?', [paced]);
    const latest = lab.clock.now() + Math.ceil(60_000 / 7);
    for (const written of [latest - 1, latest, latest + 1, latest + DAY_MS]) {
      await set('webhook_endpoints', `next_post_at = ${written}`);
      await start();
      expect(await nextPostAt()).toEqual([{ next_post_at: Math.min(written, latest) }]);
    }
  });

  it('nobody fails since the future, and no old secret signs for longer than a day', async () => {
    const id = await standing.make({ url: receiver.url() });
    await lab.run((tx) => standing.standing.rotateSecret(tx, id, SECRET));
    const future = lab.clock.now() + 30 * DAY_MS;
    await set('webhook_endpoints', `failing_since = ${future}, previous_secret_until = ${future}`);
    await start();
    expect(await look(id)).toMatchObject({
      failingSince: ago(0),
      previousSecretUntil: ago(-DAY_MS),
    });
  });

  it('what can be true stays as it is', async () => {
    const jobId = await failedOnce();
    const id = await standing.make({ url: receiver.url() });
    await lab.run((tx) => standing.standing.rotateSecret(tx, id, SECRET));
    await set('webhook_endpoints', `failing_since = ${lab.clock.now() - 5}`);
    lab.clock.advance(1000);
    const before = [await lab.deliveries(jobId), await look(id)];
    await start();
    expect([await lab.deliveries(jobId), await look(id)]).toEqual(before);
  });
});
