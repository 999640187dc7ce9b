import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';

export type OutboxDatabase = BetterSqlite3.Database;

/** The file cannot serve as this agent's outbox; the message says why, and what to do. */
export class OutboxUnusable extends Error {
  override readonly name = 'OutboxUnusable';
}

/** Of the tables below. A file with a higher one was written by a newer agent. */
const SCHEMA_VERSION = 1;

/** After a checkpoint the log is cut to this: the largest hand-over but a few fits. */
const LOG_KEPT_BYTES = 16 * 1024 * 1024;

/** Of pages in memory: what is written here is read once, if at all. */
const CACHE_KIBIBYTES = 512;

/**
 * `leases`: what this agent works on, or has worked on without the gateway having taken the end of it.
 * `entries`: what the gateway is still owed, in the order of `seq`. A lease has one ending at most.
 */
const SCHEMA = `
  CREATE TABLE leases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    lease_token TEXT NOT NULL,
    job_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    heartbeat_seconds REAL NOT NULL,
    is_resumable INTEGER NOT NULL CHECK (is_resumable IN (0, 1)),
    opened_at INTEGER NOT NULL,
    UNIQUE (task_id, lease_token)
  ) STRICT;
  CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    lease_id INTEGER NOT NULL REFERENCES leases (id) ON DELETE CASCADE,
    type TEXT NOT NULL CHECK (type IN ('rows', 'artifact', 'complete', 'fail')),
    name TEXT,
    content_type TEXT,
    sha256 TEXT,
    bytes INTEGER NOT NULL,
    body BLOB NOT NULL,
    CHECK ((type = 'artifact') = (name IS NOT NULL AND content_type IS NOT NULL AND sha256 IS NOT NULL))
  ) STRICT;
  CREATE INDEX entries_in_order ON entries (lease_id, seq);
  CREATE UNIQUE INDEX entries_one_ending ON entries (lease_id) WHERE type IN ('complete', 'fail');
`;

/**
 * Opens the file, and makes it where there is none: readable by its owner only, every commit on the disk when it
 * returns (WAL, `synchronous=FULL`), held by this process until it is closed or dies, however it dies.
 * Throws `OutboxUnusable` when another agent holds it, a newer one wrote it, or it is broken.
 */
export function openOutboxFile(path: string): OutboxDatabase {
  let database: OutboxDatabase | null = null;
  try {
    makePrivate(path);
    database = new BetterSqlite3(path, { timeout: 0 });
    // Both before the log is switched on: later they would need a rewrite, or a shared index that others can join.
    database.pragma('auto_vacuum = INCREMENTAL');
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma(`cache_size = -${CACHE_KIBIBYTES}`);
    database.pragma(`journal_size_limit = ${LOG_KEPT_BYTES}`);
    migrate(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof OutboxUnusable ? error : unusable(path, error);
  }
}

/**
 * The code of an error that SQLite gave, like `SQLITE_FULL`; null for any other error. Not by class: the native module
 * throws the class of whoever loaded it first in this process.
 */
export function outboxErrorCode(error: unknown): string | null {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : null;
}

function migrate(database: OutboxDatabase, path: string): void {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new OutboxUnusable(
      `the outbox ${path} was written by a newer agent (version ${version}, this one knows ${SCHEMA_VERSION}): ` +
        'run that one until it has delivered what is in it',
    );
  }
  if (version === SCHEMA_VERSION) return;
  database.transaction(() => {
    database.exec(SCHEMA);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

/** SQLite gives its log the mode of the database. Never opens a file that is there: closing it would drop a lock. */
function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(path, 0o600);
}

function unusable(path: string, cause: unknown): OutboxUnusable {
  const code = outboxErrorCode(cause) ?? '';
  if (code.startsWith('SQLITE_BUSY')) {
    return new OutboxUnusable(`another agent holds the outbox ${path}: give each its own`, {
      cause,
    });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OutboxUnusable(`the outbox ${path} cannot be used: ${reason}`, { cause });
}
