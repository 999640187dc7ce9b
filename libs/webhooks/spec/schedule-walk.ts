import { setImmediate } from 'node:timers/promises';
import { eventually } from '@foreman/testing';
import type { DeliveryView } from '../deliveries/delivery-view';
import type { SendCounts } from '../sending/webhook-sender.service';
import { SeededRandom } from './seeded-random';
import type { WebhookLab } from './webhook-lab';

/** The contract's: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. Not imported: it is what is tested. */
const CONTRACT_PAUSES_SECONDS: readonly number[] = [
  5,
  5 * 60,
  30 * 60,
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * 3600),
];
export const ATTEMPT_TIMEOUT_MS = 15_000;

/**
 * The contract's pauses in ms as a source of chance moves them, by at most a tenth in either direction; over again for
 * each round.
 */
export function jitteredPauses(seed: number, rounds = 1): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: rounds }, () => CONTRACT_PAUSES_SECONDS)
    .flat()
    .map((seconds) => Math.round(seconds * 1000 * (0.9 + 0.2 * random.next())));
}

/** Goes through the tries of a job's one delivery under the lab's clock. */
export class ScheduleWalk {
  constructor(
    private readonly lab: WebhookLab,
    private readonly jobId: string,
  ) {}

  async delivery(): Promise<DeliveryView> {
    const [delivery] = await this.lab.deliveries(this.jobId);
    if (delivery === undefined) throw new Error('the job has no delivery');
    return delivery;
  }

  /** When each try began, in ms after the first. */
  async startTimes(): Promise<number[]> {
    const { attempts } = await this.delivery();
    const times = attempts.map(({ startedAt }) => Date.parse(startedAt));
    return times.map((time) => time - (times[0] ?? 0));
  }

  /** One try that ends by itself. */
  async attempt(): Promise<SendCounts> {
    return this.lab.sender.runOnce();
  }

  /**
   * One try that the deadline has to end: once it `isUnderWay`, time goes on second by second, with turns of the event
   * loop in between in which bytes may flow.
   */
  async attemptCutByDeadline(isUnderWay: () => boolean): Promise<SendCounts> {
    let isOver = false;
    const run = this.lab.sender.runOnce().finally(() => (isOver = true));
    await eventually('the attempt is under way', isUnderWay, 20_000);
    for (let second = 1; second < ATTEMPT_TIMEOUT_MS / 1000; second += 1) {
      this.lab.clock.advance(1000);
      for (let turn = 0; turn < 3; turn += 1) await setImmediate();
    }
    this.lab.clock.advance(999);
    await setImmediate();
    if (isOver) throw new Error('the attempt ended before its deadline');
    this.lab.clock.advance(1);
    return run;
  }

  /** To 1 ms before the next try; answers what is sent by then, which should be nothing; then to its moment. */
  async toNextTry(): Promise<SendCounts> {
    const { nextAttemptAt } = await this.delivery();
    if (nextAttemptAt === null) throw new Error('there is no next try');
    this.lab.clock.advance(Date.parse(nextAttemptAt) - this.lab.clock.now() - 1);
    const early = await this.lab.sender.runOnce();
    this.lab.clock.advance(1);
    return early;
  }
}
