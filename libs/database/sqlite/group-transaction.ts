import { TransactionLostError, UnitOfWorkTimeoutError, asDomainError } from '../database-errors';
import { SqliteTx, type SqliteWriter } from './sqlite-tx';
import type { Caller } from './write-lanes';

type Outcome =
  | {
      readonly caller: Caller;
      readonly tx: SqliteTx;
      readonly isDone: true;
      readonly value: unknown;
    }
  | { readonly caller: Caller; readonly isDone: false; readonly error: unknown };

/** What a group came to: who is settled, and who must be run again in a new group. */
export interface GroupResult {
  readonly again: Caller[];
}

/**
 * Commits several callers in one transaction: BEGIN IMMEDIATE, a savepoint each, one COMMIT.
 *
 * A caller that throws rolls back only its savepoint. A caller whose statement made SQLite end the
 * whole transaction (SQLITE_FULL, an I/O error) is refused, and everyone else is to be run again:
 * carrying on would let the next SAVEPOINT open, and its RELEASE commit, a transaction of its own.
 */
export class GroupTransaction {
  constructor(
    private readonly writer: SqliteWriter,
    private readonly workLimitMs: number,
    private readonly runInside: (tx: SqliteTx, work: () => Promise<unknown>) => Promise<unknown>,
    private readonly onHookError: (error: unknown) => void,
  ) {}

  async commit(callers: readonly Caller[]): Promise<GroupResult> {
    const { connection } = this.writer;
    try {
      connection.exec('BEGIN IMMEDIATE');
    } catch (error) {
      for (const caller of callers) caller.reject(asDomainError(error));
      return { again: [] };
    }
    const outcomes: Outcome[] = [];
    for (const caller of callers) {
      const outcome = await this.runCaller(caller);
      if (!connection.inTransaction) {
        caller.reject(asDomainError(outcome.isDone ? new TransactionLostError() : outcome.error));
        return { again: callers.filter((other) => other !== caller) };
      }
      outcomes.push(outcome);
    }
    this.finish(outcomes);
    return { again: [] };
  }

  private async runCaller(caller: Caller): Promise<Outcome> {
    const { connection } = this.writer;
    const tx = new SqliteTx(this.writer);
    connection.exec('SAVEPOINT caller');
    try {
      const value = await this.withinLimit(this.runInside(tx, () => caller.work(tx)));
      tx.close();
      if (connection.inTransaction) connection.exec('RELEASE caller');
      return { caller, tx, isDone: true, value };
    } catch (error) {
      tx.close();
      if (connection.inTransaction) connection.exec('ROLLBACK TO caller; RELEASE caller');
      return { caller, isDone: false, error };
    }
  }

  private finish(outcomes: readonly Outcome[]): void {
    const { connection } = this.writer;
    try {
      connection.exec('COMMIT');
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      for (const outcome of outcomes) {
        outcome.caller.reject(asDomainError(outcome.isDone ? error : outcome.error));
      }
      return;
    }
    for (const outcome of outcomes) {
      if (outcome.isDone) this.runHooks(outcome.tx);
    }
    for (const outcome of outcomes) {
      if (outcome.isDone) outcome.caller.resolve(outcome.value);
      else outcome.caller.reject(asDomainError(outcome.error));
    }
  }

  /** What is committed stays committed: a hook's fault is reported, and is not its caller's. */
  private runHooks(tx: SqliteTx): void {
    for (const hook of tx.hooks()) {
      try {
        hook();
      } catch (error) {
        this.onHookError(error);
      }
    }
  }

  private withinLimit(work: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new UnitOfWorkTimeoutError(this.workLimitMs)),
        this.workLimitMs,
      );
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
