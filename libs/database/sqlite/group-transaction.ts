import type BetterSqlite3 from 'better-sqlite3';
import {
  TransactionLostError,
  UnitOfWorkTimeoutError,
  asDomainError,
  isStorageFull,
} from '../database-errors';
import { checkpoint } from './checkpoint';
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
  readonly again: readonly Caller[];
}

const NOBODY_AGAIN: GroupResult = { again: [] };

/**
 * Commits several callers in one transaction: BEGIN IMMEDIATE, a savepoint each, one COMMIT.
 *
 * A caller that throws rolls back only its savepoint. A caller whose statement made SQLite end the
 * whole transaction (SQLITE_FULL, an I/O error) is refused, and everyone else is to be run again:
 * carrying on would let the next SAVEPOINT open, and its RELEASE commit, a transaction of its own.
 */
export class GroupTransaction {
  /** Run for each caller, so prepared once: as text they cost more than many a caller's own statement. */
  private readonly savepoint: BetterSqlite3.Statement;
  private readonly release: BetterSqlite3.Statement;
  /** Who found the disk full once and was given a second try. */
  private readonly triedAgain = new WeakSet<Caller>();

  constructor(
    private readonly writer: SqliteWriter,
    private readonly workLimitMs: number,
    private readonly runInside: (caller: Caller, tx: SqliteTx) => Promise<unknown>,
    private readonly onHookError: (error: unknown) => void,
  ) {
    this.savepoint = writer.connection.prepare('SAVEPOINT caller');
    this.release = writer.connection.prepare('RELEASE caller');
  }

  /**
   * Settles every caller that it does not hand back to be run again; never throws.
   * @param joiner asked for one more caller, until it has none, when all have run.
   */
  async commit(
    first: readonly Caller[],
    joiner: () => Promise<Caller | undefined>,
  ): Promise<GroupResult> {
    const callers = [...first];
    try {
      return await this.commitOrThrow(callers, joiner);
    } catch (error) {
      // Not even a rollback went through. Who is settled already stays so.
      for (const caller of callers) caller.reject(asDomainError(error));
      return NOBODY_AGAIN;
    }
  }

  private async commitOrThrow(
    callers: Caller[],
    joiner: () => Promise<Caller | undefined>,
  ): Promise<GroupResult> {
    const { connection } = this.writer;
    this.rollBackAll();
    connection.exec('BEGIN IMMEDIATE');
    const outcomes: Outcome[] = [];
    // It may grow while it is walked through.
    for (const caller of callers) {
      const outcome = await this.runCaller(caller);
      if (!connection.inTransaction) {
        caller.reject(asDomainError(outcome.isDone ? new TransactionLostError() : outcome.error));
        return { again: callers.filter((other) => other !== caller) };
      }
      outcomes.push(outcome);
      if (outcomes.length < callers.length) continue;
      const joined = await joiner();
      if (joined !== undefined) callers.push(joined);
    }
    return { again: this.finish(outcomes) };
  }

  private async runCaller(caller: Caller): Promise<Outcome> {
    const { connection } = this.writer;
    const tx = new SqliteTx(this.writer);
    try {
      this.savepoint.run();
      const value = await this.withinLimit(this.runInside(caller, tx));
      tx.close();
      if (connection.inTransaction) this.release.run();
      return { caller, tx, isDone: true, value };
    } catch (error) {
      tx.close();
      this.rollBackCaller();
      return { caller, isDone: false, error };
    }
  }

  private rollBackCaller(): void {
    const { connection } = this.writer;
    if (!connection.inTransaction) return;
    try {
      connection.exec('ROLLBACK TO caller; RELEASE caller');
    } catch {
      // Its half-done work must not be committed with the others': they are run again without it.
      this.rollBackAll();
    }
  }

  private rollBackAll(): void {
    const { connection } = this.writer;
    if (connection.inTransaction) connection.exec('ROLLBACK');
  }

  /** Commits, and settles everyone whom it does not answer: they are to be run again. */
  private finish(outcomes: readonly Outcome[]): readonly Caller[] {
    try {
      this.writer.connection.exec('COMMIT');
    } catch (error) {
      const again = isStorageFull(error) ? this.afterMakingRoom(outcomes) : [];
      for (const outcome of outcomes) {
        if (again.includes(outcome.caller)) continue;
        outcome.caller.reject(asDomainError(outcome.isDone ? error : outcome.error));
      }
      this.rollBackAll();
      return again;
    }
    for (const outcome of outcomes) {
      if (outcome.isDone) outcome.caller.resolve(outcome.value);
      else outcome.caller.reject(asDomainError(outcome.error));
    }
    // In the same turn as the settling, so that whoever awaited it finds the hooks done.
    for (const outcome of outcomes) {
      if (outcome.isDone) this.runHooks(outcome.caller, outcome.tx);
    }
    return [];
  }

  /**
   * On a full disk the log cannot grow, and SQLite copies it into the file only after a commit: without this, no
   * commit would ever come again, though the log's own room is enough for small writes once it is copied.
   * @returns who did well and has not had a second try yet.
   */
  private afterMakingRoom(outcomes: readonly Outcome[]): readonly Caller[] {
    this.rollBackAll();
    checkpoint(this.writer.connection);
    const again = outcomes
      .filter(({ isDone, caller }) => isDone && !this.triedAgain.has(caller))
      .map(({ caller }) => caller);
    for (const caller of again) this.triedAgain.add(caller);
    return again;
  }

  /** What is committed stays committed: a hook's fault is reported, and is not its caller's. */
  private runHooks(caller: Caller, tx: SqliteTx): void {
    for (const hook of tx.hooks()) {
      try {
        caller.inItsContext(hook);
      } catch (error) {
        this.onHookError(error);
      }
    }
  }

  /** On the real clock: what it guards is the real event loop, which honest work never returns to. */
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
