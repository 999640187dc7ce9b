import { GATEWAY_BACKOFF, GatewayProblem, isPassing } from '@foreman/gateway-http';
import { backoffMs, cutText, delay } from '@foreman/kernel';
import type { AgentParts } from './agent-parts';
import type { ProgressReport } from './executor';
import type { HeldTask } from './edge-connection';
import type { LeasedTask, TaskHeartbeatAnswer } from './protocol.types';
import { stopCauseOf } from './task-stop';
import type { StopCause } from './task-stop';

/** A gateway that says 0 by mistake must not be flooded. */
const SHORTEST_INTERVAL_MS = 250;
const MAX_STATUS_CHARS = 200;

export interface HeartbeatListener {
  /** Every answer, for what it says about the edge; and when it was asked for, on the monotonic clock. */
  answered(answer: TaskHeartbeatAnswer, askedMs: number): void;
  /** The attempt is over; no further heartbeat is sent. */
  ended(cause: StopCause): void;
}

/**
 * Keeps one lease alive, whatever its executor does: the first heartbeat at once with `started: true`, then one per
 * interval that the gateway names in each answer. It carries the latest progress. A gateway that is away is
 * asked again with backoff, but no less often than the interval; even a lease that ran out meanwhile revives.
 */
export class LeaseHeartbeat {
  private readonly over = new AbortController();
  private reported: ProgressReport = {};
  private loop: Promise<void> | null = null;

  constructor(
    private readonly parts: AgentParts,
    private readonly task: HeldTask & Pick<LeasedTask, 'heartbeatSeconds'>,
    private readonly listener: HeartbeatListener,
  ) {}

  start(): void {
    this.loop ??= this.beat();
  }

  /** Keeps the latest of each field for the next heartbeat. */
  report(report: ProgressReport): void {
    this.reported = { ...this.reported, ...sendable(report) };
  }

  /** The latest of each field. */
  get progress(): ProgressReport {
    return this.reported;
  }

  /** Ends the loop; a heartbeat under way is given up. */
  async stop(): Promise<void> {
    this.over.abort();
    await this.loop;
  }

  private async beat(): Promise<void> {
    const { connection, clock } = this.parts;
    let intervalMs = this.intervalMs(this.task.heartbeatSeconds);
    let started = false;
    let failures = 0;
    let sequence = 0;
    while (!this.over.signal.aborted) {
      let waitMs = intervalMs;
      try {
        sequence += 1;
        const report = { ...(!started && { started: true }), ...this.progress, sequence };
        const askedMs = clock.monotonicMs();
        const answer = await connection.heartbeatTask(this.task, report, this.over.signal);
        started = true;
        failures = 0;
        waitMs = intervalMs = this.intervalMs(answer.heartbeatSeconds);
        this.listener.answered(answer, askedMs);
        if (answer.action === 'cancel') return this.listener.ended('cancelled');
      } catch (error) {
        if (this.over.signal.aborted) return;
        const cause = stopCauseOf(error);
        if (cause !== null) return this.listener.ended(cause);
        failures += 1;
        waitMs = this.retryMs(error, failures, intervalMs);
        this.parts.log.warn(
          { taskId: this.task.taskId, failures, reason: String(error) },
          'heartbeat failed; trying again',
        );
      }
      await delay(clock, waitMs, this.over.signal);
    }
  }

  private retryMs(error: unknown, failures: number, intervalMs: number): number {
    if (!isPassing(error)) return intervalMs;
    const patienceMs = error instanceof GatewayProblem ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const backoff = backoffMs(GATEWAY_BACKOFF, failures, this.parts.random);
    return Math.max(patienceMs, Math.min(intervalMs, backoff));
  }

  private intervalMs(seconds: number): number {
    return Math.max(SHORTEST_INTERVAL_MS, seconds * 1000);
  }
}

/** Only what the contract takes: whole counters from 0 on, and a short status. */
function sendable(report: ProgressReport): ProgressReport {
  const counters = Object.fromEntries(
    (['processed', 'total'] as const)
      .map((name) => [name, report[name]] as const)
      .filter(([, value]) => value !== undefined && Number.isFinite(value) && value >= 0)
      .map(([name, value]) => [name, Math.floor(value ?? 0)]),
  );
  return typeof report.status === 'string'
    ? { ...counters, status: cutText(report.status, MAX_STATUS_CHARS) }
    : counters;
}
