import type BetterSqlite3 from 'better-sqlite3';
import type { SqlValue } from '../unit-of-work';
import { TransactionControlError } from '../database-errors';

/** More distinct SQL texts than this come from generated lists; the oldest are prepared again. */
const CACHED_STATEMENTS = 500;

const TRANSACTION_CONTROL = /^\s*(begin|commit|end|rollback|savepoint|release)\b/i;

/** Prepared statements of one connection, kept by their text. */
export class Statements {
  private readonly cache = new Map<string, BetterSqlite3.Statement>();

  constructor(private readonly connection: BetterSqlite3.Database) {}

  all<Row>(sql: string, params: readonly SqlValue[]): Row[] {
    const statement = this.prepare(sql);
    const values = params.map(bindable);
    if (statement.reader) return statement.all(...values) as Row[];
    statement.run(...values);
    return [];
  }

  run(sql: string, params: readonly SqlValue[]): number {
    const statement = this.prepare(sql);
    const values = params.map(bindable);
    if (statement.reader) return statement.all(...values).length;
    return statement.run(...values).changes;
  }

  private prepare(sql: string): BetterSqlite3.Statement {
    const known = this.cache.get(sql);
    if (known !== undefined) return known;
    const control = TRANSACTION_CONTROL.exec(sql);
    if (control !== null) throw new TransactionControlError(control[1]!.toUpperCase());
    const statement = this.connection.prepare(sql);
    this.cache.set(sql, statement);
    if (this.cache.size > CACHED_STATEMENTS) {
      const oldest = this.cache.keys().next();
      if (!oldest.done) this.cache.delete(oldest.value);
    }
    return statement;
  }
}

function bindable(value: SqlValue): string | number | bigint | Buffer | null {
  return typeof value === 'boolean' ? (value ? 1 : 0) : value;
}
