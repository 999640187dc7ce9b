import { type Answer, Receiver, answerWith } from '@foreman/testing';
import { Deliveries } from '../deliveries/deliveries.service';
import type { ErrorClass } from '../posting/post-outcome';
import {
  type FarEnd,
  certificateOfAnother,
  closedPort,
  closedPorts,
  expiredCertificate,
  named,
  plainOnTlsPort,
  resetInHandshake,
  resolverError,
  selfSignedOne,
  silentHandshake,
  withCertificate,
} from '../spec/far-ends';
import {
  hangUp,
  raw,
  rawThenReset,
  rawThenSilence,
  resetAtOnce,
  silence,
  slowLoris,
} from '../spec/hostile-answers';
import { ATTEMPT_TIMEOUT_MS, ScheduleWalk, jitteredPauses } from '../spec/schedule-walk';
import { SeededRandom } from '../spec/seeded-random';
import { WebhookLab } from '../spec/webhook-lab';

const SEED = 20_261_122;
const TRIES = 10;
const NOTHING = { sent: 0, failed: 0, exhausted: 0, disabled: 0 };
const HEAD_500 = 'HTTP/1.1 500 Broken\r\nContent-Length: 100\r\n\r\n';

/** How an attempt stands in the record. */
interface Recorded {
  readonly status: number | null;
  readonly class: ErrorClass;
  /** Null: nothing was connected to. Default: this machine. */
  readonly address?: null;
  readonly excerpt?: unknown;
}

const answered = (status: number, excerpt: unknown = ''): Recorded => ({
  status,
  class: 'status',
  excerpt,
});
const broken = (errorClass: ErrorClass): Recorded => ({ status: null, class: errorClass });
const unreached = (errorClass: ErrorClass): Recorded => ({ ...broken(errorClass), address: null });

/** Real connections to a real receiver that always fails in one way: to the end of the schedule, and beyond. */
describe('every attempt', () => {
  let lab: WebhookLab | undefined;

  afterEach(async () => {
    await lab?.close();
    lab = undefined;
  });

  /** Walks through the whole schedule and judges every attempt's number, time and record. Answers when they began. */
  async function expectWholeSchedule(
    farEnd: FarEnd,
    recorded: Recorded,
    isCut: boolean,
  ): Promise<number[]> {
    lab = await WebhookLab.open(farEnd.options, new SeededRandom(SEED));
    const { clock } = lab;
    const { jobId } = await lab.submit({ url: farEnd.url });
    await lab.complete(jobId);
    const walk = new ScheduleWalk(lab, jobId);
    const attempt = async () => {
      const before = farEnd.arrived();
      return isCut
        ? walk.attemptCutByDeadline(() => farEnd.arrived() > before)
        : await walk.attempt();
    };

    for (let tries = 1; tries < TRIES; tries += 1) {
      expect(await attempt()).toEqual({ ...NOTHING, failed: 1 });
      expect(await walk.toNextTry()).toEqual(NOTHING);
    }
    expect(await attempt()).toEqual({ ...NOTHING, exhausted: 1 });

    const durationMs = isCut ? ATTEMPT_TIMEOUT_MS : 0;
    const expectedTimes = [0];
    for (const pause of jitteredPauses(SEED)) {
      expectedTimes.push((expectedTimes.at(-1) ?? 0) + durationMs + pause);
    }
    expect(await walk.startTimes()).toEqual(expectedTimes);
    const exhausted = await walk.delivery();
    expect(exhausted).toMatchObject({ status: 'exhausted', nextAttemptAt: null });
    expect(exhausted.attempts).toEqual(
      expectedTimes.map((_, step) => ({
        number: step + 1,
        startedAt: expect.any(String),
        durationMs,
        statusCode: recorded.status,
        error: { class: recorded.class, detail: expect.stringMatching(/./) },
        address: recorded.address === null ? null : '127.0.0.1',
        responseExcerpt: recorded.excerpt ?? null,
      })),
    );
    clock.advance(30 * 86_400_000);
    expect(await lab.sender.runOnce()).toEqual(NOTHING);

    await lab.app.get(Deliveries).redeliver(exhausted.id);
    expect(await attempt()).toEqual({ ...NOTHING, failed: 1 });
    const again = await walk.delivery();
    expect(again).toMatchObject({ status: 'pending', eventId: exhausted.eventId });
    expect(again.attempts.map(({ number }) => number)).toEqual(
      Array.from({ length: TRIES + 1 }, (_, step) => step + 1),
    );
    const firstPause = jitteredPauses(SEED, 2).at(TRIES - 1) ?? 0;
    expect(again.nextAttemptAt).toBe(new Date(clock.now() + firstPause).toISOString());
    return again.attempts.map(({ startedAt }) => Date.parse(startedAt));
  }

  describe('on a receiver that answers', () => {
    let receiver: Receiver;

    beforeEach(async () => {
      receiver = await Receiver.start();
    });

    afterEach(async () => {
      await receiver.stop();
    });

    async function expectSchedule(answer: Answer, recorded: Recorded, isCut = false) {
      for (let tries = 0; tries <= TRIES; tries += 1) receiver.script.push(answer);
      const arrived = () => receiver.posts.length;
      const options = {};
      const farEnd = {
        url: receiver.url(),
        options,
        arrived,
        requests: arrived,
        close: async () => undefined,
      };
      const begunAt = await expectWholeSchedule(farEnd, recorded, isCut);

      expect(receiver.posts).toHaveLength(TRIES + 1);
      const stamps = receiver.posts.map(({ headers }) => headers['webhook-timestamp']);
      expect(stamps).toEqual(begunAt.map((at) => String(Math.floor(at / 1000))));
      const ids = receiver.posts.map(({ headers }) => headers['webhook-id']);
      expect(new Set(ids).size).toBe(1);
      const bodies = receiver.posts.map(({ body }) => body);
      expect(new Set(bodies).size).toBe(1);
    }

    it.each([
      ['500', answerWith(500, 'broken'), answered(500, 'broken')],
      ['400', answerWith(400), answered(400)],
      ['404', answerWith(404), answered(404)],
      ['429 without Retry-After', answerWith(429), answered(429)],
      ['503 without Retry-After', answerWith(503), answered(503)],
      ['an unknown status', answerWith(599), answered(599)],
      ['a reset before headers', resetAtOnce, broken('reset')],
      ['an end before headers', hangUp, broken('reset')],
      ['a reset within headers', rawThenReset('HTTP/1.1 200 OK\r\nX-A'), broken('reset')],
      ['an end within headers', raw('HTTP/1.1 200 OK\r\nX-A'), broken('reset')],
      ['a reset within the body', rawThenReset(`${HEAD_500}partial`), answered(500, 'partial')],
      ['an end within the body', raw(`${HEAD_500}partial`), answered(500, 'partial')],
      ['a huge body', answerWith(500, 'a'.repeat(5_000_000)), answered(500, 'a'.repeat(4096))],
      ['a NUL in the body', answerWith(500, 'a\0b'), answered(500, 'a\uFFFDb')],
      [
        'an upgrade',
        raw('HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
        broken('reset'),
      ],
      // Undici's limit, and that of Node's fetch: RFC 9110 would have it skipped.
      [
        'an unasked 100',
        raw('HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 204 Fine\r\n\r\n'),
        broken('reset'),
      ],
      ['nonsense', raw('this is not HTTP\r\n\r\n'), broken('protocol')],
      ['a status that is none', raw('HTTP/1.1 abc OK\r\n\r\n'), broken('protocol')],
      ['a bad length', raw('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'), broken('protocol')],
      ['a bad header', raw('HTTP/1.1 200 OK\r\nno colon\r\n\r\n'), broken('protocol')],
      ['HTTP/2', raw('\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64'), broken('protocol')],
      [
        'headers without end',
        raw(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}`),
        broken('protocol'),
      ],
    ])('fails with %s', async (_what, answer, recorded) => {
      await expectSchedule(answer, recorded);
    });

    it.each([301, 302, 303, 307, 308])('redirects with %i', async (statusCode) => {
      const location = receiver.url('127.0.0.1', '/elsewhere');
      const redirect = answerWith(statusCode, '', { location });
      await expectSchedule(redirect, { status: statusCode, class: 'redirect', excerpt: '' });
      expect(receiver.posts.map(({ path }) => path)).not.toContain('/elsewhere');
    });

    it.each([
      ['no answer', silence, broken('timeout')],
      ['half a head', rawThenSilence('HTTP/1.1 200 OK\r\nX-A: '), broken('timeout')],
      ['half a body', rawThenSilence(`${HEAD_500}partial`), answered(500, 'partial')],
    ])('goes silent after %s', async (_what, answer, recorded) => {
      await expectSchedule(answer, recorded, true);
    });

    it.each([
      ['status line', '', 'HTTP/1.1 200 OK\r\nX-Header: a\r\n', broken('timeout')],
      ['headers', 'HTTP/1.1 200 OK\r\n', 'X: a\r\n', broken('timeout')],
      [
        'body',
        HEAD_500,
        'abcdefghijklmnopqrstuvwxyz',
        answered(500, expect.stringMatching(/^abcdefg/)),
      ],
    ])('sends its %s byte by byte', async (_what, beginning, endless, recorded) => {
      const loris: Answer = (request, response) => {
        if (lab !== undefined) slowLoris(lab.clock, beginning, endless)(request, response);
      };
      await expectSchedule(loris, recorded, true);
    });
  });

  describe('on a far end without an answer', () => {
    it.each([
      ['a closed port', closedPort, unreached('connect')],
      ['closed ports at every address', closedPorts, unreached('connect')],
      ['a self-signed certificate', selfSignedOne, unreached('tls')],
      ['an expired certificate', expiredCertificate, unreached('tls')],
      ['the certificate of another name', certificateOfAnother, unreached('tls')],
      ['HTTP where TLS belongs', plainOnTlsPort, unreached('tls')],
      ['a reset within the handshake', resetInHandshake, unreached('reset')],
      ['an unknown name', () => named(() => resolverError('ENOTFOUND')), unreached('dns')],
      ['a resolver that fails', () => named(() => resolverError('EAI_AGAIN')), unreached('dns')],
      ['a name without addresses', () => named(async () => []), unreached('dns')],
      ['a private name', () => named(async () => ['10.0.0.1']), unreached('target_refused')],
    ])('with %s', async (_what, open, recorded) => {
      const farEnd = await open();
      await expectWholeSchedule(farEnd, recorded, false);
      expect(farEnd.requests()).toBe(0);
      await farEnd.close();
    });

    it.each([
      ['a handshake that never goes on', silentHandshake],
      ['a resolver that never answers', () => named(() => new Promise(() => undefined))],
    ])('with %s', async (_what, open) => {
      const farEnd = await open();
      await expectWholeSchedule(farEnd, unreached('timeout'), true);
      await farEnd.close();
    });

    it('control: a certificate in order gets its delivery', async () => {
      const farEnd = await withCertificate();
      lab = await WebhookLab.open(farEnd.options);
      const { jobId } = await lab.submit({ url: farEnd.url });
      await lab.complete(jobId);
      expect(await lab.sender.runOnce()).toEqual({ ...NOTHING, sent: 1 });
      expect(farEnd.requests()).toBe(1);
      await farEnd.close();
    });
  });
});
