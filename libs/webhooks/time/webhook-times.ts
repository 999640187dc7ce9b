import { Injectable, type OnModuleInit } from '@nestjs/common';
import { StoredTimes, UnitOfWork, type Tx } from '@foreman/database';
import { Clock } from '@foreman/kernel';
import { longestPauseMs } from '../sending/delivery-schedule';
import { DeliveryWakeup } from '../sending/delivery-wakeup';
import { WebhooksSettings } from '../webhooks.options';

/**
 * Keeps what webhooks wait for true to the time that really passes. While the process runs, tries, rates, failing and
 * rotating endpoints move along with a wall clock that is set. What the clock before a start has written is believed
 * as far as it can be true. `claimed_until` is left alone: it fences records; a claim from the future has lapsed.
 */
@Injectable()
export class WebhookTimes implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly storedTimes: StoredTimes,
    private readonly wakeup: DeliveryWakeup,
    private readonly settings: WebhooksSettings,
  ) {}

  /** Before anything is sent: no module's start comes before all modules are made. */
  async onModuleInit(): Promise<void> {
    this.storedTimes.register((tx, driftMs) => this.moveAlong(tx, driftMs));
    await this.unitOfWork.run((tx) => this.clamp(tx, this.clock.now()));
  }

  private async moveAlong(tx: Tx, driftMs: number): Promise<void> {
    await tx.execute(MOVE_TRIES, [driftMs]);
    await tx.execute(MOVE_ENDPOINTS, [driftMs, driftMs, driftMs]);
    // A run that has looked by the old time must look again before it waits.
    tx.afterCommit(() => this.wakeup.wake());
  }

  private async clamp(tx: Tx, now: number): Promise<void> {
    const latestTry = now + longestPauseMs(this.settings.retryMs);
    await tx.execute(NO_TRY_BEYOND_THE_LONGEST_PAUSE, [latestTry, latestTry]);
    await tx.execute(NOTHING_DUE_SINCE_THE_FUTURE, [now, now]);
    await tx.execute(NO_POST_BEYOND_THE_RATE, [now, now]);
    await tx.execute(NOT_FAILING_SINCE_THE_FUTURE, [now, now]);
    const latestEnd = now + this.settings.rotationMs;
    await tx.execute(NO_LONGER_OVERLAP, [latestEnd, latestEnd]);
  }
}

/** What is due already too: in its lane it keeps its place before what comes after the step. */
export const MOVE_TRIES = `
  UPDATE deliveries SET next_attempt_at = next_attempt_at + ? WHERE status = 'pending'`;

/** Jobs' own endpoints, of which there may be a million, have no rate, are not disabled by time, and rotate no secret. */
export const MOVE_ENDPOINTS = `
  UPDATE webhook_endpoints SET next_post_at = next_post_at + ?, failing_since = failing_since + ?,
    previous_secret_until = previous_secret_until + ?
  WHERE job_id IS NULL`;

export const NO_TRY_BEYOND_THE_LONGEST_PAUSE = `
  UPDATE deliveries SET next_attempt_at = ?
  WHERE next_attempt_at IS NOT NULL AND is_due = 0 AND next_attempt_at > ?`;

export const NOTHING_DUE_SINCE_THE_FUTURE = `
  UPDATE deliveries SET next_attempt_at = ?
  WHERE next_attempt_at IS NOT NULL AND is_due = 1 AND next_attempt_at > ?`;

/** Between two posts of a rate, rounded up. */
const INTERVAL_MS = '(59999 + rate_per_minute) / rate_per_minute';

export const NO_POST_BEYOND_THE_RATE = `
  UPDATE webhook_endpoints SET next_post_at = CAST(? AS bigint) + ${INTERVAL_MS}
  WHERE rate_per_minute IS NOT NULL AND next_post_at > CAST(? AS bigint) + ${INTERVAL_MS}`;

export const NOT_FAILING_SINCE_THE_FUTURE = `
  UPDATE webhook_endpoints SET failing_since = ? WHERE job_id IS NULL AND failing_since > ?`;

export const NO_LONGER_OVERLAP = `
  UPDATE webhook_endpoints SET previous_secret_until = ?
  WHERE job_id IS NULL AND previous_secret_until > ?`;
