import BetterSqlite3 from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { registeredEntities } from '../entity-registry';
import { MIGRATIONS } from '../migrations';
import { SnakeCaseNaming } from '../naming';
import { checkpoint } from './checkpoint';

export interface SqliteConnections {
  readonly writer: DataSource;
  readonly writerConnection: BetterSqlite3.Database;
  readonly reader: DataSource;
  readonly readerConnection: BetterSqlite3.Database;
}

/** Opens both connections to `file`, migrating it in between. The caller holds the file's lock. */
export async function openSqlite(
  file: string,
  busyTimeoutMs: number,
  migrate: (writer: DataSource) => Promise<void>,
): Promise<SqliteConnections> {
  const writing = connectTo(file, busyTimeoutMs, false);
  const writer = await writing.dataSource.initialize();
  try {
    await migrate(writer);
    // What a process that was killed has left in the log: nothing else may come that would bring it in.
    checkpoint(writing.connection());
    const reading = connectTo(file, busyTimeoutMs, true);
    const reader = await reading.dataSource.initialize();
    return {
      writer,
      writerConnection: writing.connection(),
      reader,
      readerConnection: reading.connection(),
    };
  } catch (error) {
    await writer.destroy();
    throw error;
  }
}

function connectTo(file: string, busyTimeoutMs: number, isReadOnly: boolean) {
  let opened: BetterSqlite3.Database | null = null;
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    driver: BetterSqlite3,
    database: file,
    readonly: isReadOnly,
    timeout: busyTimeoutMs,
    entities: registeredEntities(),
    migrations: [...MIGRATIONS],
    migrationsTableName: 'schema_migrations',
    namingStrategy: new SnakeCaseNaming(),
    synchronize: false,
    prepareDatabase: (connection: BetterSqlite3.Database) => {
      opened = connection;
      prepareOrClose(connection, isReadOnly);
    },
  });
  const connection = () => {
    if (opened === null) throw new Error('The data source is not open');
    return opened;
  };
  return { dataSource, connection };
}

/** Blocks of the WAL are copied into the file when this many pages (4 KiB each) have gathered. */
const WAL_AUTOCHECKPOINT_PAGES = 1000;

/**
 * A log that a long read has made longer is cut to this when it is used anew. What remains is room that small writes
 * still have on a full disk, so it is more than a log has before it is copied (4 MiB).
 */
const WAL_KEPT_BYTES = 16 * 1024 * 1024;

/** TypeORM would leave a connection that it could not make ready open until the process ends. */
function prepareOrClose(connection: BetterSqlite3.Database, isReadOnly: boolean): void {
  try {
    prepare(connection, isReadOnly);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function prepare(connection: BetterSqlite3.Database, isReadOnly: boolean): void {
  if (isReadOnly) {
    connection.pragma('query_only = ON');
    return;
  }
  // auto_vacuum only takes effect on an empty file, and only before WAL is switched on. Not asked for
  // again later: it would write to the file, which may turn out to be a newer version's.
  if (connection.pragma('auto_vacuum', { simple: true }) !== INCREMENTAL) {
    connection.pragma('auto_vacuum = INCREMENTAL');
  }
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  // A savepoint keeps each page that its caller changes: in a temporary file beyond 64 KiB, if not told
  // so, which doubled the system time of the statements.
  connection.pragma('temp_store = MEMORY');
  connection.pragma(`wal_autocheckpoint = ${WAL_AUTOCHECKPOINT_PAGES}`);
  connection.pragma(`journal_size_limit = ${WAL_KEPT_BYTES}`);
  assertPragma(connection, 'auto_vacuum', INCREMENTAL);
  assertPragma(connection, 'journal_mode', 'wal');
  assertPragma(connection, 'synchronous', FULL);
  assertPragma(connection, 'foreign_keys', 1);
}

/** `PRAGMA auto_vacuum` answers 2 for INCREMENTAL: without it, pruning would never shrink the file. */
const INCREMENTAL = 2;

/** `PRAGMA synchronous` answers 2 for FULL: each commit is fsynced (invariant 2). */
const FULL = 2;

function assertPragma(connection: BetterSqlite3.Database, name: string, expected: unknown): void {
  const actual: unknown = connection.pragma(name, { simple: true });
  if (actual !== expected) {
    throw new Error(`PRAGMA ${name} is ${String(actual)}, but must be ${String(expected)}`);
  }
}
