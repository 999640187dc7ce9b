import type BetterSqlite3 from 'better-sqlite3';
import type { SqlValue } from '../unit-of-work';
import { TransactionControlError } from '../database-errors';

/** The engine has about four hundred texts; beyond this the oldest are prepared again. */
const CACHED_STATEMENTS = 500;
/** Of all texts: a prepared one takes fifty times as many bytes, so this is 20 MiB at the most. */
const CACHED_CHARS = 400_000;

/** What comes before the first word does not hide it: blanks, comments, empty statements. */
const TRANSACTION_CONTROL =
  /^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*(begin|commit|end|rollback|savepoint|release)\b/i;

export interface StatementOutcome {
  /** `null` for a statement that answers no rows by its nature. */
  readonly rows: readonly unknown[] | null;
  readonly changes: number;
  readonly lastRowId: number | bigint;
}

/** Prepared statements of one connection, kept by their text. Refuses to steer transactions. */
export class Statements {
  private readonly cache = new Map<string, BetterSqlite3.Statement>();
  private cachedChars = 0;

  constructor(private readonly connection: BetterSqlite3.Database) {}

  all<Row>(sql: string, params: readonly SqlValue[]): Row[] {
    return (this.execute(sql, params).rows ?? []) as Row[];
  }

  /** How many rows the statement changed; with RETURNING, how many it answered. */
  run(sql: string, params: readonly SqlValue[]): number {
    return this.execute(sql, params).changes;
  }

  /** @throws TransactionControlError for BEGIN, COMMIT, SAVEPOINT and their like. */
  execute(sql: string, params: readonly SqlValue[]): StatementOutcome {
    const statement = this.prepare(sql);
    const values = params.map(bindable);
    if (statement.reader) {
      const rows = statement.all(...values);
      return { rows, changes: rows.length, lastRowId: 0 };
    }
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: null, changes, lastRowId: lastInsertRowid };
  }

  private prepare(sql: string): BetterSqlite3.Statement {
    const known = this.cache.get(sql);
    if (known !== undefined) return known;
    const control = TRANSACTION_CONTROL.exec(sql)?.[1];
    if (control !== undefined) throw new TransactionControlError(control.toUpperCase());
    const statement = this.connection.prepare(sql);
    this.cache.set(sql, statement);
    this.cachedChars += sql.length;
    this.forgetOldest();
    return statement;
  }

  private forgetOldest(): void {
    for (const oldest of this.cache.keys()) {
      if (this.cache.size <= CACHED_STATEMENTS && this.cachedChars <= CACHED_CHARS) return;
      this.cache.delete(oldest);
      this.cachedChars -= oldest.length;
    }
  }
}

function bindable(value: SqlValue): string | number | bigint | Buffer | null {
  return typeof value === 'boolean' ? (value ? 1 : 0) : value;
}
