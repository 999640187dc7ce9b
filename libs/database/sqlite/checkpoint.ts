import type BetterSqlite3 from 'better-sqlite3';
import { isStorageFull } from '../database-errors';

/**
 * Copies the log (WAL) into the file, as far as readers allow, so that its room is used again and the file
 * gets its new size. No transaction may be open on the connection. A file that has no room to grow is no error:
 * the log still has what was committed, and the next checkpoint tries again.
 */
export function checkpoint(connection: BetterSqlite3.Database): void {
  try {
    connection.pragma('wal_checkpoint(PASSIVE)');
  } catch (error) {
    if (!isStorageFull(error)) throw error;
  }
}
