import { GatewayProblem, retrying } from '@foreman/gateway-http';
import { delay, jitteredMs } from '@foreman/kernel';
import { checkedOptions } from './edge-agent.options';
import type { CheckedAgentOptions, EdgeAgentOptions } from './edge-agent.options';
import type { PollAnswer } from './edge-connection';
import type { EdgeState, TaskHeartbeatAnswer } from './protocol.types';
import { TaskSlots } from './task-slots';
import { TokenRefused } from './task-stop';

/** An empty answer that came sooner than this was not a poll's end: a draining gateway's, say. Then pause. */
const EARLY_ANSWER_MS = 1_000;
const PAUSE_MS = 1_000;
const PAUSE_JITTER = 0.5;
const FIRST_HEARTBEAT_SECONDS = 5;

/**
 * A long-running agent: leases tasks while it has free slots, runs them by their kind's executor, and obeys what the
 * gateway answers (cancel, drain, stop). A gateway that is away for a while costs nothing: every call is repeated
 * until it is answered, and only the gateway's word, or `stop()`, ends a task early.
 */
export class EdgeAgent {
  private readonly options: CheckedAgentOptions;
  private readonly slots: TaskSlots;
  private readonly stopping = new AbortController();
  private edge: EdgeState = 'run';
  private heartbeatSeconds = FIRST_HEARTBEAT_SECONDS;
  private fault: Error | null = null;

  /** Throws `request.invalid` for options that cannot be. */
  constructor(options: EdgeAgentOptions) {
    this.options = checkedOptions(options);
    const { signal } = this.stopping;
    this.slots = new TaskSlots(options, {
      concurrency: this.options.concurrency,
      executors: options.executors,
      takesTasks: () => !signal.aborted && this.edge === 'run',
      heartbeatAnswered: (answer) => this.obey(answer),
      tokenRefused: () => this.refuseToken(),
    });
  }

  /**
   * Runs until `stop()`, or until an operator stops the edge; resolves when nothing runs any more.
   * Throws `TokenRefused` when the gateway does not know the token, `GatewayProblem` for a poll refused for good.
   */
  async run(): Promise<void> {
    const { signal } = this.stopping;
    try {
      await this.checkIn();
      while (!signal.aborted) await this.turn();
    } catch (error) {
      if (!signal.aborted) this.failWith(error);
    }
    await this.slots.allDone();
    if (this.fault !== null) throw this.fault;
  }

  /** Takes no more tasks; those that run get the grace to finish, then they are handed back. May be repeated. */
  stop(): void {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort(new Error('the agent is stopping'));
    this.options.clock.setTimer(this.options.graceSeconds * 1000, () =>
      this.slots.stopAll('agent_stopping'),
    );
  }

  /** Stops without grace. */
  stopNow(): void {
    this.stop();
    this.slots.stopAll('agent_stopping');
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
    if (tasks.length > 0) return;
    if (retryAfterSeconds !== null) {
      // So answers a draining or stopped edge, or a gateway that stops: ask which.
      await this.checkIn();
      if (this.edge === 'run') await this.pause(retryAfterSeconds * 1000);
    } else if (clock.monotonicMs() - askedMs < EARLY_ANSWER_MS) {
      await this.pause(PAUSE_MS);
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
      // Rows of earlier attempts would only be in the way of an executor that starts over.
      resume: executors.every((executor) => executor.resumable === true),
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
    const answer = await this.patiently('heartbeat', () =>
      connection.heartbeat({ agentVersion, tasks: [] }, this.stopping.signal),
    );
    this.obey(answer);
  }

  private obey({ edge, heartbeatSeconds }: Pick<TaskHeartbeatAnswer, 'edge' | 'heartbeatSeconds'>) {
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
    this.slots.stopAll('token_refused');
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
