import { GatewayProblem, retrying } from '@foreman/gateway-http';
import { delay, jitteredMs } from '@foreman/kernel';
import type { ClockTimer } from '@foreman/kernel';
import { ClockSkew } from './clock-skew';
import { checkedOptions } from './edge-agent.options';
import type { CheckedAgentOptions, EdgeAgentOptions } from './edge-agent.options';
import type { PollAnswer } from './edge-connection';
import { LeftLeases } from './left-leases';
import type { EdgeState, TaskHeartbeatAnswer } from './protocol.types';
import { TaskSlots } from './task-slots';
import { TokenRefused } from './task-stop';

/** An empty answer that came sooner than this was not a poll's end: a draining gateway's, say. Then pause. */
const EARLY_ANSWER_MS = 1_000;
const PAUSE_MS = 1_000;
const PAUSE_JITTER = 0.5;
const FIRST_HEARTBEAT_SECONDS = 5;
/** An idle agent only polls; so often it also asks what it should do, and whether there is a release to upgrade to. */
const CHECK_IN_EVERY_MS = 300_000;

/**
 * A long-running agent: leases tasks while it has free slots, runs them by their kind's executor, and obeys what the
 * gateway answers (cancel, drain, stop). A gateway that is away for a while costs nothing: what tasks make waits in the
 * outbox, every call is repeated until it is answered, and only the gateway's word, or `stop()`, ends a task early.
 * What an earlier run left in the outbox is delivered beside the new tasks.
 */
export class EdgeAgent {
  private readonly options: CheckedAgentOptions;
  private readonly slots: TaskSlots;
  private readonly left: LeftLeases;
  private readonly skew: ClockSkew;
  private readonly stopping = new AbortController();
  private edge: EdgeState = 'run';
  private heartbeatSeconds = FIRST_HEARTBEAT_SECONDS;
  private fault: Error | null = null;
  private grace: ClockTimer | null = null;
  private heardAtMs = 0;

  /** Throws `request.invalid` for options that cannot be. */
  constructor(options: EdgeAgentOptions) {
    this.options = checkedOptions(options);
    const { signal } = this.stopping;
    const { concurrency } = this.options;
    this.skew = new ClockSkew(options.clock, options.log);
    const listener = {
      heartbeatAnswered: (answer: TaskHeartbeatAnswer, askedMs: number) =>
        this.obey(answer, askedMs),
      tokenRefused: () => this.refuseToken(),
    };
    this.left = new LeftLeases(options, { concurrency, ...listener });
    this.slots = new TaskSlots(options, {
      concurrency,
      executors: options.executors,
      takesTasks: () => !signal.aborted && this.edge === 'run',
      outboxFailed: (error) => this.outboxFailed(error),
      ...listener,
    });
  }

  /**
   * Runs until `stop()`, or until an operator stops the edge; resolves when nothing runs any more.
   * Throws `TokenRefused` when the gateway does not know the token, `GatewayProblem` for a poll refused for good.
   */
  async run(): Promise<void> {
    const { signal } = this.stopping;
    let delivery = Promise.resolve();
    try {
      const leases = this.options.outbox.leases();
      await this.checkIn();
      delivery = this.left.deliver(leases).catch((error: unknown) => this.outboxFailed(error));
      while (!signal.aborted) await this.turn();
    } catch (error) {
      if (!signal.aborted) this.failWith(error);
    }
    await Promise.all([this.slots.allDone(), delivery]);
    if (this.fault !== null) throw this.fault;
  }

  /**
   * Takes no more tasks; those that run get the grace to finish, then they are handed back. What has ended but could
   * not be delivered by then stays in the outbox. May be repeated.
   */
  stop(): void {
    this.finish();
    this.grace ??= this.options.clock.setTimer(this.options.graceSeconds * 1000, () =>
      this.stopAll('agent_stopping'),
    );
  }

  /** Takes no more tasks, and ends when those that run have ended, however long they take; `stop()` still hurries them. */
  finish(): void {
    if (!this.stopping.signal.aborted) {
      this.stopping.abort(new Error('the agent is stopping'));
    }
  }

  /** Stops without grace. */
  stopNow(): void {
    this.stop();
    this.stopAll('agent_stopping');
  }

  private stopAll(cause: 'agent_stopping' | 'token_refused'): void {
    this.slots.stopAll(cause);
    this.left.stop();
  }

  private async turn(): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.stopping;
    if (this.slots.free === 0) {
      await this.slots.nextFree(signal);
      return;
    }
    if (this.edge === 'drain') {
      await delay(clock, this.heartbeatSeconds * 1000, signal);
      await this.checkIn();
      return;
    }
    const askedMs = clock.monotonicMs();
    const { tasks, retryAfterSeconds } = await this.poll();
    for (const task of tasks) this.slots.start(task);
    if (tasks[0] !== undefined) this.skew.answered(tasks[0].serverTime, askedMs);
    if (tasks.length > 0) return;
    if (retryAfterSeconds !== null) {
      // So answers a draining or stopped edge, or a gateway that stops: ask which.
      await this.checkIn();
      if (this.edge === 'run') await this.pause(retryAfterSeconds * 1000);
    } else if (clock.monotonicMs() - askedMs < EARLY_ANSWER_MS) {
      await this.pause(PAUSE_MS);
    } else if (clock.monotonicMs() - this.heardAtMs >= CHECK_IN_EVERY_MS) {
      await this.checkIn();
    }
  }

  private async poll(): Promise<PollAnswer> {
    const { connection, executors, waitSeconds, ids } = this.options;
    const { signal } = this.stopping;
    const { free } = this.slots;
    // The key stands for this poll: if its answer is lost, asking again gives the same leases, not more.
    const key = ids.uuid();
    const request = {
      kinds: executors.map((executor) => executor.kind),
      waitSeconds,
      // Rows of earlier attempts would only be in the way of an executor that starts over: they count.
      resumeKinds: executors.filter(({ resumable }) => resumable).map(({ kind }) => kind),
    };
    try {
      return await this.patiently('poll', () =>
        free === 1
          ? connection.nextTask(request, key, signal)
          : connection.leaseTasks({ ...request, max: free }, key, signal),
      );
    } catch (error) {
      const isSpent = error instanceof GatewayProblem && error.code === 'idempotency.ended';
      if (isSpent) return { tasks: [], retryAfterSeconds: null };
      throw error;
    }
  }

  /** Tells the gateway that this edge is there, and learns what it should do. */
  private async checkIn(): Promise<void> {
    const { connection, agentVersion } = this.options;
    let askedMs = 0;
    const answer = await this.patiently('heartbeat', () => {
      askedMs = this.options.clock.monotonicMs();
      return connection.heartbeat({ agentVersion, tasks: [] }, this.stopping.signal);
    });
    this.obey(answer, askedMs);
  }

  private obey(
    {
      edge,
      heartbeatSeconds,
      serverTime,
      release,
    }: Pick<TaskHeartbeatAnswer, 'edge' | 'heartbeatSeconds' | 'serverTime' | 'release'>,
    askedMs: number,
  ): void {
    this.heardAtMs = this.options.clock.monotonicMs();
    this.skew.answered(serverTime, askedMs);
    if (release !== undefined) this.options.releaseOffered?.(release);
    this.heartbeatSeconds = Math.max(1, heartbeatSeconds);
    if (edge !== this.edge)
      this.options.log.info({ edge }, 'the gateway wants this edge to run, drain or stop');
    this.edge = edge;
    if (edge === 'stop') this.stop();
  }

  private refuseToken(): void {
    this.fault ??= new TokenRefused(
      "the gateway refused this edge's token: it was revoked or replaced; enrol again",
    );
    this.stop();
    this.stopAll('token_refused');
  }

  /** Without its outbox the agent could promise nothing: it hands back what runs, and ends. */
  private outboxFailed(error: unknown): void {
    this.fault ??= new Error(`the outbox failed: ${String(error)}`, { cause: error });
    this.stopNow();
  }

  private failWith(error: unknown): void {
    if (error instanceof GatewayProblem && error.status === 401) return this.refuseToken();
    this.fault ??= error instanceof Error ? error : new Error(String(error));
    this.stop();
  }

  private async pause(delayMs: number): Promise<void> {
    const { clock, random } = this.options;
    await delay(clock, jitteredMs(delayMs, PAUSE_JITTER, random), this.stopping.signal);
  }

  private patiently<T>(what: string, call: () => Promise<T>): Promise<T> {
    const { clock, random, log } = this.options;
    return retrying(call, {
      clock,
      random,
      signal: this.stopping.signal,
      onRetry: ({ error, delayMs }) =>
        log.warn({ delayMs, reason: error.message }, `${what} failed; trying again`),
    });
  }
}
