import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource, EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';
import { TransactionClosedError, TransactionLostError } from '../database-errors';
import type { EntityRows } from '../entity-rows';
import type { InsertedRow, SqlValue, Tx } from '../unit-of-work';
import { guardedManager } from './guarded-manager';
import type { Statements } from './statements';

/** What every transaction on one connection shares. */
export interface SqliteWriter {
  readonly connection: BetterSqlite3.Database;
  readonly dataSource: DataSource;
  readonly statements: Statements;
  readonly rows: EntityRows;
}

/** More gain nothing: what is left of the time goes into the indexes. */
const ROWS_A_STATEMENT = 64;

/** One caller's savepoint inside a group. */
export class SqliteTx implements Tx {
  private isOpen = true;
  private lazyManager: EntityManager | null = null;
  private readonly commitHooks: (() => void)[] = [];

  constructor(private readonly writer: SqliteWriter) {}

  get manager(): EntityManager {
    this.assertUsable();
    const { dataSource, statements } = this.writer;
    this.lazyManager ??= guardedManager(dataSource, statements, () => this.assertUsable());
    return this.lazyManager;
  }

  async query<Row>(sql: string, params: readonly SqlValue[] = []): Promise<Row[]> {
    this.assertUsable();
    return this.writer.statements.all<Row>(sql, params);
  }

  async entities<E extends ObjectLiteral>(
    entity: EntityTarget<E>,
    sql: string,
    params: readonly SqlValue[] = [],
  ): Promise<E[]> {
    this.assertUsable();
    const rows = this.writer.statements.all<Record<string, unknown>>(sql, params);
    return this.writer.rows.hydrate(entity, rows);
  }

  async execute(sql: string, params: readonly SqlValue[] = []): Promise<number> {
    this.assertUsable();
    return this.writer.statements.run(sql, params);
  }

  insert(table: string, row: InsertedRow): Promise<void> {
    return this.insertAll(table, [row]);
  }

  async insertAll(table: string, rows: readonly InsertedRow[]): Promise<void> {
    this.assertUsable();
    const columns = Object.keys(rows[0] ?? {});
    const one = `(${columns.map(() => '?').join(', ')})`;
    for (let from = 0; from < rows.length;) {
      // Powers of two, so that lists of all lengths make few SQL texts.
      const count = Math.min(ROWS_A_STATEMENT, 2 ** Math.floor(Math.log2(rows.length - from)));
      const some = rows.slice(from, from + count);
      this.writer.statements.run(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${some.map(() => one).join(', ')}`,
        some.flatMap((row) => columns.map((column) => row[column] ?? null)),
      );
      from += count;
    }
  }

  afterCommit(fn: () => void): void {
    this.assertUsable();
    this.commitHooks.push(fn);
  }

  get isStillOpen(): boolean {
    return this.isOpen;
  }

  close(): void {
    this.isOpen = false;
  }

  hooks(): readonly (() => void)[] {
    return this.commitHooks;
  }

  /** A statement after the database ended the transaction would commit by itself: refuse it. */
  private assertUsable(): void {
    if (!this.isOpen) throw new TransactionClosedError();
    if (!this.writer.connection.inTransaction) throw new TransactionLostError();
  }
}
