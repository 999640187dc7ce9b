import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { DatabaseLockedError, sqliteCode } from '../database-errors';

/**
 * Holds a file for this process until `release()` or death. It is an SQLite file in an exclusive
 * transaction, because the operating system drops its lock when the process dies, however it dies:
 * a lock file with a process id in it would outlive a kill -9.
 *
 * @throws DatabaseLockedError when another live process holds it.
 */
export class FileLock {
  private constructor(private readonly holder: BetterSqlite3.Database) {}

  static acquire(path: string): FileLock {
    const holder = new BetterSqlite3(path, { timeout: 0 });
    try {
      // Rollback journal: an exclusive lock in WAL mode would still let others begin.
      holder.pragma('journal_mode = DELETE');
      holder.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      holder.close();
      throw sqliteCode(error)?.startsWith('SQLITE_BUSY') ? new DatabaseLockedError(path) : error;
    }
    return new FileLock(holder);
  }

  release(): void {
    this.holder.close();
  }
}

/**
 * Where a file is, or is going to be made, whatever links lead there: two names of one file must not be two locks.
 * Its folder must exist.
 */
export function realFile(path: string): string {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return join(realpathSync(dirname(path)), basename(path));
  if (!entry.isSymbolicLink()) return realpathSync(path);
  const target = readlinkSync(path);
  // Not normalized: what `..` leads to is the file system's to say, where a folder is a link itself.
  return realFile(isAbsolute(target) ? target : `${realpathSync(dirname(path))}/${target}`);
}
