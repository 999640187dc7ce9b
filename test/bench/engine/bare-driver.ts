import BetterSqlite3 from 'better-sqlite3';
import type { RecordedStatement } from './statement-recording';

/** A caller's savepoint is the engine's own expense: the bare driver goes without. */
const OF_THE_ENGINE = /^(SAVEPOINT|RELEASE) /;

/** better-sqlite3 and nothing else, on a file that the engine has made. */
export class BareDriver {
  private readonly connection: BetterSqlite3.Database;
  private readonly prepared = new Map<string, BetterSqlite3.Statement>();

  /** With the settings of libs/database; auto_vacuum and WAL are kept in the file. */
  constructor(file: string) {
    this.connection = new BetterSqlite3(file);
    this.connection.pragma('synchronous = FULL');
    this.connection.pragma('foreign_keys = ON');
    this.connection.pragma('wal_autocheckpoint = 1000');
  }

  /** Prepares what was recorded; the function runs it once, and answers how many seconds that took. */
  prepare(recorded: readonly RecordedStatement[]): () => number {
    const steps = recorded
      .filter(({ sql }) => !OF_THE_ENGINE.test(sql))
      .map(({ sql, how, params }) => this.step(sql, how, params));
    return () => {
      const startedMs = performance.now();
      for (const step of steps) step();
      return (performance.now() - startedMs) / 1000;
    };
  }

  close(): void {
    this.connection.close();
  }

  private step(sql: string, how: RecordedStatement['how'], params: readonly unknown[]) {
    const statement = this.prepared.get(sql) ?? this.connection.prepare(sql);
    this.prepared.set(sql, statement);
    if (how === 'all') return () => statement.all(...params);
    if (how === 'get') return () => statement.get(...params);
    return () => statement.run(...params);
  }
}
