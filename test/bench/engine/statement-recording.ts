import type BetterSqlite3 from 'better-sqlite3';

/** One call of the driver. */
export interface RecordedStatement {
  readonly sql: string;
  /** How it was run: `exec` is a text without parameters. */
  readonly how: 'run' | 'all' | 'get' | 'exec';
  readonly params: readonly unknown[];
}

type DriverMethod = (this: BetterSqlite3.Statement, ...params: unknown[]) => unknown;

const STATEMENT_METHODS = ['run', 'all', 'get'] as const;

/**
 * Notes every statement that the driver runs on this connection while `work` lasts, in order, with its
 * parameters: BEGIN and COMMIT too, so that the groups can be told.
 */
export async function recordStatements(
  connection: BetterSqlite3.Database,
  work: () => Promise<void>,
): Promise<RecordedStatement[]> {
  const recorded: RecordedStatement[] = [];
  const exec = connection.exec.bind(connection);
  connection.exec = (sql) => {
    recorded.push({ sql, how: 'exec', params: [] });
    return exec(sql);
  };
  const prototype = Object.getPrototypeOf(connection.prepare('SELECT 1')) as Record<
    (typeof STATEMENT_METHODS)[number],
    DriverMethod
  >;
  const originals = STATEMENT_METHODS.map((how) => [how, prototype[how]] as const);
  for (const [how, original] of originals) {
    prototype[how] = function (...params) {
      if (this.database === connection) recorded.push({ sql: this.source, how, params });
      return original.apply(this, params);
    };
  }
  try {
    await work();
  } finally {
    for (const [how, original] of originals) prototype[how] = original;
    connection.exec = exec;
  }
  return recorded;
}

/** How many groups were committed in these statements. */
export function groupsIn(statements: readonly RecordedStatement[]): number {
  return statements.filter(({ sql }) => sql === 'COMMIT').length;
}
