import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { DomainError } from '@foreman/kernel';
import { NestedUnitOfWorkError } from '../database-errors';
import { UnitOfWork, type Lane, type Tx } from '../unit-of-work';
import { GroupTransaction } from './group-transaction';
import type { SqliteTx, SqliteWriter } from './sqlite-tx';
import { WriteLanes, type Caller, type WriteLaneLimits } from './write-lanes';

export interface SqliteUnitOfWorkOptions extends WriteLaneLimits {
  /** Work that has not settled after this long is refused: it awaits something it must not. */
  readonly workLimitMs: number;
  /** Told of an `afterCommit` hook that threw. */
  readonly onHookError: (error: unknown) => void;
}

/**
 * Group commit on the one SQLite connection (ADR-0003). Callers queue in two lanes; one loop takes
 * them in groups, so that an fsync is shared by everyone who was waiting.
 */
export class SqliteUnitOfWork extends UnitOfWork {
  private readonly lanes: WriteLanes;
  private readonly group: GroupTransaction;
  private readonly current = new AsyncLocalStorage<SqliteTx>();
  private loop: Promise<void> | null = null;
  private isClosed = false;

  constructor(writer: SqliteWriter, options: SqliteUnitOfWorkOptions) {
    super();
    this.lanes = new WriteLanes(options);
    this.group = new GroupTransaction(
      writer,
      options.workLimitMs,
      (caller, tx) => caller.inItsContext(() => this.current.run(tx, () => caller.work(tx))),
      options.onHookError,
    );
  }

  async run<T>(work: (tx: Tx) => Promise<T>, lane: Lane = 'control'): Promise<T> {
    if (this.current.getStore()?.isStillOpen) throw new NestedUnitOfWorkError();
    if (this.isClosed) {
      throw new DomainError('server.busy', 'The gateway is stopping.', { retryAfterSeconds: 5 });
    }
    return new Promise<T>((resolve, reject) => {
      this.lanes.push(callerOf(work, resolve as (value: unknown) => void, reject, lane), lane);
      this.loop ??= this.drain();
    });
  }

  /** How many callers wait for their turn in a lane. */
  waiting(lane: Lane): number {
    return this.lanes.waiting(lane);
  }

  /** Refuses new work, finishes what is queued. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.loop;
    // Until then every promise of the process carries it on, and pays for each that was ever used.
    this.current.disable();
  }

  private async drain(): Promise<void> {
    while (!this.lanes.isEmpty) {
      // Everyone whose request is already in this turn of the event loop joins the group.
      await new Promise(setImmediate);
      let callers: readonly Caller[] = this.lanes.takeGroup();
      while (callers.length > 0) {
        callers = (await this.group.commit(callers, () => this.joiner())).again;
      }
    }
    this.loop = null;
  }

  /** A turn of the event loop first: a control write that has arrived by now goes before. */
  private async joiner(): Promise<Caller | undefined> {
    if (!this.lanes.hasJoiner) return undefined;
    await new Promise(setImmediate);
    return this.lanes.takeJoiner();
  }
}

/**
 * The loop runs everyone's work, so each takes its own asynchronous context along: without it, a log
 * line written in a transaction would carry the request id of whoever happened to start the loop.
 */
function callerOf(
  work: (tx: Tx) => Promise<unknown>,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
  lane: Lane,
): Caller {
  const context = new AsyncResource('UnitOfWork');
  return {
    work,
    resolve,
    reject,
    sharesCommit: lane === 'rows',
    inItsContext: (fn) => context.runInAsyncScope(fn),
  };
}
