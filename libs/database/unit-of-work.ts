import type { EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';

/** What may be bound to a `?`. Booleans are bound as 0 and 1. */
export type SqlValue = string | number | bigint | boolean | Buffer | null;

/** A row by column name. The columns are code, never input. */
export type InsertedRow = Readonly<Record<string, SqlValue>>;

/** Anything that answers SQL: a transaction, or the read-only connection. `?` marks a parameter. */
export interface Queryable {
  /** Rows as the driver gives them, keyed by column name. */
  query<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
  /** The same, each row hydrated as an entity (column name to property, flags and JSON decoded). */
  entities<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    sql: string,
    params?: readonly SqlValue[],
  ): Promise<E[]>;
  /** TypeORM's manager on this very connection: `find*`, and inside a transaction `insert`, `update`, `upsert`, `delete`. */
  readonly manager: EntityManager;
}

/**
 * One caller's part of a transaction. It is closed when its work settles: a statement after that
 * (a forgotten await) throws instead of joining a neighbour's transaction.
 */
export interface Tx extends Queryable {
  /** Runs a statement and tells how many rows it changed. */
  execute(sql: string, params?: readonly SqlValue[]): Promise<number>;
  /** Inserts one row. */
  insert(table: string, row: InsertedRow): Promise<void>;
  /** Inserts rows that all have the columns of the first, many with one statement. */
  insertAll(table: string, rows: readonly InsertedRow[]): Promise<void>;
  /** Calls `fn` once this work is durable; never if it is rolled back. `fn` must not throw and not wait. */
  afterCommit(fn: () => void): void;
}

/**
 * `control`: small writes that somebody waits for (lease, heartbeat, complete, cancel).
 * `bulk`: a bounded piece of a large one (an artifact chunk, a prune batch).
 * `rows`: a bulk piece that is short (up to 500 rows): those that wait one behind the other share a commit,
 * until a control write comes.
 */
export type Lane = 'control' | 'bulk' | 'rows';

/**
 * The only door for writes, and for reads that decide writes.
 *
 * `work` may be run more than once (when a neighbour's failure ended the shared transaction), so it
 * must do nothing but database work through its `tx`: no HTTP, no files, no timers. It is one atomic
 * unit: when the promise resolves, all of it is on disk (fsync); when it rejects, none of it is.
 */
export abstract class UnitOfWork {
  abstract run<T>(work: (tx: Tx) => Promise<T>, lane?: Lane): Promise<T>;
}

/** Plain reads on a connection of their own: they never see uncommitted work and never wait for a writer. */
export abstract class ReadConnection implements Queryable {
  abstract query<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
  abstract entities<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    sql: string,
    params?: readonly SqlValue[],
  ): Promise<E[]>;
  abstract readonly manager: EntityManager;
}
