import { Injectable, Logger } from '@nestjs/common';
import type { DeliveryEntity } from '../entities/delivery.entity';
import type { ErrorClass } from '../posting/post-outcome';
import type { FinishedAttempt } from './delivery-outcomes.store';
import type { Verdict } from './delivery-schedule';

/** What an attempt made of its delivery; `overtaken`: nothing, because a later event or another sender had settled it. */
export const ATTEMPT_OUTCOMES = [
  'delivered',
  'retrying',
  'exhausted',
  'disabled',
  'overtaken',
] as const;

export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One POST, as it is told to operators. Ids and figures only: URLs, bodies, headers and answers may hold secrets. */
export interface AttemptReport {
  readonly deliveryId: string;
  /** The `webhook-id` that the receiver sees. */
  readonly eventId: string;
  readonly endpointId: string;
  readonly jobId: string;
  /** Its number within the delivery. */
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly statusCode: number | null;
  readonly errorClass: ErrorClass | null;
  readonly durationMs: number;
}

const OUTCOME_OF: Readonly<Record<Verdict['status'], AttemptOutcome>> = {
  delivered: 'delivered',
  pending: 'retrying',
  exhausted: 'exhausted',
  disabled: 'disabled',
};

/** Tells of each attempt once it is recorded: to the log, and to who listens. */
@Injectable()
export class AttemptReports {
  private readonly logger = new Logger('WebhookAttempt');
  private readonly listeners: ((report: AttemptReport) => void)[] = [];

  /** Called after the commit; must not throw. */
  onAttempt(listener: (report: AttemptReport) => void): void {
    this.listeners.push(listener);
  }

  /** `verdict`: null for an attempt that changed nothing. */
  tell(delivery: DeliveryEntity, attempt: FinishedAttempt, verdict: Verdict | null): void {
    const { statusCode, errorClass } = attempt.outcome;
    const report: AttemptReport = {
      deliveryId: delivery.id,
      eventId: delivery.eventId,
      endpointId: delivery.endpointId,
      jobId: delivery.jobId,
      attempt: delivery.attemptCount + 1,
      outcome: verdict === null ? 'overtaken' : OUTCOME_OF[verdict.status],
      statusCode,
      errorClass,
      durationMs: attempt.durationMs,
    };
    this.logger.log(report, 'A webhook was posted');
    for (const listener of this.listeners) listener(report);
  }
}
