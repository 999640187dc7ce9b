import type BetterSqlite3 from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import { databaseSettings, type DatabaseOptions } from './database.options';
import { EntityRows } from './entity-rows';
import { migrateDatabase } from './migrator';
import { checkpoint } from './sqlite/checkpoint';
import { FileLock, realFile } from './sqlite/file-lock';
import { openSqlite, type SqliteConnections } from './sqlite/open-sqlite';
import { SqliteReadConnection } from './sqlite/sqlite-read-connection';
import { SqliteUnitOfWork } from './sqlite/sqlite-unit-of-work';
import { Statements } from './sqlite/statements';
import type { Lane, ReadConnection, UnitOfWork } from './unit-of-work';

export interface DatabaseSizes {
  /** Bytes of the database, free pages included. */
  readonly fileBytes: number;
  /** Bytes in it that deleting has freed and `vacuum` has not yet given back. */
  readonly freeBytes: number;
}

/** The open database: the write door, the read-only connection, and its upkeep. */
export class Database {
  private closing: Promise<void> | null = null;

  private constructor(
    /** Where it really is, whatever links the given name led through. */
    readonly file: string,
    private readonly lock: FileLock,
    private readonly connections: SqliteConnections,
    private readonly work: SqliteUnitOfWork,
    readonly reads: ReadConnection,
  ) {}

  /**
   * Locks, opens and migrates the file.
   * @throws DatabaseLockedError when another live process has it, NewerSchemaError when it is newer.
   */
  static async open(
    options: DatabaseOptions,
    onHookError: (error: unknown) => void,
  ): Promise<Database> {
    const settings = databaseSettings(options);
    const file = realFile(settings.file);
    const lock = FileLock.acquire(`${file}.lock`);
    try {
      const connections = await openSqlite(file, settings.busyTimeoutMs, migrateDatabase);
      const writer = {
        connection: connections.writerConnection,
        dataSource: connections.writer,
        statements: new Statements(connections.writerConnection),
        rows: new EntityRows(connections.writer),
      };
      return new Database(
        file,
        lock,
        connections,
        new SqliteUnitOfWork(writer, { ...settings, onHookError }),
        new SqliteReadConnection(connections.reader, connections.readerConnection),
      );
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get unitOfWork(): UnitOfWork {
    return this.work;
  }

  /** TypeORM's view of the schema, for tests that hold entities against tables. */
  get dataSource(): DataSource {
    return this.connections.writer;
  }

  /** The writing connection itself: only for tests that must break it. */
  get driver(): BetterSqlite3.Database {
    return this.connections.writerConnection;
  }

  /** Throws unless a write could begin now: takes its place in the control lane and the write lock. */
  async assertWritable(): Promise<void> {
    await this.work.run(async (tx) => {
      await tx.query('SELECT 1');
    });
  }

  /** How many units of work wait for their turn. */
  waiting(lane: Lane): number {
    return this.work.waiting(lane);
  }

  sizes(): DatabaseSizes {
    const connection = this.connections.readerConnection;
    const pageBytes = Number(connection.pragma('page_size', { simple: true }));
    return {
      fileBytes: pageBytes * Number(connection.pragma('page_count', { simple: true })),
      freeBytes: pageBytes * Number(connection.pragma('freelist_count', { simple: true })),
    };
  }

  /**
   * Gives up to `maxPages` free pages back to the disk. Through the driver's own pragma(): a prepared
   * statement would free a single page. The checkpoint is what makes the file shorter: a gateway that takes no
   * new work for want of room would not write enough for one to come by itself.
   */
  async vacuum(maxPages: number): Promise<void> {
    // SQLite reads 0 as 'all of them', however many there are.
    if (!Number.isSafeInteger(maxPages) || maxPages < 1) {
      throw new RangeError(`vacuum: maxPages must be a whole number above zero, not ${maxPages}`);
    }
    const connection = this.connections.writerConnection;
    await this.work.run(async (tx) => {
      connection.pragma(`incremental_vacuum(${maxPages})`);
      tx.afterCommit(() => checkpoint(connection));
    }, 'bulk');
  }

  /** Finishes queued work, closes both connections, frees the lock. May be called again. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    await this.work.close();
    try {
      // The writer last: whoever closes last copies the WAL into the file.
      await this.connections.reader.destroy();
      await this.connections.writer.destroy();
    } finally {
      this.lock.release();
    }
  }
}
