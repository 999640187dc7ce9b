import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { ReadConnection, UnitOfWork } from '@foreman/database';
import { Clock, RandomSource, delay } from '@foreman/kernel';
import type { DeliveryEntity } from '../entities/delivery.entity';
import type { ErrorClass } from '../posting/post-outcome';
import { WebhooksSettings } from '../webhooks.options';
import { AttemptReports } from './attempt-reports';
import type { ClaimedDelivery } from './claim-round';
import { DeliveryAttempt } from './delivery-attempt';
import { DeliveryClaims, type Claimed } from './delivery-claims.store';
import { DeliveryOutcomes, type FinishedAttempt } from './delivery-outcomes.store';
import { judge, type Verdict } from './delivery-schedule';
import { DeliveryWakeup } from './delivery-wakeup';
import { HostSlots } from './host-slots';
import { ReplayStore } from './replay.store';

/** What a run did, in attempts. */
export interface SendCounts {
  /** Answered with a 2xx. */
  sent: number;
  /** Not, and tried again later. */
  failed: number;
  /** Not, and given up. */
  exhausted: number;
  /** Not tried, or given up, because the endpoint is disabled. */
  disabled: number;
}

/** While something is owed, the database is looked at this often at least: clocks jump. */
const LONGEST_WAIT_MS = 30_000;
/** After a run that the database refused. */
const PAUSE_AFTER_ERROR_MS = 1000;

/**
 * Sends what is due: claims it, posts outside any transaction, records what came of it. A crash at any point
 * sends again, under the same `webhook-id`: at least once, never not at all. Nothing runs until
 * `start()` or `runOnce()`.
 */
@Injectable()
export class WebhookSender implements OnModuleDestroy {
  private readonly logger = new Logger(WebhookSender.name);
  private readonly slots: HostSlots;
  private running: Promise<unknown> = Promise.resolve();
  private loop: Promise<void> | null = null;
  private underWay = 0;
  /** `wakeup.news` at the last look at all that is due; null: there must be another one, whatever the news. */
  private seenNews: number | null = null;
  /** When there must be one at the latest: what waits for a time falls due, and clocks jump. Epoch ms. */
  private lookAgainAt = Infinity;
  private isStopping = false;
  private cut = new AbortController();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reads: ReadConnection,
    private readonly clock: Clock,
    private readonly random: RandomSource,
    private readonly claims: DeliveryClaims,
    private readonly replay: ReplayStore,
    private readonly attempts: DeliveryAttempt,
    private readonly outcomes: DeliveryOutcomes,
    private readonly reports: AttemptReports,
    private readonly wakeup: DeliveryWakeup,
    private readonly settings: WebhooksSettings,
  ) {
    this.slots = new HostSlots(settings.concurrency, settings.concurrencyPerHost);
  }

  /** Deliveries that are claimed and not yet recorded. */
  get deliveriesUnderWay(): number {
    return this.underWay;
  }

  /** Sends until nothing is due and nothing is under way. Runs never overlap; a second one waits for the first. */
  async runOnce(): Promise<SendCounts> {
    const counts = noCounts();
    await this.run(counts);
    return counts;
  }

  /** Keeps sending, woken by commits and by the next due time. */
  start(): void {
    if (this.loop !== null) return;
    this.isStopping = false;
    this.cut = new AbortController();
    this.loop = this.keepSending();
  }

  /** Takes nothing more on, gives what is under way `stopGraceMs`, then cuts it: that is due again at once. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.wakeup.wake();
    const timer = this.clock.setTimer(this.settings.stopGraceMs, () => {
      this.cut.abort(new Error('The webhook sender stops'));
    });
    await this.loop;
    await this.running;
    timer.cancel();
    this.loop = null;
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  private async keepSending(): Promise<void> {
    while (!this.isStopping) {
      const { mark } = this.wakeup;
      try {
        const lookedAt = await this.run(noCounts());
        if (!this.isStopping) await this.waitForWork(mark, lookedAt);
      } catch (error) {
        this.logger.error(error);
        await delay(this.clock, PAUSE_AFTER_ERROR_MS, this.cut.signal);
      }
    }
  }

  /** Answers when it looked last, on the wall clock: what falls due after that is not yet seen. */
  private async run(counts: SendCounts): Promise<number> {
    const run = this.running.then(() => this.sendDue(counts));
    this.running = run.catch(() => undefined);
    return run;
  }

  private async sendDue(counts: SendCounts): Promise<number> {
    this.seenNews = null;
    let lookedAt: number | null = null;
    for (;;) {
      const { mark } = this.wakeup;
      const { deliveries, isCutShort, now } = await this.claimDue();
      for (const claimed of deliveries) void this.sendAndRecord(claimed, counts);
      // A look in several units of work is as old as its first.
      lookedAt ??= now;
      if (isCutShort) continue;
      if (this.underWay === 0) return lookedAt;
      // Woken when one is over, when there is more to send, or when a retry falls due meanwhile.
      await this.waitForWork(mark, lookedAt);
      lookedAt = null;
    }
  }

  /** With the time that it counted from: read in the unit of work, in whose queue the wall clock may have been set. */
  private async claimDue(): Promise<Claimed & { readonly now: number }> {
    let now = this.clock.now();
    if (this.isStopping || this.slots.room === 0) return { ...NOTHING, now };
    const { news } = this.wakeup;
    const isOld = news !== this.seenNews || now >= this.lookAgainAt;
    let isRepeat = false;
    const claimed = await this.unitOfWork.run(async (tx) => {
      // What the first run of this work took is undone; what it has looked at must be looked at again.
      const hasNews = isOld || isRepeat;
      isRepeat = true;
      now = this.clock.now();
      const hasTurn = await this.replay.giveTurns(tx, now);
      const { claimMs } = this.settings;
      return this.claims.claim(tx, this.slots, now, claimMs, hasNews || hasTurn);
    });
    this.seenNews = news;
    if (isOld) this.lookAgainAt = Infinity;
    for (const { host } of claimed.deliveries) this.slots.take(host);
    return { ...claimed, now };
  }

  private async waitForWork(mark: number, lookedAt: number): Promise<void> {
    if (this.slots.room === 0) {
      // Whatever falls due finds no room before a slot is freed, and that is told. Only then it is looked for.
      this.seenNews = null;
      await this.wakeup.wait(mark, this.clock, null);
      return;
    }
    const dueAt = await this.claims.nextDueAt(this.reads, lookedAt, this.settings.claimMs);
    const now = this.clock.now();
    this.lookAgainAt = Math.min(this.lookAgainAt, dueAt ?? Infinity, now + LONGEST_WAIT_MS);
    await this.wakeup.wait(mark, this.clock, await this.limitOfWait(dueAt, now));
  }

  /** Null: nothing is owed that a time could bring. What is due waits for a slot, which is told; looked at all the same. */
  private async limitOfWait(dueAt: number | null, now: number): Promise<number | null> {
    if (dueAt !== null) return Math.min(LONGEST_WAIT_MS, dueAt - now);
    return (await this.claims.hasDue(this.reads)) ? LONGEST_WAIT_MS : null;
  }

  private async sendAndRecord(claimed: ClaimedDelivery, counts: SendCounts): Promise<void> {
    const { delivery } = claimed;
    this.underWay += 1;
    try {
      const attempt = await this.makeInSlot(claimed);
      if (attempt === null) {
        await this.unitOfWork.run((tx) => this.outcomes.setAside(tx, delivery, this.clock.now()));
        counts.disabled += 1;
      } else {
        await this.record(delivery, attempt, counts);
      }
    } catch (error) {
      await this.giveBack(delivery, error);
    } finally {
      this.underWay -= 1;
      this.wakeup.stir();
    }
  }

  /** The slot is free with the answer, so that the next claim shares its commit with this one's record. */
  private async makeInSlot({ delivery, host }: ClaimedDelivery): Promise<FinishedAttempt | null> {
    try {
      const attempt = await this.attempts.make(delivery, this.cut.signal);
      if (attempt !== null && wasAsked(attempt)) {
        this.slots.note(host, attempt.outcome.statusCode !== null);
      }
      return attempt;
    } finally {
      this.slots.free(host);
      this.wakeup.stir();
    }
  }

  private async record(
    delivery: DeliveryEntity,
    attempt: FinishedAttempt,
    counts: SendCounts,
  ): Promise<void> {
    const { retryMs, disableAfterMs } = this.settings;
    const verdict = await this.unitOfWork.run(async (tx) => {
      // Not when it ended: the wall clock may have been set since, and what is stored by then was moved along.
      const now = this.clock.now();
      const judged = judge(delivery, attempt.outcome, now, retryMs, this.random);
      const startedAt = Math.floor(now - (this.clock.monotonicMs() - attempt.startedMs));
      const terms = { now, startedAt, disableAfterMs };
      return (await this.outcomes.record(tx, delivery, attempt, judged, terms)) ? judged : null;
    });
    if (verdict !== null) counts[COUNTED_AS[verdict.status]] += 1;
    this.reports.tell(delivery, attempt, verdict);
  }

  /**
   * Only what a stop has cut is due again at once. After a failure of our own (a full disk, say) the claim is left to run
   * out: else the receiver would get the same again and again for as long as nothing can be recorded.
   */
  private async giveBack(delivery: DeliveryEntity, error: unknown): Promise<void> {
    if (!this.cut.signal.aborted) {
      this.logger.error({ msg: 'An attempt was not recorded', deliveryId: delivery.id, error });
      return;
    }
    try {
      await this.unitOfWork.run((tx) => this.claims.release(tx, delivery));
    } catch (releaseError) {
      this.logger.error(releaseError);
    }
  }
}

const NOTHING: Claimed = { deliveries: [], isCutShort: false };

/** Failures before anything was sent, which tell nothing of the host. */
const NOT_ASKED: ReadonlySet<ErrorClass | null> = new Set<ErrorClass>([
  'body_unavailable',
  'secret_unreadable',
  'target_refused',
]);

function wasAsked({ outcome }: FinishedAttempt): boolean {
  return !NOT_ASKED.has(outcome.errorClass);
}

function noCounts(): SendCounts {
  return { sent: 0, failed: 0, exhausted: 0, disabled: 0 };
}

const COUNTED_AS: Readonly<Record<Verdict['status'], keyof SendCounts>> = {
  delivered: 'sent',
  pending: 'failed',
  exhausted: 'exhausted',
  disabled: 'disabled',
};
