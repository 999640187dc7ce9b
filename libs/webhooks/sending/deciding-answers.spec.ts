import { type Answer, Receiver, answerWith } from '@foreman/testing';
import { Deliveries } from '../deliveries/deliveries.service';
import { resetAtOnce } from '../spec/hostile-answers';
import { ScheduleWalk, jitteredPauses } from '../spec/schedule-walk';
import { SeededRandom } from '../spec/seeded-random';
import { StandingLab } from '../spec/standing-lab';
import { WebhookLab } from '../spec/webhook-lab';

const SEED = 7;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOTHING = { sent: 0, failed: 0, exhausted: 0, disabled: 0 };

/** The answers that say more than yes or no. */
describe('answers that decide', () => {
  let receiver: Receiver;
  let lab: WebhookLab;

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open({}, new SeededRandom(SEED));
  });

  afterEach(async () => {
    await lab.close();
    await receiver.stop();
  });

  async function completedJob(): Promise<ScheduleWalk> {
    const { jobId } = await lab.submit({ url: receiver.url() });
    lab.shelf.put(jobId, 'completion', 1000);
    await lab.complete(jobId);
    return new ScheduleWalk(lab, jobId);
  }

  const busy = (statusCode: number, retryAfter: string) =>
    answerWith(statusCode, '', { 'retry-after': retryAfter });
  /** As an HTTP date, which has no milliseconds: the wait is up to a second shorter. */
  const busyUntil =
    (statusCode: number, waitMs: number): Answer =>
    (request, response) => {
      const date = new Date(lab.clock.now() + waitMs).toUTCString();
      busy(statusCode, date)(request, response);
    };
  /** What the first artifact of each body has inline. */
  const inlined = () =>
    receiver.posts.map(({ body }) => {
      const { data } = JSON.parse(body) as { data: { artifacts: { inline: string | null }[] } };
      return data.artifacts[0]?.inline?.length ?? null;
    });

  it('a script of all of them is followed to the second', async () => {
    const pauses = jitteredPauses(SEED);
    const pause = (step: number) => pauses[step] ?? 0;
    const script: [Answer, (startedAt: number) => number][] = [
      [answerWith(413), () => 0],
      [answerWith(500), () => pause(0)],
      [busy(429, '3600'), () => HOUR_MS],
      [busy(503, '1'), () => pause(2)],
      [resetAtOnce, () => pause(3)],
      [answerWith(413), () => pause(4)],
      [answerWith(307, '', { location: receiver.url() }), () => pause(5)],
      [busyUntil(429, 20 * HOUR_MS), (at) => 20 * HOUR_MS - ((at + 20 * HOUR_MS) % 1000)],
      [busy(503, '315360000'), () => DAY_MS],
      [busy(429, 'in a while'), () => pause(8)],
      [answerWith(200, 'at last'), () => 0],
    ];
    receiver.script.push(...script.map(([answer]) => answer));
    const walk = await completedJob();
    const begunAt = lab.clock.now();

    // The first 413 is answered within the same run.
    expect(await walk.attempt()).toEqual({ ...NOTHING, failed: 2 });
    for (let tries = 3; tries <= script.length; tries += 1) {
      expect(await walk.toNextTry()).toEqual(NOTHING);
      const isLast = tries === script.length;
      expect(await walk.attempt()).toEqual({ ...NOTHING, [isLast ? 'sent' : 'failed']: 1 });
    }

    const expectedTimes = [0];
    for (const [, waitMs] of script.slice(0, -1)) {
      const last = expectedTimes.at(-1) ?? 0;
      expectedTimes.push(last + waitMs(begunAt + last));
    }
    expect(await walk.startTimes()).toEqual(expectedTimes);
    const { status, attempts } = await walk.delivery();
    expect(status).toBe('delivered');
    expect(attempts.map(({ number, statusCode }) => [number, statusCode])).toEqual(
      [413, 500, 429, 503, null, 413, 307, 429, 503, 429, 200].map((code, at) => [at + 1, code]),
    );
    expect(inlined()).toEqual([1000, ...Array.from({ length: 10 }, () => null)]);
    expect(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it.each([429, 503])('%i may put off every pause that is shorter, and no other', async (code) => {
    for (let tries = 0; tries < 10; tries += 1) receiver.script.push(busy(code, '36000'));
    const walk = await completedJob();
    for (let tries = 1; tries < 10; tries += 1) {
      expect(await walk.attempt()).toEqual({ ...NOTHING, failed: 1 });
      expect(await walk.toNextTry()).toEqual(NOTHING);
    }
    expect(await walk.attempt()).toEqual({ ...NOTHING, exhausted: 1 });

    const times = await walk.startTimes();
    const waits = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    const pauses = jitteredPauses(SEED);
    expect(waits).toEqual(pauses.map((pause) => Math.max(pause, 10 * HOUR_MS)));
    expect(new Set(waits.filter((wait) => wait > 10 * HOUR_MS)).size).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['ten years', '315360000', DAY_MS],
    ['more digits than any time has', '99999999999999999999', null],
    ['a date in ten years', 'Sun, 22 Nov 2136 10:00:00 GMT', DAY_MS],
    ['a date that was', 'Sun, 22 Nov 2020 10:00:00 GMT', null],
    ['a date that is none', 'Sun, 99 Foo 2026 99:99:99 GMT', null],
    ['less than nothing', '-3600', null],
    ['a fraction', '3600.5', null],
    ['exponents', '1e9', null],
    ['infinity', 'Infinity', null],
    ['hexadecimals', '0xffff', null],
    ['words', 'tomorrow', null],
    ['nothing', '', null],
    ['two values', '3600, 7200', null],
  ])('Retry-After of %s is bounded', async (_what, header, waitMs) => {
    receiver.script.push(busy(503, header));
    const walk = await completedJob();

    await walk.attempt();

    const { nextAttemptAt } = await walk.delivery();
    const expected = lab.clock.now() + (waitMs ?? jitteredPauses(SEED)[0] ?? 0);
    expect(nextAttemptAt).toBe(new Date(expected).toISOString());
  });

  it.each([200, 301, 400, 404, 413, 500, 502])(
    'Retry-After of a %i does not count',
    async (code) => {
      receiver.script.push(answerWith(413), busy(code, '36000'));
      const walk = await completedJob();

      await walk.attempt();

      const { nextAttemptAt, attempts } = await walk.delivery();
      expect(attempts).toHaveLength(2);
      const expected = lab.clock.now() + (jitteredPauses(SEED)[0] ?? 0);
      expect(nextAttemptAt).toBe(code === 200 ? null : new Date(expected).toISOString());
    },
  );

  it('413, then 200: by urls only, at once, and it has arrived', async () => {
    receiver.script.push(answerWith(413), answerWith(200));
    const walk = await completedJob();

    expect(await walk.attempt()).toEqual({ ...NOTHING, failed: 1, sent: 1 });

    expect(inlined()).toEqual([1000, null]);
    expect(await walk.startTimes()).toEqual([0, 0]);
    expect(await walk.delivery()).toMatchObject({ status: 'delivered', attemptCount: 2 });
  });

  it('413 to the end: one fallback, then the schedule as for any failure, redelivered without another fallback', async () => {
    for (let tries = 0; tries < 12; tries += 1) receiver.script.push(answerWith(413));
    const walk = await completedJob();

    expect(await walk.attempt()).toEqual({ ...NOTHING, failed: 2 });
    for (let tries = 2; tries < 10; tries += 1) {
      expect(await walk.toNextTry()).toEqual(NOTHING);
      expect(await walk.attempt()).toEqual({ ...NOTHING, failed: 1 });
    }
    expect(await walk.toNextTry()).toEqual(NOTHING);
    expect(await walk.attempt()).toEqual({ ...NOTHING, exhausted: 1 });

    const pauses = jitteredPauses(SEED, 2);
    let time = 0;
    const expectedTimes = [0, ...[0, ...pauses.slice(0, 9)].map((pause) => (time += pause))];
    expect(await walk.startTimes()).toEqual(expectedTimes);
    expect(inlined()).toEqual([1000, ...Array.from({ length: 10 }, () => null)]);

    await lab.app.get(Deliveries).redeliver((await walk.delivery()).id);
    expect(await walk.attempt()).toEqual({ ...NOTHING, failed: 1 });
    expect((await walk.delivery()).nextAttemptAt).toBe(
      new Date(lab.clock.now() + (pauses[9] ?? 0)).toISOString(),
    );
    expect(inlined().slice(11)).toEqual([null]);
  });

  it("410 ends a job's own endpoint: what it owed is set aside, its later events too, and redelivery says why", async () => {
    receiver.script.push(answerWith(500), answerWith(410, 'moved away'));
    const { jobId } = await lab.submit({ url: receiver.url() });
    await lab.fail(jobId);
    const walk = new ScheduleWalk(lab, jobId);
    expect(await walk.attempt()).toEqual({ ...NOTHING, failed: 1 });
    await walk.toNextTry();

    expect(await walk.attempt()).toEqual({ ...NOTHING, disabled: 1 });

    const { id, status, nextAttemptAt, attempts } = await walk.delivery();
    expect({ status, nextAttemptAt }).toEqual({ status: 'disabled', nextAttemptAt: null });
    expect(attempts.at(-1)).toMatchObject({ statusCode: 410, responseExcerpt: 'moved away' });
    await lab.retry(jobId);
    await lab.cancel(jobId);
    lab.clock.advance(30 * DAY_MS);
    await lab.sender.runOnce();
    const statuses = (await lab.deliveries(jobId)).map((delivery) => delivery.status);
    expect(statuses).toEqual(['disabled', 'disabled']);
    expect(receiver.posts).toHaveLength(2);
    await expect(lab.app.get(Deliveries).redeliver(id)).rejects.toMatchObject({
      code: 'endpoint.disabled',
    });
  });

  it("410 of one job's endpoint ends no other, though its url is the same", async () => {
    receiver.script.push(answerWith(410));
    const gone = await completedJob();
    expect(await gone.attempt()).toEqual({ ...NOTHING, disabled: 1 });

    const other = await completedJob();
    expect(await other.attempt()).toEqual({ ...NOTHING, sent: 1 });
  });

  it('410 disables a standing endpoint: its history, its state and the stats tell', async () => {
    const standing = new StandingLab(lab);
    const id = await standing.make({ url: receiver.url() });
    const counts = () => standing.standing.counts(lab.reads);
    expect(await counts()).toMatchObject({ enabled: 1, disabled: 0 });
    receiver.script.push(answerWith(410));
    await standing.completedJobs(2);

    await lab.sender.runOnce();

    expect(await counts()).toMatchObject({ enabled: 0, disabled: 1 });
    expect(await standing.standing.get(lab.reads, id)).toMatchObject({
      status: 'disabled',
      disabledReason: 'gone',
    });
    const history = await standing.standing.events(lab.reads, id);
    expect(history.map(({ type, reason }) => [type, reason])).toContainEqual(['disabled', 'gone']);
    const before = receiver.posts.length;
    await standing.completedJobs(1);
    await lab.sender.runOnce();
    expect(receiver.posts).toHaveLength(before);
    expect(new Set(await standing.statuses(id))).toContain('disabled');
  });
});
